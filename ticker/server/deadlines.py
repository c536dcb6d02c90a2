"""Deadlines of connections that have begun to send something: one timer checks all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class DeadlineOwner(Protocol):
    """A connection with a deadline."""

    def on_deadline(self) -> None:
        """Handle that the deadline has passed."""

    def cut(self) -> None:
        """Close the connection at once."""


class Deadlines:
    """The deadlines of all connections that have one, in the order in which they were set."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` returns the time in seconds and never goes back."""
        self.clock = clock
        self._due: dict[DeadlineOwner, float] = {}

    def __len__(self) -> int:
        return len(self._due)

    def set(self, owner: DeadlineOwner, at: float) -> None:
        """Set the owner's deadline to a time by the clock, instead of any earlier one."""
        self._due.pop(owner, None)
        self._due[owner] = at

    def clear(self, owner: DeadlineOwner) -> None:
        """Remove the owner's deadline, if it has one."""
        self._due.pop(owner, None)

    def passed(self) -> list[DeadlineOwner]:
        """Return the owners whose deadline has passed, to be notified."""
        now = self.clock()
        return [owner for owner, at in self._due.items() if at <= now]

    def notify(self, owner: DeadlineOwner) -> None:
        """Notify an owner, unless its deadline was removed or moved since it had passed."""
        if (at := self._due.get(owner)) is not None and at <= self.clock():
            del self._due[owner]
            owner.on_deadline()

    def check(self) -> None:
        """Notify all owners whose deadline has passed."""
        for owner in self.passed():
            self.notify(owner)

    def cut_oldest(self) -> bool:
        """Cut the connection whose deadline was set first; return False if there is none."""
        owner = next(iter(self._due), None)
        if owner is None:
            return False
        del self._due[owner]
        owner.cut()
        return True
