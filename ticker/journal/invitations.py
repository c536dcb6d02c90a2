"""Invitations in Redis: only the hash of an invitation's secret is stored, and accepting one deletes it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from ticker.desk.invitation import LIFETIME, MAX_OPEN, InvitationPlan
from ticker.dispatch import rfc3339
from ticker.errors import InvalidToken, InvitationEnded, NotFound
from ticker.journal import names
from ticker.journal.holder import Holder, Role
from ticker.journal.redis import Redis
from ticker.journal.registry import Registry, digest_of


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation as stored.

    Attributes:
        id: names it in listings; not the secret.
        name, role, feeds, person: of the key that accepting it issues; see `InvitationPlan`.
        key, maker: id of the key with which it was made, and of the person; empty for the command line.
        expires: until when it can be accepted (RFC 3339).
    """

    id: str
    name: str
    role: Role
    feeds: list[str]
    person: str | None
    key: str
    maker: str
    expires: str

    def described(self) -> dict[str, Any]:
        """Return the invitation as it is shown."""
        shown = ("id", "name", "role", "feeds", "person", "expires")
        return {name: getattr(self, name) for name in shown}


class Invitations:
    """The open invitations. Every method raises Unavailable when Redis cannot be reached."""

    def __init__(self, redis: Redis, registry: Registry, *, clock: Callable[[], float] = time.time) -> None:
        """`clock` returns Unix time in seconds."""
        self._redis = redis
        self._registry = registry
        self._clock = clock

    async def make(self, plan: InvitationPlan, feeds: list[str], by: Holder | None = None) -> tuple[str, Invitation]:
        """Make an invitation and return its secret, which is not stored, with it.

        `feeds` are as `granted` returns them; `by` is who invites, None for the command line.

        Raises:
            NotFound: the person who is invited is not known.
        """
        if plan.person is not None:
            await self._registry.person(plan.person)
        secret = secrets.token_urlsafe(32)
        digest = digest_of(secret)
        invitation = Invitation(
            "i" + secrets.token_hex(8),
            plan.name,
            plan.role,
            feeds,
            plan.person,
            "" if by is None else by.key,
            "" if by is None else by.id,
            rfc3339(datetime.fromtimestamp(self._clock() + LIFETIME, UTC)),
        )
        await self._redis.pipeline(
            ("SET", names.invitation(digest), orjson.dumps(asdict(invitation)), "EX", LIFETIME),
            ("HSET", names.INVITATIONS, invitation.id, digest),
        )
        same = [each for each in await self.every() if each.maker == invitation.maker]
        for each in same[:-MAX_OPEN]:
            await self.withdraw(each.id)
        return secret, invitation

    async def every(self) -> list[Invitation]:
        """Return the open invitations, oldest first. Those that ended are forgotten."""
        index = await self._redis("HGETALL", names.INVITATIONS)
        if not index:
            return []
        texts = await self._redis.pipeline(*(("GET", names.invitation(digest.decode())) for digest in index.values()))
        ended = [id for id, text in zip(index, texts, strict=True) if text is None]
        if ended:
            await self._redis("HDEL", names.INVITATIONS, *ended)
        found = [Invitation(**orjson.loads(text)) for text in texts if text is not None]
        return sorted(found, key=lambda each: (each.expires, each.id))

    async def withdraw(self, id: str) -> None:
        """Withdraw an invitation.

        Raises:
            NotFound: no open invitation has this id.
        """
        digest = await self._redis("HGET", names.INVITATIONS, id)
        withdrawn = digest is not None and await self._redis("DEL", names.invitation(digest.decode()))
        await self._redis("HDEL", names.INVITATIONS, id)
        if not withdrawn:
            raise NotFound(f"There is no open invitation with the id {id!r}")

    async def accept(self, secret: str) -> str:
        """Spend an invitation and return the key that it issues, which is stored nowhere.

        Raises:
            InvitationEnded: it was accepted before, withdrawn, or is too old; or who made it may not invite any more.
        """
        name = names.invitation(digest_of(secret))
        text = await self._redis("GET", name)
        if text is None or not await self._redis("DEL", name):  # of those who try at once, one deletes it
            raise invitation_ended()
        invited = Invitation(**orjson.loads(text))
        await self._redis("HDEL", names.INVITATIONS, invited.id)
        try:
            key, _ = await self._registry.issue(
                invited.name, invited.role, invited.feeds, person=invited.person, asking=invited.key
            )
        except (InvalidToken, NotFound):  # the key of who invited was revoked, or the person removed
            raise invitation_ended() from None
        return key


def invitation_ended() -> InvitationEnded:
    """Return the error for an invitation that cannot be accepted."""
    return InvitationEnded("This invitation was used already, or its ten minutes are over; ask for another one")
