"""Lines under embargo, for the desk: see, edit, release early, spike."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ticker import changes
from ticker.dispatch import FIELDS, Edit, Kill, read
from ticker.errors import Forbidden
from ticker.journal.append import no_longer_held
from ticker.journal.registry import Holder
from ticker.web.answers import json
from ticker.web.ingest import answer_filed, append, body, holder_in_feed, idempotency_key, if_match, release_time
from ticker.web.node import node_of


async def _line(request: Request, holder: Holder) -> dict[str, Any]:
    record, filer = await node_of(request).held.line(request.path_params["feed"], request.path_params["id"])
    if holder.role == "correspondent" and filer != holder.id:
        raise Forbidden("A correspondent's key sees only the held lines that it wrote itself")
    return record


async def lines(request: Request) -> Response:
    """GET …/held: what waits, the next one first; a correspondent sees only what is theirs."""
    holder = await holder_in_feed(request, "correspondent")
    feed, held = request.path_params["feed"], node_of(request).held
    waiting = await held.waiting(feed)
    if holder.role == "correspondent":
        waiting = [record for record in waiting if (await held.line(feed, record["id"]))[1] == holder.id]
    return json({"feed": feed, "held": waiting})


async def line(request: Request) -> Response:
    """GET …/held/{id}: the line, or what became of it."""
    record = await _line(request, await holder_in_feed(request, "correspondent"))
    return json(record, 200, {"etag": f'"{record["revision"]}"'})


async def edit(request: Request) -> Response:
    """PATCH …/held/{id}"""
    holder = await holder_in_feed(request, "correspondent")
    revision = if_match(request)
    edited = read(Edit, await body(request))
    record = await _line(request, holder)
    key = idempotency_key(request)
    if record["status"] != "held" and key is None:  # a repeated request is answered as the first time all the same
        raise no_longer_held(record)
    until = edited.release_at or record.get("release_at")
    change = changes.Edit(
        holder,
        record["id"],
        edited.applied_to(record),
        release_time(until) if until else 0,
        revision=record["revision"] if revision in (None, record["revision"]) else -1,
        own_only=holder.role == "correspondent",
        edit={"if-match": revision, **edited.model_dump(exclude_unset=True)},
        idempotency_key=key,
    )
    receipt, headers = await append(request, change)
    return json(receipt, 200, headers)


async def release(request: Request) -> Response:
    """POST …/held/{id}/release: now, and not at its time."""
    holder = await holder_in_feed(request, "correspondent")
    node = node_of(request)
    channel = await node.find(request.path_params["feed"])
    record = await _line(request, holder)
    key = idempotency_key(request)
    if record["status"] != "held" and key is None:
        raise no_longer_held(record)
    fields = {name: record[name] for name in FIELDS if name in record}
    fields, confirmation = changes.require_confirmation(fields, channel.feed)
    change = changes.Release(
        holder,
        record["id"],
        fields,
        revision=record["revision"],
        own_only=holder.role == "correspondent",
        confirmation=confirmation,
        idempotency_key=key,
    )
    receipt, headers = await append(request, change)
    return answer_filed(request, channel, change, receipt, headers)


async def spike(request: Request) -> Response:
    """DELETE …/held/{id}: it is never to go out. Its text is kept in the audit alone."""
    holder = await holder_in_feed(request, "correspondent")
    said = await body(request)
    reason = read(Kill, said).reason if said else "spiked"
    record = await _line(request, holder)
    own_only, key = holder.role == "correspondent", idempotency_key(request)
    change = changes.Spike(holder, record["id"], reason, own_only=own_only, idempotency_key=key)
    receipt, headers = await append(request, change)
    return json(receipt, 200, headers)
