"""The door: every connection knocks here, and a reader's is handed to the hub without ever meeting uvicorn.

The acceptor looks at the first bytes. When they are, whole and plain, a request for a feed's live stream that
`admit` lets in, the answer's head and the first frames go out in one write and the socket belongs to a
SocketReader. A request for changes that has to wait becomes a SocketWaiter, and its connection comes back here once
it is answered. Anything else (a page, a POST, a refusal, a head in pieces) is given to uvicorn as it came, and
the ASGI application decides by the same `admit`. A stream asked for on a connection that uvicorn already has
(a browser's keep-alive) is handed over from there.

Measured: uvicorn's protocol object, its parser and its scope are most of what a join costs, and a transport of
the event loop is most of the rest, so readers who need none of them do not pay for them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import resource
import socket
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

from uvicorn.config import Config
from uvicorn.server import ServerState

from ticker.errors import TickerError
from ticker.server.handshake import accept_for_key, headers_in, sse_head, switching_protocols, tokens, wants_websocket
from ticker.server.reader import SocketReader
from ticker.server.readiness import Readiness
from ticker.server.requests import LimitedHttpProtocol
from ticker.server.waiter import SocketWaiter
from ticker.waiting import STEP
from ticker.web.admission import LIVE_PATH, admit, cross_origin
from ticker.web.changes import CHANGES_PATH, admit_poll
from ticker.web.node import Node

log = logging.getLogger("ticker.server")


def _plain_head(prefix: str = "") -> re.Pattern[bytes]:
    """Return what matches a request head without anything that servers have been known to disagree about (RFC 9112).

    No two parts of it can match the same byte, so a head that fails does so at once, however it was made up. `prefix`
    is that of the public URL, which may stand before the path or not.
    """
    before = b"(?:%s)?" % re.escape(prefix.encode())
    return re.compile(
        rb"GET (%s/v1/feeds/[!-~]+) HTTP/1\.1\r\n((?:[!#-'*+.^_`|~0-9A-Za-z-]+:[ -~]*\r\n)+)\r\n" % before
    )


_PLAIN_HEAD: Final = _plain_head()

FIRST_BYTE_TIMEOUT: Final = 10.0
"""Seconds a new connection may say nothing, so that silent ones do not use up the descriptors."""

POLL_INTERVAL: Final = 1.0
"""Seconds between looks for the silent and the slow: one timer for all of them."""

ACCEPT_BATCH: Final = 64
"""Connections accepted before others get their turn."""

FIRST_READ_SIZE: Final = 16 * 1024
"""How much of a connection is read before it is decided whose it is."""

RESERVED_FDS: Final = 32
"""So many below the limit a connection is told that this node is full, while there are descriptors to tell it with."""

EVICTION_FDS: Final = ACCEPT_BATCH
"""So many more below that, room is made for a connection by cutting one that has not said what it began to say."""

FULL_RESPONSE: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\n"
    b"content-type: text/plain; charset=utf-8\r\nx-content-type-options: nosniff\r\ncontent-length: 54\r\n\r\n"
    b"This node has as many connections as the system allows"
)
"""What it is told. Nothing is opened for it, and so no problem document is made."""

ACCEPT_BACKOFF: Final = 1.0
"""Seconds without accepting when the system has no descriptor left; the others wait in the kernel's queue."""


class PendingConnection:
    """A connection on which nothing has been said yet, or nothing since its last request was answered."""

    def __init__(self, acceptor: Acceptor, descriptor: int, since: float, *, kept: bool = False) -> None:
        self.descriptor = descriptor
        self.since = since
        self._kept = kept
        self._acceptor = acceptor

    def ready(self, *, room: bool, said: bool) -> None:
        """See `SocketOwner`."""
        if self._acceptor.forget(self):
            self._acceptor.hear(self.descriptor, None if self._kept else self.since)

    def cut(self) -> None:
        """See `SocketOwner`."""
        if self._acceptor.forget(self):  # else the descriptor is somebody else's by now
            os.close(self.descriptor)


class Acceptor:
    """Accepts connections, takes their first bytes and decides whose they are."""

    def __init__(
        self, listener: socket.socket, config: Config, server_state: ServerState, app_state: dict[str, Any]
    ) -> None:
        """Take a listening socket, and what uvicorn's protocol wants to know. Needs a running event loop."""
        self._listener = listener
        self._for_uvicorn = (config, server_state, app_state)
        self._node: Node = app_state["node"]
        self._plain_head = _plain_head(self._node.settings.prefix)
        self._loop = asyncio.get_running_loop()
        self._readiness = Readiness(self._loop)
        self._reserved_from = (
            resource.getrlimit(resource.RLIMIT_NOFILE)[0] - RESERVED_FDS
        )  # the lowest free number is given out
        self._pending: dict[PendingConnection, None] = {}  # in the order in which they came
        self._deadlines = self._readiness.deadlines
        self._giving: set[asyncio.Task[None]] = set()
        self._closed = False
        self._ticking = False

    def open(self) -> None:
        """Let connections in."""
        self._listener.setblocking(False)
        self._loop.add_reader(self._listener, self._accept)
        self._check_deadlines()

    def close(self) -> None:
        """Let no more in and send away those who have said nothing. Readers stay, and deadlines hold."""
        self._closed = True
        self._loop.remove_reader(self._listener)
        self._listener.close()
        for pending in list(self._pending):
            pending.cut()

    def _accept(self) -> None:
        for _ in range(ACCEPT_BATCH):
            try:
                # A socket object for each connection would be a third of what accepting costs.
                descriptor, _ = self._listener._accept()  # type: ignore[attr-defined]  # noqa: SLF001
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                log.warning("no connection can be accepted: %s", error.strerror)
                self._loop.remove_reader(self._listener)
                self._loop.call_later(ACCEPT_BACKOFF, self._accept_again)
                return
            os.set_blocking(descriptor, False)
            try:
                self.hear(descriptor)
            except Exception:  # a fault in dealing with one does not stop the others
                log.exception("a connection failed")

    def _accept_again(self) -> None:
        if self._listener.fileno() >= 0:
            self._loop.add_reader(self._listener, self._accept)

    def hear(self, descriptor: int, since: float | None = None) -> None:
        """Take what a connection says first, and decide; wait if it says nothing.

        A request is awaited `since` then, or since now.
        """
        since = self._readiness.clock() if since is None else since
        if descriptor >= self._reserved_from - EVICTION_FDS:
            self._evict()
        try:
            said = os.read(descriptor, FIRST_READ_SIZE)
        except BlockingIOError:
            pending = PendingConnection(self, descriptor, since)
            self._readiness.add(descriptor, pending)
            self._pending[pending] = None
            return
        except OSError:
            said = b""
        if said and descriptor >= self._reserved_from:
            with contextlib.suppress(OSError):
                os.write(descriptor, FULL_RESPONSE)
            said = b""
        if not said:
            os.close(descriptor)
        else:
            self._decide(descriptor, said, since)

    def _evict(self) -> None:
        """Cut the connections that were silent or slow for longest, so that they do not use up what writers need."""
        if self._pending:
            next(iter(self._pending)).cut()
        else:
            self._deadlines.shed()

    def keep(self, descriptor: int, said: bytes) -> None:
        """Take back a watched connection whose request is answered; `said` is what was sent behind that."""
        if not self._closed and not said:
            pending = PendingConnection(self, descriptor, self._readiness.clock(), kept=True)
            self._readiness.reassign(descriptor, pending)
            self._pending[pending] = None
            return
        self._readiness.remove(descriptor)
        if self._closed:
            os.close(descriptor)
        else:  # not at once: others are being answered
            self._loop.call_soon(self._decide, descriptor, said, self._readiness.clock())

    def _decide(self, descriptor: int, said: bytes, since: float) -> None:
        if not self._try_stream(descriptor, said):
            giving = self._loop.create_task(self._give_to_uvicorn(descriptor, said, since))
            self._giving.add(giving)
            giving.add_done_callback(self._giving.discard)

    def forget(self, pending: PendingConnection) -> bool:
        """Wait no longer for a pending's first word; tell whether it was waited for."""
        if pending not in self._pending:
            return False
        del self._pending[pending]
        self._readiness.remove(pending.descriptor)
        return True

    def _check_deadlines(self) -> None:
        now = self._readiness.clock()
        for pending in [pending for pending in self._pending if now - pending.since > FIRST_BYTE_TIMEOUT]:
            pending.cut()
        self._deadlines.look()
        self._loop.call_later(POLL_INTERVAL, self._check_deadlines)

    async def _give_to_uvicorn(self, descriptor: int, said: bytes, since: float) -> None:
        connection = socket.socket(fileno=descriptor)
        await self._loop.connect_accepted_socket(
            lambda: LimitedHttpProtocol(self.try_hand_off, self._deadlines, said, since, *self._for_uvicorn), connection
        )

    def _try_stream(self, descriptor: int, said: bytes) -> bool:
        if (plain := self._plain_head.fullmatch(said)) is None:
            return False
        if (headers := headers_in(plain[2])) is None:
            return False
        websocket = wants_websocket(headers)
        return self.try_hand_off(lambda: descriptor, plain[1].decode(), headers, websocket=websocket, alone=True)

    def try_hand_off(
        self, take: Callable[[], int], target: str, headers: dict[str, str], *, websocket: bool, alone: bool
    ) -> bool:
        """Make a reader of a connection; False leaves it as it is, for the application to answer.

        `take` gives its descriptor away; `target` is the path and query of a GET; header names are in small letters.
        A request is `alone` if nothing was sent behind it and the connection can take another one (HTTP/1.1).
        """
        path, _, query = target.partition("?")
        path = self._node.settings.unprefixed(path)
        if (polled := CHANGES_PATH.fullmatch(path)) is not None:
            return alone and self._try_wait(take, unquote(polled["feed"]), query, headers)
        if (live := LIVE_PATH.fullmatch(path)) is None:
            return False
        accept = accept_for_key(headers) if websocket else None
        if websocket and accept is None:
            return False
        hub, settings = self._node.hub, self._node.settings
        feed = unquote(live["feed"])
        try:
            admission = admit(hub, settings, feed=feed, query=query, headers=headers, websocket=websocket)
        except TickerError:
            return False
        if accept is not None:
            head = switching_protocols(accept, deflated=admission.dialect == "deflated")
        else:
            head = sse_head(cross_origin(settings, headers.get("origin"), admission.channel.feed))
        try:
            descriptor = take()
        except OSError:  # no descriptor is left to hand over with; the plain way needs no other
            return False
        reader = SocketReader(admission.dialect, descriptor, self._readiness)
        reader.origin, reader.key = admission.origin, admission.key
        try:
            admission.channel.join(reader, admission.after, head)
        except Exception:
            reader.cut()  # what is closed here is not written to by the hub for ever after
            raise
        return True

    def _try_wait(self, take: Callable[[], int], feed: str, query: str, headers: dict[str, str]) -> bool:
        if "content-length" in headers or "transfer-encoding" in headers:
            return False  # its body would be taken for the next request
        try:
            poll = admit_poll(self._node.hub, self._node.settings, feed=feed, query=query, headers=headers)
            descriptor = take()
        except (TickerError, OSError):
            return False
        close = "close" in tokens(headers.get("connection", ""))
        waiter = SocketWaiter(descriptor, self, self._readiness, headers=poll.headers, close=close)
        polls = poll.channel.polls
        waiter.wait_in(polls.waiting)
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
        waiting = any(channel.polls.waiting.count for channel in self._node.hub.channels.values())
        if waiting and not self._ticking:
            self._ticking = True
            self._loop.call_later(STEP, self._expire_waits)

    def _expire_waits(self) -> None:
        self._ticking = False
        try:
            for channel in list(self._node.hub.channels.values()):
                channel.polls.expire()
        finally:
            self._schedule_expiry()
