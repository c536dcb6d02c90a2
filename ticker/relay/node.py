"""A relay as web/ and server/ serve from it: a node whose log is at the upstream."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, Self

from ticker.channel import Channel
from ticker.client_address import ClientAddresses
from ticker.durations import Durations
from ticker.errors import AtUpstream, Unavailable
from ticker.guesses import Guesses
from ticker.hub import Hub
from ticker.journal.append import Receipt
from ticker.metrics import Metrics
from ticker.node import open_files
from ticker.node_counts import RelayCounts
from ticker.relay.follower import RelayFollower
from ticker.relay.report import report_readers
from ticker.relay.upstreams import Upstreams
from ticker.settings import Settings

START_TIMEOUT: Final = 5.0
"""Seconds a starting relay waits for its feeds before it accepts requests, which then get a 503."""


def elsewhere(follower: RelayFollower) -> AtUpstream | Unavailable:
    """Return what to raise where the log is needed."""
    if follower.connected:
        return AtUpstream("This is a relay; what was asked for is at its upstream")
    return Unavailable("This relay has lost its upstream; try again in a moment", retry_after=1)


class Elsewhere:
    """Stands for every part of a node that needs the log: to use it raises AtUpstream, so that a request is passed on.

    While the upstream cannot be reached, it raises Unavailable, as those parts do without Redis: what is in memory is
    then served from there.
    """

    def __init__(self, follower: RelayFollower) -> None:
        self._follower = follower

    def __getattr__(self, name: str) -> Any:
        raise elsewhere(self._follower)


class RelayFeeds:
    """Which feeds a relay knows; the counterpart of `ticker.feeds.Feeds` for what web/ asks that."""

    complete = False

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def private(self, name: str) -> bool:
        """Return False: a relay has no private feeds. Of a name it does not know, the upstream says."""
        return False

    def listed(self, name: str) -> bool:
        """Return True if a feed is known here and public."""
        channel = self._hub.channels.get(name)
        return channel is not None and channel.feed.listed


class RelayNode:
    """One process of a relay; a `ServingNode`."""

    def __init__(self, settings: Settings) -> None:
        """`settings.upstream` must be set."""
        self.settings = settings
        self.addresses = ClientAddresses(settings.trusted)
        self.guesses = Guesses(time.monotonic)
        self.responses: Counter[int] = Counter()
        self.hub = Hub(
            capacity=settings.ring,
            limit=settings.readers or open_files(),
            clock=time.monotonic,
            origins=settings.allowed,
        )
        self.relays = RelayCounts()
        self._id = secrets.token_hex(4)
        self.name = f"ticker-{self._id}"
        """Stands for this process in the `Via` of what it passes on (RFC 9110 section 7.6.3)."""
        self.upstreams = Upstreams(settings.upstreams, random.random)
        self.upstream_follower = RelayFollower(
            self.hub, self.upstreams, settings.followed, key=settings.key or "", clock=time.monotonic
        )
        self.feeds = RelayFeeds(self.hub)
        # Their types are those of a `ServingNode`.
        absent: Any = Elsewhere(self.upstream_follower)
        self.redis = self.journal = self.registry = self.sessions = self.people = self.invitations = absent
        self.rates = self.held = self.delivery_reports = self.desk_watch = self.follower = absent
        self.metrics = Metrics(self.hub)
        self.posts = Durations()
        self._count()

    def _count(self) -> None:
        """Name the numbers of a relay's parts for Prometheus: those of a node that a relay knows."""
        metrics, follower = self.metrics, self.upstream_follower
        metrics.measure("post_seconds", "From a POST request to its response.", self.posts)
        metrics.count_by("responses", "Responses to requests, by status.", "status", lambda: self.responses)
        metrics.count("relay_sessions", "Times a worker began to follow an upstream.", lambda: follower.sessions)
        metrics.count("forks", "Times a feed continued with another history.", lambda: follower.copies.forks)
        metrics.count("upstream_changes", "Changes of the upstream of a relay.", lambda: self.upstreams.changes)
        metrics.show("log_writable", "1 while changes can be passed on.", lambda: follower.connected)

    def shares_key(self, key: str | None) -> bool:
        """Return True if this is the relay's own key: relays that share one count their readers together."""
        own = self.settings.key
        return bool(own and key) and secrets.compare_digest(str(own).encode(), str(key).encode())

    def relay_reported(self, relay: str, watching: Mapping[str, int]) -> None:
        """Take the report of a relay that follows this one."""
        self.relays.report(relay, watching, time.monotonic())

    def note_kept(self, feed: str, receipt: Receipt) -> None:
        """Note nothing: what a relay is asked to keep is kept, and noted, at the upstream."""

    def audience(self) -> dict[str, int]:
        """Return how many readers each feed has here, and by way of relays that report to this one."""
        self.relays.forget_silent(time.monotonic())
        return {name: each.audience + self.relays.watching(name) for name, each in self.hub.channels.items()}

    async def __aenter__(self) -> Self:
        running = [self.upstream_follower.run(), self.metrics.run()]
        if self.settings.key:
            running.append(
                report_readers(self.upstream_follower, self.settings.key, self._id, self.audience, time.monotonic)
            )
        self._tasks = [asyncio.create_task(task) for task in running]
        deadline = time.monotonic() + START_TIMEOUT
        while not self.hub.ready and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)

    def unready(self) -> str | None:
        """Return why this node is not to be sent readers, None if it is ready."""
        channels = self.hub.channels.values()
        if not self.hub.ready or any(channel.freshness.behind for channel in channels):
            return "not level with the upstream"
        return None

    async def find(self, name: str) -> Channel:
        """Return a feed's channel.

        Raises:
            AtUpstream, Unavailable: it is not here.
        """
        if (channel := self.hub.channels.get(name)) is None:
            raise elsewhere(self.upstream_follower)
        return channel
