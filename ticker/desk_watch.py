"""The task that keeps the desks of this node up to date while somebody is there, on top of the follower.

What the desk shows beside the log is published nowhere: presence, held dispatches, flashes, deliveries. So the task
looks for it twice a second, in one write for all desks; and at once after an entry, or when a key or a session ends.
A node at whose desks nobody is does nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from ticker.desk.presence import RENEWAL_INTERVAL, Attendant, notes, present
from ticker.desk.state import DELIVERY_AGE, MOST, DeskState, Filing, Flash, Frame, Kind, Viewer
from ticker.entry import Entry
from ticker.errors import Unavailable
from ticker.hub import Hub
from ticker.journal.delivery import DeliveryReports
from ticker.journal.desk import END, DeskReads, Look, Notes, moment
from ticker.journal.redis import Redis
from ticker.journal.redis_errors import CommandError, cause
from ticker.journal.registry import Registry
from ticker.journal.sessions import Sessions
from ticker.redis_clock import RedisClock
from ticker.ring import Ring
from ticker.wire import CloseCode

POLL_INTERVAL: Final = 0.5
"""Seconds between two looks: what one correspondent does is seen by the others within a second."""

BREATH: Final = 0.03
"""Seconds between what happens and the look at it, so that entries that come together are looked at together."""

CHECK_INTERVAL: Final = 2.0
"""Seconds between two checks of keys and sessions. A message triggers one at once; a session may also expire."""

DELIVERY_INTERVAL: Final = 1.0
"""Seconds between two readings of delivery reports, which the nodes store once a second."""

MOST_DELIVERIES: Final = 20
"""Dispatches of a feed whose deliveries are followed at once, the newest ones."""

log = logging.getLogger("ticker.desk")


class Stream(Protocol):
    """A stream of the desk, as the web layer holds it.

    Attributes:
        feed: name of the feed.
        viewer: who reads it.
        name: of that person.
        since: when it began (RFC 3339).
        digest: SHA-256 of the key by which it was opened.
        session: id of the session that stands for the key, if one does.
    """

    feed: str
    viewer: Viewer
    name: str
    since: str
    digest: str
    session: str | None

    def show(self, frame: Frame) -> None:
        """Send a frame, unless it is the last one of its kind again."""

    def dismiss(self, why: CloseCode) -> None:
        """End the stream."""


@dataclass(slots=True, eq=False)
class _Desk:
    """The desk of one feed on this node.

    Attributes:
        ring: of the feed's channel, when `state` was loaded; another one means another history.
        streams: of those who are there.
        written: notes about them that are in Redis.
        seen: id of the last change of a held dispatch that was seen; END before the first look.
        due: ids of the held dispatches, as of the last look.
        entries: filed since the last look, whose filers are to be read: who and when, by id.
        recent: dispatches whose delivery is followed, and when each was filed (RFC 3339), oldest first.
    """

    ring: Ring
    state: DeskState = field(default_factory=DeskState)
    streams: set[Stream] = field(default_factory=set)
    written: set[Attendant] = field(default_factory=set)
    seen: str = END
    due: list[str] | None = None
    entries: dict[str, tuple[str, str]] = field(default_factory=dict)
    recent: dict[str, str] = field(default_factory=dict)


class DeskWatch:
    """The desks of this node. `run` is its only task. A consumer of the log, after the hub."""

    def __init__(
        self,
        redis: Redis,
        hub: Hub,
        registry: Registry,
        sessions: Sessions,
        reports: DeliveryReports,
        *,
        node: str,
        clock: Callable[[], float],
        redis_clock: RedisClock,
    ) -> None:
        """`node` is this node's name among all; `clock` counts seconds and never runs backwards."""
        self._reads = DeskReads(redis)
        self._hub = hub
        self._registry = registry
        self._sessions = sessions
        self._reports = reports
        self._node = node
        self._clock = clock
        self._redis_clock = redis_clock
        self._desks: dict[str, _Desk] = {}
        self._left: dict[str, set[Attendant]] = {}
        """Notes to remove of desks that nobody of this node is at any more."""
        self._entering: Stream | None = None
        """A stream that gets all at once when this look is over."""
        self._names: dict[str, str] = {}
        """Names of people, by id, as far as they were needed."""
        self._wake = asyncio.Event()
        self._looking = asyncio.Lock()
        self._renewed = self._checked = self._delivered = float("-inf")
        self._lost = False

    def now(self) -> str:
        """Return this moment by the clock of Redis (RFC 3339)."""
        return self._redis_clock.now()

    # Called in the path of an entry, and of messages

    def publish(self, feed: str, entry: Entry, pinned: dict[str, Any] | None) -> None:
        """See `follower.Consumer`."""
        desk = self._desks.get(feed)
        if desk is not None and entry.kind == "file":
            id = entry.content["dispatch"]["id"]
            desk.entries[id] = (entry.content["by"], entry.at)
            desk.recent[id] = entry.at
            self._wake.set()

    def check_soon(self) -> None:
        """Check keys and sessions at once: one may have ended."""
        self._checked = float("-inf")
        self._wake.set()

    # Streams

    async def enter(self, stream: Stream) -> None:
        """Take a stream; its first frames are shown to it before this returns.

        Raises:
            Unavailable: Redis cannot be reached.
            NotFound: the feed is no longer there.
        """
        async with self._looking:
            desk = self._desks.get(stream.feed)
            if desk is None:
                desk = _Desk(self._hub.channel(stream.feed).ring)
                await self._load(stream.feed, desk)
                self._desks[stream.feed] = desk
            desk.streams.add(stream)
            self._entering = stream
            try:
                await self._look([stream.feed])
            except BaseException:
                self.leave(stream)
                raise
            finally:
                self._entering = None
        for frame in desk.state.first_frames(stream.viewer):
            stream.show(frame)
        self._wake.set()

    def leave(self, stream: Stream) -> None:
        """Forget a stream. Harmless when it is forgotten already."""
        desk = self._desks.get(stream.feed)
        if desk is None or stream not in desk.streams:
            return
        desk.streams.discard(stream)
        if not desk.streams:
            del self._desks[stream.feed]
            self._left.setdefault(stream.feed, set()).update(desk.written)
        self._wake.set()

    # The task

    async def run(self) -> None:
        """Look at the desks until cancelled."""
        while True:
            try:
                async with self._looking:
                    await self._turn()
                self._lost = False
            except Exception as error:  # any error: the next look may succeed
                if not isinstance(error, Unavailable | CommandError):
                    log.exception("the desk could not be read")
                elif not self._lost:
                    log.info("the desk cannot be read for now: %s", cause(error))
                self._lost = True
            await self._pause()

    async def _pause(self) -> None:
        """Wait for the next look: at once if something happened, else some time, and for ever if nobody is there."""
        idle = not (self._desks or self._left)
        try:
            await asyncio.wait_for(self._wake.wait(), None if idle else POLL_INTERVAL)
        except TimeoutError:
            return
        self._wake.clear()
        await asyncio.sleep(POLL_INTERVAL if self._lost else BREATH)

    async def _turn(self) -> None:
        if self._clock() - self._checked >= CHECK_INTERVAL:
            self._checked = self._clock()
            await self._check()
        await self._look(self._desks.keys() | self._left.keys())
        if self._clock() - self._delivered >= DELIVERY_INTERVAL:
            self._delivered = self._clock()
            for feed, desk in list(self._desks.items()):
                await self._follow_deliveries(feed, desk)

    async def _check(self) -> None:
        """Dismiss the streams whose keys were revoked, or whose sessions ended."""
        streams = [stream for desk in self._desks.values() for stream in desk.streams]
        if not streams:
            return
        digests = list({stream.digest for stream in streams})
        holders = dict(zip(digests, await self._registry.holders_of(digests), strict=True))
        ids = list({stream.session for stream in streams if stream.session is not None})
        lasting = await self._sessions.lasting(ids) if ids else set()
        for stream in streams:
            if holders[stream.digest] is None or (stream.session is not None and stream.session not in lasting):
                self.leave(stream)
                stream.dismiss(CloseCode.POLICY_VIOLATION)

    async def _look(self, feeds: Iterable[str]) -> None:
        """Write the notes about these desks, read what is there, and show what is new."""
        renew = self._clock() - self._renewed >= RENEWAL_INTERVAL
        wanted = {feed: self._notes_of(feed) for feed in feeds}
        if not wanted:
            return
        left = {feed: set(self._left.get(feed, ())) for feed in wanted}
        written = {feed: self._desks[feed].written if feed in self._desks else set() for feed in wanted}
        changes = {
            feed: Notes(
                renew=wanted[feed] if renew else wanted[feed] - written[feed],
                remove=(written[feed] | left[feed]) - wanted[feed],
                seen=self._desks[feed].seen if feed in self._desks else END,
            )
            for feed in wanted
        }
        now, found = await self._reads.look(changes, self._redis_clock.time())
        if renew and wanted.keys() >= self._desks.keys():
            self._renewed = self._clock()
        for feed, noted in wanted.items():
            self._left.get(feed, set()).difference_update(left[feed])
            if not self._left.get(feed, True):
                del self._left[feed]
            if (desk := self._desks.get(feed)) is not None:
                desk.written = noted
                if feed in found:
                    await self._update(feed, desk, found[feed], now)

    def _notes_of(self, feed: str) -> set[Attendant]:
        desk = self._desks.get(feed)
        streams = () if desk is None else desk.streams
        return notes(self._node, [(each.viewer.person, each.name, each.since) for each in streams])

    async def _load(self, feed: str, desk: _Desk) -> None:
        """Read who filed the newest dispatches."""
        desk.state.filed = await self._reads.newest_filed(feed)
        desk.recent |= {id: filing.at for id, filing in sorted(desk.state.filed.items())}

    async def _update(self, feed: str, desk: _Desk, look: Look, now: float) -> None:
        """Take what was found, and show the streams what is new."""
        state, channel = desk.state, self._hub.channels.get(feed)
        news = state.set_people(present(look.present, now))
        if channel is not None and channel.ring is not desk.ring:
            desk.ring = channel.ring
            await self._load(feed, desk)
            news |= {"filed", "presence"}
        if desk.entries:
            taken = dict(desk.entries)
            filers = await self._reads.filers(feed, list(taken))
            desk.entries = {id: entry for id, entry in desk.entries.items() if id not in taken}
            news |= state.add_filed({id: Filing(filer, *taken[id]) for id, filer in filers.items()})
        if look.seen is not None or desk.seen == END or look.due != desk.due:
            news |= state.set_held(await self._reads.held(feed, look.due))
            # Changes of the second before the first look are read once more, rather than missed.
            desk.seen = look.seen or (f"{int(now * 1000) - 1000}-0" if desk.seen == END else desk.seen)
            desk.due = look.due
        news |= await self._take_flashes(feed, state, look, now)
        self._show(desk, news)

    async def _take_flashes(self, feed: str, state: DeskState, look: Look, now: float) -> set[Kind]:
        waiting = {id: each for id, each in look.waiting.items() if each.until > now * 1000}
        ids = sorted(waiting)[-MOST:]
        revisions = await self._reads.revisions(feed, ids) if ids else {}
        flashes = [
            Flash(
                id,
                revisions[id],
                waiting[id].person,
                await self._name(state, waiting[id].person),
                moment(waiting[id].until),
            )
            for id in ids
            if id in revisions
        ]
        return state.set_flashes(flashes)

    async def _name(self, state: DeskState, person: str) -> str:
        """Return the name of a person, who may not be at the desk and may have filed nothing of late."""
        known = self._names | state.names()
        if person not in known:
            self._names = {holder.id: holder.name for holder, _ in await self._registry.holders()}
            known |= self._names
        return known.get(person) or self._names.setdefault(person, person)

    async def _follow_deliveries(self, feed: str, desk: _Desk) -> None:
        """Read how the dispatches of the last minute are delivered, and show what is new."""
        since = self._redis_clock.time() - DELIVERY_AGE
        recent = {id: at for id, at in desk.recent.items() if datetime.fromisoformat(at).timestamp() > since}
        desk.recent = dict(list(recent.items())[-MOST_DELIVERIES:])
        desk.state.keep_deliveries(set(desk.recent))
        for id, at in desk.recent.items():
            delivery = await self._reports.of(feed, {"id": id, "filed": at})
            if desk.state.set_delivery(id, delivery):
                for stream in desk.streams:
                    stream.show(desk.state.delivery_frame(id))

    def _show(self, desk: _Desk, news: set[Kind]) -> None:
        for stream in desk.streams - {self._entering}:
            for kind in sorted(news):
                stream.show(desk.state.frame(kind, stream.viewer))
