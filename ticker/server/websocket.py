"""The reader's side of a WebSocket without I/O: bytes received in, bytes to write out (RFC 6455)."""

from __future__ import annotations

import codecs
import logging
from typing import Final

from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import CLOSE, DATA_OPCODES, TEXT, Frame
from websockets.protocol import Protocol, Side, State

from ticker.allowance import MAX_MESSAGE, Allowance
from ticker.web.deflate_offer import WINDOW_BITS
from ticker.wire import CloseCode

PARSE_SIZE: Final = 128
"""Bytes parsed before the frames in them are counted: at most 21 frames beyond the allowance."""

_SILENT: Final = logging.getLogger("ticker.websocket")
_UTF_8: Final = codecs.getincrementaldecoder("utf-8")


class CloseBetweenFragments(Protocol):
    """A protocol that takes a Close in the middle of a fragmented message as any other one.

    A Close is a control frame, which may come between fragments (RFC 6455 section 5.4); websockets refuses it there.
    """

    def recv_frame(self, frame: Frame) -> None:
        """Handle a frame; a Close ends a message that is incomplete."""
        if frame.opcode is CLOSE:
            self.current_size = None
        super().recv_frame(frame)


class ReaderWebSocket:
    """The protocol state of one reader's WebSocket. Pings are answered, messages are read and dropped."""

    def __init__(self, *, deflated: bool, now: float) -> None:
        """`now` is the time in seconds, by the clock whose time `receive` is given."""
        self._protocol = CloseBetweenFragments(Side.SERVER, state=State.OPEN, max_size=MAX_MESSAGE, logger=_SILENT)
        if deflated:
            self._protocol.extensions = [PerMessageDeflate(True, True, WINDOW_BITS, WINDOW_BITS)]
        self._allowance = Allowance(now)
        self._text: codecs.IncrementalDecoder | None = None

    @property
    def closing(self) -> bool:
        """Whether the connection is to be closed once the bytes last returned are written."""
        return self._protocol.state is not State.OPEN

    @property
    def failed(self) -> bool:
        """Whether it is closing by our decision, and not because the reader sent a close frame."""
        return self.closing and self._protocol.close_rcvd is None

    def receive(self, data: bytes, now: float) -> bytes:
        """Take bytes that the reader sent and return what is to be written: pongs, or a close frame.

        All of it counts against the reader's allowance, and what exceeds that is not parsed.
        """
        for start in range(0, len(data), PARSE_SIZE):
            piece = data[start : start + PARSE_SIZE]
            self._protocol.receive_data(piece)
            events = self._protocol.events_received()
            for event in events:
                if isinstance(event, Frame) and event.opcode in DATA_OPCODES and not self.closing:
                    self._check_text(event)
            if not self._allowance.spend(now, frames=len(events), size=len(piece)) and not self.closing:
                self._protocol.fail(CloseCode.POLICY_VIOLATION, "readers only listen")
            if self.closing:
                break
        return b"".join(self._protocol.data_to_send())

    def _check_text(self, frame: Frame) -> None:
        if frame.opcode is TEXT:
            self._text = _UTF_8()
        if self._text is not None:
            try:
                self._text.decode(frame.data, frame.fin)
            except UnicodeDecodeError:
                self._protocol.fail(CloseCode.INVALID_DATA, "a text is UTF-8")
                return
            if frame.fin:
                self._text = None
