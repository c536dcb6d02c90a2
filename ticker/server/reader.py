"""A reader at its socket: what is left of a connection once it has been handed to the hub.

No task, no queue, no protocol machinery: a small object that the transport calls and the hub writes through.
TLS ends at the proxy in front, since the bytes go to the descriptor itself.
"""

from __future__ import annotations

import asyncio
import logging
import os
from typing import Final

from websockets.frames import CLOSE, DATA_OPCODES, Frame
from websockets.frames import Close as CloseFrame
from websockets.protocol import Protocol, Side, State

from ticker.hub import Reader
from ticker.web.admission import MOST_SAID
from ticker.wire import Close, Dialect

LONGEST_MESSAGE: Final = 4096
"""Bytes of one message from a reader, who has nothing to say; longer ones end the connection (1009)."""

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
        transport.set_protocol(self)
        transport.set_write_buffer_limits(high=0)

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

    def dismiss(self, why: Close) -> None:
        self.channel.leave(self)
        if self._full:
            self._transport.abort()  # a close frame could only wait behind what it does not read
            return
        if self.dialect == "websocket":
            self._transport.write(Frame(CLOSE, CloseFrame(why, "").serialize()).serialize(mask=False))
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
