"""The shards of a log: of a Redis Cluster several, each a part; a single Redis is the whole of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import NamedTuple, TypeVar

from ticker.errors import Unavailable
from ticker.journal.names import state
from ticker.journal.redis import Redis
from ticker.journal.slots import Range, slot_of

Answer = TypeVar("Answer")

_slot_of_feed = lru_cache(maxsize=65_536)(lambda feed: slot_of(state(feed)))


class Shard(NamedTuple):
    """A shard of a cluster, as it was when the cluster was last asked.

    Attributes:
        redis: leads to its primary alone.
        ranges: its slots.
        look_soon: to be called where it seems to have changed.
    """

    redis: Redis
    ranges: tuple[Range, ...]
    look_soon: Callable[[], None]

    def has_key(self, key: str) -> bool:
        """Return True if a key is kept here."""
        return self._has(slot_of(key))

    def has(self, feed: str) -> bool:
        """Return True if the log of a feed is kept here."""
        return self._has(_slot_of_feed(feed))

    def _has(self, slot: int) -> bool:
        return any(each.first <= slot <= each.last for each in self.ranges)


async def of_each_shard(redis: Redis, ask: Callable[[Redis], Awaitable[Answer]]) -> list[Answer]:
    """Return what is answered about each part of the log: one answer for a single Redis.

    The shards of a cluster that cannot be reached are left out.

    Raises:
        Unavailable: none of them can.
    """
    shards = await redis.shards()
    found = await asyncio.gather(*map(ask, shards), return_exceptions=True)
    failed = [each for each in found if isinstance(each, BaseException)]
    for failure in failed:
        if len(failed) == len(shards) or not isinstance(failure, Unavailable):
            raise failure
    return [each for each in found if not isinstance(each, BaseException)]
