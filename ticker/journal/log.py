"""The journal: each feed's one ordered log in Redis, written by append.lua alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import orjson

from ticker.changes import KINDS, Change
from ticker.dispatch import rfc3339
from ticker.entry import Entry, Tail
from ticker.errors import BrokenLog, CannotWrite, LogFull, NotFound, Unavailable
from ticker.feed import ON_AIR, WINDOW, Feed
from ticker.journal import names, revisions
from ticker.journal.append import Receipt, argument, key_names, receipt
from ticker.journal.editions import Editions
from ticker.journal.feed_settings import FeedSettings
from ticker.journal.history import Filter, Page, search
from ticker.journal.labels import LabelRanks, Labels
from ticker.journal.redis import Redis, Script
from ticker.journal.redis_errors import CommandError, Moved, Redirected, WrongType
from ticker.journal.server_check import ServerCheck, is_unknown
from ticker.limits import NO_LIMITS, Limits

KILL: Final = "kill"
"""The kind of change that is made even where it cannot be promised."""

HOLD: Final = "hold"
"""The kind of change after which a feed is asked for what is due."""


class Probed(NamedTuple):
    """The response of a primary to a probe.

    Attributes:
        tails: where each log ended; without those that are not there or cannot be read.
        at: the time by the clock of Redis (RFC 3339).
        full: whether it takes no entries, since it has no memory left.
        moved: the feeds that are moving to another server of a cluster, or have moved.
    """

    tails: dict[str, Tail]
    at: str
    full: bool
    moved: AbstractSet[str] = frozenset()


class Journal:
    """Writes and reads the logs of feeds. Raises Unavailable whenever Redis does not respond."""

    def __init__(
        self,
        redis: Redis,
        *,
        replicas: int = 0,
        replica_timeout: float = 2.0,
        check: ServerCheck | None = None,
        limits: Limits = NO_LIMITS,
    ) -> None:
        """`replicas` must hold an entry before `append` returns; `replica_timeout` is in seconds.

        While `check` finds a fault, nothing is promised.
        """
        self._check = check
        self._redis = redis
        self._replicas = replicas
        self._replica_timeout = replica_timeout
        self._limits = limits
        self._append = Script(
            *("writes.lua", "store.lua", "outcomes.lua", "time.lua", "held.lua", "flash.lua", "limits.lua"),
            "append.lua",
        )
        self._read_state = Script("read_state.lua")
        self._settle = Script("settle.lua")
        self._labels = LabelRanks(redis)
        self._editions = Editions(redis)

    @property
    def _faulty(self) -> bool:
        return self._check is not None and self._check.fault is not None

    def check_promise(self) -> None:
        """Check that what is written now can be promised.

        Raises:
            CannotWrite: the server of the log would not keep it.
        """
        if self._faulty:
            raise CannotWrite("The log takes no entries now")

    async def append(self, feed: str, change: Change) -> Receipt:
        """Write a change to a feed's log and return its receipt once it is kept.

        Raises:
            NotFound: no such feed, or no such dispatch or held dispatch in it.
            Closed, Gone, StaleRevision, Conflict, Forbidden, KeyReused: as their names say.
            Unavailable: it may or may not have been kept; the same Idempotency-Key makes it safe to repeat.
        """
        faulty = self._faulty
        if change.kind != KILL:
            self.check_promise()
        keys, entered = key_names(feed, change)
        channels = self._redis.channels
        args = [argument(change, channels.live(feed), entered, self._limits, sharded=channels.sharded)]
        # WAIT covers only the writes of its own connection, so both use the same one.
        async with self._redis.dedicated_connection(keys[0]) if self._replicas else nullcontext(self._redis) as redis:
            outcome, detail, *nodes = await redis.run(self._append, keys, args)
            if outcome in (b"kept", b"repeated"):
                # Before replicas are waited for, since a release is not repeated.
                await self._editions.update(feed, orjson.loads(detail).get("id", ""), change)
                if change.kind == HOLD:
                    with suppress(Unavailable, CommandError):  # it is found all the same, only later
                        await self._redis("PUBLISH", self._redis.channels.held, feed)
                if self._replicas and (lack := await self._wait(redis)):
                    raise Unavailable(f"The entry was written, but {lack}; send it again with the same Idempotency-Key")
                if faulty:  # it reaches readers all the same: what is wrong must not stay up
                    raise CannotWrite("The kill was written, but the log may not keep it; send it again later")
        return receipt(outcome.decode(), detail, feed, change)._replace(nodes=nodes[0] if nodes else None)

    async def _wait(self, redis: Redis) -> str:
        """Wait until what this connection wrote is on disk and on the replicas; return what is lacking, if anything."""
        milliseconds = int(self._replica_timeout * 1000)
        try:
            on_disk, copies = await self._copies(redis, milliseconds)
        except CommandError as error:  # it was demoted meanwhile, or has no AOF
            raise CannotWrite("The log takes no entries now") from error
        if copies < self._replicas:
            return f"only {copies} of {self._replicas} replicas have it"
        return "" if on_disk else "Redis has not written it to disk yet"

    async def _copies(self, redis: Redis, milliseconds: int) -> tuple[int, int]:
        """Wait; return whether what this connection wrote is on disk here, and on how many replicas it is."""
        try:
            on_disk, copies = await redis("WAITAOF", 1, self._replicas, milliseconds)
        except CommandError as error:
            if not is_unknown(error):
                raise
            # Redis before 7.2: copies in the replicas' memory are the most it can tell of.
            return 1, await redis("WAIT", self._replicas, milliseconds)
        return on_disk, copies

    async def settle(self, feed: str, what: str = "The feed was changed") -> None:
        """Wait until the replicas have all that was written so far, such as the closing of a feed.

        `what` was done is for the error; `feed` is any that is open.

        Raises:
            Unavailable: the change was made, but is not on disk or on too few replicas; it is safe to repeat.
        """
        if self._faulty:
            raise CannotWrite(f"{what}, but the log may not keep it; send the request again later")
        if not self._replicas:
            return
        for shard in await self._redis.shards():
            async with shard.dedicated_connection() as redis:
                # A write of this connection's own: WAIT for it covers all that was written before it.
                await redis.run(self._settle, [shard.channels.settled or names.state(feed)], [])
                if lack := await self._wait(redis):
                    raise Unavailable(f"{what}, but {lack}; send the request again")

    async def read_state(self, settings: FeedSettings) -> Feed | None:
        """Return what a feed shows now, or None if its log is not there."""
        keys = [names.state(settings.name), names.order(settings.name), names.dispatches(settings.name)]
        found = await self._redis.run(self._read_state, keys, [WINDOW])
        if found is None:
            return None
        offset, hash, air, pinned, dispatches, older = found
        return Feed(
            name=settings.name,
            tail=Tail(int(offset), hash.decode()),
            air=orjson.loads(air) if air else dict(ON_AIR),
            pinned=pinned.decode() or None,
            dispatches=[orjson.loads(dispatch) for dispatch in dispatches],
            pinned_dispatch=orjson.loads(older) if older else None,
            **settings.public(),
        )

    async def load_feed(self, settings: FeedSettings, count: int) -> tuple[Feed, Tail, list[Entry]]:
        """Return what a feed shows now, its newest entries, at least `count` if it has as many, and the place before.

        Raises:
            BrokenLog: the log is not there, or its chain is broken.
            Unavailable: it changed meanwhile.
        """
        feed = await self.read_state(settings)
        if feed is None:
            raise BrokenLog(f"The feed {settings.name!r} is listed, but its log is missing")
        base, recent = await self.recent(settings.name, feed.tail.offset, count)
        end = base
        for entry in recent:
            if not entry.follows(end):
                raise BrokenLog(f"The log of {settings.name!r} is broken at offset {entry.tail.offset}")
            end = entry.tail
        if end != feed.tail:
            again = await self.read_state(settings)
            if again is not None and again.tail == feed.tail:
                raise BrokenLog(
                    f"The log of {settings.name!r} ends at offset {end.offset}, but its state says {feed.tail.offset}"
                )
            raise Unavailable(f"The log of {settings.name!r} changed while it was read")
        return feed, base, recent

    async def pinned_by(self, entries: Sequence[Entry], feed: Feed) -> dict[str, dict[str, Any]]:
        """Return, by their ids, the dispatches that entries pin if the feed may not show them: a pin has only an id."""
        ids = {kind.pinned_id(entry) for entry in entries if (kind := KINDS.get(entry.kind)) is not None}
        if len(entries) == 1:  # of several, those before the pin may take its dispatch out of what the feed shows
            ids -= {shown["id"] for shown in feed.dispatches}
        found = {}
        for id in filter(None, ids):
            with suppress(NotFound):
                found[id] = await self.dispatch(feed.name, id)
        return found

    async def entries(self, feed: str, first: int, last: int) -> list[Entry]:
        """Return the entries of a feed from one offset to another, both included, oldest first."""
        found = await self._redis("XRANGE", names.log(feed), f"{max(first, 1)}-0", f"{last}-0")
        return [Entry.read(int(id.split(b"-")[0]), kept[b"hash"].decode(), kept[b"entry"]) for id, kept in found]

    async def recent(self, feed: str, last: int, count: int) -> tuple[Tail, list[Entry]]:
        """Return the newest entries up to offset `last`, and the place just before them."""
        entries = await self.entries(feed, last - count, last)
        if len(entries) > count or (entries and entries[0].tail.offset > 1):
            return entries[0].tail, entries[1:]
        origin = await self._redis("HGET", names.state(feed), "origin")
        return Tail(0, (origin or b"").decode()), entries

    async def probe(self, feeds: list[str], message: bytes, /) -> Probed:
        """Publish `message` to all nodes; return where each log ended just before.

        A node that receives it on a subscription has received every entry up to those ends before it. A write proves
        that the server is still the primary, and not one that was demoted: it sets a key only if the key exists, which
        it never does, so nothing is changed, logged or sent to replicas.

        Raises:
            CannotWrite: it takes no writes, and not because its memory is full.
        """
        channels = self._redis.channels
        *found, time, written, published = await self._redis.pipeline_outcomes(
            *(("HMGET", names.state(feed), "offset", "hash") for feed in feeds),
            ("TIME",),
            ("SET", channels.probe, "", "XX"),
            (channels.publish, channels.nodes, message),
        )
        for response in (written, *found, time, published):
            if isinstance(response, Exception) and not isinstance(response, WrongType | LogFull | Redirected):
                raise response
        if isinstance(published, Redirected) or isinstance(written, Redirected):
            raise Moved("A part of the log has moved to another server")
        moved = {feed for feed, state in zip(feeds, found, strict=True) if isinstance(state, Redirected)}
        seconds, micros = time
        at = rfc3339(datetime.fromtimestamp(seconds + micros / 1e6, UTC))
        return Probed(_tails(feeds, found), at, isinstance(written, LogFull), moved)

    async def tails(self, feeds: list[str]) -> dict[str, Tail]:
        """Return where each log ends; without those that are not there or cannot be read."""
        asked = (("HMGET", names.state(feed), "offset", "hash") for feed in feeds)
        found = await self._redis.pipeline_outcomes(*asked)
        for response in found:
            if isinstance(response, Exception) and not isinstance(response, WrongType):
                raise response
        return _tails(feeds, found)

    async def history(
        self, feed: str, before: str | None, limit: int, narrow: tuple[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """Return the current revisions of dispatches, newest first, from just before the one with id `before`.

        `narrow` is a pair such as ("section", "Politics"): only the dispatches of that section, place or story.
        """
        start = "+inf"
        if before is not None:
            score = await self._redis("ZSCORE", names.order(feed), before)
            if score is None:
                raise NotFound(f"There is no dispatch {before!r} in the feed {feed!r}")
            start = f"({int(score)}"
        order = names.index(feed, *narrow) if narrow else names.order(feed)
        ids = await self._redis("ZRANGE", order, start, "-inf", "BYSCORE", "REV", "LIMIT", 0, limit)
        stored = await self._redis("HMGET", names.dispatches(feed), *ids) if ids else []
        # One is missing if the log was lost or emptied since its id was read.
        return [orjson.loads(dispatch) for dispatch in stored if dispatch is not None]

    async def search(self, feed: str, before: str | None, limit: int, wanted: Filter) -> Page:
        """Return a page of the dispatches that pass a filter; see `ticker.journal.history`.

        Raises:
            NotFound: `before` was never filed in this feed.
        """
        return await search(self._redis, feed, before, limit, wanted)

    async def labels(self, feed: str) -> Labels:
        """Return the sections, places and stories of a feed with the numbers of dispatches not killed."""
        return await self._labels.of(feed)

    async def editions(self, feed: str, dispatch: dict[str, Any]) -> list[str]:
        """Return the `feed/id` of each edition of a dispatch in another language; see `ticker.journal.editions`."""
        return await self._editions.of(feed, dispatch)

    async def dispatch(self, feed: str, id: str) -> dict[str, Any]:
        """Return the current revision of a dispatch, or its tombstone.

        Raises:
            NotFound: it was never filed in this feed.
        """
        return await revisions.current(self._redis, feed, id)

    async def has(self, feed: str, id: str) -> bool:
        """Return True if a dispatch was filed in a feed, whether or not it was killed since."""
        return bool(await self._redis("HEXISTS", names.dispatches(feed), id))

    async def dispatch_with_revisions(
        self, feed: str, id: str, before: int | None = None
    ) -> tuple[dict[str, Any], revisions.Revisions]:
        """Return a dispatch and a page of its earlier revisions; see `ticker.journal.revisions`.

        Raises:
            NotFound: it was never filed in this feed.
        """
        return await revisions.with_earlier(self._redis, feed, id, before)

    async def earlier_revisions(self, feed: str, id: str) -> AsyncIterator[dict[str, Any]]:
        """Yield the earlier revisions of a dispatch, newest first; raises as `dispatch`."""
        before, more = None, True
        while more:
            _, page = await self.dispatch_with_revisions(feed, id, before)
            for revision in reversed(page.revisions):
                yield revision
            before, more = page.before, page.before is not None


def _tails(feeds: list[str], states: list[Any]) -> dict[str, Tail]:
    return {
        feed: Tail(int(state[0]), state[1].decode())
        for feed, state in zip(feeds, states, strict=True)
        if not isinstance(state, Exception) and None not in state
    }
