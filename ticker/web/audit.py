"""The audit of a feed, for editors."""

from __future__ import annotations

from collections.abc import AsyncIterator

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ticker.errors import Unavailable
from ticker.journal.audit import Audit
from ticker.web.auth import holder_of
from ticker.web.node import node_of


async def changes(request: Request) -> Response:
    """GET …/audit: every change as NDJSON, oldest first. Killed text is among it, so it is never cached."""
    feed = request.path_params["feed"]
    node = node_of(request)
    await holder_of(request, at_least="editor", feed=feed)
    await node.find(feed)
    headers = {
        "cache-control": "no-store",
        "content-disposition": f'attachment; filename="{feed}-audit.ndjson"',
    }
    return StreamingResponse(_lines(Audit(node.redis, feed)), 200, headers, "application/x-ndjson")


async def _lines(audit: Audit) -> AsyncIterator[bytes]:
    try:
        async for change in audit.changes():
            yield orjson.dumps(change, option=orjson.OPT_APPEND_NEWLINE)
    except Unavailable as error:  # too late for another status; who reads must still see that this is not all
        yield orjson.dumps({"fault": error.detail}, option=orjson.OPT_APPEND_NEWLINE)
