"""The way in: file, correct, kill, pin, and the on-air switch."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ticker.dispatch import MAX_BODY, Air, Correction, Draft, Kill, Pin, read
from ticker.errors import BadRequest, PreconditionRequired, TooLarge
from ticker.journal.log import Change, Receipt
from ticker.journal.registry import Holder, Role
from ticker.web.answers import json
from ticker.web.auth import holder_of
from ticker.web.node import node_of


async def body(request: Request) -> bytes:
    """Return the request's body.

    Raises:
        TooLarge: it is longer than MAX_BODY; no more than that is read.
    """
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > MAX_BODY:
            raise TooLarge(f"A body has at most {MAX_BODY} bytes; this one has more")
    return bytes(received)


def idempotency_key(request: Request) -> str | None:
    """Return the Idempotency-Key, quoted (draft-ietf-httpapi-idempotency-key-header-07) or bare."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    bare = key[1:-1] if len(key) > 1 and key[0] == key[-1] == '"' else key
    if not 1 <= len(bare) <= 255:
        raise BadRequest("Idempotency-Key has 1 to 255 characters", field="Idempotency-Key")
    return bare


def if_match(request: Request) -> int | None:
    """Return the revision that If-Match names, or None for `*` (RFC 9110 section 13.1.1)."""
    tag = request.headers.get("if-match")
    if tag is None:
        raise PreconditionRequired("Send If-Match with the ETag of the revision you have seen", field="If-Match")
    if tag.strip() == "*":
        return None
    match = re.fullmatch(r'(?:W/)?"?r?([0-9]{1,9})"?', tag.strip())
    if match is None:
        raise BadRequest('If-Match is the ETag you were given, such as "1"', field="If-Match")
    return int(match[1])


async def _append(request: Request, holder: Holder, kind: str, carries: dict[str, Any], **rest: Any) -> Receipt:
    change = Change(kind, holder, carries, idempotency_key=idempotency_key(request), **rest)
    return await node_of(request).journal.append(request.path_params["feed"], change)


async def _holder(request: Request, at_least: Role) -> Holder:
    return await holder_of(request, at_least=at_least, feed=request.path_params["feed"])


async def file(request: Request) -> Response:
    """POST …/dispatches"""
    feed = request.path_params["feed"]
    holder = await _holder(request, "correspondent")
    draft = read(Draft, await body(request))
    language = node_of(request).hub.channel(feed).feed.language
    receipt = await _append(request, holder, "file", draft.fields(language))
    location = f"/v1/feeds/{feed}/dispatches/{receipt.body['id']}"
    headers = {"location": location, "etag": f'"{receipt.body["revision"]}"'}
    if receipt.repeated:
        headers["idempotent-replayed"] = "true"
    return json(receipt.body, 201, headers)


async def correct(request: Request) -> Response:
    """PATCH …/dispatches/{id}"""
    feed, id = request.path_params["feed"], request.path_params["id"]
    holder = await _holder(request, "correspondent")
    revision = if_match(request)
    correction = read(Correction, await body(request))
    known = await node_of(request).journal.dispatch(feed, id)
    if revision is None:
        revision = known["revision"]  # `*` means whatever stands there; the script still refuses a race
    receipt = await _append(
        request,
        holder,
        "correct",
        correction.applied_to(known),
        id=id,
        revision=revision,
        own_only=holder.role == "correspondent",
    )
    return json(receipt.body, 200, {"etag": f'"{receipt.body["revision"]}"'})


async def kill(request: Request) -> Response:
    """POST …/dispatches/{id}/kill"""
    holder = await _holder(request, "correspondent")
    reason = read(Kill, await body(request)).reason
    receipt = await _append(
        request,
        holder,
        "kill",
        {"reason": reason},
        id=request.path_params["id"],
        own_only=holder.role == "correspondent",
    )
    return json(receipt.body)


async def pin(request: Request) -> Response:
    """PUT …/pin"""
    holder = await _holder(request, "editor")
    receipt = await _append(request, holder, "pin", {}, id=read(Pin, await body(request)).id)
    return json(receipt.body)


async def unpin(request: Request) -> Response:
    """DELETE …/pin"""
    holder = await _holder(request, "editor")
    receipt = await _append(request, holder, "pin", {})
    return json(receipt.body)


async def air(request: Request) -> Response:
    """PUT …/air"""
    holder = await _holder(request, "editor")
    state = read(Air, await body(request))
    receipt = await _append(request, holder, "air", state.model_dump())
    return json(receipt.body)
