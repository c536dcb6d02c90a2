"""Sessions of the desk, in Redis. Only the hash of a session's secret is stored; the browser alone has the secret."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Final

import orjson

from ticker.desk.session import MAX_SESSIONS, TOUCH_INTERVAL, agent, seconds_left
from ticker.dispatch import rfc3339
from ticker.errors import CannotWrite, NotFound
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
        used: when it was last used, to the minute of the node that noted it.
        agent: User-Agent of the browser that began it.
    """

    id: str
    key: str
    begun: float
    used: float
    agent: str

    @property
    def ends(self) -> float:
        """When it ends if it is not used again, in seconds of Unix time."""
        return self.used + seconds_left(self.begun, self.used)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that is valid now, and whose it is.

    Attributes:
        session: as stored.
        holder: of its key.
    """

    session: Session
    holder: Holder

    @property
    def expires(self) -> str:
        """When it ends if it is not used again (RFC 3339)."""
        return _moment(self.session.ends)

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

    async def begin(self, key: str, user_agent: str | None) -> tuple[str, SignedIn] | None:
        """Begin a session for a key; return its secret, which is not stored, with it. None if the key is not known."""
        holder = await self._registry.holder(key)
        if holder is None:
            return None
        secret, at = secrets.token_urlsafe(SECRET_BYTES), self._clock()
        session = Session("s" + secrets.token_hex(8), digest_of(key), at, at, agent(user_agent))
        await self._redis.pipeline(
            ("SET", names.session(digest_of(secret)), _stored(session), "EX", seconds_left(at, at)),
            ("HSET", names.SESSIONS, session.id, digest_of(secret)),
        )
        same = [each for each in await self.every() if each.session.key == session.key]
        for each in same[:-MAX_SESSIONS]:
            await self.end(each.session.id)
        return secret, SignedIn(session, holder)

    async def find(self, secret: str) -> SignedIn | None:
        """Return the session with this secret, and note that it is used; None if it has ended, or its key has."""
        name = names.session(digest_of(secret))
        stored = await self._redis("GET", name)
        if stored is None:
            return None
        session, now = Session(**orjson.loads(stored)), self._clock()
        holder = (await self._registry.holders_of([session.key]))[0]
        if holder is None or session.ends <= now:
            return None
        if now - session.used >= TOUCH_INTERVAL:
            session = replace(session, used=now)
            with suppress(CannotWrite):  # reading goes on where the log takes no writes
                # Only if it is still there: it may have ended meanwhile.
                if not await self._redis("SET", name, _stored(session), "XX", "EX", seconds_left(session.begun, now)):
                    return None
        return SignedIn(session, holder)

    async def every(self) -> list[SignedIn]:
        """Return all sessions, oldest first. Those that have ended, or whose keys have, are forgotten."""
        index = await self._redis("HGETALL", names.SESSIONS)
        if not index:
            return []
        places = [names.session(digest.decode()) for digest in index.values()]
        texts = await self._redis.pipeline(*(("GET", place) for place in places))
        sessions = [None if text is None else Session(**orjson.loads(text)) for text in texts]
        holders = await self._registry.holders_of(["" if each is None else each.key for each in sessions])
        found, ended = [], {}
        for (id, digest), session, holder in zip(index.items(), sessions, holders, strict=True):
            if session is None or holder is None:
                ended[id] = digest
            else:
                found.append(SignedIn(session, holder))
        if ended:
            await self._forget(ended)
        return sorted(found, key=lambda each: (each.session.begun, each.session.id))

    async def lasting(self, ids: list[str]) -> set[str]:
        """Return which of these sessions have not ended; at least one must be named. Their keys are not looked at."""
        digests = await self._redis("HMGET", names.SESSIONS, *ids)
        there = await self._redis.pipeline(*(("EXISTS", names.session((each or b"").decode())) for each in digests))
        return {id for id, exists in zip(ids, there, strict=True) if exists}

    async def _forget(self, index: dict[bytes, bytes]) -> None:
        # First, since on a cluster they are elsewhere: what is not listed cannot be ended any more.
        await self._redis.pipeline(*(("DEL", names.session(digest.decode())) for digest in index.values()))
        await self._redis.pipeline(
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


def _stored(session: Session) -> bytes:
    return orjson.dumps(asdict(session))


def _moment(seconds: float) -> str:
    return rfc3339(datetime.fromtimestamp(seconds, UTC))
