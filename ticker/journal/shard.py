"""One shard of a Redis Cluster: the connection to its primary, and which feeds it has."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from ticker.journal.names import state
from ticker.journal.redis import Redis
from ticker.journal.slots import Range, slot_of

_slot_of_feed = lru_cache(maxsize=65_536)(lambda feed: slot_of(state(feed)))


class Shard(NamedTuple):
    """A shard as it was when the cluster was last asked.

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
