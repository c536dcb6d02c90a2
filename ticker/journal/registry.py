"""Which feeds there are, and who may write to them.

Keys are random and long, so a plain SHA-256 is all the hashing they need: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import secrets
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

KEY_PREFIX: Final = "tk_"
"""So that a key found in a log or a repository is recognised for what it is."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A feed as it was opened."""

    name: str
    title: str
    language: str
    opened: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a key belongs to. No feeds means all feeds."""

    id: str
    name: str
    role: Role
    issued: str
    feeds: list[str] = field(default_factory=list)

    def writes(self, feed: str) -> bool:
        """Tell whether this key may write to a feed at all."""
        return not self.feeds or feed in self.feeds


class Registry:
    """Feeds and keys, in Redis. Raises Unavailable whenever Redis cannot answer."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def feeds(self) -> list[Plan]:
        """Return all feeds, by name, `breaking` first."""
        found = await self._redis("HGETALL", keys.FEEDS)
        plans = [Plan(**orjson.loads(plan)) for plan in found.values()]
        return sorted(plans, key=lambda plan: (plan.name != BREAKING, plan.name))

    async def open_feed(self, name: str, title: str, language: str) -> Plan:
        """Open a feed and tell every node.

        Raises:
            Conflict: it is open already.
        """
        plan = Plan(name, title, language, _now())
        # The log first: a feed that is listed can be written to. Its origin is random, so that a feed that
        # was lost and is opened again shares no position with the first.
        await self._redis("HSETNX", keys.state(name), "origin", secrets.token_hex(20))
        origin = await self._redis("HGET", keys.state(name), "origin")
        for member, value in (("hash", origin), ("at", 0), ("offset", 0)):
            await self._redis("HSETNX", keys.state(name), member, value)
        fresh = await self._redis("HSETNX", keys.FEEDS, name, orjson.dumps(asdict(plan)))
        await self._redis("PUBLISH", keys.CHANGES, name)
        if not fresh:
            raise Conflict(f"The feed {name!r} is open already", field="name")
        return plan

    async def ensure_breaking(self) -> None:
        """Open the feed that exists from the first start."""
        listed, kept = await self._redis.together(
            ("HEXISTS", keys.FEEDS, BREAKING), ("HEXISTS", keys.state(BREAKING), "offset")
        )
        if not (listed and kept):
            with suppress(Conflict):  # another node was quicker
                await self.open_feed(BREAKING, "Breaking news", "en")

    async def issue(self, name: str, role: Role, feeds: list[str], secret: str | None = None) -> tuple[str, Holder]:
        """Issue a key and return it with its holder; the key itself is not kept. `secret` sets it from outside."""
        secret = secret or KEY_PREFIX + secrets.token_urlsafe(32)
        digest = _digest(secret)
        holder = Holder(digest[:12], name, role, _now(), feeds)
        await self._redis("HSET", keys.KEYS, digest, orjson.dumps(asdict(holder)))
        return secret, holder

    async def set_admin(self, secret: str) -> None:
        """Make this the admin key that comes from the environment; the one before it, if another, is worthless."""
        digest = _digest(secret)
        before, _ = await self._redis.together(("GET", keys.ADMIN), ("SET", keys.ADMIN, digest))
        if before is not None and before.decode() != digest:
            await self._redis("HDEL", keys.KEYS, before)
        await self.issue("admin", "admin", [], secret)

    async def listed(self, name: str) -> bool:
        """Tell whether a feed is open, whether or not this node has heard of it."""
        return bool(await self._redis("HEXISTS", keys.FEEDS, name))

    async def holder(self, secret: str) -> Holder | None:
        """Return whom a key belongs to, or None if it was never issued or is revoked."""
        found = await self._redis("HGET", keys.KEYS, _digest(secret))
        return Holder(**orjson.loads(found)) if found else None

    async def holders(self) -> list[Holder]:
        """Return everybody who holds a key, oldest first."""
        found = await self._redis("HVALS", keys.KEYS)
        return sorted((Holder(**orjson.loads(text)) for text in found), key=lambda holder: holder.issued)

    async def revoke(self, id: str) -> Holder:
        """Make a key worthless, at once and on every node.

        Raises:
            NotFound: no key has this id.
        """
        for digest, text in (await self._redis("HGETALL", keys.KEYS)).items():
            holder = Holder(**orjson.loads(text))
            if holder.id == id:
                await self._redis("HDEL", keys.KEYS, digest)
                return holder
        raise NotFound(f"There is no key with the id {id!r}; `ticker keys list` shows them")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _now() -> str:
    return rfc3339(datetime.now(UTC))
