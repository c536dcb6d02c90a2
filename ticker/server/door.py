"""The door: every connection knocks here, and a reader's is handed to the hub without ever meeting uvicorn.

A Doorman looks at the first bytes. When they are, whole and plain, a request for a feed's live stream that
`admit` lets in, the answer's head and the first frames go out in one write and the transport belongs to a
SocketReader. Anything else, be it a page, a POST, a refusal or a head in pieces, is given to uvicorn as it came, and
the ASGI application decides by the same `admit`. A stream asked for on a connection that uvicorn already has
(a browser's keep-alive) is handed over from there.

Measured: uvicorn's protocol object, its parser and its scope are most of what a join costs, so readers who
need none of them do not pay for them.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from typing import Any, Final, cast
from urllib.parse import unquote

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState
from websockets.utils import accept_key

from ticker.errors import TickerError
from ticker.server.reader import SocketReader
from ticker.web.admission import LIVE_PATH, SSE_HEADERS, SSE_HELLO, admit, cross_origin
from ticker.web.node import Node

_PLAIN_HEAD: Final = re.compile(rb"GET (/v1/feeds/[!-~]+) HTTP/1\.1\r\n((?:[!#-'*+.^_`|~0-9A-Za-z-]+:[ -~]*\r\n)+)\r\n")
"""A request head without anything that servers have been known to disagree about (RFC 9112).

No two parts of it can match the same byte, so a head that fails does so at once, however it was made up.
"""

SPEAK_WITHIN: Final = 10.0
"""Seconds a new connection may say nothing, so that silent ones do not use up the descriptors."""


class Doorman(asyncio.Protocol):
    """Takes the first bytes of a connection and decides whose it is."""

    __slots__ = ("_app_state", "_config", "_connections", "_loop", "_server_state", "_silence", "_transport")

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._config = config
        self._server_state = server_state
        self._app_state = app_state
        self._loop = _loop
        self._connections: set[Any] = server_state.connections  # any protocol with `shutdown`
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._silence = asyncio.get_running_loop().call_later(SPEAK_WITHIN, self._transport.abort)
        # uvicorn closes what stands here when it shuts down.
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._silence.cancel()
        self._connections.discard(self)

    def shutdown(self) -> None:
        """Close a connection on which nothing was ever said."""
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._silence.cancel()
        self._connections.discard(self)
        if (plain := _PLAIN_HEAD.fullmatch(data)) is not None:
            headers = _headers(plain[2])
            websocket = _wants_websocket(headers)
            if let_in(self._app_state["node"], self._transport, plain[1].decode(), headers, websocket=websocket):
                return
        door = Door(self._config, self._server_state, self._app_state, self._loop)
        door.connection_made(self._transport)
        self._transport.set_protocol(door)
        door.data_received(data)


class Door(HttpToolsProtocol):
    """uvicorn's HTTP protocol, from which a stream asked for later on a connection is handed over too."""

    _handed_over = False

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
        if not self._hand_over(websocket=True):
            super().handle_websocket_upgrade()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._handed_over:
            self.parser = None  # type: ignore[assignment]  # it and this object hold each other

    def _hand_over(self, *, websocket: bool) -> bool:
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering or self.transport.get_write_buffer_size():
            return False  # an answer is still on its way out
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self.headers}
        node: Node = self.app_state["node"]
        if not let_in(node, self.transport, self.url.decode("latin-1"), headers, websocket=websocket):
            return False
        self._handed_over = True
        self._unset_keepalive_if_required()
        self.connections.discard(self)
        return True


def let_in(node: Node, transport: asyncio.Transport, target: str, headers: dict[str, str], *, websocket: bool) -> bool:
    """Make a reader of a connection; False leaves it as it is, for the application to answer.

    `target` is the path and query of a GET; header names are in small letters.
    """
    path, _, query = target.partition("?")
    if (live := LIVE_PATH.fullmatch(path)) is None:
        return False
    head = _accept(headers) if websocket else None
    if websocket and head is None:
        return False
    try:
        admission = admit(
            node.hub,
            node.settings,
            feed=unquote(live["feed"]),
            query=query,
            headers=headers,
            websocket=websocket,
        )
    except TickerError:
        return False
    if head is None:
        head = _sse_head(cross_origin(node.settings, headers.get("origin")))
    admission.channel.join(SocketReader(admission.dialect, transport), admission.after, head)
    return True


def _headers(lines: bytes) -> dict[str, str]:
    headers = {}
    for line in lines.decode().split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip(" \t")
    return headers


def _wants_websocket(headers: dict[str, str]) -> bool:
    return headers.get("upgrade", "").lower() == "websocket" and "upgrade" in headers.get("connection", "").lower()


def _accept(headers: dict[str, str]) -> bytes | None:
    """Return the head that accepts a WebSocket, or None if the handshake is not as RFC 6455 section 4.2.1 asks."""
    key = headers.get("sec-websocket-key", "")
    try:
        nonce = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(nonce) != 16 or headers.get("sec-websocket-version") != "13":
        return None
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept_key(key)}\r\n\r\n"
    ).encode()


def _sse_head(cross_origin_headers: dict[str, str]) -> bytes:
    headers = SSE_HEADERS | cross_origin_headers | {"connection": "close"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode() + SSE_HELLO
