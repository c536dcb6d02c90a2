"""Durations counted by how long they were: a histogram that costs nothing but an addition until it is read."""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Seconds up to which durations are counted together: a millisecond is a good day, five seconds are an incident."""


class Durations:
    """Durations since they were taken last."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS) + 1)
        self._total = 0.0

    def add(self, seconds: float) -> None:
        """Count one more."""
        self._counts[bisect_left(BOUNDS, seconds)] += 1
        self._total += seconds

    def take(self) -> tuple[list[int], float]:
        """Return how many there were up to each bound and not up to the one before, and their sum, and forget them."""
        taken = self._counts, self._total
        self.__init__()  # type: ignore[misc]
        return taken
