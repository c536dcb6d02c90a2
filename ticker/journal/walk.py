"""A feed's log read from its origin to its end, entry by entry, with what is wrong in it.

However long the log is, no more than a page of it is in memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final, NamedTuple

import orjson

from ticker.changes import SETTINGS, Kind, kind_of
from ticker.entry import Entry, Tail
from ticker.journal import names
from ticker.journal.redis import Redis

PAGE: Final = 512
"""Entries read at once."""


class Step(NamedTuple):
    """One step along a log.

    Attributes:
        entry: the entry; None where it cannot be read, and where one is missing at the end of the log.
        after: the state that the entry leaves: a dispatch or its tombstone, the id of the pin, or the air state.
        fault: what is wrong between the entry before this one and here, if anything.
    """

    entry: Entry | None
    after: Any = None
    fault: str | None = None


class ReadableEntry(NamedTuple):
    """An entry that can be read, its kind, and the state that it leaves."""

    entry: Entry
    kind: Kind
    after: Any


def readable(page: list[Step]) -> list[ReadableEntry]:
    """Return those entries of a page that can be read."""
    return [ReadableEntry(entry, kind_of(entry), after) for entry, after, _ in page if entry is not None]


class Walk:
    """Reads a feed's log from its origin to its end. Raises Unavailable as Redis does."""

    def __init__(self, redis: Redis, feed: str, page: int | None = None) -> None:
        """`page` is the number of entries read at once, by default PAGE."""
        self._redis = redis
        self._page = page or PAGE
        self._feed = feed
        self._tail: Tail | None = None
        self._broken = False
        self.sound = Tail(0, "")
        """Where the unbroken run from the origin ends."""
        self.shown: dict[str, Any] = {}
        """The settings of the feed at the end of the walk, by their names in SETTINGS."""

    async def pages(self) -> AsyncIterator[list[Step]]:
        """Yield the log page by page, with its faults; entries written meanwhile are included."""
        log, state = names.log(self._feed), names.state(self._feed)
        origin = await self._redis("HGET", state, "origin")
        if origin is None:
            yield [Step(None, fault="the log is not there")]
            return
        self._tail = self.sound = Tail(0, origin.decode())
        after = "-"
        while True:
            if found := await self._redis("XRANGE", log, after, "+", "COUNT", self._page):
                after = f"({found[-1][0].decode()}"
                yield [self._step(int(id.split(b"-")[0]), kept) for id, kept in found]
                continue
            offset, hash, *settings = await self._redis("HMGET", state, "offset", "hash", *SETTINGS)
            end = Tail(int(offset or 0), (hash or b"").decode(errors="replace"))
            if end.offset > self._tail.offset and await self._redis("XRANGE", log, after, "+", "COUNT", 1):
                continue  # written just now
            stored = zip(SETTINGS.items(), settings, strict=True)
            self.shown = {member: kind.parse_stored(text) for (member, kind), text in stored}
            if end != self._tail:
                fault = f"the log ends at {self._tail.position}, and should end at {end.position}"
                yield [Step(None, fault=fault)]
            return

    def _step(self, offset: int, kept: dict[bytes, bytes]) -> Step:
        assert self._tail is not None
        tail, self._tail = self._tail, Tail(offset, kept.get(b"hash", b"").decode(errors="replace"))
        first = tail.offset + 1
        entry, after, faults = None, None, []
        if offset == first + 1:
            faults.append(f"entry {first} is missing")
        elif offset > first:
            faults.append(f"entries {first} to {offset - 1} are missing")
        try:
            entry = Entry.read(offset, self._tail.hash, kept[b"entry"])
            after = kind_of(entry).state_after(entry)
        except (ValueError, KeyError, TypeError, AttributeError):
            entry = None
            faults.append(f"entry {offset} cannot be read")
        else:
            if offset < first:
                faults.append(f"entry {offset} is there twice")
            elif offset == first and not entry.follows(tail):
                faults.append(f"entry {offset} does not follow from the one before it")
        self._broken = self._broken or bool(faults)
        if not self._broken:
            self.sound = self._tail
        return Step(entry, after, "; ".join(faults) or None)


def json_or_none(text: bytes | None) -> Any:
    """Return what this JSON text is, or None if it is missing or no JSON."""
    try:
        return orjson.loads(text or b"")
    except orjson.JSONDecodeError:
        return None
