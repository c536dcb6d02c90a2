"""Who did what: the log walked from its origin, with what stood there before and after each change.

The log itself is the audit: nothing is ever taken out of it, so what a kill withdrew from readers can still be seen
here, by an editor. What was done to lines under embargo stands in a stream beside it. However long the log is, a page
of it is all that is held at once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final, NamedTuple

import orjson

from ticker.entry import Entry, Tail
from ticker.feed import ON_AIR, tombstone
from ticker.journal import names
from ticker.journal.redis import Redis

PAGE: Final = 512
"""Entries read at once."""

_CHANGES: Final = ("correct", "kill")
"""Kinds of entries before which their dispatch was there already."""


class Link(NamedTuple):
    """One step along a log.

    Attributes:
        entry: the entry; None where it cannot be read, and where the log should go on.
        after: what the entry leaves there: a dispatch or its tombstone, the id of the pin, or the air state.
        fault: what is wrong from the entry before this one on, if anything.
    """

    entry: Entry | None
    after: Any = None
    fault: str | None = None


class Walk:
    """A walk along a feed's log, from its origin to where it ends by then. Raises Unavailable as Redis does."""

    def __init__(self, redis: Redis, feed: str) -> None:
        self._redis = redis
        self._feed = feed
        self._tail: Tail | None = None
        self._broken = False
        self.sound = Tail(0, "")
        """Where the unbroken run from the origin ends."""
        self.pinned: str | None = None
        self.air: dict[str, Any] | None = None
        """What the feed showed at the end of the walk."""

    async def pages(self) -> AsyncIterator[list[Link]]:
        """Give the log page by page, with what is wrong in it; entries written meanwhile are among it."""
        log, state = names.log(self._feed), names.state(self._feed)
        origin = await self._redis("HGET", state, "origin")
        if origin is None:
            yield [Link(None, fault="the log is not there")]
            return
        self._tail = self.sound = Tail(0, origin.decode())
        after = "-"
        while True:
            if found := await self._redis("XRANGE", log, after, "+", "COUNT", PAGE):
                after = f"({found[-1][0].decode()}"
                yield [self._link(int(id.split(b"-")[0]), kept) for id, kept in found]
                continue
            offset, hash, pinned, air = await self._redis("HMGET", state, "offset", "hash", "pinned", "air")
            end = Tail(int(offset or 0), (hash or b"").decode(errors="replace"))
            if end.offset > self._tail.offset and await self._redis("XRANGE", log, after, "+", "COUNT", 1):
                continue  # written just now
            self.pinned, self.air = (pinned or b"").decode() or None, _read(air) if air else dict(ON_AIR)
            if end != self._tail:
                fault = f"the log ends at {self._tail.position}, and should end at {end.position}"
                yield [Link(None, fault=fault)]
            return

    def _link(self, offset: int, kept: dict[bytes, bytes]) -> Link:
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
            after = _after(entry)
        except (ValueError, KeyError, TypeError, AttributeError):
            entry = None
            faults.append(f"entry {offset} cannot be read")
        else:
            if offset < first:
                faults.append(f"entry {offset} stands there twice")
            elif offset == first and not entry.follows(tail):
                faults.append(f"entry {offset} does not follow from the one before it")
        self._broken = self._broken or bool(faults)
        if not self._broken:
            self.sound = self._tail
        return Link(entry, after, "; ".join(faults) or None)


def _after(entry: Entry) -> Any:
    match entry.kind:
        case "file" | "correct":
            after = entry.content["dispatch"]
            if not after.keys() >= {"id", "revision"}:
                raise ValueError("a dispatch has an id and a revision")
            return after
        case "kill":
            return tombstone(entry)
        case "pin":
            return entry.content["id"]
        case "air":
            return entry.content["air"]
    raise ValueError(f"{entry.kind} is no kind of entry")


def _read(text: bytes | None) -> Any:
    try:
        return orjson.loads(text or b"")
    except orjson.JSONDecodeError:
        return None


class Audit:
    """Every change of a feed. Raises Unavailable whenever Redis cannot answer."""

    def __init__(self, redis: Redis, feed: str) -> None:
        self._redis = redis
        self._feed = feed
        self._corrected: dict[str, int] = {}
        """Dispatch id → offset of its newest correction. The filing of a dispatch is found by `order`."""

    async def changes(self) -> AsyncIterator[dict[str, Any]]:
        """Give every change by time: position, at, by, kind, what stood before and what after.

        What was done to held lines is among it and has no position. A `fault` says that the log is damaged there.
        """
        desk = self._desk()
        withheld = await anext(desk, None)
        pinned, air = None, dict(ON_AIR)
        async for page in Walk(self._redis, self._feed).pages():
            stood = await self._stood(page)
            for entry, after, fault in page:
                said: dict[str, Any] = {"position": None}
                if entry is not None:
                    while withheld is not None and withheld["at"] <= entry.at:
                        yield withheld
                        withheld = await anext(desk, None)
                    match entry.kind:
                        case "pin":
                            before, pinned = pinned, after
                        case "air":
                            before, air = air, after
                        case _:
                            before, stood[after["id"]] = stood.get(after["id"]), after
                    said = {
                        "position": str(entry.tail.position),
                        "at": entry.at,
                        "by": entry.content.get("by"),
                        "kind": entry.kind,
                        "before": before,
                        "after": after,
                    }
                yield said if fault is None else said | {"fault": fault}
        while withheld is not None:
            yield withheld
            withheld = await anext(desk, None)

    async def _stood(self, page: list[Link]) -> dict[str, dict[str, Any]]:
        """Return how the dispatches stood before this page that are changed in it."""
        about = [(entry, after["id"]) for entry, after, _ in page if entry is not None and entry.kind in _CHANGES]
        ids = list(dict.fromkeys(id for _, id in about))
        filed = await self._redis("ZMSCORE", names.order(self._feed), *ids) if ids else []
        first = next((entry.tail.offset for entry, _, _ in page if entry is not None), 0)
        at = {id: self._corrected.get(id, int(score or 0)) for id, score in zip(ids, filed, strict=True)}
        at = {id: offset for id, offset in at.items() if offset < first}  # the others come in the page itself
        found = await self._redis.pipeline(
            *(("XRANGE", names.log(self._feed), f"{offset}-0", f"{offset}-0") for offset in at.values())
        )
        for entry, id in about:
            if entry.kind == "correct":
                self._corrected[id] = entry.tail.offset
            else:
                self._corrected.pop(id, None)
        said = {id: _read(kept[0][1].get(b"entry")) for id, kept in zip(at, found, strict=True) if kept}
        return {id: entry["dispatch"] for id, entry in said.items() if isinstance(entry, dict) and "dispatch" in entry}

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


class Verdict(NamedTuple):
    """What a walk along the chain proved: how far it is unbroken, and what is wrong, if anything."""

    tail: Tail
    fault: str | None = None


class Proof:
    """That a log is unbroken, and that the feed shows what it says. Raises Unavailable whenever Redis cannot answer."""

    def __init__(self, redis: Redis, feed: str) -> None:
        self._redis = redis
        self._feed = feed
        self._ahead: set[str] = set()
        """Dispatches that are shown at a later revision than the walk has come to."""

    async def verify(self) -> Verdict:
        """Walk the log to its end, or to where its chain is broken."""
        walk = Walk(self._redis, self._feed)
        filed, pinned, air = 0, None, dict(ON_AIR)
        shown: str | None = None
        async for page in walk.pages():
            for entry, after, fault in page:
                if entry is None or fault is not None:
                    return Verdict(walk.sound, fault)
                match entry.kind:
                    case "file":
                        filed += 1
                    case "pin":
                        pinned = after
                    case "air":
                        air = after
            if shown is None and await self._shown_otherwise(page) is not None:
                shown = await self._shown_otherwise(page)  # a change may have come between two reads, but once
        if shown is None and self._ahead:
            shown = f"the dispatch {min(self._ahead)} is shown at a revision that the log does not have"
        if shown is None and walk.pinned != pinned:
            shown = f"what is pinned is {walk.pinned or 'nothing'}, and the log says {pinned or 'nothing'}"
        if shown is None and walk.air != air:
            shown = "on or off the air is not shown as the log says"
        return Verdict(walk.sound, shown or await self._unsaid(filed))

    async def _shown_otherwise(self, page: list[Link]) -> str | None:
        """Return what is wrong with the dispatches that are shown, as far as this page of the log says."""
        said = [(entry, after) for entry, after, _ in page if entry is not None and entry.kind in ("file", *_CHANGES)]
        if not said:
            return None
        ids = list(dict.fromkeys(after["id"] for _, after in said))
        found = await self._redis.pipeline(
            ("HMGET", names.revisions(self._feed), *ids),
            ("HMGET", names.dispatches(self._feed), *ids),
            ("ZMSCORE", names.order(self._feed), *ids),
        )
        stands = {id: values for id, *values in zip(ids, *found, strict=True)}
        for entry, after in said:
            id, (revisions, dispatch, place) = after["id"], stands[after["id"]]
            earlier, shown = _read(b"[" + (revisions or b"") + b"]"), _read(dispatch)
            if entry.kind == "file" and place != entry.tail.offset:
                return f"the dispatch {id} has not its place in the history"
            if not isinstance(shown, dict) or not isinstance(shown.get("revision"), int):
                return f"the dispatch {id} is not shown as the log says"
            if shown["revision"] > after["revision"]:
                self._ahead.add(id)
                if shown.get("status") == "killed":
                    continue
                if not isinstance(earlier, list) or after not in earlier[after["revision"] - 1 :][:1]:
                    return f"revision {after['revision']} of the dispatch {id} is not shown as the log says"
            elif shown == after:
                self._ahead.discard(id)
                if after["status"] == "killed" and revisions is not None:
                    return f"the dispatch {id} was killed, but its earlier revisions are still shown"
            else:
                return f"the dispatch {id} is not shown as the log says"
        return None

    async def _unsaid(self, filed: int) -> str | None:
        """Return what is wrong if there are more dispatches than the log says."""
        dispatches, cursor = names.dispatches(self._feed), 0
        if await self._redis("HLEN", dispatches) == filed:
            return None
        while True:
            cursor, found = await self._redis("HSCAN", dispatches, cursor, "COUNT", PAGE)
            ids = [id.decode() for id in found]
            places = await self._redis("ZMSCORE", names.order(self._feed), *ids) if ids else []
            at = [f"{int(place or 0)}-0" for place in places]
            kept = await self._redis.pipeline(*(("XRANGE", names.log(self._feed), place, place) for place in at))
            for id, entries in zip(ids, kept, strict=True):
                said = _read(entries[0][1].get(b"entry")) if entries else None
                if not isinstance(said, dict) or said.get("dispatch", {}).get("id") != id:
                    return f"the dispatch {id} is shown, but the log does not have it"
            if not cursor:
                return None
