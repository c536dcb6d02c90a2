"""The feeds of this node: opened from their logs, kept to their settings, closed, and kept from those who may not read.

A feed's settings are in the registry, which publishes a message whenever they change. A feed that was closed is first
brought to the end of its log, so that its readers miss nothing; the follower does that, between `load` and `finish`.
"""

from __future__ import annotations

import logging
from asyncio import gather
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Final

from ticker.errors import BrokenLog, Unavailable
from ticker.hub import Hub
from ticker.journal.feed_settings import FeedSettings
from ticker.journal.log import Journal
from ticker.journal.names import FEEDS
from ticker.journal.redis_errors import WrongType
from ticker.journal.registry import Registry
from ticker.journal.sessions import Sessions
from ticker.journal.shard import Shard
from ticker.shard_hub import ShardHub
from ticker.wire import CloseCode

OPENED_AT_ONCE: Final = 100
"""Feeds whose logs are read in one pipeline: one after the other, those of a large
service took a starting node a minute."""

UNREADABLE: Final = (BrokenLog, WrongType, ValueError, KeyError, TypeError, AttributeError)
"""What is raised by a log that is damaged."""

log = logging.getLogger("ticker.feeds")


class Feeds:
    """Keeps the hub's feeds as the registry has them."""

    complete = True
    """Whether every feed of the service is known here; see `RelayFeeds`."""

    def __init__(
        self,
        hub: Hub | ShardHub,
        journal: Journal,
        registry: Registry,
        sessions: Sessions,
        *,
        admin_key: str | None = None,
        shard: Shard | None = None,
        known: dict[str, FeedSettings] | None = None,
        listing: Registry | None = None,
    ) -> None:
        """`admin_key` is issued where the log was emptied.

        Of a cluster, `shard` is the one whose feeds these are, and `known` has the settings of the feeds of all shards.
        `listing` says which feeds there are; it must be of the server that `journal` reads, by default `registry`.
        """
        self._listing = listing or registry
        self._hub = hub
        self._journal = journal
        self._registry = registry
        self._sessions = sessions
        self._admin_key = admin_key
        self.stale = False
        """Whether there may be newer settings, which could not be read."""
        self._shard = shard
        self._settings: dict[str, FeedSettings] = {} if known is None else known
        self.forks = 0
        """Times that the log of a feed was found to have diverged from what this node had."""

    def private(self, name: str) -> bool:
        """Return True if a feed is known here and may be read with a key alone."""
        settings = self._settings.get(name)
        return settings is not None and settings.visibility == "private"

    def listed(self, name: str) -> bool:
        """Return False if a feed is known here and is not public: it must not be listed."""
        settings = self._settings.get(name)
        return settings is None or settings.visibility == "public"

    async def set_up(self) -> None:
        """Give a log that was emptied, or never used, the default feed and the admin key."""
        if self._shard is None:
            await self._registry.ensure(self._admin_key)
        elif self._shard.has_key(FEEDS):  # one shard's part; what it needs of others does not hold it up
            with suppress(Unavailable):
                await self._registry.ensure(self._admin_key)

    async def load(self, subscribe: Callable[[Iterable[str]], Awaitable[None]]) -> list[str]:
        """Read which feeds there are, and their settings; open those that are new to this node.

        Returns the feeds that are closed now, and open on this node until `finish`.
        """
        every = {settings.name: settings for settings in await self._listed()}
        await subscribe(every.keys())  # before a log is read, so that no entry is missed between the two
        for name in [name for name in self._settings if self._has(name)]:
            del self._settings[name]
        self._settings.update(every)
        # Readers who may no longer read are dismissed before anything is waited for.
        closing = [name for name, settings in every.items() if not self._update_except_closing(settings)]
        for name in self._hub.channels.keys() - every.keys():
            self._hub.drop(name)
        new = [name for name in every if name not in self._hub.channels]
        for names in (new[first : first + OPENED_AT_ONCE] for first in range(0, len(new), OPENED_AT_ONCE)):
            await self._open_new(names)
        return closing

    def _has(self, name: str) -> bool:
        return self._shard is None or self._shard.has(name)

    async def _listed(self) -> list[FeedSettings]:
        """Return the settings of all feeds, or of those of the shard."""
        try:
            found = await self._listing.feeds(self._has)
        except Unavailable:
            if self._shard is None or not self._settings:
                raise
            self.stale = True  # the list is on another shard, which is down
            return [settings for name, settings in self._settings.items() if self._has(name)]
        self.stale = False
        return found

    async def _open_new(self, names: list[str]) -> None:
        """Open feeds that are new to this node, in their order; a damaged one does not block the others."""
        reads = (self._journal.load_feed(self._settings[name], self._hub.capacity) for name in names)
        for name, read in zip(names, await gather(*reads, return_exceptions=True), strict=True):
            if isinstance(read, Unavailable):  # if it changed meanwhile, it is read alone
                await self.open(name)
            elif isinstance(read, UNREADABLE):
                self._mark_damaged(name, read)
            elif isinstance(read, BaseException):
                raise read
            else:
                feed, base, recent = read
                self._hub.open(feed, recent, base)

    def finish(self, closing: Iterable[str]) -> None:
        """End the feeds that are closed now, all of whose entries were published. From now on, the feeds are known."""
        for name in closing:
            self._hub.channels[name].update_settings(**self._settings[name].public())
        self._hub.retain(self._settings.keys())

    def _update_except_closing(self, settings: FeedSettings) -> bool:
        """Update the settings of a known feed, except that it was closed; return False if it was."""
        channel = self._hub.channels.get(settings.name)
        if channel is None:
            return True
        closes = settings.closed is not None and channel.feed.closed is None
        channel.update_settings(**settings.public() | ({"closed": None} if closes else {}))
        return not closes

    async def open(self, name: str) -> None:
        """Open a feed from its log, or restart its readers from there. If that is damaged, it is marked so.

        A damaged feed does not block the others.
        """
        settings = self._settings[name]
        try:
            await self._open(settings)
        except UNREADABLE as fault:
            self._mark_damaged(name, fault)

    def _mark_damaged(self, name: str, fault: Exception) -> None:
        if name not in self._hub.damaged:
            log.error("the log of %s is damaged (%s): see `ticker verify`", name, fault)
        self._hub.mark_damaged(name)

    async def _open(self, settings: FeedSettings) -> None:
        known = settings.name in self._hub.channels
        if known:
            await self.set_up()  # the log may have been emptied
        feed, base, recent = await self._journal.load_feed(settings, self._hub.capacity)
        self._hub.open(feed, recent, base)
        if known:
            self.forks += 1
            log.warning("%s has diverged (fork detected); its readers were reset", settings.name)

    async def check_keys(self) -> None:
        """Dismiss readers of private feeds whose keys were revoked or no longer reach the feed, or sessions ended."""
        channels = [channel for channel in self._hub.channels.values() if channel.feed.visibility == "private"]
        for channel in channels:
            channel.polls.dismiss()  # each asks again, with its key
        reading = [(channel, reader) for channel in channels for reader in channel.readers]
        if not reading:
            return
        try:
            holders = {holder.key: holder for holder, _ in await self._registry.holders()}
        except Unavailable:
            if self._shard is None:
                raise
            return  # the keys are on another shard; while that is down, none can be revoked
        ids = list({reader.session for _, reader in reading if reader.session is not None})
        lasting = await self._sessions.lasting(ids) if ids else set()
        for channel, reader in reading:
            holder = holders.get(reader.key or "")
            ended = reader.session is not None and reader.session not in lasting
            if holder is None or not holder.writes(channel.feed.name) or ended:
                channel.dismiss(reader, CloseCode.POLICY_VIOLATION)
