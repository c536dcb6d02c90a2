"""Dispatches: the history of a feed, one dispatch, and what a correspondent does to it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ticker import changes
from ticker.channel import Channel
from ticker.dispatch import FIELDS, Correction, Draft, KillBody, milliseconds, read
from ticker.errors import Invalid, KeyReused, killed
from ticker.journal.append import killed_for_good, nothing_to_confirm
from ticker.journal.holder import Holder
from ticker.web.admission import readable
from ticker.web.append import OF_RECEIPTS, append, append_merged, respond
from ticker.web.caching import BY_CREDENTIAL, FRESH_FOR, NEVER
from ticker.web.described import examples
from ticker.web.etag import IfMatch, tag_of_dispatch
from ticker.web.faults import CLOSED, INVALID_PARAMETER, KILLED, NOT_YOURS, OTHER_ORIGIN, STALE_REVISION
from ticker.web.node import node_of
from ticker.web.operation import Fault, Operation, Resource, Returns
from ticker.web.paging import add_link, link_header, whole_number
from ticker.web.parameters import (
    DISPATCH_ID,
    ETAG,
    FEED,
    FEED_NAME,
    IF_MATCH,
    IF_MATCH_IF_ANY,
    IF_NONE_MATCH,
    LOCATION,
    query,
)
from ticker.web.public_url import base
from ticker.web.request import body, idempotency_key, if_match
from ticker.web.responses import json, public
from ticker.web.shapes import dispatch as shapes
from ticker.web.shapes.held import HOLD_RECEIPT
from ticker.web.visible import check_original, listed, visible_editions

ROUTES: Final = Resource("Dispatches", (FEED_NAME, DISPATCH_ID))

LIST: Final = FEED + "/dispatches"
ONE: Final = LIST + "/{id}"

REVISION_BEFORE: Final = query(
    "RevisionBefore",
    "before",
    "A revision: only earlier revisions before it are returned.",
    {"type": "integer", "minimum": 1, "maximum": 999_999_999},
    21,
)
_OLDER: Final = link_header(f"/v1/feeds/breaking/dispatches/{examples.BRIDGE_ID}?before=21")

LONGEST_EMBARGO: Final = timedelta(days=366)
"""How far ahead a dispatch may be held; a later year is a slip of the finger."""


@Operation(
    ROUTES,
    "POST",
    LIST,
    "fileDispatch",
    "File a dispatch",
    (
        Returns(
            201,
            "It is kept: on disk, and on as many replicas as the operator asks for. "
            "With `release_at`, it is held until then.",
            (shapes.FILED, HOLD_RECEIPT),
            headers=(LOCATION, *OF_RECEIPTS),
        ),
    ),
    role="correspondent",
    body=Draft,
    repeatable=True,
    faults=(CLOSED,),
)
async def file(request: Request, holder: Holder) -> Response:
    """File a dispatch, or hold it."""
    feed = request.path_params["feed"]
    draft = read(Draft, await body(request))
    channel = await node_of(request).find(feed)
    await check_original(request, holder, draft.edition_of)
    fields, key = draft.fields(channel.feed.language), idempotency_key(request)
    if draft.release_at is not None:
        held = changes.Hold(holder, fields, release_time(draft.release_at), idempotency_key=key)
        receipt, headers = await append(request, held)
        return json(receipt, 201, headers | {"location": f"{base(request)}/v1/feeds/{feed}/held/{receipt['id']}"})
    written, confirmation = changes.require_confirmation(fields, channel.feed)
    filed = changes.File(holder, written, draft=fields, confirmation=confirmation, idempotency_key=key)
    return respond_filed(request, channel, filed, *await append(request, filed))


def respond_filed(
    request: Request, channel: Channel, change: changes.Change, receipt: dict[str, Any], headers: dict[str, str]
) -> Response:
    """Return the response with the receipt of a dispatch that is in the log now, and with similar dispatches."""
    feed, id = channel.feed.name, receipt["id"]
    # When a release is repeated, its record no longer has a text; the first response already listed what is similar.
    text = change.written().get("text")
    receipt["similar"] = channel.recent_dispatches.similar_to(text, receipt["filed"], id) if text else []
    return json(receipt, 201, headers | {"location": f"{base(request)}/v1/feeds/{feed}/dispatches/{id}"})


def release_time(moment: str) -> int:
    """Return the millisecond of Unix time at which a held dispatch is to be released.

    Whether that is still to come is judged by the log's clock, once it is known that this is not a repeated request.

    Raises:
        Invalid: it is more than a year away.
    """
    if datetime.fromisoformat(moment) > datetime.now(UTC) + LONGEST_EMBARGO:
        raise Invalid([("release_at", "is more than a year away; is the year right?")])
    return milliseconds(moment)


@Operation(
    ROUTES,
    "GET",
    ONE,
    "readDispatch",
    "One dispatch with its earlier revisions",
    (
        Returns(200, "Its current revision.", (shapes.DISPATCH_WITH_HISTORY,), headers=(ETAG, _OLDER)),
        Returns(304, "You have it already.", media_type="", headers=(ETAG,)),
    ),
    parameters=(REVISION_BEFORE, IF_NONE_MATCH),
    faults=(INVALID_PARAMETER, KILLED, OTHER_ORIGIN),
    description="Its newest 20 earlier revisions; `Link` leads to those before.",
)
async def read_dispatch(request: Request) -> Response:
    """Respond with a dispatch, its newest earlier revisions and its editions."""
    feed = request.path_params["feed"]
    node = node_of(request)
    channel = await readable(request)
    before = revision_before(request)
    found, earlier = await node.journal.dispatch_with_revisions(feed, request.path_params["id"], before)
    editions = await visible_editions(request, await node.journal.editions(feed, found))
    found = channel.as_known(found)
    if found["status"] == "killed":
        raise killed(found)
    found |= {"revisions": earlier.revisions, "editions": editions}
    response = public(request, found, max_age=FRESH_FOR, tag=tag_of_dispatch(found["revision"], editions))
    response.headers.add_vary_header(BY_CREDENTIAL)
    if not all(listed(request, edition) for edition in found["editions"]):
        response.headers["cache-control"] = NEVER  # this is for the holder of the key alone
    if earlier.before is not None:
        add_link(response, request, [("before", earlier.before)])
    return response


def revision_before(request: Request) -> int | None:
    """Return the revision before which a request asks for earlier ones, if it names one.

    Raises:
        Invalid: it is not a revision.
    """
    if "before" not in request.query_params:
        return None
    return whole_number(request, "before", 1, 1, 999_999_999)


@Operation(
    ROUTES,
    "PATCH",
    ONE,
    "correctDispatch",
    "Correct a dispatch",
    (Returns(200, "It is corrected.", (shapes.CORRECTED,), headers=OF_RECEIPTS),),
    role="correspondent",
    body=Correction,
    repeatable=True,
    parameters=(IF_MATCH,),
    faults=(CLOSED, KILLED, NOT_YOURS),
    description="What the body does not name stays; null or an empty value takes a field away, "
    "but not `text`, `urgency` or `language`. At least one field must be named.",
)
async def correct(request: Request, holder: Holder) -> Response:
    """Correct a dispatch."""
    feed, id = request.path_params["feed"], request.path_params["id"]
    node, match = node_of(request), if_match(request)
    correction, key = read(Correction, await body(request)), idempotency_key(request)
    await check_original(request, holder, correction.edition_of)

    async def merged() -> changes.Change:
        known = await node.journal.dispatch(feed, id)
        fields, confirmation = changes.confirm_correction(
            known,
            correction.applied_to(known),
            (await node.find(feed)).feed,
            urgency_named=correction.urgency is not None,
        )
        return changes.Correct(
            holder,
            id,
            fields,
            revision=match.base(known["revision"]),
            own_only=holder.role == "correspondent",
            previous=known,
            correction={"if-match": match.sent(), **correction.model_dump(exclude_unset=True)},
            confirmation=confirmation,
            idempotency_key=key,
        )

    receipt, headers = await append_merged(request, match, merged)
    return json(receipt, 200, headers)


@Operation(
    ROUTES,
    "POST",
    ONE + "/kill",
    "killDispatch",
    "Kill a dispatch",
    (Returns(200, "It is killed; a tombstone is given in its place.", (shapes.KILLED,), headers=OF_RECEIPTS),),
    role="correspondent",
    body=KillBody,
    repeatable=True,
    faults=(KILLED, NOT_YOURS),
)
async def kill(request: Request, holder: Holder) -> Response:
    """Kill a dispatch. The response names its editions, which are to be killed on their own."""
    feed, id = request.path_params["feed"], request.path_params["id"]
    reason = read(KillBody, await body(request)).reason
    own_only, key = holder.role == "correspondent", idempotency_key(request)
    killed = changes.Kill(holder, id, reason, own_only=own_only, idempotency_key=key)
    receipt, headers = await append(request, killed)
    journal = node_of(request).journal
    editions = await journal.editions(feed, await journal.dispatch(feed, id))
    receipt["editions"] = await visible_editions(request, editions)
    return json(receipt, 200, headers)


@Operation(
    ROUTES,
    "POST",
    ONE + "/confirm",
    "confirmFlash",
    "Confirm a flash with a second key",
    (Returns(200, "It is a flash now.", (shapes.CORRECTED,), headers=OF_RECEIPTS),),
    role="correspondent",
    repeatable=True,
    parameters=(IF_MATCH_IF_ANY,),
    faults=(
        CLOSED,
        KILLED,
        NOT_YOURS,
        Fault("NothingToConfirm", nothing_to_confirm()),
        STALE_REVISION,
    ),
    description="Where a flash takes two keys, it goes out as urgent. Another key than those that asked for it, or "
    "wrote it since, confirms it before `confirm_by`. Without `If-Match`, this means the words for which it was asked.",
)
async def confirm(request: Request, holder: Holder) -> Response:
    """Make a flash of a dispatch, with the second key."""
    feed, id = request.path_params["feed"], request.path_params["id"]
    seen = "if-match" in request.headers
    match = if_match(request) if seen else IfMatch(None)
    known = await node_of(request).journal.dispatch(feed, id)
    if known["status"] == "killed":
        raise killed_for_good(known)
    change = changes.Correct(
        holder,
        id,
        _as_flash(known),
        revision=match.base(known["revision"]),
        previous=known,
        confirmation=changes.GiveConfirmation(seen),
        idempotency_key=idempotency_key(request),
    )
    try:
        return await respond(request, change)
    except KeyReused:
        # Its fingerprint is of the words that it confirmed. If these were corrected since, an earlier flash has them.
        async for earlier in node_of(request).journal.earlier_revisions(feed, id):
            if earlier["urgency"] == "flash":
                with suppress(KeyReused):
                    return await respond(request, replace(change, fields=_as_flash(earlier)))
        raise


def _as_flash(revision: dict[str, Any]) -> dict[str, Any]:
    return {name: revision[name] for name in FIELDS if name in revision} | {"urgency": "flash"}


@Operation(
    ROUTES,
    "GET",
    ONE + "/receipt",
    "readReceipt",
    "How a dispatch was delivered",
    (Returns(200, "As measured so far.", (shapes.DELIVERY_REPORT,)),),
    role="correspondent",
)
async def delivery(request: Request, holder: Holder) -> Response:
    """Respond with the delivery report of a dispatch."""
    feed = request.path_params["feed"]
    node = node_of(request)
    found = await node.journal.dispatch(feed, request.path_params["id"])
    return json(await node.delivery_reports.of(feed, found))
