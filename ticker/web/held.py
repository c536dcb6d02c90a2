"""Dispatches under embargo, for the desk: see, edit, release early, spike."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ticker import changes
from ticker.dispatch import FIELDS, EditBody, KillBody, read
from ticker.errors import Forbidden
from ticker.journal.append import no_longer_held
from ticker.journal.holder import Holder
from ticker.web.append import OF_RECEIPTS, append, append_merged
from ticker.web.dispatches import release_time, respond_filed
from ticker.web.faults import CLOSED, INVALID_PARAMETER, NOT_YOURS, STALE_REVISION
from ticker.web.node import node_of
from ticker.web.operation import Fault, Operation, Resource, Returns
from ticker.web.paging import add_link, fitting, limit, limit_parameter, link_header
from ticker.web.parameters import ETAG, FEED, FEED_NAME, IF_MATCH, LOCATION, in_path, query
from ticker.web.request import body, idempotency_key, if_match
from ticker.web.responses import json
from ticker.web.shapes.dispatch import FILED
from ticker.web.shapes.held import HELD, HELD_ID, HOLD_RECEIPT, RELEASED, SPIKE_RECEIPT, SPIKED, WAITING
from ticker.web.visible import check_original

ROUTES: Final = Resource("Embargo", (FEED_NAME, in_path("HeldId", "id", HELD_ID, HELD.example["id"])))

LIST: Final = FEED + "/held"
ONE: Final = LIST + "/{id}"

PAGE: Final = 100
"""Held dispatches on a page by default."""

_PLACE: Final = f"1773241200000-{HELD.example['id']}"
_AFTER: Final = query(
    "HeldAfter",
    "after",
    "As `Link` had it: where the page begins.",
    {"type": "string", "pattern": "^[0-9]{1,15}-[0-9a-z]{1,64}$"},
    _PLACE,
)
_LINK: Final = link_header(f"/v1/feeds/breaking/held?after={_PLACE}&limit=100")

HELD_NO_LONGER: Final = Fault("HeldNoLonger", no_longer_held(RELEASED.example))


async def _record(request: Request, holder: Holder) -> dict[str, Any]:
    record, filer = await node_of(request).held.dispatch(request.path_params["feed"], request.path_params["id"])
    if holder.role == "correspondent" and filer != holder.id:
        raise Forbidden("A correspondent's key may see only held dispatches that it wrote itself")
    return record


@Operation(
    ROUTES,
    "GET",
    LIST,
    "listHeld",
    "Dispatches that wait for their release",
    (Returns(200, "The next one first. A correspondent sees only what is theirs.", (WAITING,), headers=(_LINK,)),),
    role="correspondent",
    parameters=(_AFTER, limit_parameter("HeldLimit", PAGE)),
    faults=(INVALID_PARAMETER,),
)
async def list_held(request: Request, holder: Holder) -> Response:
    """List what waits, the next one first."""
    feed, most, after = request.path_params["feed"], limit(request, PAGE), request.query_params.get("after")
    filer = holder.id if holder.role == "correspondent" else None
    waiting = await node_of(request).held.waiting(feed, most + 1, after, filer=filer)
    count = fitting([each.record for each in waiting], most)
    response = json({"feed": feed, "held": [each.record for each in waiting[:count]]})
    if count < len(waiting):
        add_link(response, request, [("after", waiting[count - 1].place), ("limit", most)])
    return response


@Operation(
    ROUTES,
    "GET",
    ONE,
    "readHeld",
    "A held dispatch, or how its hold ended",
    (Returns(200, "Its current revision.", (HELD, RELEASED, SPIKED), headers=(ETAG,)),),
    role="correspondent",
    faults=(NOT_YOURS,),
)
async def read_held(request: Request, holder: Holder) -> Response:
    """Respond with a held dispatch, or with how its hold ended."""
    record = await _record(request, holder)
    return json(record, 200, {"etag": f'"{record["revision"]}"'})


@Operation(
    ROUTES,
    "PATCH",
    ONE,
    "editHeld",
    "Edit a held dispatch",
    (Returns(200, "It is edited.", (HOLD_RECEIPT,), headers=OF_RECEIPTS),),
    role="correspondent",
    body=EditBody,
    repeatable=True,
    parameters=(IF_MATCH,),
    faults=(CLOSED, HELD_NO_LONGER, NOT_YOURS),
    description="As a correction, and `release_at` may be moved. At least one field must be named.",
)
async def edit(request: Request, holder: Holder) -> Response:
    """Edit a held dispatch."""
    match = if_match(request)
    edited, key = read(EditBody, await body(request)), idempotency_key(request)
    await check_original(request, holder, edited.edition_of)

    async def merged() -> changes.Change:
        record = await _record(request, holder)
        if record["status"] != "held" and key is None:  # a repeated request gets the first response all the same
            raise no_longer_held(record)
        until = edited.release_at or record.get("release_at")
        return changes.Edit(
            holder,
            record["id"],
            edited.applied_to(record),
            release_time(until) if until else 0,
            revision=match.base(record["revision"]),
            own_only=holder.role == "correspondent",
            edit={"if-match": match.sent(), **edited.model_dump(exclude_unset=True)},
            idempotency_key=key,
        )

    receipt, headers = await append_merged(request, match, merged)
    return json(receipt, 200, headers)


@Operation(
    ROUTES,
    "DELETE",
    ONE,
    "spikeHeld",
    "Spike a held dispatch",
    (Returns(200, "It is never released.", (SPIKE_RECEIPT,), headers=OF_RECEIPTS),),
    role="correspondent",
    body=KillBody,
    body_required=False,
    repeatable=True,
    faults=(HELD_NO_LONGER, NOT_YOURS),
)
async def spike(request: Request, holder: Holder) -> Response:
    """Spike a held dispatch: it is never released. Its text is kept in the audit alone."""
    given = await body(request)
    reason = read(KillBody, given).reason if given else "spiked"
    record = await _record(request, holder)
    own_only, key = holder.role == "correspondent", idempotency_key(request)
    change = changes.Spike(holder, record["id"], reason, own_only=own_only, idempotency_key=key)
    receipt, headers = await append(request, change)
    return json(receipt, 200, headers)


@Operation(
    ROUTES,
    "POST",
    ONE + "/release",
    "releaseHeld",
    "Release a held dispatch now",
    (Returns(201, "It is filed.", (FILED,), headers=(LOCATION, *OF_RECEIPTS)),),
    role="correspondent",
    repeatable=True,
    faults=(CLOSED, HELD_NO_LONGER, NOT_YOURS, STALE_REVISION),
)
async def release(request: Request, holder: Holder) -> Response:
    """Release a held dispatch now, and not at its time."""
    channel = await node_of(request).find(request.path_params["feed"])
    record = await _record(request, holder)
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
    return respond_filed(request, channel, change, receipt, headers)
