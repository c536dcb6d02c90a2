"""Searching a feed's history: newest first, by labels and urgency, at a bounded cost.

There are sorted sets for sections, places and stories, and none for urgencies, and Redis would have to store the union
or intersection of sets to page through it. So the sets of one filter are read page by page from the newest, and the
others are checked on the dispatches found. A search that finds little stops after MAX_SCAN dispatches and returns where
to go on, so that no request reads a whole history.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import orjson

from ticker.dispatch import URGENCIES
from ticker.errors import NotFound
from ticker.journal import names
from ticker.journal.redis import Redis

MAX_SCAN: Final = 1000
"""Dispatches read for one request: about 1.5 MB from Redis, and some milliseconds of this process."""

SCAN_BATCH: Final = 200
"""Dispatches read at once, so that other tasks get their turn in between."""


class Filter(NamedTuple):
    """What a dispatch must have to be found.

    Attributes:
        labels: for "section", "place" and "story", those of which it has one; a name that is not here is not a filter.
        urgencies: those of which it has one; None means all.
    """

    labels: dict[str, tuple[str, ...]]
    urgencies: frozenset[str] | None = None


class Page(NamedTuple):
    """The dispatches found, newest first, and the `before` of the next page, if there may be more."""

    dispatches: list[dict[str, Any]]
    before: str | None


def at_least(urgency: str) -> frozenset[str]:
    """Return this urgency and all that are more urgent."""
    return frozenset(name for name, number in URGENCIES.items() if number <= URGENCIES[urgency])


async def search(redis: Redis, feed: str, before: str | None, limit: int, wanted: Filter) -> Page:
    """Return the current revisions of dispatches, from just before the one with id `before`, at most `limit`.

    A tombstone has neither labels nor urgency: it is found by the labels of the killed dispatch, which have sets of
    killed dispatches for that, and by no urgency.

    Raises:
        NotFound: `before` was never filed in this feed.
    """
    score: int | None = None
    if before is not None:
        found = await redis("ZSCORE", names.order(feed), before)
        if found is None:
            raise NotFound(f"There is no dispatch {before!r} in the feed {feed!r}")
        score = int(found)
    walked, checked = await _plan(redis, feed, wanted)
    plain = not checked and wanted.urgencies is None
    matches: list[dict[str, Any]] = []
    looked, more = 0, True
    last: str | None = None
    while more and looked < MAX_SCAN:
        ids, score, more = await _next(redis, walked, score, limit + 1 if plain else SCAN_BATCH)
        for dispatch in await _matching(redis, feed, ids, checked, wanted.urgencies):
            if len(matches) == limit:  # one more than asked for: there is a next page
                return Page(matches, matches[-1]["id"])
            matches.append(dispatch)
        looked += len(ids)
        last = ids[-1] if ids else last
    return Page(matches, last if more else None)


async def _plan(redis: Redis, feed: str, wanted: Filter) -> tuple[list[str], list[list[str]]]:
    """Return the sets to read, those of the filter that fewest dispatches pass, and those to check by."""
    sets = (names.index,) if wanted.urgencies is not None else (names.index, names.withdrawn)
    filters = [[key(feed, name, label) for label in labels for key in sets] for name, labels in wanted.labels.items()]
    if not filters:
        return [names.order(feed)], []
    if len(filters) > 1:
        sizes = iter(await redis.pipeline(*(("ZCARD", key) for filter in filters for key in filter)))
        by_size = [(sum(next(sizes) for _ in filter), filter) for filter in filters]
        filters = [filter for _, filter in sorted(by_size)]
    return filters[0], filters[1:]


async def _next(redis: Redis, walked: list[str], score: int | None, count: int) -> tuple[list[str], int | None, bool]:
    """Return the next ids of the union of sorted sets, from below a score; the last one's score; if there are more."""
    start = "+inf" if score is None else f"({score}"
    command = (start, "-inf", "BYSCORE", "REV", "LIMIT", 0, count, "WITHSCORES")
    responses = await redis.pipeline(*(("ZRANGE", key, *command) for key in walked))
    union = {id: int(at) for response in responses for id, at in _pairs(response)}
    newest = sorted(union, key=union.__getitem__, reverse=True)
    taken = newest[:count]
    more = len(newest) > count or any(len(_pairs(response)) == count for response in responses)
    return [id.decode() for id in taken], union[taken[-1]] if taken else score, more


def _pairs(response: list[bytes]) -> list[tuple[bytes, bytes]]:
    return list(zip(response[::2], response[1::2], strict=True))


async def _matching(
    redis: Redis, feed: str, ids: list[str], checked: list[list[str]], urgencies: frozenset[str] | None
) -> list[dict[str, Any]]:
    if checked and ids:
        every = ids
        commands = [("ZMSCORE", key, *ids) for filter in checked for key in filter]
        scores = iter(await redis.pipeline(*commands))
        for filter in checked:  # of each, one set at least has the dispatch
            sets = [dict(zip(every, next(scores), strict=True)) for _ in filter]
            ids = [id for id in ids if any(scored[id] is not None for scored in sets)]
    stored = await redis("HMGET", names.dispatches(feed), *ids) if ids else []
    # One is missing if the log was lost or emptied since its id was read.
    dispatches = [orjson.loads(text) for text in stored if text is not None]
    return [each for each in dispatches if urgencies is None or each.get("urgency") in urgencies]
