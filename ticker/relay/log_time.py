"""When a proof was made, by this process's own clock, although the proof is dated by the clock of the log. Pure.

Each proof comes with its age, as the upstream measured that. The difference between the two clocks is the same for all
proofs, so the proof that seems to have travelled least tells it best; what another one took beyond that is its lag. So
a proof that lay in the buffers of a path that stalled, or of this process while it was stopped, is not taken for new.
"""

from __future__ import annotations

from datetime import datetime


def seconds(at: str) -> float:
    """Return a time (RFC 3339) in seconds of Unix time.

    Raises:
        ValueError, TypeError: it is not one.
    """
    return datetime.fromisoformat(at).timestamp()


class LogTime:
    """Translates times of the log, for one connection to an upstream."""

    def __init__(self) -> None:
        self._difference: float | None = None
        """Seconds that our clock is ahead of the log's."""

    def measure(self, at: str, age: float, now: float) -> None:
        """Note that a proof made at `at`, by the log's clock, was `age` seconds old when it was sent, and came now."""
        difference = now - age - seconds(at)
        if self._difference is None or difference < self._difference:
            self._difference = difference

    def made(self, at: str, now: float) -> float:
        """Return when a proof was made, in seconds by our clock; never later than now.

        Without a measurement it may have been made at any time.
        """
        if self._difference is None:
            return float("-inf")
        return min(seconds(at) + self._difference, now)
