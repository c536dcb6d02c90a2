"""Held dispatches: under embargo, known to the desk alone. They are written by held.lua, and read here."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import orjson

from ticker.errors import Invalid, NotFound
from ticker.journal import names
from ticker.journal.redis import Redis
from ticker.journal.redis_errors import WrongType, is_down

POLL_SIZE: Final = 10
"""Dispatches of a feed that one poll returns."""

BATCH: Final = 200
"""Dispatches read at once to list those that wait."""

log = logging.getLogger("ticker.held")


class Waiting(NamedTuple):
    """A held dispatch that waits for its release, and its place among those, for `after`."""

    record: dict[str, Any]
    place: str


class Due(NamedTuple):
    """A held dispatch that is due: `now` by the clock of Redis, in milliseconds."""

    feed: str
    id: str
    now: int


class HeldDispatches:
    """The held dispatches of all feeds, in Redis. Raises Unavailable whenever Redis does not respond."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._damaged: set[str] = set()
        """Feeds whose held dispatches cannot be read at all."""
        self.holding: set[str] = set()
        """Feeds that had held dispatches when `due` last asked for them."""

    async def waiting(
        self, feed: str, limit: int, after: str | None = None, *, filer: str | None = None
    ) -> list[Waiting]:
        """Return the next dispatches that wait for their release, at most `limit`, from just after a place on.

        `filer` is the id of the key that wrote them, or None for any.

        Raises:
            Invalid: `after` is no place.
        """
        start = 0 if after is None else await self._rank(feed, after)
        found: list[Waiting] = []
        while len(found) < limit:
            due = await self._redis("ZRANGE", names.due(feed), start, start + BATCH - 1, "WITHSCORES")
            ids, start = due[::2], start + BATCH
            if ids:
                found += await self._records(feed, ids, due[1::2], filer)
            if len(ids) < BATCH:
                break
        return found[:limit]

    async def _records(self, feed: str, ids: list[bytes], scores: list[bytes], filer: str | None) -> list[Waiting]:
        kept, filers = await self._redis.pipeline(
            ("HMGET", names.held(feed), *ids), ("HMGET", names.filers(feed), *ids)
        )
        found = []
        for id, score, record, wrote in zip(ids, scores, kept, filers, strict=True):
            held = None if record is None else orjson.loads(record)
            # One may be released between the two reads.
            if held is not None and held["status"] == "held" and filer in (None, (wrote or b"").decode()):
                found.append(Waiting(held, f"{int(score)}-{id.decode()}"))
        return found

    async def _rank(self, feed: str, after: str) -> int:
        """Return how many dispatches are due up to a place, whether or not what was there still waits."""
        at, _, id = after.partition("-")
        if not (at.isascii() and at.isdigit() and len(at) < 16):
            raise Invalid([("after", "must be as the Link to this page had it")])
        before, same = await self._redis.pipeline(
            ("ZCOUNT", names.due(feed), "-inf", f"({at}"), ("ZRANGE", names.due(feed), at, at, "BYSCORE")
        )
        number: int = before + sum(each <= id.encode() for each in same)
        return number

    async def dispatch(self, feed: str, id: str) -> tuple[dict[str, Any], str]:
        """Return the record of a dispatch that is or was held, and the id of the key that wrote it.

        Raises:
            NotFound: no dispatch with that id was ever held in this feed.
        """
        record, filer = await self._redis.pipeline(("HGET", names.held(feed), id), ("HGET", names.filers(feed), id))
        if record is None:
            raise NotFound(f"There is no held dispatch {id!r} in the feed {feed!r}")
        return orjson.loads(record), filer.decode()

    async def due(self, feeds: list[str], beyond: Mapping[str, int] | None = None) -> tuple[list[Due], float | None]:
        """Return the dispatches that are due by the clock of Redis, and the seconds until the next one is, if any.

        Of each feed POLL_SIZE at most, and as many more as `beyond` says: those that are due and could not be released.
        """
        last = {feed: POLL_SIZE - 1 + (beyond or {}).get(feed, 0) for feed in feeds}
        # A shard of a cluster that is down holds up no other.
        time, *responses = await self._redis.pipeline_outcomes(
            ("TIME",), *(("ZRANGE", names.due(feed), 0, last[feed], "WITHSCORES") for feed in feeds)
        )
        for response in (time, *responses):
            if isinstance(response, Exception) and not (isinstance(response, WrongType) or is_down(response)):
                raise response
        damaged = {feed for feed, response in zip(feeds, responses, strict=True) if isinstance(response, WrongType)}
        for feed in damaged - self._damaged:
            log.error("the held dispatches of %s cannot be read: %s is not a sorted set", feed, names.due(feed))
        self._damaged = self._damaged.difference(feeds) | damaged
        found = [[] if isinstance(response, Exception) else response for response in responses]
        down = {
            feed for feed, response in zip(feeds, responses, strict=True) if isinstance(response, Exception)
        } - damaged
        self.holding = self.holding.difference(set(feeds) - down).union(
            feed for feed, some in zip(feeds, found, strict=True) if some
        )
        if isinstance(time, Exception):
            raise time
        seconds, micros = time
        now = int(seconds) * 1000 + int(micros) // 1000
        waiting = [
            (int(at), feed, id.decode())
            for feed, pairs in zip(feeds, found, strict=True)
            for id, at in zip(pairs[::2], pairs[1::2], strict=True)
        ]
        next_at = min((at for at, _, _ in waiting if at > now), default=None)
        due = [Due(feed, id, now) for at, feed, id in waiting if at <= now]
        return due, None if next_at is None else (next_at - now) / 1000
