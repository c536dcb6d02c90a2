"""The last frames of a feed, from which readers catch up."""

from __future__ import annotations

from typing import Any

from ticker.changes import entry_frame, kind_of
from ticker.entry import Entry, Position, Tail
from ticker.wire import Frame


class Ring:
    """Frames by offset. Bounded: the oldest are dropped."""

    __slots__ = ("_capacity", "_frames", "_ids", "_tags", "_tombstones", "first")

    def __init__(self, base: Tail, capacity: int) -> None:
        self._capacity = capacity
        self._frames: list[Frame] = []
        # One tag more than frames: the first is that of the entry just before the oldest frame.
        self._tags = [base.position.tag]
        self._ids: list[str | None] = []
        """Of each frame the id of the dispatch that it brings, if any."""
        self._tombstones: dict[str, tuple[int, dict[str, Any]]] = {}
        """Of each dispatch that was killed within this ring: where, and its tombstone."""
        self.first = base.offset + 1
        """Offset of the oldest frame."""

    def add(self, entry: Entry, frame: Frame) -> None:
        """Append the next entry's frame; a kill also replaces the earlier frames of the killed dispatch."""
        kind = kind_of(entry)
        if (withdrawn := kind.withdrawn(entry)) is not None:
            self._bury(withdrawn, entry)
            self._tombstones[withdrawn] = entry.tail.offset, kind.state_after(entry)
        self._frames.append(frame)
        self._tags.append(entry.tail.position.tag)
        self._ids.append(dispatch["id"] if (dispatch := kind.dispatch_in(entry)) is not None else None)
        if len(self._frames) >= 2 * self._capacity:  # seldom, so that the cost is spread
            stale = len(self._frames) - self._capacity
            del self._frames[:stale], self._tags[:stale], self._ids[:stale]
            self.first += stale
            self._tombstones = {id: kept for id, kept in self._tombstones.items() if kept[0] >= self.first}

    def _bury(self, withdrawn: str, kill: Entry) -> None:
        for index, id in enumerate(self._ids):
            if id == withdrawn:
                self._frames[index] = entry_frame(kill, Position(self.first + index, self._tags[index + 1]))

    def tombstone(self, id: str) -> dict[str, Any] | None:
        """Return the tombstone of a dispatch that was killed within this ring, or None."""
        found = self._tombstones.get(id)
        return None if found is None else found[1]

    def holds(self, position: Position) -> bool:
        """Return True if a reader can resume from here: the same history, and nothing missing in between."""
        index = position.offset - self.first + 1
        return 0 <= index < len(self._tags) and self._tags[index] == position.tag

    def position(self, offset: int) -> Position:
        """Return the position of an entry that is in this ring."""
        return Position(offset, self._tags[offset - self.first + 1])

    def contradicts(self, position: Position) -> bool:
        """Return True if this ring has the offset with another tag, which is of another history."""
        return self.first - 1 <= position.offset < self.first + len(self._frames) and not self.holds(position)

    def after(self, offset: int) -> list[Frame] | None:
        """Return the frames after an offset, or None if some have left the ring."""
        index = offset - self.first + 1
        return self._frames[index:] if index >= 0 else None
