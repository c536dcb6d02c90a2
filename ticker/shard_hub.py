"""A part of the hub: the feeds that one shard of a Redis Cluster has, for the follower of that shard."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from ticker.channel import Channel
from ticker.entry import Entry, Tail
from ticker.feed import Feed
from ticker.hub import Hub


class ShardHub:
    """Used as the hub is, by a follower that knows no feeds but these."""

    def __init__(self, hub: Hub, has: Callable[[str], bool], on_known: Callable[[], None]) -> None:
        """`has` says of which feeds it is; `on_known` is called whenever it is known which of them there are."""
        self._hub = hub
        self._has = has
        self._on_known = on_known
        self.capacity = hub.capacity
        self.on_stale: Callable[[], None] = lambda: None
        """See `Hub.on_stale`; called for every shard."""
        self.channels: Mapping[str, Channel] = _Channels(hub.channels, has)

    @property
    def damaged(self) -> AbstractSet[str]:
        """See `Hub.damaged`."""
        return {name for name in self._hub.damaged if self._has(name)}

    @property
    def behind(self) -> bool:
        """See `Hub.behind`."""
        damaged = self._hub.damaged
        return any(each.freshness.behind for name, each in self.channels.items() if name not in damaged)

    @property
    def watched(self) -> AbstractSet[str]:
        """See `Hub.watched`."""
        return {name for name in self._hub.watched if self._has(name)}

    def forget_left(self) -> dict[str, int]:
        """See `Hub.forget_left`; of all shards, it returns the readers of the feeds of this one."""
        return {name: readers for name, readers in self._hub.forget_left().items() if self._has(name)}

    def note_proof(self) -> None:
        """See `Hub.note_proof`."""
        self._hub.note_proof()

    def open(self, feed: Feed, recent: Iterable[Entry], base: Tail) -> Channel:
        """See `Hub.open`."""
        return self._hub.open(feed, recent, base)

    def mark_damaged(self, name: str) -> None:
        """See `Hub.mark_damaged`."""
        self._hub.mark_damaged(name)

    def drop(self, name: str) -> None:
        """See `Hub.drop`."""
        self._hub.drop(name)

    def retain(self, names: Collection[str]) -> None:
        """Drop every feed of the shard but these, which are all that it has."""
        for name in (self.channels.keys() | self.damaged) - set(names):
            self._hub.drop(name)
        self._on_known()

    def take(self, feed: str, entries: Iterable[Entry], pinned: Mapping[str, dict[str, Any]]) -> None:
        """See `Hub.take`."""
        self._hub.take(feed, entries, pinned)

    @property
    def writing(self) -> bool:
        """See `Hub.writing`: it does not matter which follower writes to the next readers."""
        return self._hub.writing

    def write_on(self) -> None:
        """See `Hub.write_on`."""
        self._hub.write_on()


class _Channels(Mapping[str, Channel]):
    """Those of all channels whose feeds the shard has."""

    def __init__(self, channels: Mapping[str, Channel], has: Callable[[str], bool]) -> None:
        self._channels = channels
        self._has = has

    def __getitem__(self, name: str) -> Channel:
        if not self._has(name):
            raise KeyError(name)
        return self._channels[name]

    def __iter__(self) -> Iterator[str]:
        return filter(self._has, self._channels)

    def __len__(self) -> int:
        return sum(map(self._has, self._channels))
