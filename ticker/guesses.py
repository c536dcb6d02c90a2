"""Guessing of keys: the requests with unknown keys that each address makes, and how long their responses wait.

Only requests with unknown keys wait. A valid key is looked up and let in at once, also while others guess. Only while
more guesses wait than this process wants to keep, and from an address that has guessed itself, a valid key must also
have been used here before.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

FREE: Final = 10
"""Unknown keys that an address may send at once, and again in each further minute: somebody may paste a wrong one."""

REFILL: Final = 60.0
"""Seconds in which an address that has used up its free ones gets as many again."""

DELAY: Final = 3.0
"""Seconds that the response to each further one waits."""

MAX_WAITING: Final = 256
"""Responses that wait at once."""

MAX_ADDRESSES: Final = 4096
MAX_KEYS: Final = 4096
"""Addresses that are counted, and keys that are remembered as valid; the oldest are forgotten."""


class Guesses:
    """What is known of requests with unknown keys."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` returns the time in seconds and never goes back."""
        self._clock = clock
        self._free: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """Address → how many free ones it had left, and when. Those that were seen last are at the end."""
        self._valid: OrderedDict[bytes, None] = OrderedDict()
        self.waiting = 0
        """Responses that wait now."""
        self.count = 0
        """Requests with unknown keys so far."""

    @property
    def full(self) -> bool:
        """Whether no further response may wait."""
        return self.waiting >= MAX_WAITING

    def must_not_ask(self, secret: str, address: str) -> bool:
        """Return True if a request must be refused without looking its key up: it may be a guess that had to wait."""
        return self.full and _digest(secret) not in self._valid and self._left(address, self._clock()) < 1

    def note_valid(self, secret: str) -> None:
        """Remember a key that was found."""
        digest = _digest(secret)
        self._valid[digest] = None
        self._valid.move_to_end(digest)
        if len(self._valid) > MAX_KEYS:
            self._valid.popitem(last=False)

    def note_unknown(self, address: str) -> float:
        """Count a request with an unknown key; return the seconds that its response is to wait."""
        self.count += 1
        now = self._clock()
        left = self._left(address, now)
        self._free.pop(address, None)
        wait = 0.0 if left >= 1 else DELAY
        self._free[address] = (left - 1 if left >= 1 else left, now)
        if len(self._free) > MAX_ADDRESSES:
            self._free.popitem(last=False)
        return wait

    def _left(self, address: str, now: float) -> float:
        """Return how many free ones an address has left."""
        left, at = self._free.get(address, (float(FREE), now))
        return min(left + (now - at) / REFILL * FREE, FREE)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
