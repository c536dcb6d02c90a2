"""The pin: the dispatch that an editor puts on top of a feed."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ticker import changes
from ticker.dispatch import PinBody, read
from ticker.journal.holder import Holder
from ticker.schema import ID, POSITION, shape
from ticker.web.append import respond
from ticker.web.described import examples
from ticker.web.faults import CLOSED, KILLED
from ticker.web.operation import Operation, Resource, Returns
from ticker.web.parameters import FEED, FEED_NAME, REPLAYED
from ticker.web.request import body, idempotency_key
from ticker.web.shape import Shape
from ticker.web.shapes.dispatch import UPDATED

ROUTES: Final = Resource("Desk", (FEED_NAME,))

PATH: Final = FEED + "/pin"

PINNED: Final = Shape(
    "Pinned",
    shape("Receipt of a pin.", {"id": ID, "position": POSITION, "updated": UPDATED}),
    {"id": examples.BRIDGE_ID, "position": "47-001d0c2f577f", "updated": "2026-03-11T14:21:30.250Z"},
)
CHANGED: Final = Shape(
    "Changed",
    shape("Receipt of a change that is of no dispatch.", {"position": POSITION, "updated": UPDATED}),
    {"position": "49-001e489e4ae1", "updated": "2026-03-11T14:22:00.250Z"},
)


@Operation(
    ROUTES,
    "PUT",
    PATH,
    "pin",
    "Pin a dispatch",
    (Returns(200, "It is on top.", (PINNED,), headers=(REPLAYED,)),),
    role="editor",
    body=PinBody,
    repeatable=True,
    faults=(CLOSED, KILLED),
)
async def pin(request: Request, holder: Holder) -> Response:
    """Pin a dispatch."""
    id = read(PinBody, await body(request)).id
    return await respond(request, changes.Pin(holder, id, idempotency_key=idempotency_key(request)))


@Operation(
    ROUTES,
    "DELETE",
    PATH,
    "unpin",
    "Take the pin away",
    (Returns(200, "Nothing is on top.", (CHANGED,), headers=(REPLAYED,)),),
    role="editor",
    repeatable=True,
    faults=(CLOSED,),
)
async def unpin(request: Request, holder: Holder) -> Response:
    """Take the pin away."""
    return await respond(request, changes.Pin(holder, None, idempotency_key=idempotency_key(request)))
