"""Lines under embargo: known to the desk alone until their time. They are written by append.lua, and read here."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import orjson

from ticker.errors import NotFound
from ticker.journal import names
from ticker.journal.redis import Redis, WrongType

LOOK_AT: Final = 10
"""Dispatches of a feed that one look brings."""

log = logging.getLogger("ticker.held")


class Due(NamedTuple):
    """A held line whose time has come: `now` by the clock of Redis, in milliseconds."""

    feed: str
    id: str
    now: int


class HeldLines:
    """What is held, in Redis. Raises Unavailable whenever Redis cannot answer."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._damaged: set[str] = set()
        """Feeds whose held dispatches cannot be read at all."""

    async def waiting(self, feed: str) -> list[dict[str, Any]]:
        """Return the lines that wait for their release, the next one first."""
        ids = await self._redis("ZRANGE", names.due(feed), 0, -1)
        kept = await self._redis("HMGET", names.held(feed), *ids) if ids else []
        lines = [orjson.loads(record) for record in kept if record is not None]
        return [line for line in lines if line["status"] == "held"]  # one may be released between the two reads

    async def line(self, feed: str, id: str) -> tuple[dict[str, Any], str]:
        """Return a held line, or what became of it, and the id of the key that wrote it.

        Raises:
            NotFound: nothing by that id was ever held in this feed.
        """
        record, filer = await self._redis.pipeline(("HGET", names.held(feed), id), ("HGET", names.filers(feed), id))
        if record is None:
            raise NotFound(f"There is no held line {id!r} in the feed {feed!r}")
        return orjson.loads(record), filer.decode()

    async def due(self, feeds: list[str], beyond: Mapping[str, int] | None = None) -> tuple[list[Due], float | None]:
        """Return what is due by the clock of Redis, and the seconds until the next one is, if there is any.

        Of each feed LOOK_AT at most, and as many more as `beyond` says: those that were due and did not come out.
        """
        last = {feed: LOOK_AT - 1 + (beyond or {}).get(feed, 0) for feed in feeds}
        time, *answers = await self._redis.pipeline_outcomes(
            ("TIME",), *(("ZRANGE", names.due(feed), 0, last[feed], "WITHSCORES") for feed in feeds)
        )
        for answer in (time, *answers):
            if isinstance(answer, Exception) and not isinstance(answer, WrongType):
                raise answer
        damaged = {feed for feed, answer in zip(feeds, answers, strict=True) if isinstance(answer, WrongType)}
        for feed in damaged - self._damaged:
            log.error("what is held in %s cannot be read: %s is no sorted set", feed, names.due(feed))
        self._damaged = damaged
        found = [[] if isinstance(answer, WrongType) else answer for answer in answers]
        seconds, micros = time
        now = int(seconds) * 1000 + int(micros) // 1000
        waiting = [
            (int(at), feed, id.decode())
            for feed, pairs in zip(feeds, found, strict=True)
            for id, at in zip(pairs[::2], pairs[1::2], strict=True)
        ]
        to_come = min((at for at, _, _ in waiting if at > now), default=None)
        due = [Due(feed, id, now) for at, feed, id in waiting if at <= now]
        return due, None if to_come is None else (to_come - now) / 1000
