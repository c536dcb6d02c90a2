"""Requests that uvicorn handles, with limits on how large their heads are and how slowly they may come.

Received bytes are parsed in pieces, so that at most one piece is taken beyond a limit, whichever part does not end: a
header, a URL, a chunk's extension, the trailers.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import Any, Final, Literal, NamedTuple, cast

import httptools
from uvicorn.config import Config
from uvicorn.server import ServerState

from ticker.allowance import Allowance
from ticker.errors import BadRequest, TickerError, Unavailable, head_too_large, too_slow
from ticker.server.address_limit import CountedConnection
from ticker.server.deadlines import Deadlines
from ticker.server.desk_timeout import watch_acknowledgements
from ticker.server.hand_off import HandOff
from ticker.server.handshake import accept_for_key, check_head, origin_form, wants_websocket, without_upgrade
from ticker.server.idle_connections import IdleConnections
from ticker.server.lingering_close import LINGER_TIMEOUT
from ticker.server.pipelined_requests import PipelinedHttpProtocol
from ticker.server.refusal import refusal
from ticker.server.single_write import SingleWriteTransport
from ticker.server.unread_response import UnreadResponse
from ticker.server.uvicorn_websocket import LimitedWebSocket
from ticker.web.header_lists import combined

MAX_HEAD_SIZE: Final = 32 * 1024
"""Bytes of a request's head, and of its trailers; a larger head is refused (431)."""

HEAD_TIMEOUT: Final = 10.0
"""Seconds for a head, counted from the accept or, on a connection that had a request before, from its first byte."""

BODY_TIMEOUT: Final = 30.0
"""Seconds for a body, counted from the end of its head."""

STOP_BODY_TIMEOUT: Final = 2.0
"""Seconds for a body that is incomplete when the service is told to stop."""

MAX_HEADERS: Final = 128
"""Lines of headers and trailers; with more, a head is refused. A short one takes thirty times its bytes in memory."""

PIECE_SIZE: Final = 4096
"""Bytes parsed before the limits are checked."""

_END: Final = b"\r\n\r\n"


class Surroundings(NamedTuple):
    """What a connection has to do with: who takes over streams, what bounds all connections, and for whom it counts."""

    hand_off: HandOff
    deadlines: Deadlines
    idle: IdleConnections
    counted: CountedConnection


class LimitedHttpProtocol(PipelinedHttpProtocol):
    """uvicorn's HTTP protocol with limits; a stream requested later on its connection is handed off as well."""

    def __init__(
        self,
        surroundings: Surroundings,
        received: bytes,
        since: float,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
    ) -> None:
        """`received` are the first bytes of a request, whose head has to be complete HEAD_TIMEOUT after `since`."""
        super().__init__(config, server_state, app_state)
        self._hand_off, self._deadlines, self._idle, self._counted = surroundings
        self._unread = UnreadResponse(self, self._deadlines)
        self._received = received
        self._since = since
        self._handed_off = False
        self._last_data = b""
        self._part: Literal["head", "body"] | None = None
        """The part of a request that is incomplete."""
        self._size = self._lines = 0
        """Bytes of the head or the trailers, and how many headers and trailers, as far as they are parsed."""
        self._unparsed = 0
        """Bytes given to the parser since it last called back."""
        self._websocket = False
        """Whether the request is a WebSocket handshake."""
        self._other_protocol = False
        """Whether it offers an upgrade to another protocol, which is ignored."""
        self._error: TickerError | None = None
        """Why the connection is to end, once the responses before that are written."""
        self._refused = False
        """Whether the refusal is written."""
        self._stopping = False
        self._ended = False
        """Whether the client has closed its side, and gets what it still has to get."""
        self._allowance: Allowance | None = None
        """Of an event stream's reader, who has nothing to send."""

    # Called by the transport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast("asyncio.Transport", SingleWriteTransport(transport, self.loop)))
        self._part = "head"
        self._deadlines.set(self, self._since + HEAD_TIMEOUT)
        received, self._received = self._received, b""
        self.data_received(received)

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadlines.clear(self)
        self._unread.clear()
        self._idle.discard(self)
        self._counted.close()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Keep the connection until the requests are answered that are complete: their client may still read.

        It may also be gone; that is found out by writing. A stream would not end, so its reader counts as gone.
        """
        if self._refused or not self.responding or self.streaming:
            return False
        if self._part == "body":
            if not self.pipeline:
                return False
            self.pipeline.popleft()  # the incomplete one is the last
        self._part = None
        self._deadlines.clear(self)
        self._ended = True
        return True

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread.start(self.transport)

    def resume_writing(self) -> None:
        self._unread.clear()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        self._idle.discard(self)
        if self._refused or self._error is not None or self.transport.is_closing():
            return
        if self._exceeds_allowance(len(data)):
            self.cut()
            return
        self._last_data = data
        if self._part is None:
            self._part = "head"
            self._deadlines.set(self, self._deadlines.clock() + HEAD_TIMEOUT)
        for start in range(0, len(data), PIECE_SIZE):
            if not self._feed(data[start : start + PIECE_SIZE]):
                return

    def _exceeds_allowance(self, size: int) -> bool:
        """Return True if the reader of an event stream has now sent more than a reader may."""
        if not self.streaming:
            return False
        if self._allowance is None:
            self._allowance = Allowance(self._deadlines.clock())
        return not self._allowance.spend(self._deadlines.clock(), size=size)

    def _feed(self, piece: bytes) -> bool:
        """Parse a piece; return False if nothing that follows is to be parsed."""
        self._unparsed += len(piece)
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            if self._handed_off:
                return False
            rest = piece[upgrade.args[0] :]
            if self._other_protocol:
                return self._ignore_upgrade(rest)
            if rest:
                self._refuse(BadRequest("A client must wait for the response to its handshake (RFC 6455 section 4.1)"))
            else:
                self.handle_websocket_upgrade()
            return False
        except httptools.HttpParserError:
            self._refuse(self._error or BadRequest("This is not a valid HTTP/1.1 request (RFC 9112)"))
            return False
        if self._unparsed > MAX_HEAD_SIZE:
            self._refuse(head_too_large(MAX_HEAD_SIZE, MAX_HEADERS))
        elif self.pipelines_too_much:
            self.cut()
        return not (self._refused or self._handed_off or self.transport.is_closing())

    def _ignore_upgrade(self, rest: bytes) -> bool:
        """Parse the request again without the upgrade, for which the parser would leave the body out."""
        head = without_upgrade(self.parser.get_method(), self.url, self.parser.get_http_version(), self.headers)
        self._other_protocol = False
        self.parser = httptools.HttpRequestParser(self)
        with contextlib.suppress(AttributeError):
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._unparsed = -len(head)
        return self._feed(head) and (not rest or self._feed(rest))

    # Called by the parser

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._size = self._lines = 0
        if self._part != "head":
            self._part = "head"
            self._deadlines.set(self, self._deadlines.clock() + HEAD_TIMEOUT)

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + 4, lines=1)
        if self._part == "head":  # trailers are not headers (RFC 9110 section 6.5.1), and nothing here needs them
            super().on_header(name, value)

    def _count(self, size: int, lines: int = 0) -> None:
        self._size, self._lines = self._size + size, self._lines + lines
        if self._size > MAX_HEAD_SIZE or self._lines > MAX_HEADERS:
            self._error = head_too_large(MAX_HEAD_SIZE, MAX_HEADERS)
            raise self._error

    def on_headers_complete(self) -> None:
        self._size = self._unparsed = 0
        if self._handed_off:
            return  # a request pipelined after that of the stream gets no response
        self._part = "body"
        self._deadlines.set(self, self._deadlines.clock() + BODY_TIMEOUT)
        method, version, self.url = self.parser.get_method(), self.parser.get_http_version(), origin_form(self.url)
        try:
            check_head(method, version, self.headers)
            self._counted.start_request(self._headers())
        except TickerError as error:
            self._error = error  # else the parser's own error would be the reason
            raise
        self._websocket = False
        if self.parser.should_upgrade():
            websocket = method == b"GET" and version == "1.1" and wants_websocket(self._headers())
            self._websocket = websocket and self._hand_off.takes_websockets(self.url.decode("latin-1"))
            self._other_protocol = not self._websocket
            return
        if method == b"GET" and self._try_hand_off(websocket=False):
            return
        super().on_headers_complete()
        watch_acknowledgements(self.scope["path"], self.transport.get_extra_info("socket"))

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
        self._deadlines.clear(self)
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        if self._try_hand_off(websocket=True):
            return
        if self.responding:
            self._refuse(BadRequest("A handshake must not be pipelined behind a request that is not answered yet"))
            return
        try:
            accept_for_key(self._headers())
        except TickerError as error:
            self._refuse(error)
            return
        # uvicorn understands a handshake only with one plain value in each of these headers.
        others = [(name, value) for name, value in self.headers if name not in (b"upgrade", b"connection")]
        self.scope["method"] = "GET"
        self.scope["headers"] = [*others, (b"upgrade", b"websocket"), (b"connection", b"Upgrade")]
        self._deadlines.clear(self)
        self._unread.clear()
        super().handle_websocket_upgrade()
        websocket = self.transport.get_protocol()
        if isinstance(websocket, LimitedWebSocket):
            websocket.on_lost = self._counted.close

    # Handing off

    def _headers(self) -> dict[str, str]:
        return combined((name.decode("latin-1"), value.decode("latin-1")) for name, value in self.headers)

    def _try_hand_off(self, *, websocket: bool) -> bool:
        if self.responding or self.transport.get_write_buffer_size():
            return False  # a response is still being written
        # The head is to end the data received. One that came in pieces may be followed by more and does not count.
        ends = self._last_data.find(_END) + len(_END) == len(self._last_data)
        last = ends and self.parser.get_http_version() == "1.1"
        target, headers = self.url.decode("latin-1"), self._headers()
        self._handed_off = self._hand_off.try_request(self._release, target, headers, websocket=websocket, last=last)
        return self._handed_off

    def _release(self) -> int:
        """Give the connection away: the transport closes its descriptor, and the new owner gets a duplicate."""
        descriptor = os.dup(self.transport.get_extra_info("socket").fileno())
        self._unset_keepalive_if_required()
        self._deadlines.clear(self)
        self._counted.leave(descriptor)
        self.transport.abort()
        return descriptor

    # Refusing

    def on_deadline(self) -> None:
        """See `DeadlineOwner`."""
        if self._refused:
            self.cut()
        elif self._part == "head" and not self.responding:
            self._refuse(too_slow("head", HEAD_TIMEOUT))
        elif self._part == "body":
            self._refuse(too_slow("body", BODY_TIMEOUT))

    def cut(self) -> None:
        """See `DeadlineOwner`."""
        self._deadlines.clear(self)
        self.transport.abort()

    def shutdown(self) -> None:
        """Close once all requests are answered; one that is incomplete has STOP_BODY_TIMEOUT for the rest."""
        self._stopping = True
        if self._refused:
            self.cut()
            return
        super().shutdown()
        if self._part == "body" and not self.transport.is_closing():
            self.loop.call_later(STOP_BODY_TIMEOUT, self._refuse_incomplete)

    def _refuse_incomplete(self) -> None:
        if self._part == "body":
            self._refuse(Unavailable("This node is stopping, and the request was incomplete; send it again"))

    def on_response_complete(self) -> None:
        last = not self.pipeline
        super().on_response_complete()
        if not last or self.transport.is_closing():
            return
        self._counted.end_request()
        if self._ended:
            self.transport.close()
        elif self._part == "body" and self.expect_100_continue:
            self._end_gently()  # what comes now may be the body, or the next request
        elif self._error is not None and not self._refused:
            self._send_refusal(self._error)
        elif self._part == "head":  # its deadline was not enforced while a response was due
            self._unset_keepalive_if_required()  # the connection is not idle
            self._deadlines.set(self, self._deadlines.clock() + HEAD_TIMEOUT)
        elif self._part is None:
            self._idle.add(self)

    def _refuse(self, error: TickerError) -> None:
        """End the connection with a refusal, after the responses to the requests before it."""
        self._error = error
        self._deadlines.clear(self)
        if self.transport.is_closing():
            return
        if self._part == "body" and self.cycle is not None and self.cycle.scope is self.scope:
            if self.pipeline:
                self.pipeline.popleft()  # it is the last one
            elif self.cycle.response_complete or self.cycle.response_started:
                self.transport.close()
                return
            else:
                self.cycle.disconnected = True
                self.cycle.message_event.set()
                self._send_refusal(error)
                return
        if self.responding or self.pipeline:
            self.flow.pause_reading()
            return
        self._send_refusal(error)

    def _send_refusal(self, error: TickerError) -> None:
        self._refused = True
        self._unset_keepalive_if_required()
        self.flow.resume_reading()
        self.transport.write(refusal(error))
        self.app_state["node"].responses[error.status] += 1
        if self._stopping:
            self.transport.close()
            return
        self._end_gently()

    def _end_gently(self) -> None:
        """Send nothing more, and discard what still comes; see `LingeringClose`."""
        self._refused = True
        self._unset_keepalive_if_required()
        self.transport.write_eof()
        self._deadlines.set(self, self._deadlines.clock() + LINGER_TIMEOUT)
