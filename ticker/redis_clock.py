"""The clock of Redis, as this node knows it: entries and proofs carry its time, and nodes may differ by seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from ticker.dispatch import rfc3339


class RedisClock:
    """This node's clock, and how far it is ahead of that of Redis."""

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        """`wall` returns Unix time in seconds, and may jump."""
        self.wall = wall
        self.redis_clock_offset = 0.0
        """Seconds that the clock of Redis is behind this node's. Half a round trip is as near as can be known."""

    def measure(self, asked: float, at: str) -> None:
        """Take the time `at` (RFC 3339) that Redis has just sent, having been asked at `asked` by `wall`."""
        self.redis_clock_offset = (asked + self.wall()) / 2 - datetime.fromisoformat(at).timestamp()

    def time(self) -> float:
        """Return Unix time in seconds by the clock of Redis."""
        return self.wall() - self.redis_clock_offset

    def now(self) -> str:
        """Return this moment by the clock of Redis, as RFC 3339."""
        return rfc3339(datetime.fromtimestamp(self.time(), UTC))
