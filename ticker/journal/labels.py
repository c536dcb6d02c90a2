"""The labels of a feed, the most used first.

To sort many thousand of them takes this process some milliseconds, so they are sorted once for each entry of the log,
and not for each request.
"""

from __future__ import annotations

from typing import Final

from ticker.journal import names
from ticker.journal.redis import Redis

MAX_FEEDS: Final = 16
"""Feeds whose sorted labels are kept."""

Labels = dict[str, list[tuple[str, int]]]
"""For "section", "place" and "story": labels with the numbers of their dispatches, the most used first."""


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
        found: Labels = {"section": [], "place": [], "story": []}
        for name, count in (await self._redis("HGETALL", names.labels(feed))).items():
            kind, _, label = name.decode().partition(":")
            found[kind].append((label, int(count)))
        for labels in found.values():
            labels.sort(key=lambda each: (-each[1], each[0]))
        return found
