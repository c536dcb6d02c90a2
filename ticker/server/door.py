"""The door: every connection knocks here, and a reader's is handed to the hub without ever meeting uvicorn.

The doorman looks at the first bytes. When they are, whole and plain, a request for a feed's live stream that
`admit` lets in, the answer's head and the first frames go out in one write and the socket belongs to a
SocketReader. A request for changes that has to wait becomes a SocketWaiter, and its connection comes back here once
it is answered. Anything else, be it a page, a POST, a refusal or a head in pieces, is given to uvicorn as it came, and
the ASGI application decides by the same `admit`. A stream asked for on a connection that uvicorn already has
(a browser's keep-alive) is handed over from there.

Measured: uvicorn's protocol object, its parser and its scope are most of what a join costs, and a transport of
the event loop is most of the rest, so readers who need none of them do not pay for them.
"""

from __future__ import annotations

import asyncio
import binascii
import contextlib
import logging
import os
import re
import resource
import socket
from collections.abc import Callable
from typing import Any, Final, cast
from urllib.parse import unquote

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState
from websockets.utils import accept_key

from ticker.errors import TickerError
from ticker.server.gathered import Gathered
from ticker.server.reader import SocketReader
from ticker.server.talk import DEFLATE
from ticker.server.waiter import SocketWaiter
from ticker.server.watch import Watch
from ticker.waiting import STEP
from ticker.web.admission import LIVE_PATH, SSE_HEADERS, SSE_HELLO, admit, cross_origin
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

_END: Final = b"\r\n\r\n"

SPEAK_WITHIN: Final = 10.0
"""Seconds a new connection may say nothing, so that silent ones do not use up the descriptors."""

LOOK_EVERY: Final = 2.0
"""Seconds between looks for the silent: one timer for all of them."""

AT_ONCE: Final = 64
"""Connections accepted before others get their turn."""

FIRST_BYTES: Final = 16 * 1024
"""How much of a connection is read before it is decided whose it is."""

SPARE: Final = 32
"""So many below the limit a connection is told that this node is full, while there are descriptors to tell it with."""

FULL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\n"
    b"content-type: text/plain; charset=utf-8\r\nx-content-type-options: nosniff\r\ncontent-length: 54\r\n\r\n"
    b"This node has as many connections as the system allows"
)
"""What it is told. Nothing is opened for it, and so no problem document is made."""

BREATH: Final = 1.0
"""Seconds without accepting when the system has no descriptor left; the others wait in the kernel's queue."""


class Newcomer:
    """A connection on which nothing has been said yet, or nothing since its last request was answered."""

    def __init__(self, doorman: Doorman, descriptor: int, since: float) -> None:
        self.descriptor = descriptor
        self.since = since
        self._doorman = doorman

    def ready(self, *, room: bool, said: bool) -> None:
        """See `Watched`."""
        if self._doorman.forget(self):
            self._doorman.hear(self.descriptor)

    def cut(self) -> None:
        """See `Watched`."""
        if self._doorman.forget(self):  # else the descriptor is somebody else's by now
            os.close(self.descriptor)


class Doorman:
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
        self._watch = Watch(self._loop)
        self._full_from = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE  # the lowest free number is given out
        self._silent: set[Newcomer] = set()
        self._leading: set[asyncio.Task[None]] = set()
        self._closed = False
        self._ticking = False

    def open(self) -> None:
        """Let connections in."""
        self._listener.setblocking(False)
        self._loop.add_reader(self._listener, self._accept)
        self._turn_away_the_silent()

    def close(self) -> None:
        """Let no more in and send away those who have said nothing. Readers stay."""
        self._closed = True
        self._look.cancel()
        self._loop.remove_reader(self._listener)
        self._listener.close()
        for newcomer in list(self._silent):
            newcomer.cut()

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            try:
                # A socket object for each connection would be a third of what accepting costs.
                descriptor, _ = self._listener._accept()  # type: ignore[attr-defined]  # noqa: SLF001
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                log.warning("no connection can be accepted: %s", error.strerror)
                self._loop.remove_reader(self._listener)
                self._loop.call_later(BREATH, self._accept_again)
                return
            os.set_blocking(descriptor, False)
            try:
                self.hear(descriptor)
            except Exception:  # a fault in dealing with one does not stop the others
                log.exception("a connection failed")

    def _accept_again(self) -> None:
        if self._listener.fileno() >= 0:
            self._loop.add_reader(self._listener, self._accept)

    def hear(self, descriptor: int) -> None:
        """Take what a connection says first, and decide; wait if it says nothing."""
        try:
            said = os.read(descriptor, FIRST_BYTES)
        except BlockingIOError:
            newcomer = Newcomer(self, descriptor, self._loop.time())
            self._watch.add(descriptor, newcomer)
            self._silent.add(newcomer)
            return
        except OSError:
            said = b""
        if said and descriptor >= self._full_from:
            with contextlib.suppress(OSError):
                os.write(descriptor, FULL)
            said = b""
        if not said:
            os.close(descriptor)
        else:
            self._decide(descriptor, said)

    def keep(self, descriptor: int, said: bytes) -> None:
        """Take back a watched connection whose request is answered; `said` is what was sent behind that."""
        if not self._closed and not said:
            newcomer = Newcomer(self, descriptor, self._loop.time())
            self._watch.pass_on(descriptor, newcomer)
            self._silent.add(newcomer)
            return
        self._watch.remove(descriptor)
        if self._closed:
            os.close(descriptor)
        else:  # not at once: others are being answered
            self._loop.call_soon(self._decide, descriptor, said)

    def _decide(self, descriptor: int, said: bytes) -> None:
        if not self._is_reader(descriptor, said):
            leading = self._loop.create_task(self._lead_to_uvicorn(descriptor, said))
            self._leading.add(leading)
            leading.add_done_callback(self._leading.discard)

    def forget(self, newcomer: Newcomer) -> bool:
        """Wait no longer for a newcomer's first word; tell whether it was waited for."""
        if newcomer not in self._silent:
            return False
        self._silent.discard(newcomer)
        self._watch.remove(newcomer.descriptor)
        return True

    def _turn_away_the_silent(self) -> None:
        now = self._loop.time()
        for newcomer in [newcomer for newcomer in self._silent if now - newcomer.since > SPEAK_WITHIN]:
            newcomer.cut()
        self._look = self._loop.call_later(LOOK_EVERY, self._turn_away_the_silent)

    async def _lead_to_uvicorn(self, descriptor: int, said: bytes) -> None:
        connection = socket.socket(fileno=descriptor)
        await self._loop.connect_accepted_socket(lambda: Door(self, said, *self._for_uvicorn), connection)

    def _is_reader(self, descriptor: int, said: bytes) -> bool:
        if (plain := self._plain_head.fullmatch(said)) is None:
            return False
        headers = _headers(plain[2])
        websocket = _wants_websocket(headers)
        return self.let_in(lambda: descriptor, plain[1].decode(), headers, websocket=websocket, alone=True)

    def let_in(
        self, take: Callable[[], int], target: str, headers: dict[str, str], *, websocket: bool, alone: bool
    ) -> bool:
        """Make a reader of a connection; False leaves it as it is, for the application to answer.

        `take` gives its descriptor away; `target` is the path and query of a GET; header names are in small letters.
        A request is `alone` if nothing was sent behind it and the connection can take another one (HTTP/1.1).
        """
        path, _, query = target.partition("?")
        path = self._node.settings.unprefixed(path)
        if (polled := CHANGES_PATH.fullmatch(path)) is not None:
            return alone and self._let_wait(take, unquote(polled["feed"]), query, headers)
        if (live := LIVE_PATH.fullmatch(path)) is None:
            return False
        accept = _answer_to_key(headers) if websocket else None
        if websocket and accept is None:
            return False
        hub, settings = self._node.hub, self._node.settings
        feed = unquote(live["feed"])
        try:
            admission = admit(hub, settings, feed=feed, query=query, headers=headers, websocket=websocket)
        except TickerError:
            return False
        if accept is not None:
            head = _switch(accept, deflated=admission.dialect == "deflated")
        else:
            head = _sse_head(cross_origin(settings, headers.get("origin"), admission.channel.feed))
        try:
            descriptor = take()
        except OSError:  # no descriptor is left to hand over with; the plain way needs no other
            return False
        reader = SocketReader(admission.dialect, descriptor, self._watch)
        reader.origin, reader.key = admission.origin, admission.key
        try:
            admission.channel.join(reader, admission.after, head)
        except Exception:
            reader.cut()  # what is closed here is not written to by the hub for ever after
            raise
        return True

    def _let_wait(self, take: Callable[[], int], feed: str, query: str, headers: dict[str, str]) -> bool:
        if "content-length" in headers or "transfer-encoding" in headers:
            return False  # its body would be taken for the next request
        try:
            poll = admit_poll(self._node.hub, self._node.settings, feed=feed, query=query, headers=headers)
            descriptor = take()
        except (TickerError, OSError):
            return False
        close = "close" in headers.get("connection", "").lower()
        waiter = SocketWaiter(descriptor, self, self._watch, headers=poll.headers, close=close)
        polls = poll.channel.polls
        waiter.wait_in(polls.waiting)
        try:
            found = polls.ask(waiter, poll.after, poll.wait)
            if found is not None:
                waiter.respond_to_all((waiter,), found)
        except Exception:
            waiter.cut()
            raise
        self._await_deadlines()
        return True

    def _await_deadlines(self) -> None:
        waiting = any(channel.polls.waiting.count for channel in self._node.hub.channels.values())
        if waiting and not self._ticking:
            self._ticking = True
            self._loop.call_later(STEP, self._meet_deadlines)

    def _meet_deadlines(self) -> None:
        self._ticking = False
        try:
            for channel in list(self._node.hub.channels.values()):
                channel.polls.expire()
        finally:
            self._await_deadlines()


class Door(HttpToolsProtocol):
    """uvicorn's HTTP protocol, from which a stream asked for later on a connection is handed over too."""

    def __init__(
        self, doorman: Doorman, said: bytes, config: Config, server_state: ServerState, app_state: dict[str, Any]
    ) -> None:
        super().__init__(config, server_state, app_state)
        self._doorman = doorman
        self._said = said
        self._handed_over = False
        self._latest = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast("asyncio.Transport", Gathered(transport, self.loop)))
        said, self._said = self._said, b""
        self.data_received(said)

    def data_received(self, data: bytes) -> None:
        self._latest = data
        super().data_received(data)

    def on_headers_complete(self) -> None:
        if self._handed_over:
            return  # a request sent behind the stream's: there is nobody left to answer it
        if self.parser.get_method() == b"GET" and not self._should_upgrade() and self._hand_over(websocket=False):
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._handed_over:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._handed_over:
            super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        if self._handed_over:
            return
        if not self._hand_over(websocket=True):
            super().handle_websocket_upgrade()

    def _hand_over(self, *, websocket: bool) -> bool:
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering or self.transport.get_write_buffer_size():
            return False  # an answer is still on its way out
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self.headers}
        target = self.url.decode("latin-1")
        # A head that ends the bytes at hand. One in pieces may be followed by more, so it does not count.
        alone = self.parser.get_http_version() == "1.1" and self._latest.find(_END) == len(self._latest) - len(_END)
        self._handed_over = self._doorman.let_in(self._take, target, headers, websocket=websocket, alone=alone)
        return self._handed_over

    def _take(self) -> int:
        """Give the connection away: the transport closes its own descriptor, and the reader has another."""
        descriptor = os.dup(self.transport.get_extra_info("socket").fileno())
        self._unset_keepalive_if_required()
        self.transport.abort()
        return descriptor


def _headers(lines: bytes) -> dict[str, str]:
    headers = {}
    for line in lines.decode().split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip(" \t")
    return headers


def _wants_websocket(headers: dict[str, str]) -> bool:
    return headers.get("upgrade", "").lower() == "websocket" and "upgrade" in headers.get("connection", "").lower()


def _answer_to_key(headers: dict[str, str]) -> str | None:
    """Return what answers the key of a WebSocket handshake; None if that is not as RFC 6455 section 4.2.1 asks."""
    key = headers.get("sec-websocket-key", "")
    try:
        nonce = binascii.a2b_base64(key, strict_mode=True)
    except (binascii.Error, ValueError):
        return None
    return accept_key(key) if len(nonce) == 16 and headers.get("sec-websocket-version") == "13" else None


def _switch(accept: str, *, deflated: bool) -> bytes:
    extension = f"Sec-WebSocket-Extensions: {DEFLATE}\r\n" if deflated else ""
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n{extension}\r\n"
    ).encode()


def _sse_head(cross_origin_headers: dict[str, str]) -> bytes:
    headers = SSE_HEADERS | cross_origin_headers | {"connection": "close"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode() + SSE_HELLO
