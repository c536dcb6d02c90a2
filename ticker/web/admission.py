"""Who may read a feed, and who may become a reader of it: one decision, whichever way a request comes in.

A private feed does not exist for those without a key that reaches it: they get the same response, by the same work of
the service, as for a name that was never used. Where pages of some sites alone may read a feed, that binds
browsers, which send the origin of a page in `Origin`; a request without it is served.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import parse_qs

from starlette.requests import HTTPConnection

from ticker.channel import Channel
from ticker.errors import BadRequest, Forbidden, UpgradeRequired, no_such_feed
from ticker.feed import Feed
from ticker.hub import Hub
from ticker.origins import EVERY, allows
from ticker.serving import ServingNode, compare
from ticker.settings import Settings
from ticker.web.credentials import reading_credential
from ticker.web.deflate_offer import accepted
from ticker.web.header_lists import accepts
from ticker.web.key_lookup import address_of
from ticker.web.node import node_of
from ticker.web.same_origin import foreign_origin
from ticker.wire import Encoding

LIVE_PATH: Final = re.compile(r"/v1/feeds/(?P<feed>[^/]+)/live")

SSE_HEADERS: Final = {
    "content-type": "text/event-stream; charset=utf-8",
    # A cache or a compressor on the way would delay events, and a stored stream would be played to others.
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
    "x-content-type-options": "nosniff",
}

RETRY: Final = (1000, 5000)
"""Milliseconds, from and to, that a browser waits before it reconnects by itself."""


def sse_start() -> bytes:
    """Return what an event stream begins with: a line that belongs to the block of the first event.

    A block of its own would be an event without data, which some clients report. The time is random, so that browsers
    that lose their connection at once do not all come back at once.
    """
    return b"retry: %d\n" % random.randint(*RETRY)  # noqa: S311  # a wait is not a secret


class Access(NamedTuple):
    """A feed that a request may read, and, if the feed is private, by what it may.

    `key` is the id of the key; `session`, if that stands for it, the id of the session.
    """

    channel: Channel
    key: str | None = None
    session: str | None = None


async def find_readable(node: ServingNode, headers: Mapping[str, str], feed: str, address: str = "") -> Access:
    """Return a feed's channel if this request, from this address, may know of it. Header names are in small letters.

    Whether pages of another site may read it is checked by `refuse_foreign`.

    Raises:
        NotFound: there is no such feed, or it is private and the request has no key that reaches it.
        Unavailable: as `Hub.channel`; or Redis cannot be asked.
    """
    if not node.feeds.private(feed):
        if feed in node.hub.channels:
            channel = await node.find(feed)
        else:  # its key is looked up as for a private feed, since the response to an unknown one may have to wait
            looked_up = reading_credential(node, headers, address)
            found, _ = await asyncio.gather(node.find(feed), looked_up, return_exceptions=True)
            if isinstance(found, BaseException):
                raise found
            channel = found
        if channel.feed.visibility != "private":
            return Access(channel)
    # Redis is asked as for a feed that does not exist, so that neither time nor an outage tells the two apart.
    reader, _ = await asyncio.gather(reading_credential(node, headers, address), node.registry.listed(feed))
    if reader is None or not reader.holder.writes(feed):
        raise no_such_feed(feed)
    await node.registry.note_use(reader.holder)
    return Access(await node.find(feed), reader.holder.key, reader.session)


async def readable(request: HTTPConnection, *, pages: bool = True) -> Channel:
    """Return the channel of the feed in the request's path, which from now on governs the response.

    With `pages`, a page of a site that may not read this feed is refused.

    Raises:
        NotFound, Unavailable: as `find_readable`.
        Forbidden: as `refuse_foreign`.
    """
    node = node_of(request)
    access = await find_readable(node, request.headers, request.path_params["feed"], address_of(request))
    request.scope["state"]["governing"] = access.channel.feed
    if pages:
        refuse_foreign(node.settings, access.channel.feed, request.headers)
    await compare(access.channel)
    return access.channel


def governing(request: HTTPConnection) -> Feed | None:
    """Return the feed that a response is about, once it was found that the request may read it."""
    feed = request.scope["state"].get("governing")
    return feed if isinstance(feed, Feed) else None


def refuse_foreign(settings: Settings, feed: Feed | None, headers: Mapping[str, str]) -> None:
    """Refuse a request that comes from a page whose origin may not read a feed, or without one, the service.

    Raises:
        Forbidden: it does.
    """
    origin = foreign_origin(settings, headers)
    if not allows(allowed_origins(settings, feed), origin):
        raise origin_not_allowed(origin)


def origin_not_allowed(origin: str | None) -> Forbidden:
    """Return the error for a request of a page whose origin may not read a feed."""
    return Forbidden(f"Pages of {origin} may not read this service's feeds", field="Origin")


def allowed_origins(settings: Settings, feed: Feed | None) -> tuple[str, ...]:
    """Return the web origins whose pages may read a feed: its own list, or else the service's."""
    return settings.allowed if feed is None or feed.origins is None else feed.origins


def frame_ancestors(settings: Settings, feed: Feed) -> str:
    """Return which pages may frame a feed, as CSP's `frame-ancestors` takes it: `*`, or this site and those listed."""
    allowed = allowed_origins(settings, feed)
    return EVERY if EVERY in allowed else " ".join(["'self'", *allowed])


class Admission(NamedTuple):
    """A reader let in: where it reads, how it is spoken to, and the position it resumes from, if any.

    `origin`, `key` and `session` are by what it was let in, for when the feed is edited or one of them ends.
    """

    channel: Channel
    encoding: Encoding
    after: str | None
    origin: str | None
    key: str | None
    session: str | None = None


def enter(hub: Hub, settings: Settings, feed: str, headers: Mapping[str, str], key: str | None) -> Channel:
    """Return the channel of a feed for one more reader. Header names are in small letters.

    `key` is the id of one that was found to reach this feed.

    Raises:
        Forbidden: the page's origin may not read the feed.
        NotFound, Closed, Unavailable: there is no such feed; it is closed; this node cannot take the reader now.
    """
    known = hub.channel(feed).feed
    if known.visibility == "private" and key is None:
        raise no_such_feed(feed)
    refuse_foreign(settings, known, headers)
    return hub.admit(feed)


def bad_handshake() -> BadRequest:
    """Return the error for a handshake without a valid key (RFC 6455 section 4.2.1)."""
    return BadRequest("A WebSocket needs one Sec-WebSocket-Key: 16 bytes in base64", field="Sec-WebSocket-Key")


def stream_needed() -> UpgradeRequired:
    """Return the error for a request for a live stream that asks for no kind of stream."""
    return UpgradeRequired("Ask for a WebSocket, or for events with Accept: text/event-stream", field="Accept")


def admit(
    hub: Hub,
    settings: Settings,
    *,
    feed: str,
    query: str,
    headers: Mapping[str, str],
    websocket: bool,
    key: str | None = None,
    session: str | None = None,
) -> Admission:
    """Decide on a request for a feed's live stream.

    Raises:
        UpgradeRequired: it asks neither for a WebSocket nor for events.
        Forbidden, NotFound, Closed, Unavailable: as `enter`, which describes the parameters.
            `session` is the one that stands for `key`.
    """
    channel = enter(hub, settings, feed, headers, key)
    if not websocket and not accepts(headers.get("accept", ""), "text/event-stream"):
        raise stream_needed()
    after, origin = (position_in(query) if query else None), foreign_origin(settings, headers)
    if not websocket:
        # What the browser saw last is newer than what its page was loaded with.
        after = headers.get("last-event-id") or after
        return Admission(channel, "sse", after, origin, key, session)
    encoding: Encoding = "websocket" if accepted(headers.get("sec-websocket-extensions", "")) is None else "deflated"
    return Admission(channel, encoding, after, origin, key, session)


@lru_cache(maxsize=64)  # readers who lose their connection together come back with one position
def position_in(query: str) -> str | None:
    """Return the position that a query resumes after, if it names one."""
    return parse_qs(query).get("after", [None])[-1]


def cross_origin(settings: Settings, origin: str | None, feed: Feed | None = None) -> dict[str, str]:
    """Return the headers that let a page of another site read a response (Fetch standard, CORS).

    `feed` is what the response is about, if it is about one.
    """
    allowed = allowed_origins(settings, feed)
    if EVERY in allowed:
        return {"access-control-allow-origin": "*"}
    if origin is not None and origin in allowed:
        return {"access-control-allow-origin": origin, "vary": "Origin"}
    return {"vary": "Origin"}
