"""The one task that carries the journal to the hub: subscribe, check, fill, prove, beat.

Pub/sub is only the fast path. Every entry that comes is checked against the end of what this node has; a
hole is filled from the log; an entry that does not chain means that history has forked. Silence proves
nothing, so each second the node reads where the logs end, publishes a word of its own, and waits to hear
it: what was published before the word has been heard before it. Only then is the node level, and only then
does it beat.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final, NamedTuple

import orjson

from ticker.awaited import Awaited
from ticker.dispatch import rfc3339
from ticker.entry import Entry, Tail
from ticker.errors import BrokenLog, CannotWrite, Forked, Unavailable
from ticker.fanout import FanOut, FanOuts, Line
from ticker.hub import Channel, Hub
from ticker.journal.feed_settings import FeedSettings
from ticker.journal.log import Journal
from ticker.journal.receipts import Receipts
from ticker.journal.redis import CommandError, Redis, Subscription, WrongType, cause
from ticker.journal.registry import Registry
from ticker.wire import BEAT_EVERY, Close

PROBE_EVERY: Final = 1.0
"""Seconds between proofs. With HEAR_WITHIN, the bound on how long a lost Redis goes unnoticed."""

HEAR_WITHIN: Final = 1.5
"""Seconds a node's own word may take to come back before the subscription counts as deaf."""

RETRY_EVERY: Final = 0.25
"""Seconds between attempts to reach Redis again: short, since readers are waiting and nodes are few."""

FORGET_NODE: Final = 5.0
"""Seconds after its last word that a node's readers are no longer counted."""

FILL: Final = 512
"""Entries read from the log at once to fill a hole."""

UNREADABLE: Final = (BrokenLog, WrongType, ValueError, KeyError, TypeError, AttributeError)
"""What is raised by a log that is damaged."""

log = logging.getLogger("ticker.relay")


class Probe(NamedTuple):
    """A word of this node under way: what it had when it asked, and what Redis said."""

    word: str
    mine: dict[str, int]
    theirs: dict[str, Tail]
    at: str


class Relay:
    """Keeps a hub level with Redis. One for each node; `run` is its only task."""

    def __init__(
        self,
        redis: Redis,
        hub: Hub,
        *,
        clock: Callable[[], float],
        admin_key: str | None = None,
        others: Iterable[Redis] = (),
    ) -> None:
        """`clock` counts seconds and never runs backwards.

        `admin_key` is issued where the log was emptied. `others` are connected again when the log takes no writes:
        they may be connected to a server that was demoted.
        """
        self._redis = redis
        self._channels = redis.channels
        self._admin_key = admin_key
        self._others = list(others)
        self._journal = Journal(redis)
        self._registry = Registry(redis)
        self._hub = hub
        self._clock = clock
        self._node = secrets.token_hex(4)
        self._plans: dict[str, FeedSettings] = {}
        self._probe: Probe | None = None
        self._probe_due = self._heard_by = self._beat_due = 0.0
        self._lost = False
        self._nodes: dict[str, tuple[float, dict[str, int]]] = {}
        self.fan_outs = FanOuts()
        self._receipts = Receipts(redis)
        self._slow_by = 0.0
        """Seconds that the clock of Redis is behind this node's; half a way to Redis is as near as can be known."""
        self._awaited = Awaited()
        """Entries, by feed and offset, and words of changes to feeds themselves."""
        self.writable = False
        """Whether the log takes entries, as of the last probe."""
        self.refuses = False
        """Whether the log can be reached but takes no entries."""
        self.sessions = 0
        """How often this node has come level with Redis anew."""
        self.filled = 0
        """Entries that pub/sub had not brought and the log did."""

    def now(self) -> str:
        """Return this moment by the clock of Redis, as RFC 3339."""
        return rfc3339(datetime.fromtimestamp(time.time() - self._slow_by, UTC))

    async def heard(self, feed: str, offset: int, within: float) -> None:
        """Wait until this node has heard an entry and written it to its readers; for so many seconds at most."""
        channel = self._hub.channels.get(feed)
        if channel is None or channel.feed.tail.offset >= offset:
            return
        async with self._awaited.expected((feed, offset), within):
            pass

    @asynccontextmanager
    async def hears(self, within: float) -> AsyncIterator[str]:
        """Give a word to publish with a change of a feed itself, and wait at the end until this node has taken that in.

        For so many seconds at most; not at all where the change was refused.
        """
        word = secrets.token_hex(8)
        async with self._awaited.expected(word.encode(), within):
            yield word

    def private(self, feed: str) -> bool:
        """Return True if a feed is known here and may be read with a key alone."""
        plan = self._plans.get(feed)
        return plan is not None and plan.visibility == "private"

    def listed(self, feed: str) -> bool:
        """Return False if a feed is known here and not everybody may be told of it."""
        plan = self._plans.get(feed)
        return plan is None or plan.visibility == "public"

    async def run(self) -> None:
        """Follow Redis until cancelled; a lost connection is the ordinary case, not an error."""
        while True:
            try:
                async with self._redis.subscription() as subscription:
                    await self._session(subscription)
            except Exception as error:  # whatever it is, a node that stopped following must say so
                if not isinstance(error, Unavailable | Forked | CommandError):
                    log.exception("the relay failed")
                if not self._lost:
                    log.warning("%s", cause(error) or "the log forked while it was read")
                self._lost = True
                self._writes(writable=False, refuses=isinstance(error, CannotWrite))
                if self.refuses:
                    for other in self._others:
                        await other.reconnect()
            now = rfc3339(datetime.now(UTC))
            for channel in self._hub.channels.values():
                channel.delay(now)
                channel.sweep()
            await asyncio.sleep(RETRY_EVERY)

    async def _session(self, subscription: Subscription) -> None:
        await self._registry.ensure(self._admin_key)
        await subscription.add(self._channels.nodes, self._channels.changes)
        await self._load_feeds(subscription, prove=True)
        self._probe, self._probe_due = None, self._clock()
        self.sessions += 1
        self._lost = False
        while True:
            now = self._clock()
            if self._probe is None and now >= self._probe_due:
                await self._send_probe()
            elif self._probe is not None and now >= self._heard_by:
                raise Unavailable("Redis no longer brings this node what it publishes")
            until = self._heard_by if self._probe is not None else self._probe_due
            message = await subscription.next(until - self._clock())
            if message is not None:
                await self._hear(subscription, *message)

    async def _hear(self, subscription: Subscription, channel: str, data: bytes) -> None:
        if channel == self._channels.nodes:
            await self._hear_node(subscription, data)
        elif channel == self._channels.changes:
            await self._load_feeds(subscription, prove=False)
            await self._check_keys()
            self._awaited.came(data)
            self._probe, self._probe_due = None, self._clock()  # prove the new feed now, not within a second
        else:
            offset, hash, text = data.split(b" ", 2)
            feed = self._channels.feed(channel)
            if feed in self._hub.channels:
                await self._take(self._hub.channels[feed], Entry.read(int(offset), hash.decode(), text))

    # Entries

    async def _load_feeds(self, subscription: Subscription, *, prove: bool) -> None:
        """Bring feeds that are new to this node to the end of their logs; `prove` does so for the known ones."""
        plans = {plan.name: plan for plan in await self._registry.feeds()}
        # Listening comes before looking, so that nothing falls in between.
        await subscription.add(*map(self._channels.live, plans))
        self._plans = plans
        # Who may not read any more is turned away before anything is waited for.
        closing = [plan for plan in plans.values() if not self._replan(plan)]
        for name, plan in plans.items():
            if name not in self._hub.channels:
                await self._open_if_whole(plan)
            elif prove or plan in closing:
                await self._prove_tail(plan)
        for plan in closing:
            self._hub.channels[plan.name].replan(**plan.public())
        for name in self._hub.channels.keys() - plans.keys():
            gone = self._hub.channels.pop(name)
            for reader in gone.readers:
                reader.dismiss(Close.GOING_AWAY)
            gone.polls.leave(gone.polls.waiting.everybody)
        self._hub.broken &= plans.keys()
        self._hub.ready = True

    def _replan(self, plan: FeedSettings) -> bool:
        """Take in what a known feed is like now, but for a closing: that comes after the end of its log; False then."""
        channel = self._hub.channels.get(plan.name)
        if channel is None:
            return True
        closes = plan.closed is not None and channel.feed.closed is None
        channel.replan(**plan.public() | ({"closed": None} if closes else {}))
        return not closes

    async def _check_keys(self) -> None:
        """Dismiss readers of private feeds whose keys were revoked, or reach that feed no longer."""
        channels = [channel for channel in self._hub.channels.values() if channel.feed.visibility == "private"]
        for channel in channels:
            channel.polls.dismiss()  # each asks again, with its key
        if not any(len(channel) for channel in channels):
            return
        holders = {holder.id: holder for holder, _ in await self._registry.holders()}
        for channel in channels:
            for reader in channel.readers:
                holder = holders.get(reader.key or "")
                if holder is None or not holder.writes(channel.feed.name):
                    channel.dismiss(reader, Close.POLICY)

    async def _open_if_whole(self, plan: FeedSettings) -> None:
        """Open a feed, or start its readers anew. A damaged one keeps no other from being followed."""
        try:
            await self._open(plan)
        except UNREADABLE as fault:
            if plan.name not in self._hub.broken:
                log.error("the log of %s is damaged (%s): see `ticker verify`", plan.name, fault)
            self._hub.broken.add(plan.name)
        else:
            self._hub.broken.discard(plan.name)

    async def _open(self, plan: FeedSettings) -> None:
        feed, base, recent = await self._journal.opened(plan, self._hub.capacity)
        channel = self._hub.channels.get(plan.name)
        if channel is None:
            self._hub.channels[plan.name] = Channel(
                feed, recent, base, capacity=self._hub.capacity, clock=self._hub.clock, origins=self._hub.origins
            )
        else:
            log.warning("the log of %s is another one than before; its readers start again", plan.name)
            await self._registry.ensure(self._admin_key)  # the log may have been emptied, and opened by another node
            channel.restart(feed, recent, base)

    async def _prove_tail(self, plan: FeedSettings) -> None:
        """After a reconnect: go on from this node's tail if it is still in the log, else start anew."""
        channel = self._hub.channels[plan.name]
        probed = await self._journal.probe([plan.name], b"{}")
        try:
            await self._compare(channel, channel.feed.tail.offset, probed.tails.get(plan.name))
        except (Forked, WrongType):
            await self._open_if_whole(plan)

    async def _compare(self, channel: Channel, mine: int, theirs: Tail | None) -> None:
        """Check that the log, which ended at `theirs` after this node had its entry `mine`, holds that entry.

        Raises:
            Forked: it ends earlier, or it got there by another history.
        """
        if theirs is None or theirs.offset < mine:
            raise Forked
        await self._fill(channel, theirs.offset)
        if channel.ring.contradicts(theirs.position):
            raise Forked

    async def _take(self, channel: Channel, entry: Entry) -> None:
        """Publish an entry that pub/sub brought, after whatever it did not bring."""
        try:
            if entry.tail.offset > channel.feed.tail.offset:
                await self._fill(channel, entry.tail.offset - 1)
                await self._publish(channel, entry)
            elif channel.ring.contradicts(entry.tail.position):  # else it was filled in already
                raise Forked
        except (Forked, WrongType):
            await self._open_if_whole(self._plans[channel.feed.name])

    async def _fill(self, channel: Channel, last: int) -> None:
        while (first := channel.feed.tail.offset + 1) <= last:
            entries = await self._journal.entries(channel.feed.name, first, min(last, first + FILL - 1))
            if not entries:
                raise Forked
            for entry in entries:
                await self._publish(channel, entry)
            self.filled += len(entries)

    async def _publish(self, channel: Channel, entry: Entry) -> None:
        if not entry.follows(channel.feed.tail):
            raise Forked
        older = await self._journal.pinned_by(entry, channel.feed)
        level, set_aside, began = len(channel) - channel.set_aside, channel.set_aside, time.time()
        channel.publish(entry)
        if older is not None:
            channel.feed.learn(older)  # before anybody can ask for a snapshot
        self._awaited.came((channel.feed.name, entry.tail.offset))
        if entry.kind == "file":
            filed = datetime.fromisoformat(entry.at).timestamp() + self._slow_by
            fan_out = FanOut(level, set_aside, (began - filed) * 1000, (time.time() - filed) * 1000)
            self.fan_outs.measured(Line(channel.feed.name, entry.content["dispatch"]["id"], entry.at), fan_out)

    # Proof

    async def _send_probe(self) -> None:
        channels = self._hub.channels
        word = secrets.token_hex(8)
        watching = {name: audience for name, channel in channels.items() if (audience := channel.audience)}
        said = {"node": self._node, "word": word, "watching": watching}
        now = self._clock()
        self._heard_by, self._probe_due = now + HEAR_WITHIN, now + PROBE_EVERY
        mine = {name: channel.feed.tail.offset for name, channel in channels.items()}
        asked = time.time()
        theirs, at, full = await self._journal.probe(list(mine), orjson.dumps(said))
        self._writes(writable=not full, refuses=full)
        self._slow_by = (asked + time.time()) / 2 - datetime.fromisoformat(at).timestamp()
        await self._receipts.keep(self._node, self.fan_outs)
        self._probe = Probe(word, mine, theirs, at)

    async def _hear_node(self, subscription: Subscription, data: bytes) -> None:
        said = orjson.loads(data)
        if "node" not in said:
            return
        now = self._clock()
        self._nodes[said["node"]] = now, said["watching"]
        if self._probe is None or said["word"] != self._probe.word:
            return
        probe, self._probe = self._probe, None
        self._nodes = {node: seen for node, seen in self._nodes.items() if now - seen[0] < FORGET_NODE}
        if probe.mine.keys() - probe.theirs.keys() - self._hub.broken:
            await self._begin_again(subscription, probe)
            return
        beat = now >= self._beat_due
        for name in list(self._hub.broken) if beat else ():
            await self._open_if_whole(self._plans[name])  # somebody may have mended it
        if beat:
            await self._check_keys()
        if beat:
            # Half a probe early rather than half a probe late, so that the mean is BEAT_EVERY.
            self._beat_due = now + BEAT_EVERY - PROBE_EVERY / 2
        for name, mine in probe.mine.items():
            channel = self._hub.channels[name]
            try:
                await self._compare(channel, mine, probe.theirs.get(name))
            except (Forked, WrongType):
                await self._open_if_whole(self._plans[name])
            if name in self._hub.broken:
                channel.delay(rfc3339(datetime.now(UTC)))
            else:
                channel.watching = sum(watching.get(name, 0) for _, watching in self._nodes.values())
                channel.prove(probe.at, beat=beat)
            channel.sweep()

    async def _begin_again(self, subscription: Subscription, probe: Probe) -> None:
        """Set up a log that was emptied as at the first start, and show what is there now; it is proven at once."""
        now = rfc3339(datetime.now(UTC))
        for name in probe.mine.keys() - probe.theirs.keys():
            self._hub.channels[name].delay(now)
        log.warning("the logs of some feeds are gone; what the service needs is set up again")
        await self._registry.ensure(self._admin_key)
        await self._load_feeds(subscription, prove=True)
        self._probe_due = self._clock()

    def _writes(self, *, writable: bool, refuses: bool) -> None:
        self.writable, self.refuses = writable, refuses
