"""The last frames of a feed, from which readers catch up."""

from __future__ import annotations

from ticker.entry import Entry, Position, Tail
from ticker.wire import Frame, entry_frame, kill_frame


class Ring:
    """Frames by offset. Bounded; the oldest makes room."""

    __slots__ = ("_capacity", "_frames", "_ids", "_tags", "first")

    def __init__(self, base: Tail, capacity: int) -> None:
        self._capacity = capacity
        self._frames: list[Frame] = []
        # One tag more than frames: the first is that of the entry just before the oldest frame.
        self._tags = [base.position.tag]
        self._ids: list[str | None] = []
        self.first = base.offset + 1
        """Offset of the oldest frame."""

    def add(self, entry: Entry) -> Frame:
        """Append the frame of the next entry; a kill also takes the killed text out of earlier frames."""
        if entry.kind == "kill":
            self._bury(entry)
        frame = entry_frame(entry)
        self._frames.append(frame)
        self._tags.append(entry.tail.position.tag)
        self._ids.append(entry.content["dispatch"]["id"] if "dispatch" in entry.content else None)
        if len(self._frames) >= 2 * self._capacity:  # seldom, so that the cost is spread
            stale = len(self._frames) - self._capacity
            del self._frames[:stale], self._tags[:stale], self._ids[:stale]
            self.first += stale
        return frame

    def _bury(self, kill: Entry) -> None:
        killed = kill.content["id"]
        for index, id in enumerate(self._ids):
            if id == killed:
                position = Position(self.first + index, self._tags[index + 1])
                self._frames[index] = kill_frame(position, kill)

    def holds(self, position: Position) -> bool:
        """Tell whether a reader can go on from here: same history, and nothing missing in between."""
        index = position.offset - self.first + 1
        return 0 <= index < len(self._tags) and self._tags[index] == position.tag

    def position(self, offset: int) -> Position:
        """Return the position of an entry that is in this ring."""
        return Position(offset, self._tags[offset - self.first + 1])

    def contradicts(self, position: Position) -> bool:
        """Tell whether this ring knows the offset, and by another history."""
        return self.first - 1 <= position.offset < self.first + len(self._frames) and not self.holds(position)

    def after(self, offset: int) -> list[Frame] | None:
        """Return the frames after an offset, or None if some have left the ring."""
        index = offset - self.first + 1
        return self._frames[index:] if index >= 0 else None
