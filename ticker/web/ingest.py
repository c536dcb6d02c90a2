"""The way in: file, correct, kill, pin, and the on-air switch."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ticker import changes
from ticker.dispatch import FIELDS, MAX_BODY, Air, Correction, Draft, Kill, Pin, read
from ticker.errors import BadRequest, Gone, Invalid, PreconditionRequired, TooLarge
from ticker.fanout import Kept, Line
from ticker.hub import Channel
from ticker.journal.registry import Holder, Role
from ticker.web.answers import json
from ticker.web.auth import holder_of
from ticker.web.node import node_of
from ticker.web.public_url import base
from ticker.web.reading import told

LONGEST_EMBARGO: Final = timedelta(days=366)
"""How far ahead a line may be held; a later year is a slip of the finger."""

HEAR_WITHIN: Final = 0.25
"""Seconds an answer waits for the entry to come by pub/sub, which takes a millisecond."""


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


async def append(request: Request, change: changes.Change) -> tuple[dict[str, Any], dict[str, str]]:
    """Write a change; return its receipt, and the headers of an answer that gives it.

    Whoever then asks this node sees the change. When Redis does not bring it, the answer does not wait for long.
    """
    node, feed = node_of(request), request.path_params["feed"]
    receipt, repeated = await node.journal.append(feed, change)
    if change.kind == "file":
        kept = Kept(node.relay.now(), repeated)
        node.relay.fan_outs.kept(Line(feed, receipt["id"], receipt["filed"]), kept)
    if "position" in receipt:
        await node.relay.heard(feed, int(receipt["position"].partition("-")[0]), HEAR_WITHIN)
    headers = {"idempotent-replayed": "true"} if repeated else {}
    if "revision" in receipt:
        headers["etag"] = f'"{receipt["revision"]}"'
    return receipt, headers


async def _append(request: Request, change: changes.Change) -> Response:
    receipt, headers = await append(request, change)
    return json(receipt, 200, headers)


async def holder_in_feed(request: Request, at_least: Role) -> Holder:
    """Return whose key asks, who may write to the feed in the path; raises as `holder_of` and `find`."""
    feed = request.path_params["feed"]
    holder = await holder_of(request, at_least=at_least, feed=feed)
    await node_of(request).find(feed)  # a feed that is being imported has a log, and is not open yet
    return holder


async def file(request: Request) -> Response:
    """POST …/dispatches"""
    feed = request.path_params["feed"]
    node = node_of(request)
    holder = await holder_in_feed(request, "correspondent")
    draft = read(Draft, await body(request))
    channel = await node.find(feed)
    fields, key = draft.fields(channel.feed.language), idempotency_key(request)
    if draft.release_at is not None:
        held = changes.Hold(holder, fields, release_time(draft.release_at), idempotency_key=key)
        receipt, headers = await append(request, held)
        return json(receipt, 201, headers | {"location": f"{base(request)}/v1/feeds/{feed}/held/{receipt['id']}"})
    written, confirmation = changes.require_confirmation(fields, channel.feed)
    filed = changes.File(holder, written, draft=fields, confirmation=confirmation, idempotency_key=key)
    return answer_filed(request, channel, filed, *await append(request, filed))


def answer_filed(
    request: Request, channel: Channel, change: changes.Change, receipt: dict[str, Any], headers: dict[str, str]
) -> Response:
    """Answer with the receipt of a dispatch that is in the log now, and with the lines that say nearly the same."""
    feed, id = channel.feed.name, receipt["id"]
    # A held line that was released before has given its text away; what it said then was answered then.
    text = change.written().get("text")
    receipt["similar"] = channel.lately.like(text, receipt["filed"], id) if text else []
    return json(receipt, 201, headers | {"location": f"{base(request)}/v1/feeds/{feed}/dispatches/{id}"})


def release_time(moment: str) -> int:
    """Return the millisecond of Unix time at which a held line is to be released.

    That it is still to come is for the log's clock to say, after it has been seen that this is no repeated request.

    Raises:
        Invalid: it is more than a year away.
    """
    at = datetime.fromisoformat(moment)
    if at > datetime.now(UTC) + LONGEST_EMBARGO:
        raise Invalid([("release_at", "is more than a year away; is the year right?")])
    return round(at.timestamp() * 1000)


async def correct(request: Request) -> Response:
    """PATCH …/dispatches/{id}"""
    feed, id = request.path_params["feed"], request.path_params["id"]
    node = node_of(request)
    holder = await holder_in_feed(request, "correspondent")
    revision = if_match(request)
    correction = read(Correction, await body(request))
    known = await node.journal.dispatch(feed, id)
    fields = correction.applied_to(known)
    confirmation: changes.Confirmation | None = None
    if correction.urgency is not None:
        confirmation = changes.DropConfirmation()
        if correction.urgency == "flash" != known.get("urgency"):
            fields, required = changes.require_confirmation(fields, (await node.find(feed)).feed)
            confirmation = required or confirmation
    change = changes.Correct(
        holder,
        id,
        fields,
        # What was merged must be what stands there when the script runs; no revision is -1. A repeated request
        # is answered before any of that is looked at.
        revision=known["revision"] if revision in (None, known["revision"]) else -1,
        own_only=holder.role == "correspondent",
        previous=known,
        correction={"if-match": revision, **correction.model_dump(exclude_unset=True)},
        confirmation=confirmation,
        idempotency_key=idempotency_key(request),
    )
    return await _append(request, change)


async def confirm(request: Request) -> Response:
    """POST …/dispatches/{id}/confirm: the second key that makes a flash of a line"""
    feed, id = request.path_params["feed"], request.path_params["id"]
    holder = await holder_in_feed(request, "correspondent")
    known = await node_of(request).journal.dispatch(feed, id)
    if known["status"] == "killed":
        raise Gone("The dispatch was killed and cannot be changed", tombstone=known)
    fields = {name: known[name] for name in FIELDS if name in known} | {"urgency": "flash"}
    change = changes.Correct(
        holder,
        id,
        fields,
        revision=known["revision"],
        previous=known,
        confirmation=changes.GiveConfirmation(),
        idempotency_key=idempotency_key(request),
    )
    return await _append(request, change)


async def kill(request: Request) -> Response:
    """POST …/dispatches/{id}/kill: the answer names the same line's editions, which are to be killed on their own"""
    feed, id = request.path_params["feed"], request.path_params["id"]
    holder = await holder_in_feed(request, "correspondent")
    reason = read(Kill, await body(request)).reason
    own_only, key = holder.role == "correspondent", idempotency_key(request)
    killed = changes.Kill(holder, id, reason, own_only=own_only, idempotency_key=key)
    receipt, headers = await append(request, killed)
    receipt["editions"] = await told(request, await node_of(request).journal.editions(feed, id))
    return json(receipt, 200, headers)


async def pin(request: Request) -> Response:
    """PUT …/pin"""
    holder = await holder_in_feed(request, "editor")
    id = read(Pin, await body(request)).id
    return await _append(request, changes.Pin(holder, id, idempotency_key=idempotency_key(request)))


async def unpin(request: Request) -> Response:
    """DELETE …/pin"""
    holder = await holder_in_feed(request, "editor")
    return await _append(request, changes.Pin(holder, None, idempotency_key=idempotency_key(request)))


async def air(request: Request) -> Response:
    """PUT …/air"""
    holder = await holder_in_feed(request, "editor")
    state = read(Air, await body(request)).model_dump()
    return await _append(request, changes.Air(holder, state, idempotency_key=idempotency_key(request)))
