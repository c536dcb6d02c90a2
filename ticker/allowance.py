"""How much a reader may send: a budget of frames and bytes that refills with time.

A reader has nothing to send, but a client may ping, a browser may respond to a ping, and a proxy may do either. Each of
these costs the service some work, so whatever a reader sends counts.
"""

from __future__ import annotations

from typing import Final

FRAMES: Final = 64
"""Frames that a reader may send at once, and in each further minute."""

BYTES: Final = 4096
"""Bytes that a reader may send at once, and in each further minute, headers of frames included."""

MAX_MESSAGE: Final = 4096
"""Bytes of one message from a reader; a longer one ends the connection (1009)."""

REFILL: Final = 60.0
"""Seconds in which an empty budget becomes a full one."""


class Allowance:
    """What one reader may still send."""

    __slots__ = ("_at", "_bytes", "_frames")

    def __init__(self, now: float) -> None:
        """`now` is the time in seconds by a clock that never goes back; the same clock gives all later times."""
        self._at = now
        self._frames = float(FRAMES)
        self._bytes = float(BYTES)

    def spend(self, now: float, *, frames: int = 0, size: int = 0) -> bool:
        """Count so many frames and bytes; return False if that is more than the reader may send."""
        share = (now - self._at) / REFILL
        self._at = now
        self._frames = min(self._frames + FRAMES * share, FRAMES) - frames
        self._bytes = min(self._bytes + BYTES * share, BYTES) - size
        return self._frames >= 0 and self._bytes >= 0
