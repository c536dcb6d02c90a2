"""What a reader says over a WebSocket, and what it is told in return (RFC 6455)."""

from __future__ import annotations

import codecs
import logging
from typing import Final

from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import DATA_OPCODES, TEXT, Frame
from websockets.protocol import Protocol, Side, State

from ticker.web.allowance import Allowance
from ticker.wire import Close

MAX_MESSAGE_SIZE: Final = 4096
"""Bytes of one message from a reader, who has nothing to say; longer ones end the connection (1009)."""

PARSE_SIZE: Final = 128
"""Bytes parsed before the frames in them are counted: at most 21 frames that the budget may not have room for."""

DEFLATE: Final = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
"""The extension as it is agreed on with every reader who offers it: no context on either side (RFC 7692)."""

_QUIET: Final = logging.getLogger("ticker.websocket")
_UTF_8: Final = codecs.getincrementaldecoder("utf-8")


class ReaderWebSocket:
    """One reader's side of the conversation. Pings are answered, messages are read and forgotten."""

    def __init__(self, *, deflated: bool, now: float) -> None:
        """`now` is the time in seconds by the clock that `hear` is told of."""
        self._protocol = Protocol(Side.SERVER, state=State.OPEN, max_size=MAX_MESSAGE_SIZE, logger=_QUIET)
        if deflated:
            self._protocol.extensions = [PerMessageDeflate(True, True, 15, 15)]
        self._allowance = Allowance(now)
        self._text: codecs.IncrementalDecoder | None = None

    @property
    def over(self) -> bool:
        """Whether the connection is to be closed once what was last returned is written."""
        return self._protocol.state is not State.OPEN

    @property
    def refused(self) -> bool:
        """Whether it is over and the other side has not said so first."""
        return self.over and self._protocol.close_rcvd is None

    def hear(self, data: bytes, now: float) -> bytes:
        """Take in what was said and return what is to be written: pongs, or a close frame.

        Whatever was said counts against the reader's allowance, and what is beyond that is not parsed.
        """
        for start in range(0, len(data), PARSE_SIZE):
            said = data[start : start + PARSE_SIZE]
            self._protocol.receive_data(said)
            events = self._protocol.events_received()
            for event in events:
                if isinstance(event, Frame) and event.opcode in DATA_OPCODES and not self.over:
                    self._message(event)
            if not self._allowance.spend(now, frames=len(events), size=len(said)) and not self.over:
                self._protocol.fail(Close.POLICY, "readers only listen")
            if self.over:
                break
        return b"".join(self._protocol.data_to_send())

    def _message(self, frame: Frame) -> None:
        if frame.opcode is TEXT:
            self._text = _UTF_8()
        if self._text is not None:
            try:
                self._text.decode(frame.data, frame.fin)
            except UnicodeDecodeError:
                self._protocol.fail(Close.NOT_TEXT, "a text is UTF-8")
                return
            if frame.fin:
                self._text = None
