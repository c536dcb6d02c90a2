"""The audit of a feed, for editors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any, ClassVar, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from ticker.changes import KINDS
from ticker.errors import InvalidToken, Unavailable
from ticker.journal.audit import Audit
from ticker.journal.holder import Holder
from ticker.schema import moment, or_null, shape, text
from ticker.web.auth import check_still_valid
from ticker.web.described import examples
from ticker.web.node import node_of
from ticker.web.operation import Operation, Resource, Returns
from ticker.web.parameters import FEED, FEED_NAME
from ticker.web.shape import Shape
from ticker.web.shapes.dispatch import DISPATCH, TOMBSTONE
from ticker.web.shapes.feed import ON_AIR
from ticker.web.shapes.held import HELD, RELEASED, SPIKED

ROUTES: Final = Resource("Desk", (FEED_NAME,))

MAX_AUDITS: Final = 16
"""Audits that a worker sends at once: each reads a whole log."""
LINES_PER_CHECK: Final = 256
"""Lines after which the key is looked up again: a slow client takes long over a long audit."""

_STANDING: Final = Shape(
    "Standing",
    {
        "description": "What a change is of: a dispatch, a held dispatch, the air, or the id of the pinned dispatch.",
        "anyOf": [DISPATCH, TOMBSTONE, HELD, RELEASED, SPIKED, ON_AIR, {"type": ["string", "null"]}],
    },
)
_STEP: Final = Shape(
    "AuditLine",
    shape(
        "One change of a feed, or of a dispatch held for it.",
        {
            "position": or_null(text("Its place in the log; null for changes of held dispatches.")),
            "at": moment("When."),
            "by": or_null(text("Whose key.")),
            "kind": text(
                "What was done.",
                enum=[*KINDS, "hold", "edit", "park", "spike", "release"],
            ),
            "before": {"description": "Before the change.", "$ref": _STANDING},
            "after": {"description": "Since the change.", "$ref": _STANDING},
        },
    ),
)
_STEPS: Final[list[dict[str, Any]]] = [
    {
        "position": "41-001956e27d59",
        "at": "2026-03-11T14:20:00.250Z",
        "by": "Night desk",
        "kind": "correct",
        "before": examples.BUDGET_BEFORE,
        "after": examples.BUDGET,
    },
    {
        "position": None,
        "at": "2026-03-11T14:14:00.250Z",
        "by": "Business desk",
        "kind": "hold",
        "before": None,
        "after": HELD.example,
    },
]


@Operation(
    ROUTES,
    "GET",
    FEED + "/audit",
    "readAudit",
    "Every change of the feed",
    (
        Returns(
            200,
            "Oldest first, one JSON object a line. Killed text is among it.",
            (_STEP,),
            media_type="application/x-ndjson",
            example=b"".join(orjson.dumps(step, option=orjson.OPT_APPEND_NEWLINE) for step in _STEPS).decode(),
        ),
    ),
    role="editor",
)
async def read_audit(request: Request, holder: Holder) -> Response:
    """Respond with NDJSON, never to be cached: killed text is among it."""
    feed = request.path_params["feed"]
    headers = {
        "cache-control": "no-store",
        "content-disposition": f'attachment; filename="{feed}-audit.ndjson"',
    }
    audit = Audit(node_of(request).redis, feed)
    lines = _lines(audit, partial(check_still_valid, request))
    return _AuditResponse(lines, 200, headers, "application/x-ndjson")


class _AuditResponse(StreamingResponse):
    """A response that is refused while MAX_AUDITS others are being sent."""

    sending: ClassVar[int] = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _AuditResponse.sending >= MAX_AUDITS:
            raise Unavailable("Several audits are being read from this node; try again in a moment", retry_after=5)
        _AuditResponse.sending += 1
        try:
            await super().__call__(scope, receive, send)
        finally:
            _AuditResponse.sending -= 1


async def _lines(audit: Audit, check: Callable[[], Awaitable[None]] | None = None) -> AsyncIterator[bytes]:
    """Yield the audit; `check` raises InvalidToken once the key that asked for it is revoked."""
    number = 0
    try:
        async for change in audit.changes():
            number += 1
            if check is not None and number % LINES_PER_CHECK == 0:
                await check()
            yield orjson.dumps(change, option=orjson.OPT_APPEND_NEWLINE)
    except (
        Unavailable,
        InvalidToken,
    ) as error:  # too late for another status; a reader must still see that this is not all
        yield orjson.dumps({"fault": error.detail}, option=orjson.OPT_APPEND_NEWLINE)
