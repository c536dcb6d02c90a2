"""Authentication and authorisation: whose key a request carries, and whether it is enough."""

from __future__ import annotations

from typing import Final

from starlette.requests import HTTPConnection

from ticker.errors import InsufficientScope, InvalidToken, TooMany, Unauthorized
from ticker.journal.holder import Holder, Role
from ticker.web.credentials import Credential, find_credential, has_valid_key, session_in
from ticker.web.key_lookup import address_of, secret_in
from ticker.web.node import node_of

_RANK: dict[Role, int] = {"correspondent": 1, "editor": 2, "admin": 3}

READS: Final = ("GET", "HEAD")
"""Methods without an effect: they do not count as changes, and need no proof that the desk's own page asks."""


def key_needed() -> Unauthorized:
    """Return the error for a request without a key."""
    return Unauthorized("Send a key: Authorization: Bearer tk_… (or sign in at /desk)", field="Authorization")


def unknown_key() -> InvalidToken:
    """Return the error for a key that is not known."""
    return InvalidToken("This key was never issued here, or it is revoked", field="Authorization")


def session_ended() -> InvalidToken:
    """Return the error for a session that is not known."""
    return InvalidToken("This session has ended; sign in again", field="Cookie")


def role_needed(at_least: Role, name: str, role: Role) -> InsufficientScope:
    """Return the error for a key, of this name and role, whose role is not enough."""
    return InsufficientScope(f"This needs the role {at_least}; the key of {name} has the role {role}")


def too_many(name: str, rate: int, wait: int) -> TooMany:
    """Return the error for a key that may make `rate` changes a minute, and the next in `wait` seconds."""
    return TooMany(f"The key of {name} may make at most {rate} changes a minute; wait a moment", retry_after=wait)


async def holder_of(request: HTTPConnection, *, at_least: Role, feed: str | None = None) -> Holder:
    """Return the holder of the request's key (RFC 6750), asked of Redis each time so that revoking is immediate.

    In place of a key, the request may have the cookie of a session.

    Raises:
        Unauthorized: no key.
        InvalidToken: not one of ours.
        CrossSite: the cookie comes with a request that a page of another site may have made.
        InsufficientScope: its role or its feeds do not reach this far.
        TooMany: it is a change, and the key has made as many in this minute as it may.
    """
    node = node_of(request)
    holder = (await _credential(request)).holder
    if _RANK[holder.role] < _RANK[at_least]:
        raise role_needed(at_least, holder.name, holder.role)
    if feed is not None:
        check_feed(holder, feed)
    await node.registry.note_use(holder)
    # An admin of all feeds could issue keys without limit: the service's own rate is for everybody else.
    rate = holder.rate or (0 if holder.role == "admin" and not holder.feeds else node.settings.rate)
    if rate and request.scope.get("method", "GET") not in READS and (wait := await node.rates.count(holder.id, rate)):
        raise too_many(holder.name, rate, wait)
    return holder


def check_feed(holder: Holder, feed: str) -> None:
    """Check that a key is valid for a feed.

    Raises:
        InsufficientScope: it is not.
    """
    if not holder.writes(feed):
        raise InsufficientScope(f"The key of {holder.name} may not write to the feed {feed!r}")


async def _credential(request: HTTPConnection) -> Credential:
    node, by_key = node_of(request), secret_in(request.headers) is not None
    if not by_key and session_in(node.settings, request.headers) is None:
        raise key_needed()
    credential = await find_credential(node, request.headers, address_of(request), strict=not _reads(request))
    if credential is None:
        raise unknown_key() if by_key else session_ended()
    request.scope.setdefault("state", {})["credential"] = credential
    return credential


def _reads(request: HTTPConnection) -> bool:
    """Return True for a request without an effect; a WebSocket, which browsers open across origins, is none."""
    return request.scope.get("method") in READS


def credential_of(request: HTTPConnection) -> Credential:
    """Return by what a request was authorised."""
    credential = request.scope["state"]["credential"]
    assert isinstance(credential, Credential)
    return credential


async def authorize(request: HTTPConnection, role: Role) -> Holder:
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
    feed, node = request.path_params.get("feed"), node_of(request)
    known = feed is None or feed in node.hub.channels
    holder = await holder_of(request, at_least=role, feed=feed)
    if feed is not None:
        await node.find(feed)  # a feed that is being imported has a log, and is not open yet
    if not known:  # it may have been opened since the key was looked up, and after that was revoked everywhere
        await check_still_valid(request)
    return holder


async def check_still_valid(request: HTTPConnection) -> None:
    """Check that the key of a request that was let in has not been revoked since, or its session ended.

    Raises:
        InvalidToken: it has.
    """
    if not await has_valid_key(request):
        raise unknown_key() if secret_in(request.headers) else session_ended()
