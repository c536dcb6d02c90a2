"""A follower on a real Valkey, a page that reads from its hub, and the means to do both harm."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson

from tests.service import Page
from ticker import changes
from ticker.asking import PROBE_INTERVAL
from ticker.channel import Channel
from ticker.follower import Consumer, Follower
from ticker.hub import Hub
from ticker.journal.embedded import Embedded
from ticker.journal.holder import Holder
from ticker.journal.log import Journal
from ticker.journal.redis import Redis
from ticker.journal.registry import Registry
from ticker.node_counts import RelayCounts
from ticker.reader import Reader
from ticker.wire import CloseCode, Encoding

MONA = Holder("mona", "Mona", "editor", "2026-01-01T00:00:00.000Z")


class Clock:
    """Seconds that pass only when told to, for what the follower decides by the clock."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Watcher(Reader):
    """A reader that takes everything at once into a Page, which checks law 3 at every frame."""

    encoding: Encoding = "lines"

    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self.writes = 0
        self.dismissed = False

    def write(self, data: bytes) -> bool:
        self.writes += 1
        for line in data.splitlines():
            self.page.take(orjson.loads(line))
        return True

    def cut(self) -> None:
        raise AssertionError("nobody is stuck here")

    def dismiss(self, why: CloseCode) -> None:
        self.channel.leave(self)
        self.dismissed = True


class Newsroom:
    """A Valkey, a node's follower and hub on it, and the means to do them harm."""

    def __init__(self, server: Embedded, *consumers: Consumer) -> None:
        self.server = server
        self.redis = Redis(server.url)
        self.journal = Journal(self.redis)
        self.registry = Registry(self.redis)
        self.clock = Clock()
        self.hub = Hub(capacity=64, limit=100, clock=self.clock)
        self.following = Redis(server.url)
        self.relays = RelayCounts()
        self.follower = Follower(self.following, self.hub, clock=self.clock, consumers=consumers, relays=self.relays)

    @asynccontextmanager
    async def runs(self) -> AsyncIterator[Newsroom]:
        """Follow meanwhile; begins when it is in sync."""
        running = asyncio.create_task(self.follower.run())
        try:
            await self.until(lambda: self.hub.ready and self.channel.freshness.proven)
            yield self
        finally:
            running.cancel()
            await asyncio.wait([running])
            for redis in (self.redis, self.following):
                await redis.close()

    async def file(self, text: str, *, silently: bool = False, feed: str = "breaking") -> None:
        """File a line; `silently` loses what pub/sub would have brought."""
        journal = Journal(self.redis)
        if silently:
            journal._append.text = journal._append.text.replace(
                b"redis.pcall('PUBLISH', change.channel, ", b"redis.pcall('ECHO', "
            )
            journal._append.digest = "0" * 40
        await journal.append(feed, changes.File(MONA, {"text": text, "urgency": "normal", "language": "en"}))

    async def until(self, true: Any) -> None:
        async with asyncio.timeout(20):
            while not true():
                await asyncio.sleep(0.005)

    async def proof(self) -> None:
        """Let a probe go its whole way."""
        before = self.channel.freshness.asked  # two proofs can be of the same millisecond
        await self.pass_time(PROBE_INTERVAL)
        await self.until(lambda: self.channel.freshness.asked != before)

    async def pass_time(self, seconds: float) -> None:
        """Let time pass, and have the follower look at its clock by a message that says nothing."""
        self.clock.now += seconds
        await self.redis("PUBLISH", self.redis.channels.nodes, b"{}")

    async def photograph(self) -> dict[bytes, bytes]:
        """Remember everything in Redis."""
        names = await self.redis("KEYS", "*")
        return {name: await self.redis("DUMP", name) for name in names}

    async def bring_back(self, photograph: dict[bytes, bytes]) -> None:
        """Make Redis what it was: everything since is lost."""
        await self.redis("FLUSHALL")
        for name, content in photograph.items():
            await self.redis("RESTORE", name, 0, content)

    @property
    def channel(self) -> Channel:
        return self.hub.channels["breaking"]

    def read(self, after: str | None = None, feed: str = "breaking") -> Watcher:
        watcher = Watcher()
        self.hub.channels[feed].join(watcher, after)
        return watcher
