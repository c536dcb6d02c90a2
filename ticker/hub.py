"""Readers as cursors over a ring of ready-made frames.

Publishing is synchronous: a frame is written to the socket of each reader who is level, and that is all.
A reader has no queue. When a socket takes less than the whole frame, the reader is set aside with a cursor
at that frame; once its socket drains it catches up from the ring and is level again. Too far behind for
the ring, it gets a fresh snapshot; stuck for STUCK_AFTER seconds, it is cut. So a slow reader holds at most
one chunk of bytes, and delays nobody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final

from ticker.changes import fold
from ticker.entry import Entry, Position, Tail
from ticker.errors import Closed, Unavailable, no_such_feed
from ticker.feed import Feed
from ticker.longpoll import LongPoll
from ticker.origins import EVERY
from ticker.reader import FROM_SNAPSHOT, TOLD_CLOSED, Reader
from ticker.ring import Ring
from ticker.similar import RecentDispatches
from ticker.wire import BEAT_EVERY, Close, Dialect, Frame, beat_frame, delayed_frame, snapshot_frame

CHUNK: Final = 64 * 1024
"""Bytes written at once to a reader who catches up. Also the most the service holds for one reader."""

STUCK_AFTER: Final = 30.0
"""Seconds a socket may take nothing before its reader is cut: three beats."""


class Channel:
    """One feed on this node: its state, its ring, its readers, and whether it is level with Redis."""

    def __init__(
        self,
        feed: Feed,
        recent: Iterable[Entry],
        base: Tail,
        *,
        capacity: int,
        clock: Callable[[], float],
        origins: tuple[str, ...] = (EVERY,),
    ) -> None:
        """Start a channel from the feed's state; `recent` are the entries from `base` up to that state.

        `origins` are those whose pages may read feeds that name none of their own.
        """
        self._clock = clock
        self._origins = origins
        self._capacity = capacity
        self.watching = 0
        """Readers of this feed on all nodes, as last heard."""
        self.cut_readers = 0
        # Those who are written to alike stand together.
        self._level: defaultdict[tuple[type[Reader], Dialect], set[Reader]] = defaultdict(set)
        self._aside: set[Reader] = set()
        self._proof: str | None = None
        self._delayed: Frame | None = None
        self._delay_said = 0.0
        self._word = 0
        self._beat: Frame | None = None
        self.count = 0
        """Readers here, level or aside."""
        self.polls = LongPoll(self, clock)
        self._begin(feed, recent, base)

    def _begin(self, feed: Feed, recent: Iterable[Entry], base: Tail) -> None:
        self.feed = feed
        self.ring = Ring(base, self._capacity)
        self.recent_dispatches = RecentDispatches()
        for entry in recent:
            self.ring.add(entry)
            self.recent_dispatches.add(entry)
        self._snapshots: dict[bool, Frame] = {}
        self._beat = None

    def __len__(self) -> int:
        return self.count + self.polls.waiting.count

    @property
    def audience(self) -> int:
        """Readers here; those who poll count from one request to the next."""
        return len(self) + self.polls.waiting.away

    @property
    def readers(self) -> list[Reader]:
        return [*self._aside, *(reader for level in self._level.values() for reader in level)]

    @property
    def set_aside(self) -> int:
        """Readers whose sockets are full."""
        return len(self._aside)

    # Entries

    def publish(self, entry: Entry) -> None:
        """Take in the next entry and write its frame to every reader who is level."""
        frame = self.ring.add(entry)
        fold(entry, self.feed)
        self.recent_dispatches.add(entry)
        self._snapshots.clear()
        self._beat = None
        self._write_to_level(frame, self.feed.tail.offset)
        self.polls.tell([frame])

    def restart(self, feed: Feed, recent: Iterable[Entry], base: Tail) -> None:
        """Take in another history: everything readers show is void, and nothing is proven of it yet."""
        self._begin(feed, recent, base)
        self._proof = None
        for reader in self._aside:  # each finds out when its socket drains, and gets no more time for it
            if reader.cursor != TOLD_CLOSED:
                reader.cursor, reader.reset = FROM_SNAPSHOT, True
        for reader in [reader for level in self._level.values() for reader in level]:
            self._stall(reader, FROM_SNAPSHOT)
            reader.reset = True
            self._catch_up(reader, b"")
        self.polls.restart()

    # Who may read, and until when

    @property
    def origins(self) -> tuple[str, ...]:
        """Web origins whose pages may read this feed."""
        return self._origins if self.feed.origins is None else self.feed.origins

    def replan(self, **shown: Any) -> None:
        """Take in what the feed is like now, as attributes of Feed: `title`, `visibility`, `closed` and so on.

        Readers that may not read it any more are dismissed. If it is closed now, each one gets a last snapshot that
        says so, and is dismissed: at once if it is level, else when its socket has taken what it missed.
        """
        if all(getattr(self.feed, name) == value for name, value in shown.items()):
            return
        for name, value in shown.items():
            setattr(self.feed, name, value)
        self._snapshots.clear()
        for reader in self.readers:
            if (why := reader.refused(self.feed, self.origins)) is not None:
                self.dismiss(reader, why)
        if self.feed.closed is None:
            self.polls.dismiss()
            return
        self.polls.end(self.snapshot_frame(reset=False))
        for reader in [reader for level in self._level.values() for reader in level]:
            self._stall(reader, self.feed.tail.offset)
            self._catch_up(reader, b"")

    def dismiss(self, reader: Reader, why: Close) -> None:
        """Forget a reader and close its connection, with a reason."""
        self.leave(reader)
        reader.dismiss(why)

    def _write_to_level(self, frame: Frame, cursor: int) -> None:
        for (kind, dialect), level in self._level.items():
            for reader in kind.write_to_all(level, getattr(frame, dialect)):
                self._stall(reader, cursor)

    def stalled(self, reader: Reader) -> None:
        """Set aside a reader whose socket was filled by something that is not the channel's."""
        if reader in self._level[type(reader), reader.dialect]:
            self._stall(reader, self.feed.tail.offset)

    def _stall(self, reader: Reader, cursor: int) -> None:
        self._level[type(reader), reader.dialect].discard(reader)
        reader.cursor, reader.heard = cursor, self._word
        self._set_aside(reader)

    # What a reader must know besides entries: is this node level?

    def prove(self, at: str, *, beat: bool) -> None:
        """Note that the feed was level with Redis at `at`; tell readers if a beat is due or news to them."""
        told_otherwise = self._delayed is not None or self._proof is None
        self._proof, self._delayed, self._beat = at, None, None
        self._snapshots.clear()  # they say when the last proof was
        if told_otherwise:
            self.polls.turn()
        if (beat or told_otherwise) and (word := self._latest_word()) is not None:
            self._word += 1
            self._write_to_level(word, self.feed.tail.offset)

    def delay(self, now: str) -> None:
        """Tell readers that this node has lost Redis; what they see is as old as the last proof.

        Said at once, and again every BEAT_EVERY: to a reader, silence means a dead line, and to reconnect.
        """
        if self._delayed is None:
            self._delayed = delayed_frame(self._proof or now)
            self._word += 1
            self._delay_said = self._clock() - BEAT_EVERY
            self.polls.turn()
        if self._clock() - self._delay_said >= BEAT_EVERY:
            self._delay_said = self._clock()
            self._write_to_level(self._delayed, self.feed.tail.offset)

    @property
    def proven(self) -> bool:
        """Whether the last word from Redis was good."""
        return self._proof is not None and self._delayed is None

    @property
    def behind(self) -> bool:
        """Whether Redis is known to be lost; a feed opened a moment ago is neither proven nor behind."""
        return self._delayed is not None

    def announce(self, frame: Frame) -> None:
        """Write a frame that is of the moment to the readers who are level."""
        self._write_to_level(frame, self.feed.tail.offset)

    def _latest_word(self) -> Frame | None:
        """What a reader who comes now is told of how fresh this is; built once until it changes."""
        if self._delayed is not None:
            return self._delayed
        if self._beat is None and self._proof is not None:
            self._beat = beat_frame(self.feed.tail.position, self._proof, self.watching)
        return self._beat

    # Readers

    def join(self, reader: Reader, after: str | None, head: bytes = b"") -> None:
        """Add a reader: `head`, then what it missed since `after` or a snapshot, then how fresh that is."""
        reader.channel = self
        if (why := reader.refused(self.feed, self.origins)) is not None:
            reader.dismiss(why)  # it was let in, and the feed was edited before it got here
            return
        self.count += 1
        if after is not None:
            position = Position.parse(after)
            if position is not None and self.ring.holds(position):
                reader.cursor = position.offset
            else:
                reader.reset = True
        self._set_aside(reader)
        self._catch_up(reader, head)

    def leave(self, reader: Reader) -> None:
        """Forget a reader whose connection is gone. Harmless when it is forgotten already."""
        level = self._level[type(reader), reader.dialect]
        if reader in level or reader in self._aside:
            level.discard(reader)
            self._aside.discard(reader)
            self.count -= 1

    def drained(self, reader: Reader) -> None:
        """Go on with a reader whose socket has taken all it was given."""
        if reader in self._aside:
            self._catch_up(reader, b"")

    def took(self, reader: Reader) -> None:
        """Note that the socket of a reader set aside has taken some of what it was given: it is slow, not stuck."""
        reader.aside_since = self._clock()

    def _set_aside(self, reader: Reader) -> None:
        reader.aside_since = self._clock()
        self._aside.add(reader)

    def _catch_up(self, reader: Reader, head: bytes) -> None:
        if reader.cursor == TOLD_CLOSED:
            self.dismiss(reader, Close.GOING_AWAY)
            return
        parts, size, told = [head], len(head), False
        while True:
            missed = None if reader.cursor == FROM_SNAPSHOT else self.ring.after(reader.cursor)
            if missed is None:
                reader.reset = reader.reset or reader.cursor != FROM_SNAPSHOT
                parts.append(getattr(self.snapshot_frame(reset=reader.reset), reader.dialect))
                reader.cursor, reader.reset = self.feed.tail.offset, False
                missed, told = [], True
            for frame in missed:
                data: bytes = getattr(frame, reader.dialect)
                parts.append(data)
                size += len(data)
                reader.cursor += 1
                if size >= CHUNK:
                    break
            else:
                break
            if not self._resume(reader, parts):
                return
            parts, size = [], 0
        if self.feed.closed is not None:
            self._end(reader, parts, told=told)
            return
        if reader.heard != self._word and (word := self._latest_word()) is not None:
            parts.append(getattr(word, reader.dialect))
            reader.heard = self._word
        if not any(parts) or self._resume(reader, parts):
            reader.aside_since = None
            self._aside.discard(reader)
            self._level[type(reader), reader.dialect].add(reader)

    def _end(self, reader: Reader, parts: list[bytes], *, told: bool) -> None:
        """Write what is left to a reader of a closed feed, its last snapshot unless `told` already, and dismiss it."""
        if not told:
            if any(parts) and not self._resume(reader, parts):
                return
            parts = [getattr(self.snapshot_frame(reset=False), reader.dialect)]
        reader.cursor = TOLD_CLOSED
        if self._resume(reader, parts):
            self.dismiss(reader, Close.GOING_AWAY)

    def _resume(self, reader: Reader, parts: list[bytes]) -> bool:
        reader.aside_since = self._clock()
        return reader.write(b"".join(parts))

    @property
    def proof(self) -> str | None:
        """When this node was last proven level, by the log's clock (RFC 3339); None if it never was."""
        return self._proof

    @property
    def delayed(self) -> Frame | None:
        """What readers are told while Redis is lost."""
        return self._delayed

    def snapshot(self) -> dict[str, Any]:
        """Return the snapshot frame as an object."""
        return self.feed.snapshot(at=self._proof)

    def snapshot_frame(self, *, reset: bool) -> Frame:
        """Return the snapshot frame; everybody who asks between two changes or proofs shares one."""
        if reset not in self._snapshots:
            self._snapshots[reset] = snapshot_frame(self.feed, reset=reset, at=self._proof)
        return self._snapshots[reset]

    def sweep(self) -> None:
        """Cut the readers whose sockets have taken nothing for too long."""
        now = self._clock()
        for reader in [r for r in self._aside if r.aside_since is not None and now - r.aside_since > STUCK_AFTER]:
            self.cut_stuck(reader)

    def cut_stuck(self, reader: Reader) -> None:
        """Cut a reader whose socket has taken nothing for too long."""
        self.cut_readers += 1
        self.leave(reader)
        reader.cut()


class Hub:
    """All feeds of this node, and the door for readers."""

    def __init__(
        self, *, capacity: int, limit: int, clock: Callable[[], float], origins: tuple[str, ...] = (EVERY,)
    ) -> None:
        """`capacity` is the ring's in entries, `limit` the readers this node can hold, `origins` as of Channel."""
        self.origins = origins
        self.capacity = capacity
        self.limit = limit
        self.clock = clock
        self.channels: dict[str, Channel] = {}
        self.ready = False
        """Whether the feeds are known: until then nobody can be told that one is not there."""
        self.draining = False
        self.broken: set[str] = set()
        """Feeds whose logs are damaged and that could not be opened here."""

    def __len__(self) -> int:
        return sum([channel.count + channel.polls.waiting.count for channel in self.channels.values()])

    def channel(self, name: str) -> Channel:
        """Return a feed's channel.

        Raises:
            Unavailable: this node has not reached Redis since it started, or the feed's log is damaged.
            NotFound: there is no such feed.
        """
        try:
            return self.open_channels()[name]
        except KeyError:
            if name in self.broken:
                raise Unavailable(
                    f"The log of {name!r} is damaged; `ticker verify` says where", retry_after=30
                ) from None
            raise no_such_feed(name) from None

    def open_channels(self) -> dict[str, Channel]:
        """Return all channels by name; raises Unavailable while this node does not know them."""
        if not self.ready:
            raise Unavailable("This node has not reached its log yet; try again in a moment")
        return self.channels

    def admit(self, name: str) -> Channel:
        """Return a channel for one more reader; raises as `channel`, Closed, and if the node is full or leaving."""
        if self.draining:
            raise Unavailable("This node is going away; connect again to reach another")
        if len(self) >= self.limit:
            raise Unavailable("This node has as many readers as it can hold", retry_after=5)
        channel = self.channel(name)
        if channel.feed.closed is not None:
            raise Closed(name, channel.feed.closed)
        return channel
