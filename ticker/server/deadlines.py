"""Until when connections have to have sent what they began to send: one timer for all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class DeadlineOwner(Protocol):
    """Somebody who sends something."""

    def late(self) -> None:
        """Hear that the deadline has passed."""

    def cut(self) -> None:
        """Close the connection at once."""


class Deadlines:
    """Who is awaited until when, those awaited for longest first."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` gives the time in seconds and never goes back."""
        self.clock = clock
        self._due: dict[DeadlineOwner, float] = {}

    def __len__(self) -> int:
        return len(self._due)

    def expect(self, who: DeadlineOwner, at: float) -> None:
        """Wait for somebody until a time by the clock, instead of any earlier deadline."""
        self._due.pop(who, None)
        self._due[who] = at

    def settle(self, who: DeadlineOwner) -> None:
        """Wait for somebody no longer."""
        self._due.pop(who, None)

    def look(self) -> None:
        """Tell those whose deadline has passed."""
        now = self.clock()
        for who in [who for who, at in self._due.items() if at <= now]:
            del self._due[who]
            who.late()

    def shed(self) -> bool:
        """Cut the one who is awaited for longest; return False if there is none."""
        who = next(iter(self._due), None)
        if who is None:
            return False
        del self._due[who]
        who.cut()
        return True
