"""What a request has beside its path: the body, the Idempotency-Key, and If-Match."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request

from ticker.dispatch import MAX_BODY
from ticker.errors import BadRequest, PreconditionRequired, TooLarge
from ticker.web.etag import IfMatch, revision_of

_DIGITS: Final = 20
"""Digits of the longest Content-Length that is read as a number."""


def too_large() -> TooLarge:
    """Return the error for a body that is longer than MAX_BODY."""
    return TooLarge(f"A body must not exceed {MAX_BODY} bytes")


def if_match_needed() -> PreconditionRequired:
    """Return the error for a request without If-Match."""
    return PreconditionRequired("Send If-Match with the ETag of the revision you have seen", field="If-Match")


def bad_if_match() -> BadRequest:
    """Return the error for an If-Match that names no revision."""
    return BadRequest('If-Match must be the ETag of a revision, such as "1", or *', field="If-Match")


async def body(request: Request) -> bytes:
    """Return the request's body, which is read once.

    Raises:
        TooLarge: it is longer than MAX_BODY; at most that much is read, and nothing if its head says so.
    """
    state = request.scope["state"]
    if isinstance(kept := state.get("body"), bytes):
        return kept
    length = request.headers.get("content-length", "")
    if length.isdigit() and (len(length) > _DIGITS or int(length) > MAX_BODY):
        raise too_large()
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > MAX_BODY:
            raise too_large()
    state["body"] = bytes(received)
    return bytes(received)


def idempotency_key(request: Request) -> str | None:
    """Return the Idempotency-Key, quoted (draft-ietf-httpapi-idempotency-key-header-07) or bare.

    Raises:
        BadRequest: it is empty or too long, or there are several.
    """
    keys = request.headers.getlist("idempotency-key")
    if not keys:
        return None
    if len(keys) > 1:
        raise BadRequest("There must be one Idempotency-Key", field="Idempotency-Key")
    key = keys[0]
    bare = key[1:-1] if len(key) > 1 and key[0] == key[-1] == '"' else key
    if not 1 <= len(bare) <= 255:
        raise BadRequest("Idempotency-Key must have 1 to 255 characters", field="Idempotency-Key")
    return bare


def if_match(request: Request) -> IfMatch:
    """Return the If-Match of a request.

    Raises:
        PreconditionRequired: there is no If-Match.
        BadRequest: it names no revision.
    """
    given = request.headers.getlist("if-match")
    if not given:
        raise if_match_needed()
    tags = [tag.strip() for tag in ",".join(given).split(",") if tag.strip()]
    if tags == ["*"]:
        return IfMatch(None)
    revisions = [revision_of(tag) for tag in tags]
    if not revisions or None in revisions:
        raise bad_if_match()
    return IfMatch(tuple(revision for revision in revisions if revision is not None))
