"""Who may become a reader: one decision, whichever way a request comes in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import parse_qs

from websockets.exceptions import InvalidHeader
from websockets.headers import parse_extension

from ticker.errors import Forbidden, UpgradeRequired
from ticker.hub import Channel, Hub
from ticker.settings import Settings
from ticker.wire import Dialect

LIVE_PATH: Final = re.compile(r"/v1/feeds/(?P<feed>[^/]+)/live")

SSE_HEADERS: Final = {
    "content-type": "text/event-stream; charset=utf-8",
    # A cache or a compressor on the way would hold events back.
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",
    "x-content-type-options": "nosniff",
}

SSE_HELLO: Final = b"retry: 3000\n\n"
"""Milliseconds a browser waits before it reconnects by itself."""


MOST_SAID: Final = 16 * 1024
"""Bytes of messages a reader may send in all before it is taken for something else (1008)."""


class Admission(NamedTuple):
    """A reader let in: where it reads, how it is spoken to, and the position it resumes from, if any."""

    channel: Channel
    dialect: Dialect
    after: str | None


def admit(
    hub: Hub, settings: Settings, *, feed: str, query: str, headers: Mapping[str, str], websocket: bool
) -> Admission:
    """Decide on a request for a feed's live stream. Header names are in small letters.

    Raises:
        Forbidden: the page's origin may not read feeds.
        UpgradeRequired: it asks neither for a WebSocket nor for events.
        NotFound, Unavailable: no such feed; or not here, not now.
    """
    origin = headers.get("origin")
    if not settings.allows(origin):
        raise Forbidden(f"Pages of {origin} may not read this service's feeds", field="Origin")
    if not websocket and "text/event-stream" not in headers.get("accept", ""):
        raise UpgradeRequired("Ask for a WebSocket, or for events with Accept: text/event-stream", field="Accept")
    channel = hub.admit(feed)
    after = position_in(query) if query else None
    if not websocket:
        # What the browser saw last is newer than what its page was loaded with.
        after = headers.get("last-event-id") or after
        return Admission(channel, "sse", after)
    return Admission(
        channel, "deflated" if inflates(headers.get("sec-websocket-extensions", "")) else "websocket", after
    )


@lru_cache(maxsize=64)  # readers who lose their line together come back with one position
def position_in(query: str) -> str | None:
    """Return the position that a query resumes after, if it names one."""
    return parse_qs(query).get("after", [None])[-1]


@lru_cache(maxsize=64)  # browsers say one of a few things, and each reader says it again
def inflates(offered: str) -> bool:
    """Tell whether a Sec-WebSocket-Extensions header offers permessage-deflate as we can give it (RFC 7692)."""
    try:
        offers = parse_extension(offered)
    except InvalidHeader:
        return False
    return any(
        # A window smaller than ours is the only wish that shared frames cannot fulfil.
        name == "permessage-deflate" and "server_max_window_bits" not in dict(wishes)
        for name, wishes in offers
    )


def cross_origin(settings: Settings, origin: str | None) -> dict[str, str]:
    """Return the headers that let a page of another site read an answer (Fetch standard, CORS)."""
    if settings.origins == "*":
        return {"access-control-allow-origin": "*"}
    if origin is not None and settings.allows(origin):
        return {"access-control-allow-origin": origin, "vary": "Origin"}
    return {"vary": "Origin"}
