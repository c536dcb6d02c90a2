"""The labels of a feed, the most used first: its sections, places and stories, with the numbers of their dispatches.

To sort many thousand of them takes this process some milliseconds, so they are sorted once for each entry of the log,
and not for each request.

A kill takes its dispatch out of the counts (store.lua), so that no label is listed that only killed dispatches had.
Version 0.1.0 did not: what it killed is taken out here, before the labels are read.
"""

from __future__ import annotations

from typing import Final

from ticker.changes import kind_of
from ticker.entry import Entry
from ticker.journal import names
from ticker.journal.redis import Redis, Script

MAX_FEEDS: Final = 16
"""Feeds whose sorted labels are kept."""

Labels = dict[str, list[tuple[str, int]]]
"""For "section", "place" and "story": labels with the numbers of their dispatches, the most used first."""

PAGE: Final = 512
"""Entries read at once."""

_COUNTED: Final = "labels_counted"
"""Member of a feed's state: the offset up to which every kill is known to be out of the counts."""

_WITHDRAW: Final = Script("withdraw.lua")


class LabelRanks:
    """The sorted labels of the feeds that were asked for last."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._known: dict[str, tuple[bytes | None, Labels]] = {}
        """Feed → hash of its newest entry then, and its labels."""

    async def of(self, feed: str) -> Labels:
        """Return the labels of a feed. Raises Unavailable when Redis does not respond."""
        # Read first, so that the labels are never older than it.
        tail = await self._redis("HGET", names.state(feed), "hash")
        known = self._known.pop(feed, None)
        if known is None or known[0] != tail:
            known = tail, await self._read(feed)
        self._known[feed] = known
        if len(self._known) > MAX_FEEDS:
            del self._known[next(iter(self._known))]
        return known[1]

    async def _read(self, feed: str) -> Labels:
        found = await _counted(self._redis, feed)
        return {kind: sorted(labels.items(), key=lambda each: (-each[1], each[0])) for kind, labels in found.items()}


async def _counted(redis: Redis, feed: str) -> dict[str, dict[str, int]]:
    """Return the labels of a feed by their kind, each with the number of its dispatches that were not killed.

    The entries since the last time are looked through for kills. They are few, since this is asked for often; the first
    time after an upgrade from 0.1.0 it is the whole log.
    """
    offset, counted = await redis("HMGET", names.state(feed), "offset", _COUNTED)
    if int(counted or 0) < int(offset or 0):
        await _count_out(redis, feed, int(counted or 0) + 1, int(offset))
    found: dict[str, dict[str, int]] = {"section": {}, "place": {}, "story": {}}
    for name, count in (await redis("HGETALL", names.labels(feed))).items():
        kind, _, label = name.decode().partition(":")
        found[kind][label] = int(count)
    return found


async def _count_out(redis: Redis, feed: str, first: int, last: int) -> None:
    """Take out of the counts what was killed between two offsets, both included, and is still in them."""
    killed: list[str] = []
    while first <= last:
        found = await redis("XRANGE", names.log(feed), f"{first}-0", f"{last}-0", "COUNT", PAGE)
        if not found:
            break
        for id, kept in found:
            offset = int(id.split(b"-")[0])
            if b'"kind":"kill"' in kept[b"entry"]:  # most entries are none, and need not be parsed
                entry = Entry.read(offset, kept[b"hash"].decode(), kept[b"entry"])
                withdrawn = kind_of(entry).withdrawn(entry)
                killed += [withdrawn] if withdrawn is not None else []
            first = offset + 1
    if killed:
        known = await redis("ZMSCORE", names.killed(feed), *killed)
        left = [id for id, score in zip(killed, known, strict=True) if score is None]
        if left:
            for name in await redis("HKEYS", names.labels(feed)):
                kind, _, label = name.decode().partition(":")
                keys = [names.index(feed, kind, label), names.withdrawn(feed, kind, label), names.labels(feed)]
                await redis.run(_WITHDRAW, keys, [name, *left])
            places = await redis("ZMSCORE", names.order(feed), *left)
            pairs = [word for id, place in zip(left, places, strict=True) for word in (place or 0, id)]
            await redis("ZADD", names.killed(feed), *pairs)
    await redis("HSET", names.state(feed), _COUNTED, last)
