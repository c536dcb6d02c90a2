"""The hand-off: a reader's transport leaves uvicorn for the hub, and no task or queue stays behind.

uvicorn's HTTP protocol reads the request. If it asks for a feed's live stream and is admitted, the answer's
head, the first frames and the transport go to a SocketReader in one step. Whatever is refused, odd or not a
live stream takes uvicorn's ordinary way to the ASGI application, which decides by the same `admit`.

TLS ends at the proxy in front: a SocketReader writes to the descriptor itself.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import os
from typing import Any, Final
from urllib.parse import unquote

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from websockets.frames import CLOSE, DATA_OPCODES, Frame
from websockets.frames import Close as CloseFrame
from websockets.protocol import Protocol, Side, State
from websockets.utils import accept_key

from ticker.errors import TickerError
from ticker.hub import Reader
from ticker.web.admission import LIVE_PATH, SSE_HEADERS, SSE_HELLO, Admission, admit, cross_origin
from ticker.web.node import Node
from ticker.wire import Close, Dialect

LONGEST_MESSAGE: Final = 4096
"""Bytes of one message from a reader, who has nothing to say; longer ones end the connection (1009)."""

MOST_SAID: Final = 16 * 1024
"""Bytes of messages a reader may send in all before it is taken for something else (1008)."""

_QUIET = logging.getLogger("ticker.websocket")


class SocketReader(Reader, asyncio.Protocol):
    """A reader at its socket: written to directly while the socket takes everything.

    The transport's buffer holds at most the rest of one write. Its limits are zero, so the transport says
    `pause_writing` as soon as a byte stays behind, and `resume_writing` when none is left.
    """

    __slots__ = ("_descriptor", "_full", "_said", "_talk", "_transport", "dialect")

    def __init__(self, dialect: Dialect, transport: asyncio.Transport) -> None:
        super().__init__()
        self.dialect = dialect
        self._transport = transport
        self._descriptor: int = transport.get_extra_info("socket").fileno()
        self._full = False
        self._said = 0
        self._talk: Protocol | None = None
        transport.set_write_buffer_limits(high=0)
        transport.set_protocol(self)

    # What the hub asks

    def write(self, data: bytes) -> bool:
        # Straight to the descriptor: the transport would do the same after more bookkeeping, which costs
        # about a third of the whole delivery. Only ever called while the transport's buffer is empty.
        try:
            sent = os.write(self._descriptor, data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._transport.abort()  # connection_lost follows and takes the reader out of its channel
            return False
        if sent == len(data):
            return True
        self._transport.write(data[sent:])
        return not self._full

    def cut(self) -> None:
        self._transport.abort()

    def dismiss(self) -> None:
        self.channel.leave(self)
        if self._full:
            self._transport.abort()  # a close frame could only wait behind what it does not read
            return
        if self.dialect == "websocket":
            self._transport.write(Frame(CLOSE, CloseFrame(Close.RESTART, "").serialize()).serialize(mask=False))
        self._transport.close()

    # What the transport says

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self.channel.drained(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.channel.leave(self)
        self._talk = None

    def data_received(self, data: bytes) -> None:
        if self.dialect == "sse":
            self._said += len(data)
            if self._said > MOST_SAID:
                self._transport.abort()
            return
        if self._talk is None:
            # Most readers never say a word, so the machinery of RFC 6455 is set up for those who do.
            self._talk = Protocol(Side.SERVER, state=State.OPEN, max_size=LONGEST_MESSAGE, logger=_QUIET)
        talk = self._talk
        talk.receive_data(data)
        for event in talk.events_received():
            if isinstance(event, Frame) and event.opcode in DATA_OPCODES:
                self._said += len(event.data)
        if self._said > MOST_SAID and talk.state is State.OPEN:
            talk.fail(Close.POLICY, "readers only listen")
        self._answer(b"".join(talk.data_to_send()), closing=talk.state is not State.OPEN)

    def _answer(self, data: bytes, *, closing: bool) -> None:
        if self._full:
            # It does not take what it asked for; pongs would only pile up behind that.
            if closing:
                self._transport.abort()
            return
        if data and not self.write(data):
            self.channel.stalled(self)
        if closing:
            self.channel.leave(self)
            self._transport.close()


class Door(HttpToolsProtocol):
    """uvicorn's HTTP protocol, with a side door for readers."""

    _handed_off = False

    def on_headers_complete(self) -> None:
        if self._handed_off:
            return  # a request sent behind the stream's: there is nobody left to answer it
        if self.parser.get_method() == b"GET" and not self._should_upgrade() and self._let_in(websocket=False):
            return
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._handed_off:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._handed_off:
            super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        if not self._let_in(websocket=True):
            super().handle_websocket_upgrade()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._handed_off:
            self.parser = None  # type: ignore[assignment]  # it and this object hold each other

    def _let_in(self, *, websocket: bool) -> bool:
        path, _, query = self.url.decode("ascii", "replace").partition("?")
        live = LIVE_PATH.fullmatch(path)
        busy = self.cycle is not None and not self.cycle.response_complete
        if live is None or busy:
            return False
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self.headers}
        accept = _accept(headers) if websocket else None
        if websocket and accept is None:
            return False
        node: Node = self.app_state["node"]
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
        head = accept or _sse_head(cross_origin(node.settings, headers.get("origin")))
        self._hand_off(admission, head)
        return True

    def _hand_off(self, admission: Admission, head: bytes) -> None:
        self._handed_off = True
        self._unset_keepalive_if_required()
        self.connections.discard(self)
        reader = SocketReader(admission.dialect, self.transport)
        admission.channel.join(reader, admission.after, head)


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
    headers: dict[str, Any] = SSE_HEADERS | cross_origin_headers | {"connection": "close"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode() + SSE_HELLO
