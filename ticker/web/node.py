"""A node: everything one process of the service is made of, put together."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import time
from typing import Final, Self

from starlette.requests import HTTPConnection

from ticker.errors import NotFound
from ticker.hub import Channel, Hub
from ticker.journal.held import HeldDispatches
from ticker.journal.log import Journal
from ticker.journal.receipts import Receipts
from ticker.journal.redis import Redis
from ticker.journal.registry import Registry
from ticker.relay import Relay
from ticker.release import Release
from ticker.settings import Settings

SPARE_FILES: Final = 128
"""Open files kept from readers: the log's connections, the listening socket, correspondents."""

HEAR_OF_FEED_WITHIN: Final = 2.0
"""Seconds a request waits for a feed that is open but not known here yet; hearing of it takes milliseconds."""

KNOW_FEEDS_WITHIN: Final = 5.0
"""Seconds a starting node waits for Redis before it lets requests in to be told that it is not there."""


class Node:
    """One process of the service: its settings, its way to Redis, its readers, and the relay between them."""

    def __init__(self, settings: Settings) -> None:
        """`settings.redis_url` must be set."""
        assert settings.redis_url is not None
        self.settings = settings
        self.redis = Redis(settings.redis_url)
        slow = Redis(settings.redis_url, response_timeout=settings.replica_timeout + 1.0)
        self._connections = [self.redis, slow]
        self.journal = Journal(
            slow if settings.replicas else self.redis,
            replicas=settings.replicas,
            replica_timeout=settings.replica_timeout,
        )
        self.registry = Registry(self.redis)
        limit = settings.readers or open_files()
        self.hub = Hub(capacity=settings.ring, limit=limit, clock=time.monotonic, origins=settings.allowed)
        # A connection of its own, so that what a request waits for cannot hold up the proof of freshness.
        following = Redis(settings.redis_url)
        self._connections.append(following)
        self.relay = Relay(
            following, self.hub, clock=time.monotonic, admin_key=settings.admin_key, others=self._connections[:2]
        )
        self.held = HeldDispatches(self.redis)
        self.receipts = Receipts(self.redis)
        self._release = Release(self.journal, self.held, self.hub)

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self.relay.run()), asyncio.create_task(self._release.run())]
        deadline = time.monotonic() + KNOW_FEEDS_WITHIN
        while not self.hub.ready and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        for redis in self._connections:
            await redis.close()

    async def find(self, name: str) -> Channel:
        """Return a feed's channel, waiting a moment for one that was opened just now on another node.

        Raises:
            NotFound, Unavailable: as `Hub.channel`.
        """
        deadline = time.monotonic() + HEAR_OF_FEED_WITHIN
        while True:
            try:
                return self.hub.channel(name)
            except NotFound:
                if time.monotonic() > deadline or not await self.registry.listed(name):
                    raise
                await asyncio.sleep(0.01)


def open_files() -> int:
    """Return how many readers this process has room for, after asking the system for all it gives."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):  # macOS names a hard limit that it then refuses
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    return max(soft - SPARE_FILES, 1)


def node_of(request: HTTPConnection) -> Node:
    """Return the node that a request came to."""
    node = request.scope["state"]["node"]
    assert isinstance(node, Node)
    return node
