"""The journal: each feed's one ordered log in Redis, written by append.lua alone."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import orjson

from ticker.dispatch import rfc3339
from ticker.entry import Entry, Tail
from ticker.errors import Forbidden, Gone, KeyReused, NotFound, StaleRevision, Unavailable
from ticker.feed import ON_AIR, WINDOW, Feed
from ticker.journal import keys
from ticker.journal.redis import Redis, Refused, Script
from ticker.journal.registry import Holder, Plan

KEEP_ANSWERS: Final = 24 * 3600
"""Seconds an Idempotency-Key is remembered. Published in the protocol."""

_DIGITS: Final = "0123456789abcdefghjkmnpqrstvwxyz"


@dataclass(frozen=True, slots=True)
class Change:
    """One change to a feed, checked and ready to be written.

    Attributes:
        kind: `file`, `correct`, `kill`, `pin` or `air`.
        carries: what the kind carries: fields of a dispatch, `{"reason": …}`, or the air state.
        id: the dispatch meant; empty for a new one and for unpinning.
        revision: the revision the dispatch must have (If-Match), or None for any.
        idempotency_key: as the client sent it, or None.
        holder: whose key asks.
        own_only: refuse unless the same key filed the dispatch.
        asked: what the request itself said, where `carries` also holds what stood there before.
        leaves: the fields of the dispatch before a correction, whose sections and places it may leave.
    """

    kind: str
    holder: Holder
    carries: dict[str, Any]
    id: str = ""
    revision: int | None = None
    idempotency_key: str | None = None
    own_only: bool = False
    asked: dict[str, Any] | None = None
    leaves: dict[str, Any] | None = None

    def fingerprint(self) -> str:
        """Return what tells this request from another one under the same Idempotency-Key."""
        asked = self.carries if self.asked is None else self.asked
        said = orjson.dumps([self.kind, self.id, asked], option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(said).hexdigest()


class Receipt(NamedTuple):
    """The answer to a change: the JSON body, and whether it was given before."""

    body: dict[str, Any]
    repeated: bool


class Journal:
    """What the service asks of Redis about a feed. Raises Unavailable whenever Redis cannot answer."""

    def __init__(self, redis: Redis, *, replicas: int = 0, replica_timeout: float = 2.0) -> None:
        """`replicas` must hold an entry before `append` returns; `replica_timeout` is in seconds."""
        self._redis = redis
        self._replicas = replicas
        self._replica_timeout = replica_timeout
        self._append = Script("append.lua")
        self._look = Script("look.lua")

    async def append(self, feed: str, change: Change) -> Receipt:
        """Write a change to a feed's log and return its receipt once it is kept.

        Raises:
            NotFound: no such feed, or no such dispatch in it.
            Gone, StaleRevision, Forbidden, KeyReused: as their names say.
            Unavailable: it may or may not have been kept; the same Idempotency-Key makes it safe to repeat.
        """
        key, holder = change.idempotency_key, change.holder
        names = [
            keys.state(feed),
            keys.log(feed),
            keys.dispatches(feed),
            keys.filers(feed),
            keys.order(feed),
            keys.revisions(feed),
            keys.record(feed, holder.id, hashlib.sha256((key or "").encode()).hexdigest()),
        ]
        enters, leaves = _indexes(feed, change.carries), _indexes(feed, change.leaves or {})
        names += [*enters, *(leaves - enters)]
        args = [
            change.kind,
            keys.channel(feed),
            orjson.dumps(holder.name),
            holder.id,
            "1" if change.own_only else "",
            _splice(change),
            change.id,
            "" if change.revision is None else change.revision,
            "".join(_DIGITS[byte & 31] for byte in secrets.token_bytes(8)),
            change.fingerprint() if key else "",
            KEEP_ANSWERS,
            len(enters),
        ]
        if self._replicas == 0:
            outcome, detail = await self._redis.run(self._append, names, args)
        else:
            # WAIT speaks of the writes of its own connection, so both go over the same one.
            async with self._redis.one_connection() as redis:
                outcome, detail = await redis.run(self._append, names, args)
                if outcome in (b"kept", b"repeated"):
                    await self._wait(redis)
        return _outcome(outcome.decode(), detail, feed, change.id)

    async def _wait(self, redis: Redis) -> None:
        milliseconds = int(self._replica_timeout * 1000)
        try:
            on_disk, copies = await redis("WAITAOF", 1, self._replicas, milliseconds)
        except Refused:
            # Redis before 7.2, or no AOF here: copies in the replicas' memory are the most there is.
            on_disk, copies = 1, await redis("WAIT", self._replicas, milliseconds)
        if on_disk < 1 or copies < self._replicas:
            raise Unavailable(
                f"Only {copies} of {self._replicas} replicas hold the entry; "
                "send it again with the same Idempotency-Key"
            )

    async def look(self, plan: Plan) -> Feed | None:
        """Return what a feed shows now, or None if its log is not there."""
        names = [keys.state(plan.name), keys.order(plan.name), keys.dispatches(plan.name)]
        found = await self._redis.run(self._look, names, [WINDOW])
        if found is None:
            return None
        offset, hash, air, pinned, dispatches = found
        return Feed(
            plan.name,
            plan.title,
            plan.language,
            Tail(int(offset), hash.decode()),
            orjson.loads(air) if air else dict(ON_AIR),
            pinned.decode() or None,
            [orjson.loads(dispatch) for dispatch in dispatches],
        )

    async def entries(self, feed: str, first: int, last: int) -> list[Entry]:
        """Return the entries of a feed from one offset to another, both included, oldest first."""
        found = await self._redis("XRANGE", keys.log(feed), f"{max(first, 1)}-0", f"{last}-0")
        return [Entry.read(int(id.split(b"-")[0]), kept[b"hash"].decode(), kept[b"entry"]) for id, kept in found]

    async def recent(self, feed: str, last: int, count: int) -> tuple[Tail, list[Entry]]:
        """Return the newest entries up to offset `last`, and the place just before them."""
        entries = await self.entries(feed, last - count, last)
        if len(entries) > count or (entries and entries[0].tail.offset > 1):
            return entries[0].tail, entries[1:]
        origin = await self._redis("HGET", keys.state(feed), "origin")
        return Tail(0, (origin or b"").decode()), entries

    async def probe(self, feeds: list[str], word: bytes) -> tuple[dict[str, Tail], str]:
        """Publish `word` to all nodes; return where each log ended just before, and the time by Redis' clock.

        Whoever hears the word back on a subscription has heard every entry up to those ends before it.
        """
        *found, (seconds, micros), _ = await self._redis.together(
            *(("HMGET", keys.state(feed), "offset", "hash") for feed in feeds),
            ("TIME",),
            ("PUBLISH", keys.NODES, word),
        )
        tails = {
            feed: Tail(int(offset), hash.decode())
            for feed, (offset, hash) in zip(feeds, found, strict=True)
            if offset is not None
        }
        return tails, rfc3339(datetime.fromtimestamp(seconds + micros / 1e6, UTC))

    async def history(
        self, feed: str, before: str | None, limit: int, narrow: tuple[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """Return dispatches as they stand, newest first, from just before the one with id `before`.

        `narrow` is a pair such as ("section", "Politics"): only the dispatches of that section, place or story.
        """
        start = "+inf"
        if before is not None:
            score = await self._redis("ZSCORE", keys.order(feed), before)
            if score is None:
                raise NotFound(f"There is no dispatch {before!r} in the feed {feed!r}")
            start = f"({int(score)}"
        order = keys.index(feed, *narrow) if narrow else keys.order(feed)
        ids = await self._redis("ZRANGE", order, start, "-inf", "BYSCORE", "REV", "LIMIT", 0, limit)
        stored = await self._redis("HMGET", keys.dispatches(feed), *ids) if ids else []
        return [orjson.loads(dispatch) for dispatch in stored]

    async def dispatch(self, feed: str, id: str) -> dict[str, Any]:
        """Return one dispatch as it stands, or its tombstone, with its earlier `revisions`, oldest first.

        Raises:
            NotFound: it was never filed in this feed.
        """
        stored, earlier = await self._redis.together(
            ("HGET", keys.dispatches(feed), id), ("HGET", keys.revisions(feed), id)
        )
        if stored is None:
            raise NotFound(f"There is no dispatch {id!r} in the feed {feed!r}")
        dispatch: dict[str, Any] = orjson.loads(stored)
        if dispatch["status"] != "killed":
            dispatch["revisions"] = orjson.loads(b"[" + (earlier or b"") + b"]")
        return dispatch


def _indexes(feed: str, fields: dict[str, Any]) -> set[str]:
    """Return the indexes in which a dispatch with these fields stands."""
    labels = [("section", label) for label in fields.get("sections", [])]
    labels += [("place", label) for label in fields.get("places", [])]
    labels += [("story", fields["story"])] if "story" in fields else []
    return {keys.index(feed, *label) for label in labels}


def _splice(change: Change) -> bytes:
    text = orjson.dumps(change.carries)
    return text if change.kind == "air" else text[1:-1]  # the script adds members of its own


def _outcome(outcome: str, detail: bytes, feed: str, id: str) -> Receipt:
    match outcome:
        case "kept" | "repeated":
            return Receipt(orjson.loads(detail), outcome == "repeated")
        case "unopened":
            raise NotFound(f"There is no feed named {feed!r}")
        case "absent":
            raise NotFound(f"There is no dispatch {id!r} in the feed {feed!r}")
        case "killed":
            raise Gone("The dispatch was killed and cannot be changed", tombstone=orjson.loads(detail))
        case "stale":
            revision = int(detail)
            raise StaleRevision(f"The dispatch stands at revision {revision}; look at it again", revision=revision)
        case "foreign":
            raise Forbidden("A correspondent's key changes only what it filed itself")
        case "reused":
            raise KeyReused(
                "This Idempotency-Key came before with another payload; use a new one", field="Idempotency-Key"
            )
    raise AssertionError(f"append.lua returned {outcome}")
