"""The hub: the channels of this node, and who may become a reader of one.

Its state is its own. Others read `channels`, `watched`, `ready`, `draining` and `damaged`, and change them by its
methods:

  method         does
  ─────────────  ──────────────────────────────────────────────────────────────────────────────────────
  open           adds a feed's channel, or restarts it with another history; the feed is whole again
  mark_damaged   says why a feed that is listed cannot be opened, or no longer followed
  drop           ends a feed that is no longer listed: its readers are dismissed
  retain         drops all feeds but these; from now on the hub knows which feeds there are
  note_proof     tells those who wait for it that feeds were proven to be in sync with the log
  forget_left    forgets the feeds that nobody watches any more
  start_draining admits no more readers
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import Any

from ticker.channel import NONE_PINNED, Channel
from ticker.entry import Entry, Tail
from ticker.errors import Closed, Unavailable, no_such_feed
from ticker.feed import Feed, place
from ticker.origins import EVERY
from ticker.wire import CloseCode


class Hub:
    """All feeds of this node."""

    def __init__(
        self, *, capacity: int, limit: int, clock: Callable[[], float], origins: tuple[str, ...] = (EVERY,)
    ) -> None:
        """`capacity` is the ring's in entries, `limit` the readers this node can hold; the others are as of Channel."""
        self.limit = limit
        self.capacity = capacity
        self._origins = origins
        self._clock = clock
        self._channels: dict[str, Channel] = {}
        self._damaged: set[str] = set()
        self._under_way: dict[str, None] = {}
        """Feeds whose newest entries may not be written to all readers yet."""
        self._watched: set[str] = set()
        self._ready = False
        self._draining = False
        self.on_proof: set[Callable[[], None]] = set()
        """Called whenever feeds were proven to be in sync with the log."""
        self.channels: Mapping[str, Channel] = MappingProxyType(self._channels)
        """The channels by name, for reading."""
        self.unreached: Callable[[str], Unavailable | None] = lambda name: None  # noqa: ARG005
        """The error for a feed that may be on a part of the log that this node has not reached since it started."""
        self.on_stale: Callable[[], None] = lambda: None
        """Called when somebody comes to a feed whose proof is too old to be given to a reader."""

    def __len__(self) -> int:
        return sum(map(len, self.watched_channels()))

    @property
    def ready(self) -> bool:
        """Whether the feeds are known: until then a name that is not known may still be that of a feed."""
        return self._ready

    @property
    def draining(self) -> bool:
        """Whether this node is shutting down."""
        return self._draining

    @property
    def damaged(self) -> AbstractSet[str]:
        """Feeds whose logs are damaged: either without a channel, or with one that is followed no longer."""
        return self._damaged

    @property
    def watched(self) -> AbstractSet[str]:
        """Feeds that somebody reads, or read a moment ago; one that was dropped may be among them."""
        return self._watched

    def watched_channels(self) -> list[Channel]:
        """Return the channels of the feeds that are watched."""
        return [self._channels[name] for name in self._watched if name in self._channels]

    def forget_left(self) -> dict[str, int]:
        """Forget the feeds that nobody watches any more; return how many readers the others have here."""
        watching = {
            channel.feed.name: audience for channel in self.watched_channels() if (audience := channel.audience)
        }
        self._watched &= watching.keys()
        return watching

    def _note_watched(self, channel: Channel) -> None:
        self._watched.add(channel.feed.name)
        if channel.freshness.stale:
            self.on_stale()

    # Feeds

    def open(self, feed: Feed, recent: Iterable[Entry], base: Tail) -> Channel:
        """Open a feed, or restart it with another history; see `Channel`."""
        channel = self._channels.get(feed.name)
        if channel is None:
            last = next(reversed(self._channels), None)
            channel = self._channels[feed.name] = Channel(
                feed,
                recent,
                base,
                capacity=self.capacity,
                clock=self._clock,
                origins=self._origins,
                on_watched=self._note_watched,
            )
            if last is not None and place(last) > place(feed.name):
                for name in sorted(self._channels, key=place):  # lists of feeds are the same on every node
                    self._channels[name] = self._channels.pop(name)
        else:
            channel.restart(feed, recent, base)
        self._damaged.discard(feed.name)
        return channel

    def mark_damaged(self, name: str) -> None:
        """Note that a feed's log is damaged. Its channel, if it has one, keeps its readers."""
        self._damaged.add(name)

    def drop(self, name: str) -> None:
        """Forget a feed and dismiss its readers."""
        self._damaged.discard(name)
        channel = self._channels.pop(name, None)
        if channel is not None:
            for reader in channel.readers:
                reader.dismiss(CloseCode.GOING_AWAY)
            channel.polls.leave(channel.polls.waiting.waiters)

    def retain(self, names: Collection[str]) -> None:
        """Drop every feed but these, which are all that there are."""
        for name in (self._channels.keys() | self._damaged) - set(names):
            self.drop(name)
        self._ready = True

    def publish(self, feed: str, entries: Iterable[Entry], pinned: Mapping[str, dict[str, Any]] = NONE_PINNED) -> None:
        """Write the next entries of a feed, which came together, to its readers; see `Channel.publish`."""
        self._channels[feed].publish(*entries, pinned=pinned)

    def note_proof(self) -> None:
        """Note that feeds were proven; relays that follow this node are waiting to be told."""
        for call in tuple(self.on_proof):
            call()

    def take(self, feed: str, entries: Iterable[Entry], pinned: Mapping[str, dict[str, Any]] = NONE_PINNED) -> None:
        """Begin to write the next entries of a feed; see `Channel.take`. `write_on` has to be called for the rest."""
        try:
            self._channels[feed].take(*entries, pinned=pinned)
        finally:
            self._under_way[feed] = None

    @property
    def writing(self) -> bool:
        """Whether entries are to be written to more readers."""
        return bool(self._under_way)

    def write_on(self) -> None:
        """Write to the next group of readers of a feed; feeds take turns. Harmless when there is nothing to write."""
        for feed in self._under_way:
            del self._under_way[feed]
            channel = self._channels.get(feed)
            if channel is not None and channel.write_on():
                self._under_way[feed] = None
            return

    @property
    def behind(self) -> bool:
        """Whether a feed is not in sync with Redis, other than those whose logs are damaged."""
        return any(each.freshness.behind for name, each in self._channels.items() if name not in self._damaged)

    # Readers

    def channel(self, name: str) -> Channel:
        """Return a feed's channel.

        Raises:
            Unavailable: this node has not reached Redis since it started, or the feed's log is damaged.
            NotFound: there is no such feed.
        """
        try:
            return self.open_channels()[name]
        except KeyError:
            if name in self._damaged:
                raise Unavailable(
                    f"The log of {name!r} is damaged; `ticker verify` shows where", retry_after=30
                ) from None
            if (error := self.unreached(name)) is not None:
                raise error from None
            raise no_such_feed(name) from None

    def open_channels(self) -> Mapping[str, Channel]:
        """Return all channels by name; raises Unavailable while this node does not know them."""
        if not self._ready:
            raise Unavailable("This node has not reached its log yet; try again in a moment")
        return self.channels

    def admit(self, name: str) -> Channel:
        """Return a channel for one more reader; raises as `channel`, Closed, and if the node is full or leaving."""
        if self._draining:
            raise Unavailable("This node is shutting down; reconnect to reach another one")
        if len(self) >= self.limit:
            raise Unavailable("This node has as many readers as it can hold", retry_after=5)
        channel = self.channel(name)
        if channel.feed.closed is not None:
            raise Closed(name, channel.feed.closed)
        return channel

    def start_draining(self) -> None:
        """Admit no more readers: this node is shutting down."""
        self._draining = True
