"""Kept connections of uvicorn that have no request: the first to be closed while descriptors are short."""

from __future__ import annotations

from typing import Protocol


class IdleOwner(Protocol):
    """A connection that may be idle."""

    def cut(self) -> None:
        """Close the connection at once."""


class IdleConnections:
    """Connections without a request, oldest first. Closing one costs its client no more than another connection."""

    def __init__(self) -> None:
        self._owners: dict[IdleOwner, None] = {}

    def __len__(self) -> int:
        return len(self._owners)

    def add(self, owner: IdleOwner) -> None:
        """Note that a connection has become idle."""
        self._owners[owner] = None

    def discard(self, owner: IdleOwner) -> None:
        """Note that a connection is no longer idle, or closed."""
        self._owners.pop(owner, None)

    def cut_oldest(self) -> bool:
        """Close the connection that has been idle for longest; return False if there is none."""
        owner = next(iter(self._owners), None)
        if owner is None:
            return False
        del self._owners[owner]
        owner.cut()
        return True
