"""Authentication and authorisation: whose key a request carries, and whether it is enough."""

from __future__ import annotations

from starlette.requests import Request

from ticker.errors import InsufficientScope, InvalidToken, TooMany, Unauthorized
from ticker.journal.registry import Holder, Role
from ticker.web.admission import has_valid_key
from ticker.web.key_lookup import address_of, find_holder, secret_in
from ticker.web.node import node_of

_RANK: dict[Role, int] = {"correspondent": 1, "editor": 2, "admin": 3}


def key_needed() -> Unauthorized:
    """Return the error for a request without a key."""
    return Unauthorized("Send a key: Authorization: Bearer tk_…", field="Authorization")


def unknown_key() -> InvalidToken:
    """Return the error for a key that is not known."""
    return InvalidToken("This key was never issued here, or it is revoked", field="Authorization")


def role_needed(at_least: Role, name: str, role: Role) -> InsufficientScope:
    """Return the error for a key, of this name and role, whose role is not enough."""
    return InsufficientScope(f"This needs the role {at_least}; the key of {name} has the role {role}")


def too_many(name: str, rate: int, wait: int) -> TooMany:
    """Return the error for a key that may make `rate` changes a minute, and the next in `wait` seconds."""
    return TooMany(f"The key of {name} may make at most {rate} changes a minute; wait a moment", retry_after=wait)


async def holder_of(request: Request, *, at_least: Role, feed: str | None = None) -> Holder:
    """Return the holder of the request's key (RFC 6750), asked of Redis each time so that revoking is immediate.

    Raises:
        Unauthorized: no key.
        InvalidToken: not one of ours.
        InsufficientScope: its role or its feeds do not reach this far.
        TooMany: it is a change, and the key has made as many in this minute as it may.
    """
    secret = secret_in(request.headers)
    if secret is None:
        raise key_needed()
    node = node_of(request)
    holder = await find_holder(node, secret, address_of(request))
    if holder is None:
        raise unknown_key()
    if _RANK[holder.role] < _RANK[at_least]:
        raise role_needed(at_least, holder.name, holder.role)
    if feed is not None and not holder.writes(feed):
        raise InsufficientScope(f"The key of {holder.name} may not write to the feed {feed!r}")
    await node.registry.note_use(holder)
    # An admin of all feeds could issue keys without limit: the service's own rate is for everybody else.
    rate = holder.rate or (0 if holder.role == "admin" and not holder.feeds else node.settings.rate)
    if rate and request.method not in ("GET", "HEAD") and (wait := await node.rates.count(holder.id, rate)):
        raise too_many(holder.name, rate, wait)
    return holder


async def authorize(request: Request, role: Role) -> Holder:
    """Return the holder of the key that a request to a route of this role needs.

    In a feed, the key must write to it. What is an admin's needs one of all feeds: an admin of some could otherwise
    issue itself a key to the others.

    Raises:
        Unauthorized, InvalidToken, InsufficientScope, TooMany: as `holder_of`.
        NotFound, Unavailable: there is no such feed, or Redis cannot be asked.
    """
    if role == "admin":
        holder = await holder_of(request, at_least=role)
        if holder.feeds:
            theirs = ", ".join(holder.feeds)
            raise InsufficientScope(f"This needs an admin of all feeds; the key of {holder.name} is for {theirs}")
        return holder
    feed, node = request.path_params["feed"], node_of(request)
    known = feed in node.hub.channels
    holder = await holder_of(request, at_least=role, feed=feed)
    await node.find(feed)  # a feed that is being imported has a log, and is not open yet
    if not known:  # it may have been opened since the key was looked up, and after that was revoked everywhere
        await check_still_valid(request)
    return holder


async def check_still_valid(request: Request) -> None:
    """Check that the key of a request that was let in has not been revoked since.

    Raises:
        InvalidToken: it has.
    """
    if not await has_valid_key(request):
        raise unknown_key()
