"""What the desk of a feed reads from Redis, again and again while somebody is there: a few commands in one write."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import orjson

from ticker.desk.presence import Attendant
from ticker.desk.state import MOST, Filing, Held
from ticker.dispatch import rfc3339
from ticker.errors import Unavailable
from ticker.journal import names
from ticker.journal.redis import Redis
from ticker.journal.redis_errors import CommandError

HELD_READ: Final = 500
"""Held dispatches that are read of a feed, the next ones: a correspondent sees only their own of them."""

CHANGES_READ: Final = 20
"""Changes of held dispatches that one look reads of a feed; more are found by the next one. Only that there are any
counts, and their ids."""

PRESENCE_TTL: Final = 60
"""Seconds after which Redis forgets the notes of a desk that nobody renews."""


END: Final = "18446744073709551614-0"
"""Id in a stream after which nothing comes."""


class Notes(NamedTuple):
    """What a node has to say of the desk of a feed, and to ask.

    Attributes:
        renew, remove: notes about who is there that are to be written or renewed, and to be removed.
        seen: id of the last change of a held dispatch that was seen.
    """

    renew: Collection[Attendant]
    remove: Collection[Attendant]
    seen: str = END


class Waiting(NamedTuple):
    """A request to confirm a flash: until when (milliseconds of Unix time), and the id of who asked."""

    until: int
    person: str


class Look(NamedTuple):
    """What was found at the desk of a feed.

    Attributes:
        present: notes as stored, and the second of Unix time of their renewal.
        due: ids of the held dispatches, the next one first, up to HELD_READ.
        seen: id of the last of the changes of held dispatches since the one that was seen; None without any.
        waiting: requests to confirm a flash, by the id of the dispatch; those that are too late, too.
    """

    present: list[tuple[bytes, float]]
    due: list[str]
    seen: str | None
    waiting: dict[str, Waiting]


class DeskReads:
    """The desks of all feeds, in Redis. Every method raises Unavailable when Redis cannot be reached."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def look(self, feeds: Mapping[str, Notes], at: float) -> tuple[float, dict[str, Look]]:
        """Write the notes of this node as of `at` (Unix time) and look at these desks.

        Returns the time by the clock of Redis, and what was found. A feed is left out if its data is damaged, or on a
        shard that is down.
        """
        commands: list[tuple[Any, ...]] = [("TIME",)]
        for feed, notes in feeds.items():
            commands += _write(feed, notes, at)
        writes = len(commands)
        for feed, notes in feeds.items():
            commands += [
                ("ZRANGE", names.present(feed), 0, -1, "WITHSCORES"),
                ("ZRANGE", names.due(feed), 0, HELD_READ - 1),
                ("XRANGE", names.desk(feed), f"({notes.seen}", "+", "COUNT", CHANGES_READ),
                ("HGETALL", names.flashes(feed)),
            ]
        time, *responses = await self._redis.pipeline_outcomes(*commands)
        if isinstance(time, Exception):
            raise time
        seconds, micros = time
        now = int(seconds) + int(micros) / 1e6
        found = {}
        for feed, start in zip(feeds, range(writes - 1, len(responses), 4), strict=True):
            of_feed = responses[start : start + 4]
            if not any(isinstance(response, CommandError | Unavailable) for response in of_feed):
                found[feed] = _look(*of_feed)
                await self._forget(feed, found[feed].present, now)
        return now, found

    async def _forget(self, feed: str, present: list[tuple[bytes, float]], now: float) -> None:
        """Remove the notes that nobody renews."""
        stale = [note for note, at in present if now - at > PRESENCE_TTL]
        if stale:
            await self._redis("ZREM", names.present(feed), *stale)

    async def held(self, feed: str, ids: list[str]) -> list[Held]:
        """Return those of these dispatches that are still held, in their order."""
        if not ids:
            return []
        records, filers = await self._redis.pipeline(
            ("HMGET", names.held(feed), *ids), ("HMGET", names.filers(feed), *ids)
        )
        found = [
            Held(orjson.loads(record), (filer or b"").decode())
            for record, filer in zip(records, filers, strict=True)
            if record is not None
        ]
        return [each for each in found if each.record["status"] == "held"]

    async def newest_filed(self, feed: str) -> dict[str, Filing]:
        """Return who filed the newest dispatches of a feed, by id."""
        pairs = await self._redis("ZREVRANGE", names.order(feed), 0, MOST - 1, "WITHSCORES")
        ids, offsets = pairs[::2], [int(score) for score in pairs[1::2]]
        if not ids:
            return {}
        filers, *entries = await self._redis.pipeline(
            ("HMGET", names.filers(feed), *ids),
            *(("XRANGE", names.log(feed), f"{offset}-0", f"{offset}-0") for offset in offsets),
        )
        filed = {}
        for id, filer, entry in zip(ids, filers, entries, strict=True):
            if filer is not None and entry:
                content = orjson.loads(entry[0][1][b"entry"])
                filed[id.decode()] = Filing(filer.decode(), content["by"], content["at"])
        return filed

    async def filers(self, feed: str, ids: list[str]) -> dict[str, str]:
        """Return the ids of the people who filed these dispatches; at least one must be named."""
        filers = await self._redis("HMGET", names.filers(feed), *ids)
        return {id: filer.decode() for id, filer in zip(ids, filers, strict=True) if filer is not None}

    async def revisions(self, feed: str, ids: list[str]) -> dict[str, int]:
        """Return the current revisions of these dispatches; at least one must be named."""
        stored = await self._redis("HMGET", names.dispatches(feed), *ids)
        return {id: orjson.loads(text)["revision"] for id, text in zip(ids, stored, strict=True) if text is not None}


def _write(feed: str, notes: Notes, at: float) -> list[tuple[Any, ...]]:
    commands: list[tuple[Any, ...]] = []
    key = names.present(feed)
    if notes.remove:
        commands.append(("ZREM", key, *(note.stored for note in notes.remove)))
    if notes.renew:
        pairs = [part for note in notes.renew for part in (f"{at:.3f}", note.stored)]
        commands += [("ZADD", key, *pairs), ("EXPIRE", key, PRESENCE_TTL)]
    return commands


def _look(present: Any, due: Any, changes: Any, flashes: Any) -> Look:
    waiting = {}
    for id, asked in flashes.items():
        if b":" not in id:  # else it says more about the request of the id before the colon
            until, person, *_ = asked.decode().split(" ")
            waiting[id.decode()] = Waiting(int(until), person)
    return Look(
        present=[(member, float(score)) for member, score in zip(present[::2], present[1::2], strict=True)],
        due=[id.decode() for id in due],
        seen=changes[-1][0].decode() if changes else None,
        waiting=waiting,
    )


def moment(milliseconds: int) -> str:
    """Return a time in milliseconds of Unix time as RFC 3339."""
    return rfc3339(datetime.fromtimestamp(milliseconds / 1000, UTC))
