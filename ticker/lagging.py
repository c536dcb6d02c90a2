"""Readers who lag: their sockets are full, or they have just joined. Each has a cursor and catches up from the ring.

What a reader is sent next depends on its cursor:

  cursor                    it is sent                                          and then
  ────────────────────────  ──────────────────────────────────────────────────  ─────────────────────────────
  offset in the ring        the frames after it, CHUNK bytes at a time          the cursor moves on
  offset no longer in it    a snapshot that resets                              the cursor is the end
  FROM_SNAPSHOT             a snapshot, which resets if the reader must         the cursor is the end
  the end, feed open        the feed's status, unless it has been sent that     CAUGHT_UP
  the end, feed closed      the last snapshot, unless it has been sent that     the cursor is END_SENT
  END_SENT                  nothing                                             ENDED
  UNPLACED                  what unplaced.py holds it with                      it is held, not lagging

Whenever the socket does not take all of it, the reader stays here, LAGGING, until it is writable again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum, auto
from typing import Final, Protocol

from ticker.feed import Feed
from ticker.freshness import Freshness
from ticker.reader import END_SENT, FROM_SNAPSHOT, Reader
from ticker.ring import Ring
from ticker.wire import Frame

CHUNK: Final = 64 * 1024
"""Bytes written at once to a reader. Also the most the service holds for one reader."""

STUCK_AFTER: Final = 30.0
"""Seconds a socket may take nothing before its reader is cut: three beats."""


def chunks(frames: Sequence[Frame]) -> Iterator[Sequence[Frame]]:
    """Divide frames into groups that are written at once: each of CHUNK bytes, or just over."""
    first = size = 0
    for number, frame in enumerate(frames, 1):
        size += len(frame.sse)  # the longest encoding, so that no other exceeds it
        if size >= CHUNK:
            yield frames[first:number]
            first, size = number, 0
    if first < len(frames):
        yield frames[first:]


class Progress(Enum):
    """How far a reader has come."""

    LAGGING = auto()
    """Its socket is full; it continues when that is writable."""
    CAUGHT_UP = auto()
    """It has had everything."""
    ENDED = auto()
    """Its feed is closed, and it has had the last snapshot: it is to be dismissed."""


class Source(Protocol):
    """The channel that readers catch up with."""

    feed: Feed
    ring: Ring
    freshness: Freshness

    def snapshot_frame(self, *, reset: bool) -> Frame:
        """Return the snapshot frame."""


class LaggingReaders:
    """The lagging readers of one channel."""

    __slots__ = ("_clock", "_readers", "_source")

    def __init__(self, source: Source, clock: Callable[[], float]) -> None:
        """`clock` counts seconds and never runs backwards."""
        self._source = source
        self._clock = clock
        self._readers: dict[Reader, None] = {}

    def __len__(self) -> int:
        return len(self._readers)

    def __contains__(self, reader: Reader) -> bool:
        return reader in self._readers

    def __iter__(self) -> Iterator[Reader]:
        return iter(self._readers)

    def add(self, reader: Reader) -> None:
        """Take a reader who does not get what is published until it has caught up."""
        reader.lagging_since = self._clock()
        self._readers[reader] = None

    def discard(self, reader: Reader) -> None:
        """Forget a reader. Harmless when it is not here."""
        self._readers.pop(reader, None)

    def made_progress(self, reader: Reader) -> None:
        """Note that the socket of a reader has taken some of what it was given: it is slow, not stuck."""
        reader.lagging_since = self._clock()

    def reset(self) -> None:
        """Void what these readers show. Each gets a snapshot when its socket drains; its time limit is not extended."""
        for reader in self._readers:
            if reader.cursor >= FROM_SNAPSHOT:  # the others have no more to come, or are not placed yet
                reader.cursor, reader.reset = FROM_SNAPSHOT, True

    def stuck(self) -> list[Reader]:
        """Return the readers whose sockets have taken nothing for too long."""
        now = self._clock()
        return [
            reader
            for reader in self._readers
            if reader.lagging_since is not None and now - reader.lagging_since > STUCK_AFTER
        ]

    def catch_up(self, reader: Reader, head: bytes = b"") -> Progress:
        """Write `head` and then what a reader has missed, until it has caught up or its socket is full."""
        if reader.cursor == END_SENT:
            return Progress.ENDED
        source = self._source
        parts, size, snapshot_sent = [head], len(head), False
        while True:
            missed = None if reader.cursor == FROM_SNAPSHOT else source.ring.after(reader.cursor)
            if missed is None:
                reader.reset = reader.reset or reader.cursor != FROM_SNAPSHOT
                parts.append(getattr(source.snapshot_frame(reset=reader.reset), reader.encoding))
                reader.cursor, reader.reset = source.feed.tail.offset, False
                missed, snapshot_sent = [], True
            for frame in missed:
                data: bytes = getattr(frame, reader.encoding)
                parts.append(data)
                size += len(data)
                reader.cursor += 1
                if size >= CHUNK:
                    break
            else:
                break
            if not self._write(reader, parts):
                return Progress.LAGGING
            parts, size = [], 0
        if source.feed.closed is not None:
            return self._end(reader, parts, snapshot_sent=snapshot_sent)
        status_seq, status = source.freshness.status_seq, source.freshness.status(source.feed.tail.position)
        if reader.status_seen != status_seq and status is not None:
            parts.append(getattr(status, reader.encoding))
            reader.status_seen = status_seq
        if any(parts) and not self._write(reader, parts):
            return Progress.LAGGING
        reader.lagging_since = None
        self._readers.pop(reader, None)
        return Progress.CAUGHT_UP

    def _end(self, reader: Reader, parts: list[bytes], *, snapshot_sent: bool) -> Progress:
        """Write what is left to a reader of a closed feed, and its last snapshot unless that is among it."""
        if not snapshot_sent:
            if any(parts) and not self._write(reader, parts):
                return Progress.LAGGING
            parts = [getattr(self._source.snapshot_frame(reset=False), reader.encoding)]
        reader.cursor = END_SENT
        return Progress.ENDED if self._write(reader, parts) else Progress.LAGGING

    def hold(self, reader: Reader, data: bytes) -> None:
        """Write to a reader that is not placed yet; it stays here only while its socket is full."""
        if not data or self._write(reader, [data]):
            reader.lagging_since = None
            self._readers.pop(reader, None)

    def hold_all(self, readers: Iterable[Reader], data: Callable[[Reader], bytes]) -> None:
        """Write to readers who are not placed yet, except those whose sockets are full."""
        for reader in readers:
            if reader not in self._readers:
                self.add(reader)
                self.hold(reader, data(reader))

    def _write(self, reader: Reader, parts: list[bytes]) -> bool:
        reader.lagging_since = self._clock()
        return reader.write(b"".join(parts))
