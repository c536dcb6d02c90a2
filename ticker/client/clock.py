"""Elapsed time, measured with two clocks of which neither can be trusted alone.

A wall clock may be set back or forth by hours; a monotonic clock may stand still while the machine sleeps. Both are
read as whole milliseconds, which is what the protocol's times have.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple

TOLERANCE: Final = 2_000
"""Milliseconds by which the wall clock may outrun the monotonic one before the machine must have slept.

Together with the ten seconds between two beats this stays below the limit of freshness.
"""


class Instant(NamedTuple):
    """One reading of both clocks, in milliseconds: of Unix time, and since an arbitrary moment."""

    wall: int
    mono: int


Clock = Callable[[], Instant]


def system_clock() -> Instant:
    """Read the clocks of this machine."""
    return Instant(time.time_ns() // 1_000_000, time.monotonic_ns() // 1_000_000)


def elapsed(since: Instant, now: Instant) -> int:
    """Return the milliseconds between two instants, by the clock that says more.

    An age may be overstated, which costs a reconnection, but never understated.
    """
    return max(now.wall - since.wall, now.mono - since.mono, 0)


def slept(since: Instant, now: Instant) -> bool:
    """Return True if the machine slept between two instants, or its wall clock was set forward: they look the same."""
    return now.wall - since.wall - (now.mono - since.mono) > TOLERANCE


def unix_time(moment: str) -> int:
    """Return a time of the protocol (RFC 3339) as milliseconds of Unix time.

    Raises:
        ValueError: it is not such a time.
    """
    at = datetime.fromisoformat(moment)
    if at.tzinfo is None:
        raise ValueError(f"{moment!r} has no offset")
    return round(at.timestamp() * 1000)
