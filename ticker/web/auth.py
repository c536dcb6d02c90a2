"""Who asks, and whether they may."""

from __future__ import annotations

from starlette.requests import Request

from ticker.errors import KeyTooWeak, TooMany, Unauthorized, WrongKey
from ticker.journal.registry import Holder, Role
from ticker.web.admission import secret_in
from ticker.web.node import node_of

_RANK: dict[Role, int] = {"correspondent": 1, "editor": 2, "admin": 3}


async def holder_of(request: Request, *, at_least: Role, feed: str | None = None) -> Holder:
    """Return the holder of the request's key (RFC 6750), asked of Redis each time so that revoking is immediate.

    Raises:
        Unauthorized: no key.
        WrongKey: not one of ours.
        KeyTooWeak: its role or its feeds do not reach this far.
        TooMany: it is a change, and the key has made as many in this minute as it may.
    """
    secret = secret_in(request.headers)
    if secret is None:
        raise Unauthorized("Send a key: Authorization: Bearer tk_…", field="Authorization")
    node = node_of(request)
    holder = await node.registry.holder(secret)
    if holder is None:
        raise WrongKey("This key was never issued here, or it is revoked", field="Authorization")
    if _RANK[holder.role] < _RANK[at_least]:
        raise KeyTooWeak(f"This needs the role {at_least}; {holder.name}'s key is {holder.role}'s")
    if feed is not None and not holder.writes(feed):
        raise KeyTooWeak(f"{holder.name}'s key does not write to the feed {feed!r}")
    await node.registry.note_use(holder)
    rate = holder.rate or node.settings.rate
    if rate and request.method not in ("GET", "HEAD") and (wait := await node.registry.count(holder, rate)):
        raise TooMany(f"{holder.name}'s key makes at most {rate} changes a minute; wait a moment", retry_after=wait)
    return holder
