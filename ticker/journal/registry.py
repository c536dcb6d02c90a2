"""Which feeds there are, and who may write to them.

Keys are random and long, so a plain SHA-256 is all the hashing they need: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import logging
import math
import secrets
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal, Self

import orjson

from ticker.dispatch import BREAKING, FeedPlan, Visibility, rfc3339
from ticker.errors import Conflict, NotFound
from ticker.journal import keys
from ticker.journal.redis import Redis, Script, WrongType
from ticker.journal.version import stamp

log = logging.getLogger("ticker.registry")

Role = Literal["correspondent", "editor", "admin"]

COUNT_WITHIN: Final = 60
"""Seconds in which the changes of a key are counted."""

NEVER: Final = 253_370_764_800_000
"""Millisecond of Unix time, in the year 9999, at which a held line is due that came due while its feed was closed."""

KEY_PREFIX: Final = "tk_"
"""So that a key found in a log or a repository is recognised for what it is."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A feed as it was opened, and edited since.

    Attributes:
        name, title, language, edition_of: as in feed.py.
        opened: when (RFC 3339).
        two_person_flash: whether a flash goes out as urgent until a second key confirms it.
        timezone: IANA name.
        origins: web origins whose pages may read it; None for the service's.
        visibility: who may read it.
        closed: when it was closed (RFC 3339), or None. Kept in the feed's state, where append.lua sees it.
    """

    name: str
    title: str
    language: str
    opened: str
    edition_of: str | None = None
    two_person_flash: bool = False
    timezone: str = "UTC"
    origins: tuple[str, ...] | None = None
    visibility: Visibility = "public"
    closed: str | None = None

    @classmethod
    def read(cls, text: bytes, closed: bytes | None = None) -> Self:
        """Return a plan as it is stored, by this version or another: members that it does not know are ignored."""
        known = {name: value for name, value in orjson.loads(text).items() if name in _PLANNED}
        if known.get("origins") is not None:
            known["origins"] = tuple(known["origins"])
        return cls(**known | {"closed": moment(closed)})

    @property
    def stored(self) -> bytes:
        """The plan as it is stored. Versions that know fewer members read it as long as those are not made use of."""
        said = {
            name: value for name, value in asdict(self).items() if name in _FIRST or value != _PLANNED[name].default
        }
        said.pop("closed", None)
        return orjson.dumps(said)

    def shown(self) -> dict[str, Any]:
        """Return what a feed shows of its plan, as attributes of Feed."""
        return {name: getattr(self, name) for name in SHOWN}


_PLANNED: Final = {each.name: each for each in fields(Plan)}
_FIRST: Final = ("name", "title", "language", "opened", "edition_of", "two_person_flash")
"""Members that every version knows."""

SHOWN: Final = tuple(name for name in _PLANNED if name not in ("name", "opened"))
"""What a feed on a node has of its plan, and takes in when that is edited."""


def planned(asked: FeedPlan, opened: str, closed: str | None = None) -> Plan:
    """Return the plan of a feed that somebody asks to open."""
    said = asked.model_dump() | {"title": asked.title or asked.name, "opened": opened, "closed": closed}
    return Plan(**said | {"origins": None if asked.origins is None else tuple(asked.origins)})


def moment(milliseconds: bytes | None) -> str | None:
    """Return a time as append.lua keeps it, in milliseconds of Unix time, as RFC 3339."""
    return rfc3339(datetime.fromtimestamp(int(milliseconds) / 1000, UTC)) if milliseconds else None


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
        """Return True if this key works in a feed at all."""
        return not self.feeds or feed in self.feeds


class Registry:
    """Feeds and keys, in Redis. Raises Unavailable whenever Redis cannot answer."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._noted: dict[str, int] = {}
        self._swap = Script("swap.lua")
        self._closing = Script("closing.lua")
        self._first_admin = Script("admin.lua")

    async def feeds(self) -> list[Plan]:
        """Return all feeds, by name, `breaking` first."""
        found = await self._redis("HGETALL", keys.FEEDS)
        names = [name.decode() for name in found]
        closed = await self._redis.outcomes(*(("HGET", keys.state(name), "closed") for name in names))
        plans = []
        for text, at in zip(found.values(), closed, strict=True):
            if isinstance(at, Exception) and not isinstance(at, WrongType):
                raise at
            plans.append(Plan.read(text, None if isinstance(at, WrongType) else at))
        return sorted(plans, key=lambda plan: (plan.name != BREAKING, plan.name))

    async def plan(self, name: str) -> Plan:
        """Return a feed as it was opened and edited since.

        Raises:
            NotFound: there is no such feed.
        """
        return (await self._planned(name))[1]

    async def _planned(self, name: str) -> tuple[bytes, Plan]:
        text, closed = await self._redis.together(("HGET", keys.FEEDS, name), ("HGET", keys.state(name), "closed"))
        if text is None:
            raise NotFound(f"There is no feed named {name!r}")
        return text, Plan.read(text, closed)

    async def edit(self, name: str, changes: dict[str, Any], word: str = "") -> Plan:
        """Change a feed's plan and tell every node, with `word` as what it is told; return the plan as it is then.

        Edits at the same time are all kept. `closed` among the changes opens the feed again.

        Raises:
            NotFound: there is no such feed.
        """
        changes = dict(changes)
        reopens = "closed" in changes
        changes.pop("closed", None)
        if changes.get("origins") is not None:
            changes["origins"] = tuple(changes["origins"])
        while changes:
            before, plan = await self._planned(name)
            # Who waits for the word waits for all of this, so the last step of it carries the word.
            said = name if reopens else word or name
            args = [name, before, replace(plan, **changes).stored, self._redis.channels.changes, said]
            if await self._redis.run(self._swap, [keys.FEEDS], args):
                break  # else somebody else's edit was kept in between, which is to stay
        if reopens:
            await self._close_or_reopen(name, "reopen", word)
        return await self.plan(name)

    async def close(self, name: str, word: str = "") -> Plan:
        """Close a feed and tell every node, as `edit`: once this returns, none takes another change but kills.

        Raises:
            NotFound: there is no such feed.
        """
        await self._close_or_reopen(name, "close", word)
        return await self.plan(name)

    async def _close_or_reopen(self, name: str, act: str, word: str) -> None:
        await self.plan(name)  # a feed that is being imported has a state, and is not listed yet
        names = [keys.state(name), keys.due(name), keys.flashes(name)]
        args = [act, NEVER, self._redis.channels.changes, word or name]
        if await self._redis.run(self._closing, names, args) is None:
            raise NotFound(f"There is no feed named {name!r}")

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
        fresh = await self._redis("HSETNX", keys.FEEDS, plan.name, plan.stored)
        await self._redis("PUBLISH", self._redis.channels.changes, plan.name)
        if not fresh:
            raise Conflict(f"The feed {plan.name!r} is open already", field="name")

    async def ensure(self, admin_key: str | None) -> None:
        """See to it that a log that was emptied, or never used, has the default feed and the admin key.

        An admin key that the log has had is not touched: it may be revoked, or another one by now.
        """
        await stamp(self._redis)
        with suppress(WrongType):  # a damaged feed keeps nobody from following the others
            await self.ensure_breaking()
        if admin_key is not None and not await self._redis("EXISTS", keys.ADMIN):
            digest = _digest(admin_key)
            args = [digest, orjson.dumps(asdict(Holder(digest[:12], "admin", "admin", now())))]
            if await self._redis.run(self._first_admin, [keys.ADMIN, keys.KEYS], args):
                log.warning("the log had no admin key; TICKER_ADMIN_KEY is issued again")

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
            await self._redis.together(("HDEL", keys.KEYS, before), ("PUBLISH", self._redis.channels.changes, b""))
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
                # Nodes are told, since readers of private feeds may be connected with it.
                await self._redis.together(
                    ("HDEL", keys.KEYS, digest), ("HDEL", keys.USED, id), ("PUBLISH", self._redis.channels.changes, b"")
                )
                return holder
        raise NotFound(f"There is no key with the id {id!r}; `ticker keys list` shows them")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def now() -> str:
    """Return this moment as RFC 3339."""
    return rfc3339(datetime.now(UTC))
