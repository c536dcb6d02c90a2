"""When to try again. Always at a random time: all clients lose a node at once, and must not return at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

Random = Callable[[], float]
"""Returns a number from 0 up to, but not including, 1, like `random.random`."""

BASE: Final = 500
"""Milliseconds. The first wait is at most this; the limit doubles with each failure in a row."""

CAP: Final = 30_000
"""Milliseconds that no wait exceeds, unless the service asks for more."""

_DOUBLINGS: Final = 16
"""More would only make a number that the cap cuts anyway."""

_LONGEST_REST: Final = 3_600
"""Seconds. A Retry-After beyond an hour is a mistake of something between."""


def backoff(failures: int, random: Random) -> int:
    """Return a wait in milliseconds with full jitter: anything from 0 up to the doubled limit.

    `failures` counts those in a row before this one.
    """
    return int(random() * min(CAP, BASE * 2 ** min(failures, _DOUBLINGS)))


def rest(retry_after: str | None) -> int:
    """Return the milliseconds that a `Retry-After` asks for; 0 without one, and for a date, which is never sent."""
    if retry_after is None or not (retry_after.isascii() and retry_after.isdigit()):
        return 0
    return min(int(retry_after), _LONGEST_REST) * 1000
