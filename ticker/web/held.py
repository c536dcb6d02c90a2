"""Lines under embargo, for the desk: see, edit, release early, spike."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ticker.dispatch import FIELDS, Edit, Kill, read
from ticker.errors import Conflict, Forbidden
from ticker.journal.change import Change, ask_second
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
    changes = read(Edit, await body(request))
    record = await _line(request, holder)
    key = idempotency_key(request)
    if record["status"] != "held" and key is None:  # a repeated request is answered as the first time all the same
        raise _ended(record)
    until = changes.release_at or record.get("release_at")
    change = Change(
        "edit",
        holder,
        changes.applied_to(record),
        held=record["id"],
        revision=record["revision"] if revision in (None, record["revision"]) else -1,
        release=release_time(until) if until else 0,
        idempotency_key=key,
        asked={"if-match": revision, **changes.model_dump(exclude_unset=True)},
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
        raise _ended(record)
    fields = {name: record[name] for name in FIELDS if name in record}
    fields, confirm = ask_second(fields, channel.feed)
    # What is asked is to release this line, whatever it says by then; so a repeated request is known again.
    asked = {"release": record["id"]}
    revision = record["revision"]
    change = Change(
        "file", holder, fields, held=record["id"], revision=revision, confirm=confirm, idempotency_key=key, asked=asked
    )
    receipt, headers = await append(request, change)
    return answer_filed(request, channel, change, receipt, headers)


async def spike(request: Request) -> Response:
    """DELETE …/held/{id}: it is never to go out. Its text is kept in the audit alone."""
    holder = await holder_in_feed(request, "correspondent")
    said = await body(request)
    carries = {"reason": read(Kill, said).reason} if said else {"reason": "spiked"}
    record = await _line(request, holder)
    change = Change("spike", holder, carries, held=record["id"], idempotency_key=idempotency_key(request))
    receipt, headers = await append(request, change)
    return json(receipt, 200, headers)


def _ended(record: dict[str, Any]) -> Conflict:
    return Conflict(f"The line is held no longer: it was {record['status']}", extra={"held": record})
