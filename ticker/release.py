"""The task that brings held lines out at their time.

Every worker of every node looks; the script lets one of them through. So a line comes out once, whoever is being
restarted at that moment.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from ticker import changes
from ticker.dispatch import FIELDS
from ticker.errors import Closed, Conflict, NotFound, StaleRevision, Unavailable
from ticker.hub import Hub
from ticker.journal.held import Due, HeldDispatches
from ticker.journal.log import Journal
from ticker.journal.redis import CommandError, cause
from ticker.journal.registry import Holder

LOOK_EVERY: Final = 0.75
"""Seconds between looks, or less when a line is due before: so one that is held for a shorter time, or that a node did
not live to bring out, still comes out within a second. Looking four times a second was half of what an idle node did.
"""

RETRY_EVERY: Final = 8
"""Looks from one attempt to bring out a damaged dispatch to the next: somebody may have mended it."""

log = logging.getLogger("ticker.release")


class Release:
    """Brings held lines out. One for each node; `run` is its only task."""

    def __init__(
        self,
        journal: Journal,
        held: HeldDispatches,
        hub: Hub,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`sleep` waits so many seconds."""
        self._journal = journal
        self._held = held
        self._hub = hub
        self._failed = False
        self._looks = 0
        self._aside: dict[tuple[str, str], int] = {}
        """Dispatches that are due and did not come out, and the look at which each is tried again."""
        self._damaged: set[tuple[str, str]] = set()
        """Those of them of which it was said that they are damaged."""
        self._sleep = sleep

    async def run(self) -> None:
        """Look for what is due until cancelled."""
        while True:
            wait = LOOK_EVERY
            try:
                goes_on, to_come = await self._look()
                self._failed = False
                if goes_on:
                    continue  # there may be more than one look brings
                if to_come is not None:
                    wait = min(wait, to_come)
            except Exception as error:  # whatever it is, the next look may go well
                if not isinstance(error, Unavailable | CommandError):
                    log.exception("held lines could not be looked for")
                elif not self._failed:
                    log.warning("held lines wait: %s", cause(error))
                self._failed = True
            await self._sleep(wait)

    async def _look(self) -> tuple[bool, float | None]:
        """Bring out what is due; return whether to look again at once, and the seconds until the next one is due.

        Those that do not come out are looked past, or a few of them would stand before all that follow.
        """
        self._looks += 1
        due, to_come = await self._held.due(self._open_feeds(), Counter(feed for feed, _ in self._aside))
        known = {(line.feed, line.id) for line in due}
        self._aside = {line: look for line, look in self._aside.items() if line in known}
        self._damaged &= known
        goes_on = False
        for line in due:
            key = line.feed, line.id
            if self._looks < self._aside.get(key, 0):
                continue
            if await self._tried(line):
                self._aside.pop(key, None)
                goes_on = True
            else:
                goes_on = goes_on or key not in self._aside
                self._aside[key] = self._looks + (RETRY_EVERY if key in self._damaged else 1)
        return goes_on, to_come

    def _open_feeds(self) -> list[str]:
        return [name for name, channel in self._hub.channels.items() if channel.feed.closed is None]

    async def _tried(self, due: Due) -> bool:
        try:
            return await self.let_out(due)
        except Unavailable:
            raise
        except Exception as error:  # a damaged one does not hold up those behind it
            if (due.feed, due.id) not in self._damaged:
                told = None if isinstance(error, CommandError) else error  # where it happened is Redis
                log.error("%s held in %s cannot be released: %s", due.id, due.feed, cause(error), exc_info=told)
            self._damaged.add((due.feed, due.id))
            return False

    async def let_out(self, due: Due) -> bool:
        """Release a line, unless somebody else has, or has postponed it meanwhile; tell whether it is out by this."""
        try:
            record, filer = await self._held.dispatch(due.feed, due.id)
            if record["status"] != "held" or _milliseconds(record["release_at"]) > due.now:
                return False
            channel = self._hub.channels[due.feed]
            said = {name: record[name] for name in FIELDS if name in record}
            fields, confirmation = changes.require_confirmation(said, channel.feed)
            author = Holder(filer, record["by"], "correspondent", record["held"])
            change = changes.Release(author, due.id, fields, revision=record["revision"], confirmation=confirmation)
            await self._journal.append(due.feed, change)
        except (Closed, Conflict, NotFound, StaleRevision):
            return False
        return True


def _milliseconds(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1000)
