"""Readers that this node cannot place in its log yet, because it may be behind.

Another node may have given a reader entries that have not arrived here. A position ahead of this node is therefore no
proof of a fork, and putting the reader back would show it text that it has seen killed. So it is held at its position:

  the reader's position   this node                           it is
  ──────────────────────  ──────────────────────────────────  ─────────────────────────────────────────────────
  in the ring             any                                 resumed
  ahead of the end        any                                 held until that is reached, or until the next proof
  contradicted            delayed, or its proof is too old    held until the next proof
  contradicted            otherwise                           sent a snapshot that resets
  any other, or none      its proof is too old                held until the next proof, or until it is delayed
  any other, or none      otherwise                           sent a snapshot

A proof decides about the readers that came before its probe was sent: what they had then was in the log when the probe
looked at its end. If this node still lacks it, the log has lost it, and the reader gets a snapshot that resets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, Protocol

from ticker.entry import Position
from ticker.feed import Feed
from ticker.freshness import Freshness
from ticker.reader import FROM_SNAPSHOT, Reader
from ticker.ring import Ring

UNPLACED: Final = -3
"""Cursor of a reader that is held."""


class Source(Protocol):
    """The channel that readers are placed in."""

    feed: Feed
    ring: Ring
    freshness: Freshness


class Held(NamedTuple):
    """What is known of a reader that is held.

    Attributes:
        position: where it is; None if it has no position, or one that nobody gave it.
        reset: whether it shows something, which a snapshot would void.
        since: when it came, by the hub's clock.
    """

    position: Position | None
    reset: bool
    since: float


def place(source: Source, position: Position, *, certain: bool) -> int:
    """Return the cursor of a reader at a position: an offset, FROM_SNAPSHOT or UNPLACED, as the table above has it.

    `certain` says that a probe sent after the reader came has proved this node to be in sync with the log.
    """
    ring, freshness = source.ring, source.freshness
    if ring.holds(position):
        return position.offset
    if certain:
        return FROM_SNAPSHOT
    if position.offset > source.feed.tail.offset:
        return UNPLACED
    doubtful = freshness.behind or freshness.stale
    return UNPLACED if doubtful and ring.contradicts(position) else FROM_SNAPSHOT


class UnplacedReaders:
    """The readers of one channel that are held, whether or not their sockets have room."""

    __slots__ = ("_clock", "_held", "_source")

    def __init__(self, source: Source, clock: Callable[[], float]) -> None:
        """`clock` counts seconds and never runs backwards."""
        self._source = source
        self._clock = clock
        self._held: dict[Reader, Held] = {}

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, reader: Reader) -> bool:
        return reader in self._held

    def __iter__(self) -> Iterator[Reader]:
        return iter(self._held)

    @property
    def at_positions(self) -> list[Reader]:
        """Those at a position, who are told that this node is delayed; the others wait for their first frame."""
        return list(filter(self.at_position, self._held))

    def at_position(self, reader: Reader) -> bool:
        """Return True if a reader is held and is at a position."""
        held = self._held.get(reader)
        return held is not None and held.position is not None

    def discard(self, reader: Reader) -> None:
        """Forget a reader. Harmless when it is not here."""
        self._held.pop(reader, None)

    def take(self, reader: Reader, after: str | None) -> None:
        """Place a new reader that asks to resume after a position, or hold it."""
        position = None if after is None else Position.parse(after)
        held = Held(position, after is not None, self._clock())
        if not self._place(reader, held, certain=False):
            self._held[reader] = held

    def settle(self, asked: float | None = None) -> list[Reader]:
        """Return the readers that can be placed now, which are held no longer.

        `asked` is when the probe of a proof was sent, by the hub's clock.
        """
        placed = []
        for reader, held in self._held.items():
            proven = asked is not None and held.since <= asked
            if self._place(reader, held, certain=proven):
                placed.append(reader)
        for reader in placed:
            del self._held[reader]
        return placed

    def _place(self, reader: Reader, held: Held, *, certain: bool) -> bool:
        cursor = FROM_SNAPSHOT
        if held.position is not None:
            cursor = place(self._source, held.position, certain=certain)
        if cursor == FROM_SNAPSHOT and self._source.freshness.stale and not certain:
            cursor = UNPLACED
        reader.cursor, reader.reset = cursor, held.reset and cursor == FROM_SNAPSHOT
        return cursor != UNPLACED
