"""The feeds of the service and the keys to them, in Redis.

Keys are random and long, so a plain SHA-256 is all the hashing they need: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from ticker.dispatch import BREAKING, rfc3339
from ticker.errors import CannotWrite, Conflict, Invalid, NotFound, no_such_feed
from ticker.feed import place
from ticker.journal import names
from ticker.journal.feed_settings import FeedSettings, always_private
from ticker.journal.holder import Holder, Person, Role
from ticker.journal.redis import Redis, Script
from ticker.journal.redis_errors import WrongType
from ticker.journal.revocation import Revocation, refuse_revoked
from ticker.journal.version import stamp

log = logging.getLogger("ticker.registry")


NEVER: Final = 253_370_764_800_000
"""Millisecond of Unix time, in the year 9999, when a held dispatch is due that came due while its feed was closed."""

OWNERS_KNOWN: Final = 10_000
"""Keys whose owners a node remembers, so that looking up a key is one command: two were a third more work."""

KEY_PREFIX: Final = "tk_"
"""Makes a key recognisable when it is found in a log or a repository."""


class Registry:
    """Feeds and keys, in Redis. Every method raises Unavailable when Redis cannot be reached."""

    def __init__(self, redis: Redis, *, max_feeds: int = 0) -> None:
        """`max_feeds` is the number of feeds that there may be; 0 sets no limit."""
        self._redis = redis
        self._max_feeds = max_feeds
        self._admin = names.ADMIN_ON_CLUSTER if redis.channels.sharded else names.ADMIN
        self._noted: dict[str, int] = {}
        self._owners: dict[str, Person | None] = {}
        """To whom keys belong, by the id of the key, None for a person of its own. A key never changes hands."""
        self._revocation = Revocation(redis)
        self._list = Script("list.lua")
        self._swap = Script("swap.lua")
        self._closing = Script("time.lua", "closing.lua")
        self._first_admin = Script("admin.lua")

    async def feeds(self, wanted: Callable[[str], bool] = lambda name: True) -> list[FeedSettings]:  # noqa: ARG005
        """Return the settings of all feeds, or of those that are `wanted`, by name, `breaking` first."""
        every = await self._redis("HGETALL", names.FEEDS)
        found = {name: text for name, text in every.items() if wanted(name.decode())}
        listed = [name.decode() for name in found]
        closed = await self._redis.pipeline_outcomes(*(("HGET", names.state(name), "closed") for name in listed))
        feeds = []
        for text, at in zip(found.values(), closed, strict=True):
            if isinstance(at, Exception) and not isinstance(at, WrongType):
                raise at
            feeds.append(FeedSettings.read(text, None if isinstance(at, WrongType) else at))
        return sorted(feeds, key=lambda feed: place(feed.name))

    async def settings(self, name: str) -> FeedSettings:
        """Return the settings of a feed.

        Raises:
            NotFound: there is no such feed.
        """
        return (await self._stored_settings(name))[1]

    async def _stored_settings(self, name: str) -> tuple[bytes, FeedSettings]:
        text, closed = await self._redis.pipeline(("HGET", names.FEEDS, name), ("HGET", names.state(name), "closed"))
        if text is None:
            raise no_such_feed(name)
        return text, FeedSettings.read(text, closed)

    async def edit(self, name: str, changes: dict[str, Any], token: str = "", *, asking: str = "") -> FeedSettings:
        """Change a feed's settings and notify every node; return the settings as they are then.

        Concurrent edits are all kept. `closed` among the changes reopens the feed. The last notification of the edit is
        `token`, or without one the feed's name: who sees the token on a node knows that the node has all of the edit.
        `asking` is the id of the key that asks, or empty for the command line.

        Raises:
            NotFound: there is no such feed.
            Invalid: it is a rehearsal, and others were to read it.
            InvalidToken: the key that asks is revoked.
        """
        changes = dict(changes)
        reopens = "closed" in changes
        changes.pop("closed", None)
        if changes.get("origins") is not None:
            changes["origins"] = tuple(changes["origins"])
        while changes:
            before, settings = await self._stored_settings(name)
            if settings.rehearsal and changes.get("visibility", "private") != "private":
                raise always_private()
            notification = name if reopens else token or name
            after = replace(settings, **changes).stored
            args = [name, before, after, self._redis.channels.settings, notification, asking]
            outcome = await self._redis.run(self._swap, [names.FEEDS, names.REVOKED], args)
            refuse_revoked(outcome)
            if outcome:
                break  # otherwise another edit was stored meanwhile: apply this one to its result
        if reopens:
            await self._close_or_reopen(name, "reopen", token, asking)
        return await self.settings(name)

    async def close(self, name: str, token: str = "", *, asking: str = "") -> FeedSettings:
        """Close a feed and notify every node, as `edit`; once this returns, the log takes kills alone for it.

        Raises:
            NotFound, InvalidToken: as `edit`.
        """
        await self._close_or_reopen(name, "close", token, asking)
        return await self.settings(name)

    async def _close_or_reopen(self, name: str, act: str, token: str, asking: str) -> None:
        await self.settings(name)  # raises NotFound for a feed that is being imported, which has a state already
        await self._revocation.check(asking)
        keys = [names.state(name), names.due(name), names.flashes(name), names.revoked(name)]
        args = [act, NEVER, self._redis.channels.settings, token or name, asking]
        outcome = await self._redis.run(self._closing, keys, args)
        refuse_revoked(outcome)
        if outcome is None:
            raise no_such_feed(name)

    async def open_feed(self, settings: FeedSettings, *, asking: str = "") -> None:
        """Open a feed and notify every node. `asking` is as for `edit`.

        Raises:
            Conflict: it is open already, or there are as many feeds as there may be.
            InvalidToken: as `edit`.
        """
        await self.check_room(settings.name)
        # The log first, because a listed feed can be written to. Its origin is random, so that a feed that was
        # lost and is opened again shares no position with the first.
        await self._redis("HSETNX", names.state(settings.name), "origin", secrets.token_hex(20))
        origin = await self._redis("HGET", names.state(settings.name), "origin")
        for member, value in (("hash", origin), ("at", 0), ("offset", 0)):
            await self._redis("HSETNX", names.state(settings.name), member, value)
        await self.list_feed(settings, asking=asking)

    async def check_room(self, name: str) -> None:
        """Check that a feed with this name may be added.

        Raises:
            Conflict: there are as many feeds as there may be.
        """
        if not self._max_feeds:
            return
        number, listed = await self._redis.pipeline(("HLEN", names.FEEDS), ("HEXISTS", names.FEEDS, name))
        if number >= self._max_feeds and not listed:
            raise Conflict(f"There are {number} feeds, as many as this service may have (TICKER_MAX_FEEDS)")

    async def list_feed(self, settings: FeedSettings, *, asking: str = "") -> None:
        """List a feed whose log exists: from now on it can be read and written to.

        Raises:
            Conflict, InvalidToken: as `open_feed`.
        """
        args = [settings.name, settings.stored, self._redis.channels.settings, asking]
        fresh = await self._redis.run(self._list, [names.FEEDS, names.REVOKED], args)
        refuse_revoked(fresh)
        if not fresh:
            raise already_open(settings.name)

    async def ensure(self, admin_key: str | None) -> None:
        """Make sure that a log that was emptied, or never used, has the default feed and the admin key.

        An admin key that the log has had is not touched: it may have been revoked or replaced since.
        """
        await stamp(self._redis)
        await self._revocation.finish_begun()
        with suppress(WrongType):  # a damaged feed does not block the others
            await self.ensure_breaking()
        if admin_key is not None and not await self._redis("EXISTS", self._admin):
            digest = digest_of(admin_key)
            args = [digest, orjson.dumps(Holder(digest[:12], "admin", "admin", now()).members())]
            if await self._redis.run(self._first_admin, [self._admin, names.KEYS], args):
                await self._revocation.readmit(digest[:12])
                log.warning("the log had no admin key; TICKER_ADMIN_KEY is issued again")

    async def ensure_breaking(self) -> None:
        """Open the default feed, unless it is open."""
        listed, kept = await self._redis.pipeline(
            ("HEXISTS", names.FEEDS, BREAKING), ("HEXISTS", names.state(BREAKING), "offset")
        )
        if not (listed and kept):
            with suppress(Conflict):  # another node was quicker
                await self.open_feed(FeedSettings(BREAKING, "Breaking news", "en", now()))

    async def issue(
        self,
        name: str,
        role: Role,
        feeds: list[str],
        *,
        rate: int | None = None,
        secret: str | None = None,
        person: str | None = None,
        asking: str = "",
    ) -> tuple[str, Holder]:
        """Issue a key and return it with its holder; only its hash is stored.

        `secret` sets the key; if it was revoked, it is valid again. `person` is the id of whom it belongs to, None for
        a person of its own. `asking` is as for `edit`.

        Raises:
            InvalidToken: as `edit`.
            NotFound: there is no such person.
        """
        if secret is not None:
            await self._revocation.readmit(digest_of(secret)[:12])
        secret = secret or KEY_PREFIX + secrets.token_urlsafe(32)
        digest = digest_of(secret)
        owner = None if person is None else await self.person(person)
        holder = Holder(digest[:12], name, role, now(), feeds, rate).of(owner)
        if not await self._revocation.issue(digest, orjson.dumps(holder.members()), asking, owner):
            raise no_such_person(person or "")
        return secret, holder

    async def person(self, id: str) -> Person:
        """Return a person. One who was just the holder of a key of their own is kept as a person from now on.

        Raises:
            NotFound: there is no such person.
        """
        known = await self._redis("HGET", names.PEOPLE, id)
        if known is not None:
            return Person.read(known)
        own = next((holder for holder, _ in await self.holders() if holder.key == id and holder.key_id is None), None)
        if own is None:
            raise no_such_person(id)
        await self._redis("HSETNX", names.PEOPLE, id, own.person.stored)
        return own.person

    async def set_admin(self, secret: str) -> None:
        """Set the admin key that comes from the environment; a different one before it is revoked.

        Nothing is written if it is set already, so that a service can start on a log that takes no writes.
        """
        digest = digest_of(secret)
        before, issued = await self._redis.pipeline(("GET", self._admin), ("HEXISTS", names.KEYS, digest))
        if issued and before is not None and before.decode() == digest:
            return
        await self.issue("admin", "admin", [], secret=secret)
        if before is not None and before.decode() != digest:
            with suppress(NotFound):  # it was revoked already
                await self.revoke(before.decode()[:12])
        await self._redis("SET", self._admin, digest)  # last: if this is interrupted, the next start does all of it

    async def listed(self, name: str) -> bool:
        """Return True if a feed is listed in Redis, whether or not this node follows it yet."""
        return bool(await self._redis("HEXISTS", names.FEEDS, name))

    async def check_edition(self, feed: str, original: str | None) -> None:
        """Check of which feed a feed is to be an edition; None means of none.

        Raises:
            Invalid: it is the feed itself, or not listed.
        """
        if original is not None and (original == feed or not await self.listed(original)):
            raise Invalid([("edition_of", f"must be another feed that exists; {original!r} is not")])

    async def holder(self, secret: str) -> Holder | None:
        """Return the holder of a key, or None if it was never issued or is revoked."""
        digest = digest_of(secret)
        id = digest[:12]
        if id not in self._owners:
            return (await self.holders_of([digest]))[0]
        owner = self._owners[id]
        text = await self._redis("HGET", names.KEYS, digest)
        return Holder.read(text).of(owner) if text else None

    async def holders_of(self, digests: list[str]) -> list[Holder | None]:
        """Return the holders of the keys with these SHA-256, in this order, as `holder`; at least one must be named."""
        ids = [digest[:12] for digest in digests]
        new = [id for id in ids if id not in self._owners]
        commands: list[tuple[Any, ...]] = [("HMGET", names.KEYS, *digests)]
        commands += [("HMGET", names.OWNERS, *new)] if new else []
        found, *owners = await self._redis.pipeline(*commands)
        read = dict(zip(new, owners[0], strict=True)) if new else {}
        if len(self._owners) + len(new) > OWNERS_KNOWN:
            self._owners.clear()
        holders: list[Holder | None] = []
        for id, text in zip(ids, found, strict=True):
            if text and id not in self._owners:
                owner = read[id] if id in read else await self._redis("HGET", names.OWNERS, id)
                self._owners[id] = None if owner is None else Person.read(owner)
            holders.append(Holder.read(text).of(self._owners[id]) if text else None)
        return holders

    async def feeds_of(self, person: str) -> tuple[str, ...] | None:
        """Return the feeds that the keys of a person reach: none if they are revoked, None for all feeds."""
        reached: set[str] = set()
        for holder, _ in await self.holders():
            if holder.id == person:
                if not holder.feeds:
                    return None
                reached.update(holder.feeds)
        return tuple(reached)

    async def note_use(self, holder: Holder) -> None:
        """Note that a key was used, to the minute; each node writes it at most once a minute, if it can."""
        minute = int(time.time() // 60)
        if self._noted.get(holder.key) != minute:
            self._noted[holder.key] = minute
            with suppress(CannotWrite):
                await self._redis("HSET", names.USED, holder.key, rfc3339(datetime.fromtimestamp(minute * 60, UTC)))

    async def holders(self) -> list[tuple[Holder, str | None]]:
        """Return all holders, oldest first, and when each key was last used."""
        found, used, owners = await self._redis.pipeline(
            ("HVALS", names.KEYS), ("HGETALL", names.USED), ("HGETALL", names.OWNERS)
        )
        last = {id.decode(): at.decode() for id, at in used.items()}
        people = {id.decode(): Person.read(owner) for id, owner in owners.items()}
        keys = [Holder.read(text) for text in found]
        holders = sorted((key.of(people.get(key.key)) for key in keys), key=lambda each: (each.issued, each.key))
        return [(holder, last.get(holder.key)) for holder in holders]

    async def revoke(self, id: str, asking: Holder | None = None) -> Holder:
        """Revoke a key: once this returns, it changes nothing any more, not even by a request that was let in before.

        `asking` is the key that asks, or None for the command line. If this fails, repeat it until it returns.

        Raises:
            NotFound: no key has this id.
            InvalidToken: the key that asks is revoked.
        """
        found = await self._revocation.begin(id, asking.key if asking else "")
        if found is None:
            raise NotFound(f"There is no key with the id {id!r}; `ticker keys list` shows them")
        holder = Holder(**found)
        await self._revocation.finish(id, holder.feeds, asking.name if asking else None)
        return holder


def no_such_person(id: str) -> NotFound:
    """Return the error for a person who is not known."""
    return NotFound(f"There is no person with the id {id!r}; `ticker keys list` shows them")


def already_open(name: str) -> Conflict:
    """Return the error for a feed to be opened whose name an open feed has."""
    return Conflict(f"The feed {name!r} is open already", field="name")


def digest_of(secret: str) -> str:
    """Return the SHA-256 of a key, or of another secret that is long and random."""
    return hashlib.sha256(secret.encode()).hexdigest()


def now() -> str:
    """Return this moment as RFC 3339."""
    return rfc3339(datetime.now(UTC))
