"""Readers who have caught up, in groups that are written to in turn.

All readers of a group have been written the same, up to an offset. When entries are published, every group is behind;
the one that is furthest behind is written to first, all that it has missed at once. Between two groups others may get
their turn, and what is published meanwhile goes to the groups that are still behind in the same write as the rest.

Within a group, and from group to group, sockets are visited in the order in which they were made, as far as possible:
the kernel's objects lie side by side then. Measured: in random order a write costs a fifth more. Readers who lag leave
that order, so it is restored once in a while.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from operator import attrgetter
from typing import Final

from ticker.reader import Reader
from ticker.wire import Encoding

GROUP_SIZE: Final = 512
"""Readers written to in one turn: about two milliseconds for an entry, four or five for many."""

DISORDER: Final = 8
"""The order is restored once this part of all readers, one in so many, is out of it: sorting is cheap then."""


class Group:
    """Readers of one class and encoding who were written the same.

    Attributes:
        offset: of the last entry that was written to them.
        readers: the readers, in the order in which they are written to; as keys, since readers leave.
    """

    __slots__ = ("encoding", "kind", "offset", "readers")

    def __init__(self, kind: type[Reader], encoding: Encoding, offset: int) -> None:
        self.kind = kind
        self.encoding = encoding
        self.offset = offset
        self.readers: dict[Reader, None] = {}


class CaughtUp:
    """The readers of one channel who have caught up."""

    __slots__ = ("_groups", "_newest", "_open", "_out_of_order")

    def __init__(self) -> None:
        self._groups: list[Group] = []
        """The one furthest behind first. They are few, and an empty deque takes 760 bytes of each idle feed."""
        self._open: dict[tuple[type[Reader], Encoding], Group] = {}
        """Of each kind the group that readers are added to, the one written to last."""
        self._newest = 0
        """The highest number of a reader that was added in its order."""
        self._out_of_order = 0

    def __iter__(self) -> Iterator[Reader]:
        return (reader for group in self._groups for reader in group.readers)

    @property
    def groups(self) -> list[Group]:
        """All groups, the one furthest behind first."""
        return list(self._groups)

    def by_encoding(self) -> Counter[Encoding]:
        """Return how many readers there are of each encoding."""
        counted: Counter[Encoding] = Counter()
        for group in self._groups:
            counted[group.encoding] += len(group.readers)
        return counted

    def add(self, reader: Reader, offset: int) -> None:
        """Add a reader who was written everything up to an offset, which no group is ahead of."""
        if reader.number > self._newest:
            self._newest = reader.number
        else:
            self._out_of_order += 1
        self._place(reader, offset)

    def _place(self, reader: Reader, offset: int) -> None:
        kind = type(reader), reader.encoding
        group = self._open.get(kind)
        if group is None or group.offset != offset or len(group.readers) >= GROUP_SIZE:
            group = self._open[kind] = Group(*kind, offset)
            self._groups.append(group)
        group.readers[reader] = None
        reader.group = group

    def discard(self, reader: Reader) -> Group | None:
        """Forget a reader and return the group it was in; None if it was in none."""
        group, reader.group = reader.group, None
        if group is not None:
            del group.readers[reader]
            if not group.readers:
                self._drop(group)
        return group

    def _drop(self, group: Group) -> None:
        self._groups.remove(group)
        kind = group.kind, group.encoding
        if self._open.get(kind) is group:
            del self._open[kind]

    def clear(self) -> list[Reader]:
        """Forget all readers and return them."""
        readers = list(self)
        for reader in readers:
            reader.group = None
        self._groups.clear()
        self._open.clear()
        return readers

    def behind(self, offset: int) -> Group | None:
        """Return the group that is furthest behind an offset; None if none is."""
        return self._groups[0] if self._groups and self._groups[0].offset < offset else None

    def written(self, group: Group, offset: int) -> None:
        """Note that the group that was furthest behind was written everything up to an offset.

        A small one is joined to another one that was written as much.
        """
        if not group.readers:  # none of them took it all
            return
        kind = group.kind, group.encoding
        others = self._open.get(kind)
        size = len(group.readers)
        group.offset = offset
        del self._groups[0]
        if (
            others is not None
            and others is not group
            and others.offset == offset
            and size <= min(GROUP_SIZE // 4, GROUP_SIZE - len(others.readers))
        ):
            others.readers.update(group.readers)
            for reader in group.readers:
                reader.group = others
        else:
            self._groups.append(group)
            self._open[kind] = group

    def restore_order(self, offset: int) -> None:
        """Put readers back in order, if too many are out of it. All must have been written up to the offset."""
        if not self._out_of_order or self._out_of_order * DISORDER < sum(len(group.readers) for group in self._groups):
            return
        readers = sorted(self.clear(), key=attrgetter("number"))
        self._out_of_order = 0
        for reader in readers:
            self._place(reader, offset)
