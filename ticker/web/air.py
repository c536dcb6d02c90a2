"""The air: the newsroom's LIVE switch of a feed, and the link to its broadcast."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ticker import changes
from ticker.dispatch import AirSwitchBody, read
from ticker.journal.holder import Holder
from ticker.web.append import respond
from ticker.web.faults import CLOSED
from ticker.web.operation import Operation, Resource, Returns
from ticker.web.parameters import FEED, FEED_NAME, REPLAYED
from ticker.web.pin import CHANGED
from ticker.web.request import body, idempotency_key

ROUTES: Final = Resource("Desk", (FEED_NAME,))


@Operation(
    ROUTES,
    "PUT",
    FEED + "/air",
    "switchAir",
    "Go on or off the air",
    (Returns(200, "It is switched.", (CHANGED,), headers=(REPLAYED,)),),
    role="editor",
    body=AirSwitchBody,
    repeatable=True,
    faults=(CLOSED,),
    description="Replaces all three: what is not named is null.",
)
async def switch(request: Request, holder: Holder) -> Response:
    """Switch it."""
    state = read(AirSwitchBody, await body(request)).model_dump()
    return await respond(request, changes.Air(holder, state, idempotency_key=idempotency_key(request)))
