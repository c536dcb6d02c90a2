"""The hand-off: a connection that asks for a stream, or for changes, goes to the hub and bypasses uvicorn.

A reader whom `admit` admits is sent the response head and the first frames in one write, and its socket belongs to a
SocketReader. A request for changes that has to wait becomes a SocketWaiter, and its connection goes back once it is
answered. What is not handed off stays with uvicorn, where the ASGI application decides by the same `admit`.

Measured: uvicorn's protocol object, its parser and its scope are most of what a join costs, and a transport of the
event loop is most of the rest, so readers who need none of them do not pay for them.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from urllib.parse import unquote

from ticker.errors import TickerError
from ticker.server.address_limit import AddressLimit
from ticker.server.handshake import accept_for_key, headers_in, sse_head, switching_protocols, wants_websocket
from ticker.server.reader import SocketReader
from ticker.server.readiness import Readiness
from ticker.server.waiter import KeepAlive, SocketWaiter
from ticker.serving import ServingNode
from ticker.waiting import STEP
from ticker.web.admission import LIVE_PATH, admit, cross_origin
from ticker.web.app import takes_websockets
from ticker.web.changes import CHANGES_PATH, admit_poll
from ticker.web.deflate_offer import accepted
from ticker.web.header_lists import tokens


def plain_head(prefix: str = "") -> re.Pattern[bytes]:
    """Return a pattern for request heads without anything that servers have been known to disagree about (RFC 9112).

    No two parts of it can match the same byte, so a head that does not match fails at once, whatever it contains.
    `prefix` is that of the public URL, with which a path may begin or not.
    """
    before = b"(?:%s)?" % re.escape(prefix.encode())
    return re.compile(
        rb"GET (%s/v1/feeds/[!-~]+) HTTP/1\.1\r\n((?:[!#-'*+.^_`|~0-9A-Za-z-]+:[ -~]*\r\n)+)\r\n" % before
    )


class HandOff:
    """Makes readers and waiters of connections."""

    def __init__(
        self, node: ServingNode, readiness: Readiness, keep_alive: KeepAlive, address_limit: AddressLimit
    ) -> None:
        """Connections of answered requests go back to `keep_alive`. Requires a running event loop."""
        self._node = node
        self._address_limit = address_limit
        self._readiness = readiness
        self._keep_alive = keep_alive
        self._plain_head = plain_head(node.settings.prefix)
        self._loop = asyncio.get_running_loop()
        self._ticking = False

    def try_first_bytes(self, descriptor: int, data: bytes) -> bool:
        """Hand off a connection if all it has sent, `data`, is one plain request; False leaves it as it is."""
        if (plain := self._plain_head.fullmatch(data)) is None:
            return False
        if (headers := headers_in(plain[2])) is None:
            return False
        if not self._address_limit.start_request(descriptor, headers):
            return False
        websocket, target = wants_websocket(headers), plain[1].decode()
        handed_off = self.try_request(lambda: descriptor, target, headers, websocket=websocket, last=True)
        if not handed_off:
            self._address_limit.end_request(descriptor)
        return handed_off

    def takes_websockets(self, target: str) -> bool:
        """Return True if the application has WebSockets at the path of a target; False if it ignores an upgrade."""
        return takes_websockets(self._node.settings.unprefixed(unquote(target.partition("?")[0])))

    def try_request(
        self, release: Callable[[], int], target: str, headers: dict[str, str], *, websocket: bool, last: bool
    ) -> bool:
        """Make a reader or a waiter of a connection; False leaves it as it is, for the application to respond.

        `release` gives its descriptor away; `target` is the path and query of a GET; header names are in lower case.
        A request is the `last` one if nothing was sent behind it and the connection may be kept alive (HTTP/1.1).
        """
        path, _, query = target.partition("?")
        path = self._node.settings.unprefixed(path)
        if (polled := CHANGES_PATH.fullmatch(path)) is not None:
            return last and self._try_wait(release, unquote(polled["feed"]), query, headers)
        if (live := LIVE_PATH.fullmatch(path)) is None:
            return False
        hub, settings = self._node.hub, self._node.settings
        feed = unquote(live["feed"])
        try:
            accept = accept_for_key(headers) if websocket else None
            admission = admit(hub, settings, feed=feed, query=query, headers=headers, websocket=websocket)
        except TickerError:
            return False
        if accept is not None:
            head = switching_protocols(accept, accepted(headers.get("sec-websocket-extensions", "")))
        else:
            head = sse_head(cross_origin(settings, headers.get("origin"), admission.channel.feed))
        try:
            descriptor = release()
        except OSError:  # no descriptor is left to hand off with; by way of uvicorn, no other one is needed
            return False
        reader = SocketReader(admission.encoding, descriptor, self._readiness)
        reader.origin, reader.key = admission.origin, admission.key
        try:
            admission.channel.join(reader, admission.after, head)
        except Exception:
            reader.cut()  # otherwise the hub would continue to write to it
            raise
        return True

    def _try_wait(self, release: Callable[[], int], feed: str, query: str, headers: dict[str, str]) -> bool:
        if "content-length" in headers or "transfer-encoding" in headers:
            return False  # its body would be taken for the next request
        try:
            poll = admit_poll(self._node.hub, self._node.settings, feed=feed, query=query, headers=headers)
            if poll.channel.freshness.stale:
                return False  # the application waits for its comparison with the log
            descriptor = release()
        except (TickerError, OSError):
            return False
        close = "close" in tokens(headers.get("connection", ""))
        waiter = SocketWaiter(descriptor, self._keep_alive, self._readiness, headers=poll.headers, close=close)
        polls = poll.channel.polls
        waiter.wait_in(polls)
        try:
            found = polls.ask(waiter, poll.after, poll.wait)
            if found is not None:
                waiter.respond_to_all((waiter,), found)
        except Exception:
            waiter.cut()
            raise
        self._schedule_expiry()
        return True

    def _schedule_expiry(self) -> None:
        if self._ticking:
            return
        if any(channel.polls.waiting.count for channel in self._node.hub.watched_channels()):
            self._ticking = True
            self._loop.call_later(STEP, self._expire_waits)

    def _expire_waits(self) -> None:
        self._ticking = False
        try:
            for channel in self._node.hub.watched_channels():
                channel.polls.expire()
        finally:
            self._schedule_expiry()
