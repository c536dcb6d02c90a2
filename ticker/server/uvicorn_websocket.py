"""WebSockets that stay with uvicorn, those of private feeds and of the desk: what their readers send is limited too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.server import ServerProtocol

from ticker.allowance import Allowance
from ticker.errors import BadRequest
from ticker.server.lingering_close import LINGER_TIMEOUT
from ticker.server.refusal import refusal
from ticker.server.websocket import PARSE_SIZE, CloseBetweenFragments
from ticker.wire import CloseCode

_HANDSHAKE: Final = frozenset(
    ["websocket.accept", "websocket.close", "websocket.http.response.start", "websocket.http.response.body"]
)
"""Messages of an application with which it responds to a handshake."""


class _Protocol(CloseBetweenFragments, ServerProtocol):
    """The protocol of a server, from the handshake on."""


class LimitedWebSocket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol, with an allowance for what the other side sends, pings included."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.conn = _Protocol(max_size=self.config.ws_max_size, logger=self.conn.logger)
        self._allowance: Allowance | None = None
        self._cut = False
        """Whether the other side was refused or sent too much, so that nothing it sends counts any more."""
        self.on_lost: Callable[[], None] = _nothing
        """Called once the connection is lost."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection is lost."""
        self.on_lost()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what was sent; the first call brings the handshake, whose size was limited before it came here."""
        if self._allowance is None:
            self._allowance = Allowance(self.loop.time())
            super().data_received(data)
            if self.conn.handshake_exc is not None and not self.handshake_initiated:
                self._refuse()
            return
        if self._cut:
            return
        for start in range(0, len(data), PARSE_SIZE):
            piece = data[start : start + PARSE_SIZE]
            super().data_received(piece)
            self._spend(size=len(piece))
            if self._cut or self.transport.is_closing():
                return

    def handle_events(self) -> None:
        """Handle the frames that came as uvicorn does, and count them."""
        frames = len(self.conn.events) if self.handshake_complete else 0
        super().handle_events()
        if frames and not self.close_sent:
            self._spend(frames=frames)

    def handle_parser_exception(self) -> None:
        """End the connection for bytes that are no frames; before its handshake is answered, refuse that."""
        if self.conn.close_sent is None:
            self._refuse()
        else:
            super().handle_parser_exception()

    def handle_connect(self, event: Request) -> None:
        """Start the application, unless websockets finds a fault with the handshake."""
        if self.conn.accept(event).status_code == 101:
            super().handle_connect(event)
        else:
            self._refuse()

    def send_receive_event_to_app(self) -> None:
        """Pass a message on, unless it is a text that is not UTF-8."""
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self._fail(CloseCode.INVALID_DATA, "a text is UTF-8")
                return
        super().send_receive_event_to_app()

    async def send(self, message: Any) -> None:
        """Send a message of the application.

        A handshake counts as complete once it is refused, or once the client has left: uvicorn would otherwise log a
        failure of the application, whose next `receive` says that the connection is gone.
        """
        if message["type"] in _HANDSHAKE and self.transport.is_closing():
            self.handshake_complete = True
            return
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True

    def _refuse(self) -> None:
        self.handshake_complete = self.close_sent = self._cut = True
        error = BadRequest("This handshake does not follow RFC 6455, or its headers are too long")
        self.transport.write(refusal(error))
        self.app_state["node"].responses[error.status] += 1
        self.transport.close()

    def _spend(self, *, frames: int = 0, size: int = 0) -> None:
        if self.transport.is_closing():
            return
        if cast("Allowance", self._allowance).spend(self.loop.time(), frames=frames, size=size):
            return
        if not self.handshake_complete or self.close_sent:
            self.transport.abort()
            return
        self._fail(CloseCode.POLICY_VIOLATION, "readers only listen")

    def _fail(self, code: CloseCode, reason: str) -> None:
        """Close the connection because of what the reader sent, and discard what comes; see `LingeringClose`."""
        self.conn.fail(code, reason)
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code})
        self.close_sent = self._cut = True
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.write_eof()
        self.loop.call_later(LINGER_TIMEOUT, self.transport.abort)


def _nothing() -> None:
    """Do nothing about a connection that is lost."""
