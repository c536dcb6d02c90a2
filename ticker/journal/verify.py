"""Proves that a log is unbroken, and that its feed shows what is in it and nothing else."""

from __future__ import annotations

from typing import Any, NamedTuple

from ticker.changes import SETTINGS, Setting
from ticker.entry import Tail
from ticker.journal import names
from ticker.journal.redis import Redis
from ticker.journal.revisions import place
from ticker.journal.walk import PAGE, ReadableEntry, Step, Walk, json_or_none, readable


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
        filed, settings = 0, {member: kind.parse_stored(None) for member, kind in SETTINGS.items()}
        wrong: str | None = None
        async for page in walk.pages():
            for entry, _, fault in page:
                if entry is None or fault is not None:
                    return VerifyResult(walk.sound, fault)
            for _, kind, after in readable(page):
                filed += kind.is_filing
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

    async def _wrong_dispatch(self, page: list[Step]) -> str | None:
        """Return what is wrong with the dispatches that are shown, by this page of the log."""
        changes = [step for step in readable(page) if not isinstance(step.kind, Setting)]
        if not changes:
            return None
        ids = list(dict.fromkeys(after["id"] for _, _, after in changes))
        found = await self._redis.pipeline(
            ("HMGET", names.revisions(self._feed), *ids),
            ("HMGET", names.dispatches(self._feed), *ids),
            ("ZMSCORE", names.order(self._feed), *ids),
        )
        stored = {id: (hashed, json_or_none(shown), at) for id, hashed, shown, at in zip(ids, *found, strict=True)}
        listed = await self._listed_revisions(changes, {id: hashed for id, (hashed, _, _) in stored.items()})
        for (entry, kind, after), earlier in zip(changes, listed, strict=True):
            id, (hashed, shown, at) = after["id"], stored[after["id"]]
            if kind.is_filing and at != entry.tail.offset:
                return f"the dispatch {id} is not at its place in the history"
            if not isinstance(shown, dict) or not isinstance(shown.get("revision"), int):
                return f"the dispatch {id} is not shown as the log says"
            if shown["revision"] > after["revision"]:
                self._ahead.add(id)
                if shown.get("status") == "killed":
                    continue
                if earlier != after:
                    return f"revision {after['revision']} of the dispatch {id} is not shown as the log says"
            elif shown == after:
                self._ahead.discard(id)
                if after["status"] == "killed" and hashed is not None:
                    return f"the dispatch {id} was killed, but its earlier revisions are still shown"
            else:
                return f"the dispatch {id} is not shown as the log says"
        return None

    async def _listed_revisions(self, changes: list[ReadableEntry], hashed: dict[str, bytes | None]) -> list[Any]:
        """Return for each of these changes the revision that it left, if it is among the earlier ones."""
        in_hash: dict[str, dict[int, Any]] = {}
        for id, text in hashed.items():
            known = [each for each in json_or_none(b"[" + (text or b"") + b"]") or [] if isinstance(each, dict)]
            in_hash[id] = {each["revision"]: each for each in known if "revision" in each}
        listed = await self._redis.pipeline(
            *(
                (
                    "LINDEX",
                    names.earlier(self._feed, after["id"]),
                    place(after["revision"], [*in_hash[after["id"]].values()]),
                )
                for _, _, after in changes
            )
        )
        return [
            in_hash[after["id"]].get(after["revision"]) or json_or_none(text)
            for (_, _, after), text in zip(changes, listed, strict=True)
        ]

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
                entry = json_or_none(entries[0][1].get(b"entry")) if entries else None
                if not isinstance(entry, dict) or entry.get("dispatch", {}).get("id") != id:
                    return f"the dispatch {id} is shown, but the log does not have it"
            if not cursor:
                return None
