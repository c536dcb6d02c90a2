"""One feed on this node: what it shows, its ring of ready-made frames, and the readers who follow it.

What is new is written to the sockets of the readers who have caught up, one group of them after another (caught_up.py),
and that is all. A reader has no queue. When a socket takes less than the whole, its reader lags, with a cursor after
it; once its socket is writable it catches up from the ring (lagging.py). Too far behind for the ring, it gets a fresh
snapshot; stuck for STUCK_AFTER seconds, it is cut. So a slow reader holds at most one chunk of bytes, and delays
nobody. A reader that comes from a node that was ahead of this one is held at its position (unplaced.py).

Between two groups anything may happen. What matters only now (a beat, `delayed`, `move`) and the end of a feed are
written after every group has all entries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from ticker.caught_up import CaughtUp, Group
from ticker.changes import entry_frame, fold, kind_of
from ticker.delivery import FanOut, FanOuts
from ticker.entry import Entry, Tail
from ticker.feed import Feed
from ticker.freshness import Freshness, Notice
from ticker.lagging import LaggingReaders, Progress, chunks
from ticker.longpoll import LongPoll
from ticker.origins import EVERY
from ticker.reader import FROM_SNAPSHOT, Reader
from ticker.ring import Ring
from ticker.similar import RecentDispatches
from ticker.unplaced import UNPLACED, UnplacedReaders
from ticker.wire import CloseCode, Encoding, Frame, snapshot_frame

NONE_PINNED: Final[Mapping[str, dict[str, Any]]] = MappingProxyType({})


class Channel:
    """One feed on this node and its readers."""

    def __init__(
        self,
        feed: Feed,
        recent: Iterable[Entry],
        base: Tail,
        *,
        capacity: int,
        clock: Callable[[], float],
        origins: tuple[str, ...] = (EVERY,),
        on_watched: Callable[[Channel], None] = lambda _: None,
    ) -> None:
        """Start a channel from the feed's state; `recent` are the entries from `base` up to that state.

        `capacity` is the ring's in entries; `clock` counts seconds and never runs backwards. `origins` are those
        whose pages may read feeds that name none of their own. `on_watched` is called when somebody comes to read,
        except while a reader is here who has all there is.
        """
        self._on_watched = on_watched
        self._clock = clock
        self._origins = origins
        self._capacity = capacity
        self._caught_up = CaughtUp()
        self._lagging = LaggingReaders(self, clock)
        self._unplaced = UnplacedReaders(self, clock)
        self.freshness = Freshness(clock)
        self.polls = LongPoll(self, clock)
        self.streaming = 0
        """Readers here, caught up, lagging or held, without those who poll."""
        self.resets = 0
        """Snapshots made that told readers to start over."""
        self.cut_readers = 0
        """Readers cut because their sockets took nothing."""
        self._fan_outs = FanOuts()
        self._begin(feed, recent, base)

    def _begin(self, feed: Feed, recent: Iterable[Entry], base: Tail) -> None:
        ring, recent_dispatches = Ring(base, self._capacity), RecentDispatches()
        for entry in recent:
            ring.add(entry, entry_frame(entry))
            recent_dispatches.add(entry)
        # All or nothing: an entry that cannot be taken leaves the channel as it was.
        self.feed, self.ring, self.recent_dispatches = feed, ring, recent_dispatches
        self._snapshots: dict[bool, Frame] = {}

    # Entries

    def publish(self, *entries: Entry, pinned: Mapping[str, dict[str, Any]] = NONE_PINNED) -> None:
        """Take the next entries and write them to all readers who have caught up; raises as `take`."""
        try:
            self.take(*entries, pinned=pinned)
        finally:
            self.finish()

    def take(self, *entries: Entry, pinned: Mapping[str, dict[str, Any]] = NONE_PINNED) -> bool:
        """Apply the next entries, which came together, and begin to write them to the readers who have caught up.

        `pinned` has, by their ids, dispatches that the entries pin and the feed may not show. Return True if more is to
        be written, by `write_on`.

        Raises:
            ValueError, KeyError: one is not an entry that this version can read. Those before it are taken.
        """
        for first in range(0, len(entries), self._capacity):  # the ring holds as many, so that none of them is missed
            self._take(entries[first : first + self._capacity], pinned)
        return self._caught_up.behind(self.feed.tail.offset) is not None

    def _take(self, entries: Sequence[Entry], pinned: Mapping[str, dict[str, Any]]) -> None:
        before = self.feed.tail.offset
        if self._caught_up.behind(before) is None:
            self._caught_up.restore_order(before)
        while self._caught_up.behind(before + len(entries) - self._capacity) is not None:
            self.write_on()  # else what these readers have not been written would leave the ring
        set_aside = len(self._lagging) + len(self._held)
        fan_out = FanOut(len(self) - set_aside, set_aside, self._clock())
        try:
            for entry in entries:
                self._apply(entry, pinned)
        finally:
            if frames := self.ring.after(before):
                self._fan_outs.begin(self.feed.tail.offset, fan_out)
                self._snapshots.clear()
                self.freshness.entry_published()
                self.write_on()
                if self._unplaced:
                    self._continue(self._unplaced.settle())
                self.polls.publish(frames)

    def _apply(self, entry: Entry, pinned: Mapping[str, dict[str, Any]]) -> None:
        frame = entry_frame(entry)
        fold(entry, self.feed)
        self.ring.add(entry, frame)
        if (id := kind_of(entry).pinned_id(entry)) is not None and id in pinned:
            self.feed.learn(self.as_known(pinned[id]))
        self.recent_dispatches.add(entry)

    def write_on(self) -> bool:
        """Write all that it has missed to the group of readers that is furthest behind; return True if more is behind.

        The frames are those of the ring: where a dispatch was killed since, the kill is written in its place.
        """
        end = self.feed.tail.offset
        if (group := self._caught_up.behind(end)) is not None:
            cursor = group.offset
            for frames in chunks(self.ring.after(cursor) or []):
                cursor += len(frames)
                self._write_to(group, frames, cursor)
            self._caught_up.written(group, end)
        behind = self._caught_up.behind(end)
        self._fan_outs.reached(end if behind is None else behind.offset, self._clock())
        return behind is not None

    def finish(self) -> None:
        """Write to all groups that are behind."""
        while len(self) and self.write_on():  # most of many feeds have no readers, each time they are proven
            pass

    def fan_out(self, dispatch: str) -> FanOut | None:
        """Return how the newest entries are written, with a dispatch that is new in them; None before the first.

        One that was killed before it was written to anybody has reached nobody.
        """
        newest = self._fan_outs.newest
        if newest is not None and self.ring.tombstone(dispatch) is not None:
            return FanOut(0, 0, newest.began, newest.began)
        return newest

    def restart(self, feed: Feed, recent: Iterable[Entry], base: Tail) -> None:
        """Continue with another history: everything readers show is void, and nothing is proven yet."""
        self._begin(feed, recent, base)
        self.freshness.restart()
        self._lagging.reset()
        self._fan_outs.restart()
        for reader in self._caught_up.clear():
            self._lag(reader, FROM_SNAPSHOT)
            reader.reset = True
            self._catch_up(reader)
        self._continue(self._unplaced.settle())
        self.polls.restart()

    def announce(self, frame: Frame) -> None:
        """Write a frame that matters only now to the readers who have caught up, or wait for this node to."""
        self.finish()
        self._write_to_caught_up(frame)
        self._lagging.hold_all(self._unplaced.at_positions, lambda reader: getattr(frame, reader.encoding))

    def _write_to_caught_up(self, frame: Frame) -> None:
        for group in self._caught_up.groups:
            self._write_to(group, [frame], group.offset)

    def _write_to(self, group: Group, frames: Sequence[Frame], cursor: int) -> None:
        """Write frames at once; a reader whose socket does not take them all lags, and goes on after `cursor`."""
        data = b"".join([getattr(frame, group.encoding) for frame in frames])
        for reader in group.kind.write_to_all(group.readers, data):
            self._lag(reader, cursor)

    def _status_ahead(self, reader: Reader) -> bytes:
        """Return what a reader is sent that is held at its position: that this node is delayed."""
        status = self.freshness.status_ahead()
        if status is self.freshness.delayed:  # it need not be told again once it is placed
            reader.status_seen = self.freshness.status_seq
        return b"" if status is None else getattr(status, reader.encoding)

    # Snapshots

    def snapshot(self) -> dict[str, Any]:
        """Return the snapshot frame as an object."""
        return self.feed.snapshot(at=self.freshness.proof)

    def snapshot_frame(self, *, reset: bool) -> Frame:
        """Return the snapshot frame; all who ask between two changes or proofs share one."""
        self.resets += reset
        if reset not in self._snapshots:
            self._snapshots[reset] = snapshot_frame(self.feed, reset=reset, at=self.freshness.proof)
        return self._snapshots[reset]

    def as_known(self, dispatch: dict[str, Any]) -> dict[str, Any]:
        """Return a dispatch that was read from the log or, if this node knows that it was killed, its tombstone.

        To be asked when nothing more is waited for, since it may be killed meanwhile.
        """
        return self.ring.tombstone(dispatch["id"]) or dispatch

    # Freshness

    def prove(self, at: str, *, beat: bool, watching: int = 0, asked: float | None = None) -> None:
        """Note that the feed was in sync with Redis at `at` (RFC 3339); send a beat if one is due or it is news.

        `watching` is the number of readers on all nodes. `asked` is when the probe was sent, by this hub's clock; None
        for now. Readers who came before and are still ahead of this node have a position that the log has lost.
        """
        self.finish()  # before: who begins to lag has been told what there was to tell until then
        asked = self._clock() if asked is None else asked
        notice = self.freshness.prove(at, beat=beat, watching=watching, asked=asked)
        self._snapshots.clear()  # they have the time of the last proof in them
        self._send_status(notice)
        if self._unplaced:
            self._continue(self._unplaced.settle(asked))
        self.polls.proved(asked)

    def delay(self, now: str) -> None:
        """Note that this node has lost Redis (`now` is RFC 3339); send that to readers at once, then at intervals."""
        self.finish()
        notice = self.freshness.delay(now)
        self._send_status(notice)
        if self._unplaced:
            self._continue(self._unplaced.settle())
        if notice is not Notice.NONE:
            self._lagging.hold_all(self._unplaced.at_positions, self._status_ahead)

    def watch(self) -> None:
        """Note that somebody reads this feed, so that it is compared with its log as often as those with readers."""
        self._on_watched(self)

    def _send_status(self, notice: Notice) -> None:
        if not len(self):  # most of many feeds, each time they are proven
            return
        if notice is Notice.CHANGED:
            self.polls.freshness_changed()
        if notice is not Notice.NONE and (status := self.freshness.status(self.feed.tail.position)) is not None:
            self._write_to_caught_up(status)

    # Who may read, and until when

    @property
    def origins(self) -> tuple[str, ...]:
        """Web origins whose pages may read this feed."""
        return self._origins if self.feed.origins is None else self.feed.origins

    def update_settings(self, **settings: Any) -> None:
        """Update the feed's settings, given as attributes of Feed: `title`, `visibility`, `closed` and so on.

        Readers who may no longer read it are dismissed. If it is closed now, each reader gets a last snapshot that says
        so, and is dismissed: at once if it has caught up, otherwise when it is placed and its socket has taken what it
        missed.
        """
        if all(getattr(self.feed, name) == value for name, value in settings.items()):
            return
        for name, value in settings.items():
            setattr(self.feed, name, value)
        self._snapshots.clear()
        for reader in self.readers:
            if (why := reader.refused(self.feed, self.origins)) is not None:
                self.dismiss(reader, why)
        if self.feed.closed is None:
            self.polls.dismiss()
            return
        self.polls.end(self.snapshot_frame(reset=False))
        self.finish()
        for reader in list(self._caught_up):
            self._lag(reader, self.feed.tail.offset)
            self._catch_up(reader)

    # Readers

    def __len__(self) -> int:
        return self.streaming + self.polls.waiting.count

    @property
    def audience(self) -> int:
        """Readers here; those who poll count from one request to the next."""
        return len(self) + self.polls.waiting.away

    @property
    def _held(self) -> list[Reader]:
        return [reader for reader in self._unplaced if reader not in self._lagging]

    @property
    def readers(self) -> list[Reader]:
        """All readers but those who poll."""
        return [*self._lagging, *self._held, *self._caught_up]

    def readers_by_encoding(self) -> Counter[Encoding]:
        """Return how many readers there are of each encoding, without those who poll."""
        return self._caught_up.by_encoding() + Counter(reader.encoding for reader in (*self._lagging, *self._held))

    @property
    def lagging_count(self) -> int:
        """Readers whose sockets are full."""
        return len(self._lagging)

    def join(self, reader: Reader, after: str | None, head: bytes = b"") -> None:
        """Add a reader: `head`, then what it missed since `after` or a snapshot, then how fresh that is.

        If this node may be behind it, the reader is sent `head` and that this node is delayed, and is held.
        """
        reader.channel = self
        if (why := reader.refused(self.feed, self.origins)) is not None:
            reader.dismiss(why)  # it was let in, and the feed was edited before it got here
            return
        self.streaming += 1
        self._lagging.add(reader)
        self._unplaced.take(reader, after)
        if self.streaming == 1 or self._unplaced:
            self.watch()
        if self._unplaced.at_position(reader):
            head += self._status_ahead(reader)
        self._catch_up(reader, head)

    def leave(self, reader: Reader) -> None:
        """Forget a reader whose connection is gone. Harmless when it is forgotten already."""
        caught_up = self._caught_up.discard(reader) is not None
        if caught_up or reader in self._lagging or reader in self._unplaced:
            self._lagging.discard(reader)
            self._unplaced.discard(reader)
            self.streaming -= 1

    def dismiss(self, reader: Reader, why: CloseCode) -> None:
        """Forget a reader and close its connection, with a reason."""
        self.leave(reader)
        reader.dismiss(why)

    def on_writable(self, reader: Reader) -> None:
        """Continue with a reader whose socket has taken all it was given."""
        if reader in self._lagging:
            self._catch_up(reader)

    def made_progress(self, reader: Reader) -> None:
        """Note that the socket of a lagging reader has taken some of what it was given: it is slow, not stuck."""
        self._lagging.made_progress(reader)

    def stalled(self, reader: Reader) -> None:
        """Let a reader lag whose socket was filled by something that is not the channel's."""
        if reader.group is not None:
            self._lag(reader, reader.group.offset)
        elif reader in self._unplaced and reader not in self._lagging:
            self._lagging.add(reader)

    def _continue(self, placed: Iterable[Reader]) -> None:
        """Go on with readers that were held; one whose socket is full goes on when it has room."""
        for reader in placed:
            if reader not in self._lagging:
                self._lagging.add(reader)
                self._catch_up(reader)

    def _lag(self, reader: Reader, cursor: int) -> None:
        self._caught_up.discard(reader)
        reader.cursor, reader.status_seen = cursor, self.freshness.status_seq
        self._lagging.add(reader)

    def _catch_up(self, reader: Reader, head: bytes = b"") -> None:
        if reader.cursor == UNPLACED:
            self._lagging.hold(reader, head)
            return
        progress = self._lagging.catch_up(reader, head)
        if progress is Progress.CAUGHT_UP:
            self._caught_up.add(reader, self.feed.tail.offset)
        elif progress is Progress.ENDED:
            self.dismiss(reader, CloseCode.GOING_AWAY)

    def sweep(self) -> None:
        """Cut the readers whose sockets have taken nothing for too long."""
        for reader in self._lagging.stuck() if len(self._lagging) else ():
            self.cut_stuck(reader)

    def cut_stuck(self, reader: Reader) -> None:
        """Cut a reader whose socket has taken nothing for too long."""
        self.cut_readers += 1
        self.leave(reader)
        reader.cut()
