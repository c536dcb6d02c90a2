"""Sessions of the desk, in Redis. Only the hash of a session's secret is stored; the browser alone has the secret."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final

import orjson

from ticker.desk.session import MAX_SESSIONS, TOUCH_INTERVAL, agent, seconds_left
from ticker.dispatch import rfc3339
from ticker.errors import NotFound
from ticker.journal import names
from ticker.journal.holder import Holder
from ticker.journal.redis import Redis
from ticker.journal.registry import Registry, digest_of

SECRET_BYTES: Final = 32
"""Random bytes of a secret: there is nothing to guess, so a plain SHA-256 is all the hashing it needs."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session as stored.

    Attributes:
        id: names it in listings; not the secret.
        key: SHA-256 of the key that it stands for.
        begun: seconds of Unix time.
        agent: User-Agent of the browser that began it.
    """

    id: str
    key: str
    begun: float
    agent: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that is valid now, and whose it is.

    Attributes:
        session: as stored.
        holder: of its key.
        expires: when it ends if it is not used again (RFC 3339).
    """

    session: Session
    holder: Holder
    expires: str

    @property
    def begun(self) -> str:
        """When it began (RFC 3339)."""
        return _moment(self.session.begun)


class Sessions:
    """The sessions of all nodes. Every method raises Unavailable when Redis cannot be reached."""

    def __init__(self, redis: Redis, registry: Registry, *, clock: Callable[[], float] = time.time) -> None:
        """`clock` returns Unix time in seconds."""
        self._redis = redis
        self._registry = registry
        self._clock = clock
        self._touched: dict[str, float] = {}
        """When this node last noted the use of a session, by its id."""

    async def begin(self, key: str, user_agent: str | None) -> tuple[str, SignedIn] | None:
        """Begin a session for a key; return its secret, which is not stored, with it. None if the key is not known."""
        holder = await self._registry.holder(key)
        if holder is None:
            return None
        secret, at = secrets.token_urlsafe(SECRET_BYTES), self._clock()
        session = Session("s" + secrets.token_hex(8), digest_of(key), at, agent(user_agent))
        left = seconds_left(at, at)
        await self._redis.pipeline(
            ("SET", names.session(digest_of(secret)), orjson.dumps(asdict(session)), "EX", left),
            ("HSET", names.SESSIONS, session.id, digest_of(secret)),
        )
        same = [each for each in await self.every() if each.session.key == session.key]
        for each in same[:-MAX_SESSIONS]:
            await self.end(each.session.id)
        return secret, SignedIn(session, holder, _moment(at + left))

    async def find(self, secret: str) -> SignedIn | None:
        """Return the session with this secret, and note that it is used; None if it has ended, or its key has."""
        name = names.session(digest_of(secret))
        stored, left = await self._redis.pipeline(("GET", name), ("PTTL", name))
        if stored is None:
            return None
        session, now = Session(**orjson.loads(stored)), self._clock()
        holder = (await self._registry.holders_of([session.key]))[0]
        if holder is None:
            return None
        if now - self._touched.get(session.id, 0.0) >= TOUCH_INTERVAL:
            lasts = seconds_left(session.begun, now)
            self._forget_touches(now)
            self._touched[session.id] = now
            if not lasts or not await self._redis("EXPIRE", name, lasts):
                return None
            left = lasts * 1000
        return SignedIn(session, holder, _moment(now + left / 1000))

    def _forget_touches(self, now: float) -> None:
        for id in [id for id, at in self._touched.items() if now - at >= TOUCH_INTERVAL]:
            del self._touched[id]

    async def every(self) -> list[SignedIn]:
        """Return all sessions, oldest first. Those that have ended, or whose keys have, are forgotten."""
        index = await self._redis("HGETALL", names.SESSIONS)
        if not index:
            return []
        places = [names.session(digest.decode()) for digest in index.values()]
        texts = await self._redis("MGET", *places)
        left = await self._redis.pipeline(*(("PTTL", place) for place in places))
        sessions = [None if text is None else Session(**orjson.loads(text)) for text in texts]
        holders = await self._registry.holders_of(["" if each is None else each.key for each in sessions])
        now, found, ended = self._clock(), [], {}
        for (id, digest), session, holder, rest in zip(index.items(), sessions, holders, left, strict=True):
            if session is None or holder is None:
                ended[id] = digest
            else:
                found.append(SignedIn(session, holder, _moment(now + rest / 1000)))
        if ended:
            await self._forget(ended)
        return sorted(found, key=lambda each: (each.session.begun, each.session.id))

    async def lasting(self, ids: list[str]) -> set[str]:
        """Return which of these sessions have not ended; at least one must be named. Their keys are not looked at."""
        digests = await self._redis("HMGET", names.SESSIONS, *ids)
        there = await self._redis.pipeline(*(("EXISTS", names.session((each or b"").decode())) for each in digests))
        return {id for id, exists in zip(ids, there, strict=True) if exists}

    async def _forget(self, index: dict[bytes, bytes]) -> None:
        await self._redis.pipeline(
            *(("DEL", names.session(digest.decode())) for digest in index.values()),
            ("HDEL", names.SESSIONS, *index),
            ("PUBLISH", self._redis.channels.settings, b""),  # streams may be open with it
        )

    async def end(self, id: str) -> None:
        """End a session, at once and on every node.

        Raises:
            NotFound: no session has this id.
        """
        digest = await self._redis("HGET", names.SESSIONS, id)
        if digest is None:
            raise NotFound(f"There is no session with the id {id!r}")
        await self._forget({id.encode(): digest})


def _moment(seconds: float) -> str:
    return rfc3339(datetime.fromtimestamp(seconds, UTC))
