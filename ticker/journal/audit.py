"""Who did what: the log read from its origin, with the state before and after each change.

The log itself is the audit: nothing is ever taken out of it, so what a kill withdrew from readers can still be seen
here, by an editor. Changes of held dispatches are in a stream beside it. However long the log is, no more than a page
of it is in memory.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final, NamedTuple

import orjson

from ticker.changes import SETTINGS, Kind, Setting, kind_of
from ticker.entry import Entry, Tail
from ticker.journal import names
from ticker.journal.redis import Redis

PAGE: Final = 512
"""Entries read at once."""


class AuditStep(NamedTuple):
    """One step along a log.

    Attributes:
        entry: the entry; None where it cannot be read, and where one is missing at the end of the log.
        after: the state that the entry leaves: a dispatch or its tombstone, the id of the pin, or the air state.
        fault: what is wrong between the entry before this one and here, if anything.
    """

    entry: Entry | None
    after: Any = None
    fault: str | None = None


class Logged(NamedTuple):
    """An entry that can be read, its kind, and the state that it leaves."""

    entry: Entry
    kind: Kind
    after: Any


def logged(page: list[AuditStep]) -> list[Logged]:
    """Return those entries of a page that can be read."""
    return [Logged(entry, kind_of(entry), after) for entry, after, _ in page if entry is not None]


class Walk:
    """Reads a feed's log from its origin to its end. Raises Unavailable as Redis does."""

    def __init__(self, redis: Redis, feed: str) -> None:
        self._redis = redis
        self._feed = feed
        self._tail: Tail | None = None
        self._broken = False
        self.sound = Tail(0, "")
        """Where the unbroken run from the origin ends."""
        self.shown: dict[str, Any] = {}
        """The settings of the feed at the end of the walk, by their names in SETTINGS."""

    async def pages(self) -> AsyncIterator[list[AuditStep]]:
        """Yield the log page by page, with its faults; entries written meanwhile are included."""
        log, state = names.log(self._feed), names.state(self._feed)
        origin = await self._redis("HGET", state, "origin")
        if origin is None:
            yield [AuditStep(None, fault="the log is not there")]
            return
        self._tail = self.sound = Tail(0, origin.decode())
        after = "-"
        while True:
            if found := await self._redis("XRANGE", log, after, "+", "COUNT", PAGE):
                after = f"({found[-1][0].decode()}"
                yield [self._step(int(id.split(b"-")[0]), kept) for id, kept in found]
                continue
            offset, hash, *settings = await self._redis("HMGET", state, "offset", "hash", *SETTINGS)
            end = Tail(int(offset or 0), (hash or b"").decode(errors="replace"))
            if end.offset > self._tail.offset and await self._redis("XRANGE", log, after, "+", "COUNT", 1):
                continue  # written just now
            stored = zip(SETTINGS.items(), settings, strict=True)
            self.shown = {member: kind.stored(text) for (member, kind), text in stored}
            if end != self._tail:
                fault = f"the log ends at {self._tail.position}, and should end at {end.position}"
                yield [AuditStep(None, fault=fault)]
            return

    def _step(self, offset: int, kept: dict[bytes, bytes]) -> AuditStep:
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
            after = kind_of(entry).after(entry)
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
        return AuditStep(entry, after, "; ".join(faults) or None)


def _read(text: bytes | None) -> Any:
    try:
        return orjson.loads(text or b"")
    except orjson.JSONDecodeError:
        return None


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
        settings = {member: kind.stored(None) for member, kind in SETTINGS.items()}
        async for page in Walk(self._redis, self._feed).pages():
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

    async def _dispatches_before(self, page: list[AuditStep]) -> dict[str, dict[str, Any]]:
        """Return the dispatches that are changed in this page, as they were before it."""
        changes = [
            (entry, kind, after["id"])
            for entry, kind, after in logged(page)
            if not (isinstance(kind, Setting) or kind.files)
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
            if kind.brought(entry) is None:
                self._corrected.pop(id, None)
            else:
                self._corrected[id] = entry.tail.offset
        entries = {id: _read(kept[0][1].get(b"entry")) for id, kept in zip(at, found, strict=True) if kept}
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


class VerifyResult(NamedTuple):
    """How far the chain is unbroken, and what is wrong, if anything."""

    tail: Tail
    fault: str | None = None


class Verifier:
    """Proves that a log is unbroken and that the feed shows what is in it. Raises Unavailable as Redis does."""

    def __init__(self, redis: Redis, feed: str) -> None:
        self._redis = redis
        self._feed = feed
        self._ahead: set[str] = set()
        """Dispatches that are shown at a later revision than the walk has reached."""

    async def verify(self) -> VerifyResult:
        """Walk the log to its end, or to where its chain is broken."""
        walk = Walk(self._redis, self._feed)
        filed, settings = 0, {member: kind.stored(None) for member, kind in SETTINGS.items()}
        wrong: str | None = None
        async for page in walk.pages():
            for entry, _, fault in page:
                if entry is None or fault is not None:
                    return VerifyResult(walk.sound, fault)
            for _, kind, after in logged(page):
                filed += kind.files
                if isinstance(kind, Setting):
                    settings[kind.member] = after
            if wrong is None and await self._wrong_dispatch(page) is not None:
                wrong = await self._wrong_dispatch(page)  # once more: a change may have come between two reads
        if wrong is None and self._ahead:
            wrong = f"the dispatch {min(self._ahead)} is shown at a revision that the log does not have"
        for member, kind in SETTINGS.items():
            if wrong is None and walk.shown[member] != settings[member]:
                wrong = kind.difference(walk.shown[member], settings[member])
        return VerifyResult(walk.sound, wrong or await self._dispatch_not_logged(filed))

    async def _wrong_dispatch(self, page: list[AuditStep]) -> str | None:
        """Return what is wrong with the dispatches that are shown, by this page of the log."""
        changes = [step for step in logged(page) if not isinstance(step.kind, Setting)]
        if not changes:
            return None
        ids = list(dict.fromkeys(after["id"] for _, _, after in changes))
        found = await self._redis.pipeline(
            ("HMGET", names.revisions(self._feed), *ids),
            ("HMGET", names.dispatches(self._feed), *ids),
            ("ZMSCORE", names.order(self._feed), *ids),
        )
        stored = {id: values for id, *values in zip(ids, *found, strict=True)}
        for entry, kind, after in changes:
            id, (revisions, dispatch, place) = after["id"], stored[after["id"]]
            earlier, shown = _read(b"[" + (revisions or b"") + b"]"), _read(dispatch)
            if kind.files and place != entry.tail.offset:
                return f"the dispatch {id} is not at its place in the history"
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

    async def _dispatch_not_logged(self, filed: int) -> str | None:
        """Return what is wrong if more dispatches are shown than the log has."""
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
                entry = _read(entries[0][1].get(b"entry")) if entries else None
                if not isinstance(entry, dict) or entry.get("dispatch", {}).get("id") != id:
                    return f"the dispatch {id} is shown, but the log does not have it"
            if not cursor:
                return None
