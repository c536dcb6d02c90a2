"""Which feeds there are, and who may write to them.

Keys are random and long, so a plain SHA-256 is all the hashing they need: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import math
import secrets
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

import orjson

from ticker.dispatch import BREAKING, rfc3339
from ticker.errors import Conflict, NotFound
from ticker.journal import keys
from ticker.journal.redis import Redis

Role = Literal["correspondent", "editor", "admin"]

COUNT_WITHIN: Final = 60
"""Seconds in which the changes of a key are counted."""

KEY_PREFIX: Final = "tk_"
"""So that a key found in a log or a repository is recognised for what it is."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A feed as it was opened."""

    name: str
    title: str
    language: str
    opened: str
    edition_of: str | None = None
    two_person_flash: bool = False


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a key belongs to. No feeds means all feeds; `rate` is in changes a minute, None for the service's own."""

    id: str
    name: str
    role: Role
    issued: str
    feeds: list[str] = field(default_factory=list)
    rate: int | None = None

    def writes(self, feed: str) -> bool:
        """Tell whether this key may write to a feed at all."""
        return not self.feeds or feed in self.feeds


class Registry:
    """Feeds and keys, in Redis. Raises Unavailable whenever Redis cannot answer."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._noted: dict[str, int] = {}

    async def feeds(self) -> list[Plan]:
        """Return all feeds, by name, `breaking` first."""
        found = await self._redis("HGETALL", keys.FEEDS)
        plans = [Plan(**orjson.loads(plan)) for plan in found.values()]
        return sorted(plans, key=lambda plan: (plan.name != BREAKING, plan.name))

    async def plan(self, name: str) -> Plan:
        """Return a feed as it was opened.

        Raises:
            NotFound: there is no such feed.
        """
        found = await self._redis("HGET", keys.FEEDS, name)
        if found is None:
            raise NotFound(f"There is no feed named {name!r}")
        return Plan(**orjson.loads(found))

    async def open_feed(self, plan: Plan) -> None:
        """Open a feed and tell every node.

        Raises:
            Conflict: it is open already.
        """
        # The log first: a feed that is listed can be written to. Its origin is random, so that a feed that was
        # lost and is opened again shares no position with the first.
        await self._redis("HSETNX", keys.state(plan.name), "origin", secrets.token_hex(20))
        origin = await self._redis("HGET", keys.state(plan.name), "origin")
        for member, value in (("hash", origin), ("at", 0), ("offset", 0)):
            await self._redis("HSETNX", keys.state(plan.name), member, value)
        await self.list_feed(plan)

    async def list_feed(self, plan: Plan) -> None:
        """List a feed whose log is there: from now on it can be read, and written to.

        Raises:
            Conflict: it is open already.
        """
        fresh = await self._redis("HSETNX", keys.FEEDS, plan.name, orjson.dumps(asdict(plan)))
        await self._redis("PUBLISH", keys.CHANGES, plan.name)
        if not fresh:
            raise Conflict(f"The feed {plan.name!r} is open already", field="name")

    async def ensure_breaking(self) -> None:
        """Open the feed that exists from the first start."""
        listed, kept = await self._redis.together(
            ("HEXISTS", keys.FEEDS, BREAKING), ("HEXISTS", keys.state(BREAKING), "offset")
        )
        if not (listed and kept):
            with suppress(Conflict):  # another node was quicker
                await self.open_feed(Plan(BREAKING, "Breaking news", "en", now()))

    async def issue(
        self, name: str, role: Role, feeds: list[str], *, rate: int | None = None, secret: str | None = None
    ) -> tuple[str, Holder]:
        """Issue a key and return it with its holder; the key itself is not kept. `secret` sets it from outside."""
        secret = secret or KEY_PREFIX + secrets.token_urlsafe(32)
        digest = _digest(secret)
        holder = Holder(digest[:12], name, role, now(), feeds, rate)
        await self._redis("HSET", keys.KEYS, digest, orjson.dumps(asdict(holder)))
        return secret, holder

    async def set_admin(self, secret: str) -> None:
        """Make this the admin key that comes from the environment; the one before it, if another, is worthless."""
        digest = _digest(secret)
        before, _ = await self._redis.together(("GET", keys.ADMIN), ("SET", keys.ADMIN, digest))
        if before is not None and before.decode() != digest:
            await self._redis("HDEL", keys.KEYS, before)
        await self.issue("admin", "admin", [], secret=secret)

    async def listed(self, name: str) -> bool:
        """Tell whether a feed is open, whether or not this node has heard of it."""
        return bool(await self._redis("HEXISTS", keys.FEEDS, name))

    async def holder(self, secret: str) -> Holder | None:
        """Return whom a key belongs to, or None if it was never issued or is revoked."""
        found = await self._redis("HGET", keys.KEYS, _digest(secret))
        return Holder(**orjson.loads(found)) if found else None

    async def count(self, holder: Holder, rate: int) -> int:
        """Count one more change of this key; return the seconds to wait if it has had `rate` in this minute, else 0."""
        at = time.time()
        window = int(at // COUNT_WITHIN)
        counter = keys.rate(holder.id, window)
        number, _ = await self._redis.together(("INCR", counter), ("EXPIRE", counter, 2 * COUNT_WITHIN))
        return math.ceil((window + 1) * COUNT_WITHIN - at) if number > rate else 0

    async def note_use(self, holder: Holder) -> None:
        """Note that a key was used. To the minute; each node writes it once in that."""
        minute = int(time.time() // 60)
        if self._noted.get(holder.id) != minute:
            self._noted[holder.id] = minute
            await self._redis("HSET", keys.USED, holder.id, rfc3339(datetime.fromtimestamp(minute * 60, UTC)))

    async def holders(self) -> list[tuple[Holder, str | None]]:
        """Return everybody who holds a key, oldest first, and when each used it last."""
        found, used = await self._redis.together(("HVALS", keys.KEYS), ("HGETALL", keys.USED))
        holders = sorted((Holder(**orjson.loads(text)) for text in found), key=lambda holder: holder.issued)
        last = {id.decode(): at.decode() for id, at in used.items()}
        return [(holder, last.get(holder.id)) for holder in holders]

    async def revoke(self, id: str) -> Holder:
        """Make a key worthless, at once and on every node.

        Raises:
            NotFound: no key has this id.
        """
        for digest, text in (await self._redis("HGETALL", keys.KEYS)).items():
            holder = Holder(**orjson.loads(text))
            if holder.id == id:
                await self._redis.together(("HDEL", keys.KEYS, digest), ("HDEL", keys.USED, id))
                return holder
        raise NotFound(f"There is no key with the id {id!r}; `ticker keys list` shows them")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def now() -> str:
    """Return this moment as RFC 3339."""
    return rfc3339(datetime.now(UTC))
