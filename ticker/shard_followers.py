"""The followers of a Redis Cluster: one for each shard, so that a shard that is down delays its own feeds alone.

A follower has the same slots as long as it lives. When the cluster says that slots are elsewhere, after a failover or
because they migrated, the followers of the shards that changed end, and new ones begin: each starts with the proof
that what this node has is still in the log. Readers of a feed that changed its shard see `delayed` until then.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Final, NamedTuple

from ticker.dispatch import rfc3339
from ticker.errors import NotReachedYet, Unavailable
from ticker.feeds import Feeds
from ticker.follower import RETRY_INTERVAL, Follower
from ticker.hub import Hub
from ticker.journal.cluster import Cluster
from ticker.journal.redis_errors import cause
from ticker.journal.shard import Shard
from ticker.journal.slots import Address
from ticker.shard_hub import ShardHub

UNREACHED: Final = "This node has not reached this part of the log yet; try again in a moment"

log = logging.getLogger("ticker.follower")


class _Following(NamedTuple):
    """A shard that is followed."""

    shard: Shard
    hub: ShardHub
    follower: Follower
    task: asyncio.Task[None]


class ShardFollowers:
    """Keeps a hub in sync with a cluster. Used like one `Follower`; `run` is its only task."""

    def __init__(
        self, cluster: Cluster, hub: Hub, follower: Callable[[ShardHub, Shard], Follower], feeds: Feeds
    ) -> None:
        """`cluster` is used by nothing else; `follower` makes the follower of a shard; `feeds` are those of all."""
        self._cluster = cluster
        self._hub = hub
        self._make = follower
        self.feeds = feeds
        self._following: dict[Address, _Following] = {}
        self._known: set[Address] = set()
        """Shards of which it is known which feeds they have."""
        self._ended = (0, 0, 0)
        """Sessions, filled entries and forks of followers that ended."""
        hub.unreached = self._unreached
        hub.on_stale = self._on_stale

    # As Follower

    @property
    def writable(self) -> bool:
        """Whether every shard takes entries."""
        return bool(self._following) and all(each.follower.writable for each in self._following.values())

    @property
    def refuses_writes(self) -> bool:
        """Whether all shards can be reached but take no entries."""
        return bool(self._following) and all(each.follower.refuses_writes for each in self._following.values())

    @property
    def behind(self) -> bool:
        """Whether no shard is in sync: where one is, other nodes are no better off."""
        return all(each.hub.behind for each in self._following.values() if each.hub.channels)

    @property
    def sessions(self) -> int:
        """How often this node began to follow a shard."""
        return self._ended[0] + sum(each.follower.sessions for each in self._following.values())

    @property
    def filled(self) -> int:
        """Entries that pub/sub had not brought and the log did."""
        return self._ended[1] + sum(each.follower.filled for each in self._following.values())

    @property
    def forks(self) -> int:
        """Times that the log of a feed was found to have diverged."""
        return self._ended[2] + sum(each.follower.feeds.forks for each in self._following.values())

    async def wait_for_entry(self, feed: str, offset: int, timeout: float) -> None:
        """See `Follower.wait_for_entry`."""
        follower = next((each.follower for each in self._following.values() if each.shard.has(feed)), None)
        if follower is not None:
            await follower.wait_for_entry(feed, offset, timeout)

    @asynccontextmanager
    async def wait_for_change(self, timeout: float) -> AsyncIterator[str]:
        """See `Follower.wait_for_change`; of the shards that can be reached, all see it."""
        token = secrets.token_hex(8)
        async with AsyncExitStack() as stack:
            for each in list(self._following.values()):  # which may change meanwhile
                if not each.follower.lost:
                    await stack.enter_async_context(each.follower.wait_for_change(timeout, token))
            yield token

    async def run(self) -> None:
        """Follow all shards until cancelled."""
        lost = False
        try:
            while True:
                self._cluster.changed.clear()
                try:
                    await self._cluster.shards()
                except Unavailable as error:
                    if not lost:
                        log.warning("%s", cause(error))
                    lost = True
                    await asyncio.sleep(RETRY_INTERVAL)
                    continue
                lost = False
                await self._follow_shards()
                await self._cluster.changed.wait()
        finally:
            await self._end(list(self._following))

    # Shards

    async def _follow_shards(self) -> None:
        """End the followers of shards that changed, and begin those of shards that are new or changed."""
        assert self._cluster.slots is not None
        wanted = self._cluster.slots.primaries()
        changed = [address for address, each in self._following.items() if wanted.get(address) != each.shard.ranges]
        before = {address: self._following[address].shard for address in changed}
        await self._end(changed)
        for address, ranges in wanted.items():
            if address not in self._following:
                self._begin(address, Shard(self._cluster.shard(address), ranges, self._cluster.look_soon))
        now = rfc3339(datetime.now(UTC))
        for name, channel in self._hub.channels.items():
            for address, shard in before.items():
                if shard.has(name) and (address not in self._following or not self._following[address].shard.has(name)):
                    channel.delay(now)
                    channel.sweep()

    def _begin(self, address: Address, shard: Shard) -> None:
        def on_known() -> None:
            self._known.add(address)
            self._open_if_known()

        hub = ShardHub(self._hub, shard.has, on_known)
        follower = self._make(hub, shard)
        follower.on_loss = self._open_if_known
        self._following[address] = _Following(shard, hub, follower, asyncio.create_task(follower.run()))

    async def _end(self, addresses: list[Address]) -> None:
        ending = [self._following.pop(address) for address in addresses]
        for each in ending:
            each.task.cancel()
            sessions, filled, forks = self._ended
            follower = each.follower
            self._ended = (sessions + follower.sessions, filled + follower.filled, forks + follower.feeds.forks)
        if ending:
            await asyncio.wait([each.task for each in ending])
        self._known.difference_update(addresses)

    def _on_stale(self) -> None:
        for each in self._following.values():
            each.hub.on_stale()

    def _open_if_known(self) -> None:
        """Let readers in once every shard was tried; see `_unreached`."""
        tried = all(address in self._known or each.follower.lost for address, each in self._following.items())
        if tried and self._known and not self._hub.ready:
            self._hub.retain(self._hub.channels.keys() | self._hub.damaged)

    def _unreached(self, feed: str) -> Unavailable | None:
        """Return an error if it is not known yet whether there is a feed: nobody could ask its shard.

        It is one to wait for unless the shard could not be reached the last time.
        """
        followers = {address: each.follower for address, each in self._following.items() if each.shard.has(feed)}
        if followers.keys() & self._known:
            return None
        lost = any(follower.lost for follower in followers.values())
        return (Unavailable if lost else NotReachedYet)(UNREACHED)
