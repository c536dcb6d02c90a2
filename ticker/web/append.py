"""Write a change of a feed to its log, and respond with its receipt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ticker.changes import Change
from ticker.errors import StaleRevision
from ticker.web.etag import IfMatch
from ticker.web.node import node_of
from ticker.web.operation import Header
from ticker.web.parameters import ETAG, REPLAYED
from ticker.web.responses import json

ENTRY_TIMEOUT: Final = 0.25
"""Seconds a response waits for the entry to arrive by pub/sub, which takes a millisecond."""

MERGE_ATTEMPTS: Final = 50
"""How often a change with If-Match `*` is merged again. At each attempt one of those that compete is written."""

OF_RECEIPTS: Final[tuple[Header, ...]] = (ETAG, REPLAYED)
"""Headers of a response with the receipt of a change of a dispatch."""


async def append(request: Request, change: Change) -> tuple[dict[str, Any], dict[str, str]]:
    """Write a change and return its receipt, with the headers of the response.

    Waits up to ENTRY_TIMEOUT until this node has published the entry, so that the next request to this node sees it.
    """
    node, feed = node_of(request), request.path_params["feed"]
    kept = await node.journal.append(feed, change)
    node.note_kept(feed, kept)
    receipt, repeated, _ = kept
    if "position" in receipt:
        await node.follower.wait_for_entry(feed, int(receipt["position"].partition("-")[0]), ENTRY_TIMEOUT)
    headers = {"idempotent-replayed": "true"} if repeated else {}
    if "revision" in receipt:
        headers["etag"] = f'"{receipt["revision"]}"'
    return receipt, headers


async def append_merged(
    request: Request, match: IfMatch, merge: Callable[[], Awaitable[Change]]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Write a change that `merge` makes of the current revision, and return what `append` does.

    With If-Match `*`, a change that another one overtook is merged with the result of that one and written again: `*`
    means any current revision (RFC 9110 section 13.1.1).

    Raises:
        StaleRevision: the current revision is not one that `match` names.
    """
    if match.revisions is None:
        for _ in range(MERGE_ATTEMPTS - 1):
            with suppress(StaleRevision):
                return await append(request, await merge())
    return await append(request, await merge())


async def respond(request: Request, change: Change) -> Response:
    """Write a change and return the response with its receipt."""
    receipt, headers = await append(request, change)
    return json(receipt, 200, headers)
