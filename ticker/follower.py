"""The task that follows Redis: it subscribes, tells `Follow` what happens, and carries out what that decides.

Entries go to the consumers of the log: the hub first, then the others, such as the delivery report. Lost connections
are the ordinary case; after each one the node proves that its tail is still in the log before it continues.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import orjson

from ticker import follow, replica
from ticker.arrivals import Arrivals
from ticker.awaited import Awaited
from ticker.changes import kind_of
from ticker.dispatch import rfc3339
from ticker.entry import Entry
from ticker.errors import CannotWrite, Unavailable
from ticker.feeds import UNREADABLE, Feeds
from ticker.hub import Hub
from ticker.journal.feed_settings import FeedSettings
from ticker.journal.log import Journal
from ticker.journal.redis import Redis
from ticker.journal.redis_errors import CommandError, Moved, Redirected, cause
from ticker.journal.registry import Registry
from ticker.journal.sessions import Sessions
from ticker.journal.shard import Shard
from ticker.journal.subscription import Subscription
from ticker.node_counts import NodeCounts, RelayCounts
from ticker.redis_clock import RedisClock
from ticker.shard_hub import ShardHub
from ticker.yielding import yield_to_others

RETRY_INTERVAL: Final = 0.25
"""Seconds between attempts to reach Redis again: short, since readers are waiting and nodes are few."""

DEAF: Final = "Redis pub/sub is not delivering messages to this node"

log = logging.getLogger("ticker.follower")


class Consumer(Protocol):
    """Something that is given every entry of the log on this node, once and in order."""

    def publish(self, feed: str, entry: Entry, pinned: dict[str, Any] | None) -> None:
        """Take the next entry of a feed. Called in the path of the entry to readers, so it must not wait.

        `pinned` is the dispatch that the entry pins, if the feed may not show it.
        """


class Follower:
    """Keeps a hub in sync with Redis. One for each node; `run` is its only task."""

    def __init__(
        self,
        redis: Redis,
        hub: Hub | ShardHub,
        *,
        clock: Callable[[], float],
        consumers: Sequence[Consumer] = (),
        on_settings: Callable[[], None] = lambda: None,
        on_held: Callable[[str], None] = lambda _: None,
        redis_clock: RedisClock | None = None,
        node: str | None = None,
        admin_key: str | None = None,
        others: Iterable[Redis] = (),
        relays: RelayCounts | None = None,
        shard: Shard | None = None,
        known: dict[str, FeedSettings] | None = None,
        reads: Redis | None = None,
    ) -> None:
        """`redis` is used by nothing else, so that what a request waits for cannot hold up the proof of freshness.

        `clock` counts seconds and never runs backwards. `consumers` are given each entry after the hub. `on_settings`
        is called when a feed was changed, a key revoked or a session ended, `on_held` with the name of a feed in which
        a dispatch is held. `node` is the name of this node among all,
        `admin_key` is issued where the log was emptied. `others` are connected again when the log takes no writes: they
        may be connected to a server that was demoted. `relays` are the readers of relays. Of
        a cluster, `shard` is the one to follow, of whose feeds the hub is, and `known` has the settings of the feeds of
        all. Feeds are followed and read at `reads`, such as a replica nearby; by default at `redis`, where each probe
        is published in any case.
        """
        self._shard = shard
        self._redis = redis if shard is None else shard.redis
        self._reads = reads or self._redis
        self._hub = hub
        self._clock = clock
        self._consumers = consumers
        self._on_settings = on_settings
        self._on_held = on_held
        self._redis_clock = redis_clock or RedisClock()
        self._node = node or secrets.token_hex(4)
        self._others = list(others)
        self._journal = Journal(redis)
        self._probed = self._journal if shard is None else Journal(shard.redis)
        self._reading = self._journal if reads is None else Journal(reads)
        self._follow = follow.Follow(hub)
        self._counts = NodeCounts()
        self._relays = relays or RelayCounts()
        self._awaited = Awaited()
        """Entries, by feed and offset, and tokens of changes to feeds themselves."""
        self._subscription: Subscription
        self._subscribed: set[str] = set()
        self._received: deque[follow.Arrived | tuple[str, bytes]] = deque()
        """What the subscription brought and was not taken yet: at most what is read from a socket at once."""
        self._proved = False
        self.lost = False
        """Whether Redis could not be reached the last time."""
        self.on_loss: Callable[[], None] = lambda: None
        """Called when that is found."""
        self._moved = False
        """Whether the last session ended since a part of the log had moved."""
        self._wanted = False
        """Whether somebody came to a feed whose proof is stale, which `Follow` was not told yet."""
        self._waiting: asyncio.Timeout | None = None
        hub.on_stale = self._on_stale
        registry = Registry(redis)
        listing, sessions = None if reads is None else Registry(reads), Sessions(redis, registry)
        self.feeds = Feeds(
            hub, self._reading, registry, sessions, admin_key=admin_key, listing=listing, shard=shard, known=known
        )
        self.writable = False
        """Whether the log takes entries, as of the last probe."""
        self.refuses_writes = False
        """Whether the log can be reached but takes no entries."""
        self.sessions = 0
        """How often this node began to follow Redis."""
        self.filled = 0
        """Entries that pub/sub had not brought and the log did."""

    async def wait_for_entry(self, feed: str, offset: int, timeout: float) -> None:
        """Wait until this node has written an entry to its readers; for so many seconds at most."""
        channel = self._hub.channels.get(feed)
        if channel is None or channel.feed.tail.offset >= offset:
            return
        async with self._awaited.expected((feed, offset), timeout):
            pass

    @asynccontextmanager
    async def wait_for_change(self, timeout: float, token: str | None = None) -> AsyncIterator[str]:
        """Give a token to publish with a change of a feed itself, and wait at the end until this node has seen it.

        `token` names the one to give. For so many seconds at most; not at all where the change was refused.
        """
        token = token or secrets.token_hex(8)
        async with self._awaited.expected(token.encode(), timeout):
            yield token

    async def run(self) -> None:
        """Follow Redis until cancelled."""
        while True:
            try:
                async with self._reads.subscription() as self._subscription:
                    await self._session()
            except Exception as error:  # any error: a node that stopped following must log it
                moved = isinstance(error, Moved | Redirected) and not self._moved
                if not isinstance(error, Unavailable | CommandError):
                    log.exception("following Redis failed")
                elif not (moved or self.lost):
                    log.warning("%s", cause(error))
                await self._note_loss(refuses_writes=isinstance(error, CannotWrite))
                self._moved = moved
            if not self._moved:  # else the next session begins at once, unless another follower takes over
                await self._take(follow.Lost())
            await asyncio.sleep(RETRY_INTERVAL)

    async def _note_loss(self, *, refuses_writes: bool) -> None:
        self.lost = True
        if self._shard is not None:
            self._shard.look_soon()
        self.on_loss()
        self.writable, self.refuses_writes = False, refuses_writes
        if refuses_writes:
            for other in self._others:
                await other.reconnect()

    async def _session(self) -> None:
        self._subscribed = set()
        self._received.clear()
        await self.feeds.set_up()
        await self._subscription.add(*self._redis.channels.of_all)
        await self._load_feeds(every=True)
        self.sessions += 1
        self.lost = self._moved = False
        await self._take(follow.Resumed(self._clock()))
        while True:
            await self._take(follow.Tick(self._clock()))

    async def _load_feeds(self, *, every: bool) -> None:
        """Load the feeds; bring those that were closed, or with `every` all known ones, to the ends of their logs."""
        if every and self._reads is not self._redis:
            await replica.caught_up(self._journal, self._subscription, self._reads.channels.nodes, self._clock)
        known = set(self._hub.channels)
        closing = await self.feeds.load(self._subscribe)
        names = [name for name in self._hub.channels if name in known] if every else closing
        if names:
            tails = await self._reading.tails(names)
            for name in names:
                had = self._hub.channels[name].feed.tail.offset
                await self._take(follow.LogEnd(name, had, tails.get(name)))
        self.feeds.finish(closing)

    async def _subscribe(self, feeds: Iterable[str]) -> None:
        if new := set(feeds) - self._subscribed:
            await self._subscription.add(*map(self._redis.channels.live, new))
            self._subscribed |= new

    # Events and actions

    async def _take(self, event: follow.Event) -> None:
        """Carry out what follows from an event, and from the events that this makes, depth first."""
        actions = self._follow.take(event)[::-1]
        while actions:
            action = actions.pop()
            if isinstance(action, follow.Prove):  # of many feeds, each time the most: a task's turn would cost more
                self._prove(action)
            elif (answer := await self._carry_out(action)) is not None:
                actions += self._follow.take(answer)[::-1]
        if self._proved:
            self._proved = False
            self._hub.note_proof()

    async def _carry_out(self, action: follow.Action) -> follow.Event | None:
        match action:
            case follow.Publish(feed, entries):
                return await self._publish(feed, entries)
            case follow.Wait(until):
                return await self._received_next(until - self._clock())
            case follow.SendProbe(had):
                return await self._probe(had)
            case follow.Delay(feed):
                channel = self._hub.channels[feed]
                channel.delay(rfc3339(datetime.now(UTC)))
                channel.sweep()
            case follow.Fill(feed, first, last):
                return await self._fill(feed, first, last)
            case follow.Restart(feed):
                await self.feeds.open(feed)
                return follow.Restarted(feed)
            case follow.CheckKeys():
                if self.feeds.stale:
                    await self._load_feeds(every=False)
                await self.feeds.check_keys()
            case follow.SetUp(missing):
                log.warning(
                    "the log of %s is missing from Redis; setting up the default feed and the admin key again",
                    ", ".join(missing),
                )
                await self.feeds.set_up()
                await self._load_feeds(every=True)
                return follow.Resumed(self._clock())
            case follow.Reconnect():
                raise Unavailable(DEAF if self._reads is self._redis else replica.DEAF)
        return None

    def _prove(self, action: follow.Prove) -> None:
        feed, channel = action.feed, self._hub.channels[action.feed]
        watching = max(self._counts.watching(feed) + self._relays.watching(feed), 0)
        channel.prove(action.at, beat=action.beat, watching=watching, asked=action.asked)
        self._proved = True
        channel.sweep()

    async def _publish(self, feed: str, entries: Sequence[Entry]) -> follow.Event | None:
        channel = self._hub.channels[feed]
        before = channel.feed.tail.offset
        pinned: dict[str, dict[str, Any]] = {}
        readable = True
        try:
            pinned = await self._reading.pinned_by(entries, channel.feed)
            self._hub.take(feed, entries, pinned)
        except (ValueError, KeyError):  # one is not an entry that this version can read; those before it are published
            readable = False
        for entry in entries[: channel.feed.tail.offset - before]:
            self._awaited.seen((feed, entry.tail.offset))
            for consumer in self._consumers:
                try:
                    consumer.publish(feed, entry, pinned.get(kind_of(entry).pinned_id(entry) or ""))
                except Exception:  # a consumer that fails takes nothing from the others
                    log.exception("%s failed with entry %d of %s", type(consumer).__name__, entry.tail.offset, feed)
        return None if readable else follow.Unreadable(feed)

    async def _fill(self, feed: str, first: int, last: int) -> follow.Event:
        try:
            entries = await self._reading.entries(feed, first, last)
        except UNREADABLE:
            return follow.Unreadable(feed)
        self.filled += len(entries)
        return follow.Filled(feed, entries)

    async def _probe(self, had: follow.Offsets) -> follow.Event:
        token = secrets.token_hex(8)
        # the token; older nodes know it as "word"
        message = {"node": self._node, "word": token, "watching": self._hub.forget_left()}
        if relays := self._relays.take_unpublished():
            message["relays"] = relays
        asked = self._redis_clock.wall()
        ends, at, full, moved = await self._probed.probe(list(had), orjson.dumps(message))
        if moved and self._shard is not None:  # they are proven where they go, once they are there
            self._shard.look_soon()
            had = {name: offset for name, offset in had.items() if name not in moved}
        self._redis_clock.measure(asked, at)
        self.writable, self.refuses_writes = not full, full
        return follow.ProbeSent(follow.Probe(token, had, ends, at))

    # Messages

    def _on_stale(self) -> None:
        self._wanted = True
        if self._waiting is not None:
            self._waiting.reschedule(0)  # at once

    async def _next(self, timeout: float) -> tuple[str, bytes] | None:
        """Return the next message; None if none comes in time, or before somebody comes to a stale feed."""
        if self._wanted:
            return None
        try:
            async with asyncio.timeout(None) as self._waiting:
                return await self._subscription.next(timeout)
        except TimeoutError:
            return None
        finally:
            self._waiting = None

    async def _received_next(self, timeout: float) -> follow.Event | None:
        """Take what was received next: entries that came together, or another message."""
        if not self._received and self._hub.writing:
            await yield_to_others()  # so that requests go on, and their entries gather
            if not await self._subscription.readable() or not await self._receive(0.0):
                self._hub.write_on()
                return self._take_wanted()
        elif not self._received and not await self._receive(timeout):
            return self._take_wanted()
        received = self._received.popleft()
        return received if isinstance(received, follow.Arrived) else await self._message(*received)

    def _take_wanted(self) -> follow.Event | None:
        wanted, self._wanted = self._wanted, False
        return follow.Wanted() if wanted else None

    async def _receive(self, timeout: float) -> bool:
        """Wait for a message; take it and all that came with it. Return False if none came in so many seconds."""
        message = await self._next(timeout)
        if message is not None:
            self._sort([message, *self._subscription.ready()])
        return bool(self._received)

    def _sort(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Put together the entries between two other messages: a token speaks for those before it."""
        arrivals = Arrivals()
        for channel, data in messages:
            if channel in self._redis.channels.of_all:
                self._received += [*arrivals, (channel, data)]
                arrivals = Arrivals()
            else:
                offset, hash, text = data.split(b" ", 2)
                arrivals.add(self._redis.channels.feed(channel), Entry.read(int(offset), hash.decode(), text))
        self._received += arrivals

    async def _message(self, channel: str, data: bytes) -> follow.Event | None:
        if channel == self._redis.channels.nodes:
            return self._node_reported(orjson.loads(data))
        if channel == self._redis.channels.held:
            self._on_held(data.decode())
            return None
        self._on_settings()
        await self._load_feeds(every=False)
        await self.feeds.check_keys()
        self._awaited.seen(data)
        return follow.Resumed(self._clock())  # a new feed is proven now, not within a second

    def _node_reported(self, message: dict[str, Any]) -> follow.Event | None:
        if "node" not in message:
            return None
        now = self._clock()
        self._counts.report(message["node"], message["watching"], now)
        for relay, watching in message.get("relays", {}).items():
            self._relays.report(relay, watching, now)
        if message["node"] != self._node:
            return None
        self._counts.forget_silent(now)
        self._relays.forget_silent(now)
        return follow.TokenArrived(message["word"], now)
