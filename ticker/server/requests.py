"""Requests that uvicorn answers, and the limits on what is sent: how large a head, and how slowly.

What comes is given to the parser in pieces, so that no more than one piece is taken beyond a limit, whatever it is that
does not end: a header, a URL, a chunk's extension, the trailers.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from typing import Any, Final, Literal, Protocol, cast

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from ticker.errors import BadRequest, HeadTooLarge, TickerError, TooSlow, Unavailable, WrongMethod
from ticker.server.deadlines import Deadlines
from ticker.server.handshake import combined, wants_websocket
from ticker.server.lingering_close import LINGER_TIMEOUT
from ticker.server.refusal import refusal
from ticker.server.single_write import SingleWriteTransport
from ticker.web.allowance import Allowance

MAX_HEAD_SIZE: Final = 32 * 1024
"""Bytes of a request's head, and of its trailers; a head with more is refused (431)."""

HEAD_TIMEOUT: Final = 10.0
"""Seconds for a head to come, from when the connection was accepted or, if it had requests before, its first byte."""

BODY_TIMEOUT: Final = 30.0
"""Seconds for a body to come, from when its head is complete."""

STOP_BODY_TIMEOUT: Final = 2.0
"""Seconds for a body that is on its way when the service is told to stop."""

AHEAD_AT_MOST: Final = 64
"""Requests that may be sent behind one that is not answered yet."""

_PIECE: Final = 4096
_END: Final = b"\r\n\r\n"


class HandOff(Protocol):
    """Who takes a connection over that asks for a stream; see `Acceptor.try_hand_off`."""

    def __call__(
        self, take: Callable[[], int], target: str, headers: dict[str, str], *, websocket: bool, alone: bool
    ) -> bool: ...


class LimitedHttpProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with limits, from which a stream asked for later on a connection is handed over too."""

    def __init__(
        self,
        try_hand_off: HandOff,
        deadlines: Deadlines,
        said: bytes,
        since: float,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
    ) -> None:
        """`said` are the first bytes of a request; by `since`, its head has to be complete HEAD_TIMEOUT later."""
        super().__init__(config, server_state, app_state)
        self._try_hand_off = try_hand_off
        self._deadlines = deadlines
        self._said = said
        self._since = since
        self._handed_off = False
        self._latest = b""
        self._part: Literal["head", "body"] | None = None
        self._size = 0  # of the head or the trailers, as far as it was parsed
        self._unparsed = 0  # bytes taken since the parser last had something to show for them
        self._websocket = False
        self._other_protocol = False  # an upgrade is offered that is not ours
        self._fault: TickerError | None = None
        self._refused = False
        self._leaving = False
        self._heard: Allowance | None = None

    # What the transport says

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast("asyncio.Transport", SingleWriteTransport(transport, self.loop)))
        self._part = "head"
        self._deadlines.expect(self, self._since + HEAD_TIMEOUT)
        said, self._said = self._said, b""
        self.data_received(said)

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadlines.settle(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self._refused or self._fault is not None or self.transport.is_closing():
            return
        if self._overheard(len(data)):
            self.cut()
            return
        self._latest = data
        if self._part is None:
            self._part = "head"
            self._deadlines.expect(self, self._deadlines.clock() + HEAD_TIMEOUT)
        for start in range(0, len(data), _PIECE):
            if not self._feed(data[start : start + _PIECE]):
                return

    def _overheard(self, size: int) -> bool:
        """Return True if somebody says more than a reader may, while an event stream is being sent to him."""
        if not self._answering or not self.cycle.response_started or not self.scope["path"].endswith("/live"):
            return False
        if self._heard is None:
            self._heard = Allowance(self._deadlines.clock())
        return not self._heard.spend(self._deadlines.clock(), size=size)

    def _feed(self, piece: bytes) -> bool:
        """Parse a piece of what came; return False if nothing that follows is to be parsed."""
        self._unparsed += len(piece)
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            if self._handed_off:
                return False
            if not self._other_protocol:
                self.handle_websocket_upgrade()
                return False
            return self._ignore_upgrade(piece[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse(self._fault or BadRequest("This is not a request as HTTP/1.1 has it (RFC 9112)"))
            return False
        if self._unparsed > MAX_HEAD_SIZE:
            self._refuse(_too_large())
        elif len(self.pipeline) > AHEAD_AT_MOST:
            self.cut()
        return not (self._refused or self._handed_off or self.transport.is_closing())

    def _ignore_upgrade(self, rest: bytes) -> bool:
        """Parse the request again as one without an upgrade: the parser takes the body for the other protocol's."""
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        lines = [b"%s %s HTTP/%s\r\n" % (method, self.url, version)]
        for name, value in self.headers:
            if name == b"connection":
                kept = [token for token in value.split(b",") if token.strip().lower() != b"upgrade"]
                lines.append(b"connection: %s\r\n" % b",".join(kept))
            elif name != b"upgrade":
                lines.append(b"%s: %s\r\n" % (name, value))
        self._other_protocol = False
        self.parser = httptools.HttpRequestParser(self)
        with contextlib.suppress(AttributeError):
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        head = b"".join([*lines, b"\r\n"])
        self._unparsed = -len(head)
        return self._feed(head) and (not rest or self._feed(rest))

    # What the parser says

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._size = 0
        if self._part != "head":
            self._part = "head"
            self._deadlines.expect(self, self._deadlines.clock() + HEAD_TIMEOUT)

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + 4)
        if self._part == "head":  # a trailer is no header (RFC 9110 section 6.5.1), and nothing here needs one
            super().on_header(name, value)

    def _count(self, size: int) -> None:
        self._size += size
        if self._size > MAX_HEAD_SIZE:
            self._fail(_too_large())

    def _fail(self, fault: TickerError) -> None:
        """Make the parser stop."""
        self._fault = fault
        raise fault

    def on_headers_complete(self) -> None:
        self._size = self._unparsed = 0
        if self._handed_off:
            return  # a request sent behind the stream's: there is nobody left to answer it
        self._part = "body"
        self._deadlines.expect(self, self._deadlines.clock() + BODY_TIMEOUT)
        method, version = self.parser.get_method(), self.parser.get_http_version()
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and version == "1.1"):
            self._fail(BadRequest("A request names one host (RFC 9112 section 3.2)", field="Host"))
        if method == b"CONNECT":
            self._fail(WrongMethod("CONNECT is not possible here"))
        self._websocket = False
        if self.parser.should_upgrade():
            self._websocket = method == b"GET" and version == "1.1" and wants_websocket(self._joined())
            self._other_protocol = not self._websocket
            return
        if method == b"GET" and self._hand_off(websocket=False):
            return
        super().on_headers_complete()

    def _should_upgrade(self) -> bool:
        return self._websocket

    def on_body(self, body: bytes) -> None:
        self._unparsed = 0
        if not self._handed_off:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._size = self._unparsed = 0
        if self._handed_off or self._other_protocol:
            return
        self._part = None
        self._deadlines.settle(self)
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        if self._hand_off(websocket=True):
            return
        if self._answering:
            self._refuse(BadRequest("A handshake is not sent behind a request that is not answered yet"))
            return
        # What the handshake is as one of one line each, which is what uvicorn understands.
        others = [(name, value) for name, value in self.headers if name not in (b"upgrade", b"connection")]
        self.scope["method"] = "GET"
        self.scope["headers"] = [*others, (b"upgrade", b"websocket"), (b"connection", b"Upgrade")]
        self._deadlines.settle(self)
        super().handle_websocket_upgrade()

    # Handing over

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _joined(self) -> dict[str, str]:
        return combined((name.decode("latin-1"), value.decode("latin-1")) for name, value in self.headers)

    def _hand_off(self, *, websocket: bool) -> bool:
        if self._answering or self.transport.get_write_buffer_size():
            return False  # an answer is still on its way out
        # A head that ends the bytes at hand. One in pieces may be followed by more, so it does not count.
        alone = self.parser.get_http_version() == "1.1" and self._latest.find(_END) == len(self._latest) - len(_END)
        target = self.url.decode("latin-1")
        self._handed_off = self._try_hand_off(self._take, target, self._joined(), websocket=websocket, alone=alone)
        return self._handed_off

    def _take(self) -> int:
        """Give the connection away: the transport closes its own descriptor, and the reader has another."""
        descriptor = os.dup(self.transport.get_extra_info("socket").fileno())
        self._unset_keepalive_if_required()
        self._deadlines.settle(self)
        self.transport.abort()
        return descriptor

    # Refusing

    def late(self) -> None:
        """See `DeadlineOwner`."""
        if self._refused:
            self.cut()
        elif self._part == "head" and not self._answering:
            self._refuse(TooSlow(f"The head of a request is sent within {HEAD_TIMEOUT:.0f} seconds"))
        elif self._part == "body":
            self._refuse(TooSlow(f"The body of a request is sent within {BODY_TIMEOUT:.0f} seconds"))

    def cut(self) -> None:
        """See `DeadlineOwner`."""
        self._deadlines.settle(self)
        self.transport.abort()

    def shutdown(self) -> None:
        """Close once what was asked for is answered; a request that is not complete has a moment for that."""
        self._leaving = True
        if self._refused:
            self.cut()
            return
        super().shutdown()
        if self._part == "body" and not self.transport.is_closing():
            self.loop.call_later(STOP_BODY_TIMEOUT, self._leave)

    def _leave(self) -> None:
        if self._part == "body":
            self._refuse(Unavailable("This node is leaving, and the request was not complete; send it again"))

    def on_response_complete(self) -> None:
        last = not self.pipeline
        super().on_response_complete()
        if not last or self.transport.is_closing():
            return
        if self._fault is not None and not self._refused:
            self._say(self._fault)
        elif self._part == "head":  # it was not cut short while there was something to answer
            self._deadlines.expect(self, self._deadlines.clock() + HEAD_TIMEOUT)

    def _refuse(self, fault: TickerError) -> None:
        """End the connection with a refusal, after the responses to the requests that came before."""
        self._fault = fault
        self._deadlines.settle(self)
        if self.transport.is_closing():
            return
        if self._part == "body" and self.cycle is not None and self.cycle.scope is self.scope:
            if self.pipeline:
                self.pipeline.popleft()  # this one has come last
            elif self.cycle.response_complete or self.cycle.response_started:
                self.transport.close()
                return
            else:
                self.cycle.disconnected = True
                self.cycle.message_event.set()
                self._say(fault)
                return
        if self._answering or self.pipeline:
            self.flow.pause_reading()
            return
        self._say(fault)

    def _say(self, fault: TickerError) -> None:
        self._refused = True
        self._unset_keepalive_if_required()
        self.flow.resume_reading()
        self.transport.write(refusal(fault))
        if self._leaving:
            self.transport.close()
            return
        self.transport.write_eof()
        self._deadlines.expect(self, self._deadlines.clock() + LINGER_TIMEOUT)


def _too_large() -> HeadTooLarge:
    return HeadTooLarge(f"The head of a request has at most {MAX_HEAD_SIZE} bytes, URL, headers and trailers included")
