"""The task that releases held dispatches at their time.

Every worker polls; the script lets one of them release a dispatch. So it is released once, whichever worker is being
restarted at that moment. A poll asks for the feeds that hold dispatches, as far as this worker knows, and for some of
the others in turn: those in which a dispatch is held from now on are published, and that may be lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Container
from typing import Final, NamedTuple

from ticker import changes
from ticker.dispatch import FIELDS, milliseconds
from ticker.errors import Closed, Conflict, NotFound, StaleRevision, Unavailable
from ticker.hub import Hub
from ticker.journal.append import Receipt
from ticker.journal.held import Due, HeldDispatches
from ticker.journal.log import Journal
from ticker.journal.redis_errors import CommandError, cause
from ticker.turns import Turns, without_turn

POLL_INTERVAL: Final = 0.75
"""Seconds between polls, or less when a dispatch is due before: so one that is held for a shorter time, or whose node
ended before its release, is still released within a second. Four polls a second were half of the work of an idle node.
"""

ROUND: Final = 80
"""Polls in which each feed is asked for at least once: a minute's."""

LEAST_SHARE: Final = 100
"""Feeds that each poll asks for at least. So of a service with no more, each poll asks for all."""

RETRY_INTERVAL: Final = 8
"""Polls from one attempt to release a damaged dispatch to the next: somebody may have mended it."""

log = logging.getLogger("ticker.release")


class OnTimer(NamedTuple):
    """Whom a timer releases a dispatch for. The script looks up whether the keys that wrote it are still valid."""

    id: str
    name: str
    key: None = None
    feeds: Container[str] | None = ()
    """The other feeds that the key which held it may write to; None for all."""

    def writes(self, feed: str) -> bool:
        """Return True if that key is valid for another feed."""
        return self.feeds is None or feed in self.feeds


class Releaser:
    """Releases held dispatches. One for each node; `run` is its only task."""

    def __init__(
        self,
        journal: Journal,
        held: HeldDispatches,
        hub: Hub,
        *,
        on_kept: Callable[[str, Receipt], None],
        feeds_of: Callable[[str], Awaitable[tuple[str, ...] | None]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`on_kept` is called with the feed and the receipt of each dispatch released here.

        `feeds_of` returns the feeds that a person's keys reach, None for all; `sleep` takes seconds.
        """
        self._journal = journal
        self._held = held
        self._hub = hub
        self._on_kept = on_kept
        self._feeds_of = feeds_of
        self._failed = False
        self._asked: set[str] = set()
        """Feeds that were asked for since Redis could not be reached."""
        self._expected: set[str] = set()
        """Feeds in which dispatches were held since the last poll began."""
        self._turns = Turns(ROUND, LEAST_SHARE)
        self._polls = 0
        self._deferred: dict[tuple[str, str], int] = {}
        """Dispatches that are due and were not released, and the poll at which each is tried again."""
        self._damaged: set[tuple[str, str]] = set()
        """Those of them that were logged as damaged."""
        self._sleep = sleep

    async def run(self) -> None:
        """Release what is due until cancelled."""
        while True:
            wait = POLL_INTERVAL
            try:
                more, due_in = await self._poll()
                self._failed = False
                if more:
                    continue  # there may be more than one poll finds
                if due_in is not None:
                    wait = min(wait, due_in)
            except Exception as error:  # any error: the next poll may succeed
                if not isinstance(error, Unavailable | CommandError):
                    log.exception("held dispatches could not be read")
                elif not self._failed:
                    log.warning("held dispatches cannot be released for now: %s", cause(error))
                self._failed = True
                self._asked.clear()  # so all are asked for next
            await self._sleep(wait)

    async def _poll(self) -> tuple[bool, float | None]:
        """Release what is due; return whether to poll again at once, and the seconds until the next one is due.

        Those that cannot be released are skipped, or a few of them would block all that follow.
        """
        self._polls += 1
        due, due_in = await self._held.due(self._to_ask(), Counter(feed for feed, _ in self._deferred))
        known = {(held.feed, held.id) for held in due}
        self._deferred = {held: poll for held, poll in self._deferred.items() if held in known}
        self._damaged &= known
        more = False
        for held in due:
            key = held.feed, held.id
            if self._polls < self._deferred.get(key, 0):
                continue
            if await self._try(held):
                self._deferred.pop(key, None)
                more = True
            else:
                more = more or key not in self._deferred
                self._deferred[key] = self._polls + (RETRY_INTERVAL if key in self._damaged else 1)
        return more, due_in

    def expect(self, feed: str) -> None:
        """Note that a dispatch is held in a feed."""
        self._expected.add(feed)

    def _to_ask(self) -> list[str]:
        """Return the open feeds that may hold dispatches, those not asked for yet, and those whose turn it is."""
        channels = self._hub.channels
        new = without_turn(channels, self._asked)
        asked = {*new, *self._held.holding, *self._expected, *self._turns.next(channels)}
        self._asked |= asked
        self._expected.clear()
        return [name for name in asked if name in channels and channels[name].feed.closed is None]

    async def _try(self, due: Due) -> bool:
        try:
            return await self.release(due)
        except Unavailable:
            raise
        except Exception as error:  # a damaged dispatch does not block those behind it
            if (due.feed, due.id) not in self._damaged:
                where = None if isinstance(error, CommandError) else error  # else it happened in Redis
                log.error("%s held in %s cannot be released: %s", due.id, due.feed, cause(error), exc_info=where)
            self._damaged.add((due.feed, due.id))
            return False

    async def release(self, due: Due) -> bool:
        """Release a dispatch; return False if another worker has, or if it was postponed, spiked or parked."""
        try:
            record, filer = await self._held.dispatch(due.feed, due.id)
            if record["status"] != "held" or milliseconds(record["release_at"]) > due.now:
                return False
            channel = self._hub.channels[due.feed]
            given = {name: record[name] for name in FIELDS if name in record}
            fields, confirmation = changes.require_confirmation(given, channel.feed)
            author = OnTimer(filer, record["by"])
            if "edition_of" in fields:  # which the other feed shows only if the key may write there
                author = author._replace(feeds=await self._feeds_of(filer))
            change = changes.Release(author, due.id, fields, revision=record["revision"], confirmation=confirmation)
            receipt = await self._journal.append(due.feed, change)
        except (Closed, Conflict, NotFound, StaleRevision):
            return False
        self._on_kept(due.feed, receipt)
        return True
