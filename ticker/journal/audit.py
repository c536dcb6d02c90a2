"""Who did what: every change in a log, with the state before and after it.

The log itself is the audit: nothing is ever taken out of it, so what a kill withdrew from readers can still be seen
here, by an editor. Changes of held dispatches are in a stream beside it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

import orjson

from ticker.changes import SETTINGS, Setting, kind_of
from ticker.journal import names
from ticker.journal.redis import Redis
from ticker.journal.walk import Step, Walk, json_or_none, readable

PAGE: Final = 32
"""Changes read at once: what an audit that nobody reads keeps in memory."""


class Audit:
    """Every change of a feed. Raises Unavailable whenever Redis does not respond."""

    def __init__(self, redis: Redis, feed: str) -> None:
        self._redis = redis
        self._feed = feed
        self._corrected: dict[str, int] = {}
        """Dispatch id → offset of its newest correction. The filing of a dispatch is found by `order`."""

    async def changes(self) -> AsyncIterator[dict[str, Any]]:
        """Yield every change by time: position, at, by, kind, the state before and the state after.

        Changes of held dispatches are included, and have no position. A `fault` says that the log is damaged there.
        """
        desk = self._desk()
        held = await anext(desk, None)
        settings = {member: kind.parse_stored(None) for member, kind in SETTINGS.items()}
        async for page in Walk(self._redis, self._feed, PAGE).pages():
            dispatches = await self._dispatches_before(page)
            for entry, after, fault in page:
                change: dict[str, Any] = {"position": None}
                if entry is not None:
                    while held is not None and held["at"] <= entry.at:
                        yield held
                        held = await anext(desk, None)
                    kind = kind_of(entry)
                    if isinstance(kind, Setting):
                        before, settings[kind.member] = settings[kind.member], after
                    else:
                        before, dispatches[after["id"]] = dispatches.get(after["id"]), after
                    change = {
                        "position": str(entry.tail.position),
                        "at": entry.at,
                        "by": entry.content.get("by"),
                        "kind": entry.kind,
                        "before": before,
                        "after": after,
                    }
                yield change if fault is None else change | {"fault": fault}
        while held is not None:
            yield held
            held = await anext(desk, None)

    async def _dispatches_before(self, page: list[Step]) -> dict[str, dict[str, Any]]:
        """Return the dispatches that are changed in this page, as they were before it."""
        changes = [
            (entry, kind, after["id"])
            for entry, kind, after in readable(page)
            if not (isinstance(kind, Setting) or kind.is_filing)
        ]
        ids = list(dict.fromkeys(id for _, _, id in changes))
        filed = await self._redis("ZMSCORE", names.order(self._feed), *ids) if ids else []
        first = next((entry.tail.offset for entry, _, _ in page if entry is not None), 0)
        at = {id: self._corrected.get(id, int(score or 0)) for id, score in zip(ids, filed, strict=True)}
        at = {id: offset for id, offset in at.items() if offset < first}  # the others are in the page itself
        found = await self._redis.pipeline(
            *(("XRANGE", names.log(self._feed), f"{offset}-0", f"{offset}-0") for offset in at.values())
        )
        for entry, kind, id in changes:
            if kind.dispatch_in(entry) is None:
                self._corrected.pop(id, None)
            else:
                self._corrected[id] = entry.tail.offset
        entries = {id: json_or_none(kept[0][1].get(b"entry")) for id, kept in zip(at, found, strict=True) if kept}
        return {
            id: entry["dispatch"] for id, entry in entries.items() if isinstance(entry, dict) and "dispatch" in entry
        }

    async def _desk(self) -> AsyncIterator[dict[str, Any]]:
        held: dict[str, dict[str, Any]] = {}
        after = "-"
        while found := await self._redis("XRANGE", names.desk(self._feed), after, "+", "COUNT", PAGE):
            for _, kept in found:
                change = orjson.loads(kept[b"entry"])
                now = change.pop("held")
                before = held.pop(now["id"], None)
                if now["status"] == "held":
                    held[now["id"]] = now
                yield {"position": None, **change, "before": before, "after": now}
            after = f"({found[-1][0].decode()}"
