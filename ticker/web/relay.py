"""What a node has for the relays that follow it: bulletins, and a place where they report their readers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Final

import orjson
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ticker.dispatch import Body, FeedName, read
from ticker.errors import TooMany
from ticker.hub import Hub
from ticker.journal.holder import Holder
from ticker.relay.bulletin import Bulletins
from ticker.web.admission import SSE_HEADERS, sse_start, stream_needed
from ticker.web.auth import check_feed
from ticker.web.header_lists import accepts, headers_of
from ticker.web.node import node_of
from ticker.web.operation import Fault, Operation, Parameter, Resource, Returns
from ticker.web.parameters import NAME
from ticker.web.request import body

ROUTES: Final = Resource("Operators")

PATH: Final = "/v1/relay"

READERS: Final = PATH + "/readers"

ALIVE_INTERVAL: Final = 1.5
"""Seconds without news after which a relay is told that this node is there; a node proves once a second."""

MAX_RELAYS: Final = 1000
"""Reports of relays that are kept at once."""

_FEED: Final = Parameter(
    "RelayedFeed",
    "feed",
    "query",
    "Name of a feed to follow; may be repeated. Without it, all public ones.",
    {"type": "string", "pattern": NAME["pattern"]},
    "breaking",
)


class ReadersReport(Body):
    """How many readers a relay has. A further report with the same `relay` replaces it; each is kept for 25 seconds."""

    relay: str = Field(
        pattern="^[0-9a-z-]{1,40}$",
        description="Who reports: a random name, the same in each report.",
        examples=["5f2c9a0b"],
    )
    watching: dict[FeedName, Annotated[int, Field(ge=-MAX_RELAYS, le=100_000_000)]] = Field(
        description="Readers by feed, those of relays that follow this relay included. Negative where relays without "
        "readers reported to one worker of a relay and have their streams at another.",
        examples=[{"breaking": 10342}],
    )


@Operation(
    ROUTES,
    "GET",
    PATH,
    "followAsRelay",
    "Proofs of freshness and settings of feeds, for a relay",
    (
        Returns(
            200,
            "Server-Sent Events: bulletins, as PROTOCOL.md describes them.",
            media_type="text/event-stream",
            example='retry: 3120\ndata: {"type":"proof","at":"2026-03-11T14:12:00.250Z","age":0.012,"unproven":[],'
            '"positions":{"breaking":"47-001d0c2f577f"},"watching":{"breaking":10342}}\n\n',
        ),
    ),
    parameters=(_FEED,),
    faults=(Fault("EventsRequired", stream_needed()),),
    description="For `ticker relay`. With `Accept: text/event-stream`.",
)
async def bulletins(request: Request) -> Response:
    """Stream bulletins to a relay."""
    if not accepts(headers_of(request).get("accept", ""), "text/event-stream"):
        raise stream_needed()
    hub = node_of(request).hub
    hub.open_channels()
    names = request.query_params.getlist("feed")
    return StreamingResponse(_events(hub, names), headers=SSE_HEADERS)


async def _events(hub: Hub, names: list[str]) -> AsyncIterator[bytes]:
    due = asyncio.Event()
    hub.on_proof.add(due.set)
    try:
        told = Bulletins(hub, names, time.monotonic)
        start = sse_start()
        while not hub.draining:
            due.clear()
            messages = list(told.take()) or [{"type": "alive"}]
            yield start + b"".join(b"data: %b\n\n" % orjson.dumps(message) for message in messages)
            start = b""
            try:
                async with asyncio.timeout(ALIVE_INTERVAL):
                    await due.wait()
            except TimeoutError:
                pass
    finally:
        hub.on_proof.discard(due.set)


@Operation(
    ROUTES,
    "POST",
    READERS,
    "reportReaders",
    "Report the readers of a relay",
    (Returns(204, "They are counted.", media_type=""),),
    role="correspondent",
    body=ReadersReport,
    description="Every 10 seconds, and at most once a second when they change, by a key that is valid for each feed "
    "named. A relay that does not report counts as one reader of each feed.",
)
async def readers(request: Request, holder: Holder) -> Response:
    """Count the readers of a relay."""
    return await count(request, holder)


async def count(request: Request, holder: Holder | None = None) -> Response:
    """Count the readers that a relay reports whose key was found to be valid: for the feeds of the holder, if given."""
    report = read(ReadersReport, await body(request))
    if holder is not None:
        for feed in report.watching:
            check_feed(holder, feed)
    node = node_of(request)
    node.relays.forget_silent(time.monotonic())
    if not node.relays.has_room(report.relay, MAX_RELAYS):
        raise TooMany("This node counts the readers of as many relays as it can", retry_after=30)
    # Its own stream is among the readers of the node that it follows.
    node.relay_reported(report.relay, {feed: count - 1 for feed, count in report.watching.items()})
    return Response(status_code=204)
