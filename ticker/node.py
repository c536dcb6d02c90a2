"""A node: everything one process of the service is made of, put together."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import secrets
import time
from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Final, Self

from ticker.channel import Channel
from ticker.client_address import ClientAddresses
from ticker.delivery import Deliveries, Filed, Kept
from ticker.desk_watch import DeskWatch
from ticker.durations import Durations
from ticker.errors import NotFound, NotReachedYet, Unavailable, no_such_feed
from ticker.feeds import Feeds
from ticker.follower import Follower
from ticker.guesses import Guesses
from ticker.hub import Hub
from ticker.journal.address import READ_SETTING
from ticker.journal.append import Receipt
from ticker.journal.cluster import Cluster
from ticker.journal.connect import connect
from ticker.journal.delivery import DeliveryReports
from ticker.journal.feed_settings import FeedSettings
from ticker.journal.held import HeldDispatches
from ticker.journal.invitations import Invitations
from ticker.journal.log import Journal
from ticker.journal.people import People
from ticker.journal.primary_watch import watch_primary
from ticker.journal.rate import Rates
from ticker.journal.redis import Redis
from ticker.journal.redis_errors import CommandError
from ticker.journal.registry import Registry
from ticker.journal.server_check import Demands, ServerCheck
from ticker.journal.sessions import Sessions
from ticker.metrics import Metrics
from ticker.node_counts import RelayCounts
from ticker.redis_clock import RedisClock
from ticker.release import Releaser
from ticker.settings import Settings
from ticker.shard_followers import ShardFollowers

RESERVED_FILES: Final = 128
"""Open files kept from readers: connections to Redis, the listening socket, correspondents."""

FEED_TIMEOUT: Final = 2.0
"""Seconds a request waits for a feed that is open but not known here yet; normally it is known within milliseconds."""

START_TIMEOUT: Final = 5.0
"""Seconds a starting node waits for Redis before it accepts requests, which then get a 503."""


class Node:
    """One process of the service: its settings, its connections to Redis, its readers, and what follows the log."""

    def __init__(self, settings: Settings) -> None:
        """`settings.redis_url` must be set."""
        assert settings.redis_url is not None
        self.settings = settings
        self.server_check = ServerCheck(
            Demands(settings.require_aof is True, not settings.allow_eviction, settings.replicas)
        )
        on_refusal = self.server_check.note_refusal
        self.redis = connect(settings.redis_url, on_refusal=on_refusal)
        slow = connect(settings.redis_url, response_timeout=settings.replica_timeout + 1.0, on_refusal=on_refusal)
        self._connections = [self.redis, slow]
        self.journal = Journal(
            slow if settings.replicas else self.redis,
            replicas=settings.replicas,
            replica_timeout=settings.replica_timeout,
            check=self.server_check,
            limits=settings.limits,
        )
        self.registry = Registry(self.redis, max_feeds=settings.max_feeds)
        self.sessions = Sessions(self.redis, self.registry)
        self.people = People(self.redis, self.registry)
        self.invitations = Invitations(self.redis, self.registry)
        self.rates = Rates(self.redis)
        self.addresses = ClientAddresses(settings.trusted)
        self.guesses = Guesses(time.monotonic)
        self.held = HeldDispatches(self.redis)
        self.responses: Counter[int] = Counter()
        """How many requests got a response of each status; streams, and what is no request, are not among them."""
        limit = settings.readers or open_files()
        self.hub = Hub(capacity=settings.ring, limit=limit, clock=time.monotonic, origins=settings.allowed)
        self.relays = RelayCounts()
        self.redis_clock = RedisClock()
        self.deliveries = Deliveries(self.hub.channels, clock=time.monotonic, redis_time=self.redis_clock.time)
        self.metrics = Metrics(self.hub)
        self.posts = Durations()
        """How long responses to POST requests took."""
        self.entries = 0
        """Entries that this process wrote to the log."""
        self.upstream_changes = 0
        """Times that this node began to follow another upstream."""
        self.delivery_reports = DeliveryReports(self.redis, self.journal.settle)
        self._id = secrets.token_hex(4)
        self.desk_watch = DeskWatch(
            self.redis,
            self.hub,
            self.registry,
            self.sessions,
            self.delivery_reports,
            node=self._id,
            clock=time.monotonic,
            redis_clock=self.redis_clock,
        )
        self._releaser = Releaser(
            self.journal, self.held, self.hub, on_kept=self.note_kept, feeds_of=self.registry.feeds_of
        )
        # A connection of its own, so that what a request waits for cannot hold up the proof of freshness.
        following = connect(settings.redis_url, on_refusal=on_refusal)
        self._connections.append(following)
        replica = settings.redis_read_url
        self._reads = None if replica is None else Redis(replica, on_refusal=on_refusal, setting=READ_SETTING)
        follower = partial(
            Follower,
            following,
            clock=time.monotonic,
            consumers=[self.deliveries, self.desk_watch],
            on_settings=self.desk_watch.check_soon,
            on_held=self._releaser.expect,
            redis_clock=self.redis_clock,
            node=self._id,
            admin_key=settings.admin_key,
            others=self._connections[:2],
            relays=self.relays,
            reads=self._reads,
        )
        self.follower: Follower | ShardFollowers
        if isinstance(following, Cluster):
            known: dict[str, FeedSettings] = {}
            feeds = Feeds(self.hub, self.journal, self.registry, self.sessions, known=known)
            self.follower = ShardFollowers(
                following, self.hub, lambda hub, shard: follower(hub, shard=shard, known=known), feeds
            )
        else:
            self.follower = follower(self.hub)
        self.feeds = self.follower.feeds

        self._count()

    def _count(self) -> None:
        """Name the numbers of this node's parts for Prometheus."""
        metrics, follower = self.metrics, self.follower
        metrics.measure("publish_seconds", "From filing to the write to the last reader.", self.deliveries.durations)
        metrics.measure("post_seconds", "From a POST request to its response.", self.posts)
        metrics.count("entries", "Entries that the node wrote to the log.", lambda: self.entries)
        metrics.count_by("responses", "Responses to requests, by status.", "status", lambda: self.responses)
        metrics.count("unknown_keys", "Requests with a key that is not known.", lambda: self.guesses.count)
        metrics.count("relay_filled", "Entries that pub/sub did not bring and the log did.", lambda: follower.filled)
        metrics.count("relay_sessions", "Times a worker began to follow Redis.", lambda: follower.sessions)
        metrics.count(
            "forks",
            "Times a worker found that a log has diverged.",
            lambda: follower.forks if isinstance(follower, ShardFollowers) else follower.feeds.forks,
        )
        metrics.count("upstream_changes", "Changes of the upstream of a relay.", lambda: self.upstream_changes)
        metrics.show("log_writable", "1 while the log takes entries.", lambda: self.writable)

    @property
    def writable(self) -> bool:
        """Whether entries can be promised, as of the last probe."""
        return self.follower.writable and self.server_check.fault is None

    async def __aenter__(self) -> Self:
        running = [
            self.follower.run(),
            self._releaser.run(),
            self.delivery_reports.run(self._id, self.deliveries),
            self.desk_watch.run(),
            self.server_check.run(self.redis),
            self.metrics.run(),
            watch_primary(self._connections),
        ]
        self._tasks = [asyncio.create_task(task) for task in running]
        deadline = time.monotonic() + START_TIMEOUT
        while not (self.hub.ready and self.server_check.looked) and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        with contextlib.suppress(Unavailable, CommandError):
            await self.delivery_reports.store(self._id, self.deliveries)  # what was measured since the last time
        for redis in (*self._connections, *([] if self._reads is None else [self._reads])):
            await redis.close()

    def relay_reported(self, relay: str, watching: Mapping[str, int]) -> None:
        """Take the report of a relay's readers by feed, without its own streams, which are counted where they are."""
        self.relays.came(relay, watching)

    def note_kept(self, feed: str, receipt: Receipt) -> None:
        """Note that an entry is known to be kept; of a dispatch that was filed, when, for the delivery report."""
        if "position" in receipt.body and not receipt.repeated:
            self.entries += 1
        filed = receipt.body.get("filed")
        if filed is not None:
            kept = Kept(self.redis_clock.now(), receipt.repeated, receipt.nodes)
            self.deliveries.kept(Filed(feed, receipt.body["id"], filed), kept)

    def unready(self) -> str | None:
        """Return why this node is not to be sent readers and correspondents, None if it is ready."""
        if self.follower.refuses_writes:
            return "the log takes no entries"
        if self.server_check.fault is not None:
            return self.server_check.fault.status
        # A feed whose log is damaged, or whose shard is down, is so on every node: to send its readers elsewhere would
        # not help.
        followed = self.follower if isinstance(self.follower, ShardFollowers) else self.hub
        if not self.hub.ready or followed.behind:
            return "not level with Redis"
        return None

    async def find(self, name: str) -> Channel:
        """Return a feed's channel, waiting a moment for one that was opened just now, or whose shard has changed.

        Raises:
            NotFound, Unavailable: as `Hub.channel`; or Redis cannot be asked whether there is such a feed.
        """
        deadline = time.monotonic() + FEED_TIMEOUT
        while True:
            try:
                return self.hub.channel(name)
            except (NotFound, NotReachedYet):
                if not await self.registry.listed(name):
                    raise no_such_feed(name) from None
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(0.01)


def open_files() -> int:
    """Return how many readers this process has room for, after asking the system for all it gives."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):  # macOS names a hard limit that it then refuses
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    return max(soft - RESERVED_FILES, 1)
