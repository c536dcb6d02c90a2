"""How many changes a key makes in a minute, counted over all nodes.

To count each change in Redis would make it wait for the disk twice. So a node takes a share of a twentieth of the rate
at a time, and counts within it by itself. No more changes pass than the rate, and at most one share for each node is
left unused. A rate below 40 is counted one by one.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Final

from ticker.errors import LogFull
from ticker.journal import names
from ticker.journal.redis import Redis

WINDOW: Final = 60
"""Seconds over which the changes of a key are counted."""

SHARES: Final = 20
"""Shares that a rate is divided into."""


class Rates:
    """Counts the changes of each key. Raises Unavailable when Redis does not respond."""

    def __init__(self, redis: Redis, clock: Callable[[], float] = time.time) -> None:
        """`clock` returns the seconds of Unix time."""
        self._redis = redis
        self._clock = clock
        self._window = 0
        self._left: dict[str, int] = {}
        """Id of a key → what is left of this node's share."""
        self._taking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def count(self, id: str, rate: int) -> int:
        """Count one more change by a key; return the seconds to wait if it exceeds `rate` this minute, else 0."""
        self._begin_window()
        if self._use(id):
            return 0
        async with self._taking[id]:  # or requests at the same time would each take a share
            self._begin_window()
            if self._use(id):
                return 0
            window, share = self._window, max(rate // SHARES, 1)
            counter = names.rate(id, window)
            try:
                number, _ = await self._redis.pipeline(("INCRBY", counter, share), ("EXPIRE", counter, 2 * WINDOW))
            except LogFull:  # then nothing is counted: what takes no memory, such as a kill, is still allowed
                return 0
            granted = share - max(number - rate, 0)
            if granted <= 0:
                return max(math.ceil((window + 1) * WINDOW - self._clock()), 1)
            if window == self._window:
                self._left[id] = granted - 1
            return 0

    def _begin_window(self) -> None:
        window = int(self._clock() // WINDOW)
        if window != self._window:
            self._window = window
            self._left.clear()
            for id in [id for id, lock in self._taking.items() if not lock.locked()]:
                del self._taking[id]

    def _use(self, id: str) -> bool:
        left = self._left.get(id, 0)
        if left:
            self._left[id] = left - 1
        return left > 0
