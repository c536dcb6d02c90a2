"""By what a request shows who sends it: a key in `Authorization`, or the cookie of a session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from starlette.requests import HTTPConnection, cookie_parser

from ticker.desk.session import LONGEST
from ticker.errors import CrossSite
from ticker.journal.holder import Holder
from ticker.journal.registry import digest_of
from ticker.journal.sessions import SignedIn
from ticker.serving import ServingNode
from ticker.settings import Settings
from ticker.web.key_lookup import address_of, find_holder, secret_in
from ticker.web.node import node_of
from ticker.web.same_origin import refuse_cross_site

PLAIN_COOKIE: Final = "session"
SECURE_COOKIE: Final = "__Host-session"
"""Browsers take a cookie of this name only over TLS, from this very host and for all its paths (RFC 6265bis)."""


def session_in(settings: Settings, headers: Mapping[str, str]) -> str | None:
    """Return the secret of the session in a request's cookie, if any. Header names are in small letters."""
    if "cookie" not in headers:
        return None
    return cookie_parser(headers["cookie"]).get(_name(settings)) or None


def session_cookie(settings: Settings, secret: str) -> str:
    """Return the value of the Set-Cookie header that gives a browser a session; an empty secret takes it away."""
    secure = _secure(settings)
    path = "/" if secure else settings.prefix or "/"
    parts = [f"{_name(settings)}={secret}", f"Path={path}", f"Max-Age={LONGEST if secret else 0}"]
    return "; ".join([*parts, "HttpOnly", "SameSite=Strict", *(["Secure"] if secure else [])])


def _secure(settings: Settings) -> bool:
    return (settings.public_url or "").startswith("https:")


def _name(settings: Settings) -> str:
    return SECURE_COOKIE if _secure(settings) else PLAIN_COOKIE


PERSON: Final = "ticker-person"
"""Header with the id of the person whose session a page takes the cookie for; another tab may have replaced it."""


async def find_session(node: ServingNode, headers: Mapping[str, str], *, strict: bool) -> SignedIn | None:
    """Return the session of a request; None if it has none, one that has ended, or one of another person than it names.

    Raises:
        CrossSite: as `refuse_cross_site`.
    """
    secret = session_in(node.settings, headers)
    if secret is None:
        return None
    refuse_cross_site(node.settings, headers, strict=strict)
    found = await node.sessions.find(secret)
    return None if found is None or _is_of_another(found, headers) else found


async def is_of_another(node: ServingNode, headers: Mapping[str, str]) -> bool:
    """Return True if a request has the session of another person than it names."""
    secret = session_in(node.settings, headers)
    found = None if secret is None else await node.sessions.find(secret)
    return found is not None and _is_of_another(found, headers)


def _is_of_another(found: SignedIn, headers: Mapping[str, str]) -> bool:
    person = found.holder.person.id
    return headers.get(PERSON, person) != person


def has_credential(request: HTTPConnection) -> bool:
    """Return True if a request has a key or the cookie of a session, valid or not."""
    return "authorization" in request.headers or session_in(node_of(request).settings, request.headers) is not None


class Credential(NamedTuple):
    """By what a request shows who sends it.

    Attributes:
        holder: of the key.
        digest: SHA-256 of the key.
        session: id of the session that stands for the key, if one does.
    """

    holder: Holder
    digest: str
    session: str | None


async def find_credential(
    node: ServingNode, headers: Mapping[str, str], address: str, *, strict: bool
) -> Credential | None:
    """Return by what a request shows who sends it; None if by nothing, or nothing that is valid. A key goes first.

    Unknown keys are counted for the `address` of the client.

    Raises:
        CrossSite: as `refuse_cross_site`, for a session.
        Unavailable: as `find_holder`.
    """
    secret = secret_in(headers)
    if secret is None:
        signed_in = await find_session(node, headers, strict=strict)
        if signed_in is None:
            return None
        return Credential(signed_in.holder, signed_in.session.key, signed_in.session.id)
    holder = await find_holder(node, secret, address)
    return None if holder is None else Credential(holder, digest_of(secret), None)


async def reading_credential(node: ServingNode, headers: Mapping[str, str], address: str) -> Credential | None:
    """Return as `find_credential` for a request that reads. A page of another site reads as if nobody was signed in."""
    try:
        # A browser sends the cookie with a WebSocket that a page of another site opens.
        return await find_credential(node, headers, address, strict="upgrade" in headers)
    except CrossSite:
        return None


async def has_valid_key(request: HTTPConnection) -> bool:
    """Return True if a request that was let in still carries a key that is not revoked, or a session that lasts."""
    return await reading_credential(node_of(request), request.headers, address_of(request)) is not None
