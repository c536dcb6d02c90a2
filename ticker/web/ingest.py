"""The way in: file, correct, kill, pin, and the on-air switch."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ticker.dispatch import MAX_BODY, Air, Correction, Draft, Kill, Pin, read
from ticker.errors import BadRequest, PreconditionRequired, TooLarge
from ticker.journal.log import Change
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


async def _append(
    request: Request,
    holder: Holder,
    kind: str,
    carries: dict[str, Any],
    *,
    status: int = 200,
    headers: Callable[[dict[str, Any]], dict[str, str]] = lambda _: {},
    **rest: Any,
) -> Response:
    """Write a change and answer with its receipt; `headers` makes more of what the receipt says."""
    change = Change(kind, holder, carries, idempotency_key=idempotency_key(request), **rest)
    receipt, repeated = await node_of(request).journal.append(request.path_params["feed"], change)
    replayed = {"idempotent-replayed": "true"} if repeated else {}
    tag = {"etag": f'"{receipt["revision"]}"'} if "revision" in receipt else {}
    return json(receipt, status, {**tag, **headers(receipt), **replayed})


async def _holder(request: Request, at_least: Role) -> Holder:
    return await holder_of(request, at_least=at_least, feed=request.path_params["feed"])


async def file(request: Request) -> Response:
    """POST …/dispatches"""
    feed = request.path_params["feed"]
    holder = await _holder(request, "correspondent")
    draft = read(Draft, await body(request))
    channel = await node_of(request).find(feed)
    return await _append(
        request,
        holder,
        "file",
        draft.fields(channel.feed.language),
        status=201,
        headers=lambda receipt: {"location": f"/v1/feeds/{feed}/dispatches/{receipt['id']}"},
    )


async def correct(request: Request) -> Response:
    """PATCH …/dispatches/{id}"""
    feed, id = request.path_params["feed"], request.path_params["id"]
    holder = await _holder(request, "correspondent")
    revision = if_match(request)
    correction = read(Correction, await body(request))
    known = await node_of(request).journal.dispatch(feed, id)
    return await _append(
        request,
        holder,
        "correct",
        correction.applied_to(known),
        id=id,
        # What was merged must be what stands there when the script runs; no revision is -1. A repeated request
        # is answered before any of that is looked at.
        revision=known["revision"] if revision in (None, known["revision"]) else -1,
        own_only=holder.role == "correspondent",
        asked={"if-match": revision, **correction.model_dump(exclude_unset=True)},
        leaves=known,
    )


async def kill(request: Request) -> Response:
    """POST …/dispatches/{id}/kill"""
    holder = await _holder(request, "correspondent")
    reason = read(Kill, await body(request)).reason
    id = request.path_params["id"]
    return await _append(request, holder, "kill", {"reason": reason}, id=id, own_only=holder.role == "correspondent")


async def pin(request: Request) -> Response:
    """PUT …/pin"""
    holder = await _holder(request, "editor")
    return await _append(request, holder, "pin", {}, id=read(Pin, await body(request)).id)


async def unpin(request: Request) -> Response:
    """DELETE …/pin"""
    return await _append(request, await _holder(request, "editor"), "pin", {})


async def air(request: Request) -> Response:
    """PUT …/air"""
    holder = await _holder(request, "editor")
    return await _append(request, holder, "air", read(Air, await body(request)).model_dump())
