"""WebSockets that stay with uvicorn, those of private feeds and of the desk: what their readers send is limited too."""

from __future__ import annotations

from typing import Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from ticker.allowance import Allowance
from ticker.errors import BadRequest
from ticker.server.lingering_close import LINGER_TIMEOUT
from ticker.server.refusal import refusal
from ticker.server.websocket import PARSE_SIZE
from ticker.wire import CloseCode


class LimitedWebSocket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol, with an allowance for what the other side sends, pings included."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._allowance: Allowance | None = None
        self._cut = False
        """Whether the other side was refused or sent too much, so that nothing it sends counts any more."""

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

    def _refuse(self) -> None:
        self.handshake_complete = self.close_sent = self._cut = True
        self.transport.write(
            refusal(BadRequest("This handshake does not follow RFC 6455, or its headers are too long"))
        )
        self.transport.close()

    def _spend(self, *, frames: int = 0, size: int = 0) -> None:
        allowance = cast("Allowance", self._allowance)
        if allowance.spend(self.loop.time(), frames=frames, size=size) or self.transport.is_closing():
            return
        if not self.handshake_complete or self.close_sent:
            self.transport.abort()
            return
        self.conn.fail(CloseCode.POLICY_VIOLATION, "readers only listen")
        self.queue.put_nowait({"type": "websocket.disconnect", "code": CloseCode.POLICY_VIOLATION})
        self.close_sent = self._cut = True
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.write_eof()  # and what comes is discarded; see `LingeringClose`
        self.loop.call_later(LINGER_TIMEOUT, self.transport.abort)
