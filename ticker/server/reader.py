"""A reader at its socket: what is left of a connection once it has been handed to the hub.

No task, no queue, no transport: a small object that the hub writes through, and that is notified when its socket has
room again or bytes to read. TLS ends at the proxy in front, since bytes are written to the descriptor itself.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from typing import Final, Self

from websockets.frames import CLOSE, Frame
from websockets.frames import Close as CloseFrame

from ticker.allowance import Allowance
from ticker.reader import Reader
from ticker.server.lingering_close import LingeringClose
from ticker.server.readiness import Readiness
from ticker.server.websocket import ReaderWebSocket
from ticker.wire import CloseCode, Encoding

READ_SIZE: Final = 1024
"""Bytes read from one reader before others get their turn; one who sends a lot is cut after a few turns."""

_CLOSED: Final = -1


class SocketReader(Reader):
    """A reader at its socket: written to directly while the socket takes everything.

    What a write leaves over, at most one chunk, waits here until there is room.
    """

    __slots__ = ("_allowance", "_descriptor", "_readiness", "_socket", "_unsent", "_websocket", "encoding")

    def __init__(self, encoding: Encoding, descriptor: int, readiness: Readiness) -> None:
        """Take over a connected socket that does not block."""
        super().__init__()
        self.encoding = encoding
        self._descriptor = descriptor
        self._readiness = readiness
        self._unsent = b""
        self._allowance: Allowance | None = None
        self._websocket: ReaderWebSocket | None = None
        readiness.add(descriptor, self)  # before the next line: it may close the descriptor, which may only happen once
        # The bare object of the standard library, 48 bytes, whose `send` costs less than `os.write`: measured, a tenth
        # of a write. Family and type are not looked at to send, and given so that nobody asks the system for them.
        self._socket = socket.SocketType(socket.AF_INET, socket.SOCK_STREAM, 0, descriptor)

    # Called by the hub

    @classmethod
    def write_to_all(cls, readers: Iterable[Self], data: bytes) -> list[Self]:
        # The system call is in the loop itself: a method call for each reader would be a good part of what this costs
        # beyond the kernel's own work. Only called for readers that have nothing unsent.
        size = len(data)
        full = []
        for reader in readers:
            try:
                sent = reader._socket.send(data)  # noqa: SLF001  # one of this class
            except OSError:  # no room; or broken, which is found out when waiting for room
                sent = 0
            if sent != size:
                reader._keep_unsent(data[sent:])  # noqa: SLF001
                full.append(reader)
        return full

    def write(self, data: bytes) -> bool:
        return not self.write_to_all((self,), data)

    def _keep_unsent(self, unsent: bytes) -> None:
        self._unsent = unsent
        self._readiness.watch_writable(self._descriptor, self, on=True)

    def cut(self) -> None:
        self.channel.leave(self)
        if self._descriptor != _CLOSED:
            descriptor = self._release()
            self._readiness.close(descriptor)

    def dismiss(self, why: CloseCode) -> None:
        if self.encoding != "sse" and not self._unsent:  # else it would be stuck behind what the reader does not read
            self.write(Frame(CLOSE, CloseFrame(why, "").serialize()).serialize(mask=False))
        self.cut()

    def _release(self) -> int:
        """Give the descriptor away."""
        self._descriptor, self._unsent, self._websocket = _CLOSED, b"", None
        return self._socket.detach()

    # Called when the socket is ready

    def on_ready(self, *, readable: bool, writable: bool) -> None:
        """See `SocketOwner`."""
        if writable and self._descriptor != _CLOSED:
            self._write_unsent()
        if readable and self._descriptor != _CLOSED:
            self._read()

    def _write_unsent(self) -> None:
        try:
            sent = os.write(self._descriptor, self._unsent)
        except BlockingIOError:
            return
        except TimeoutError:
            self.channel.cut_stuck(self)
            return
        except OSError:
            self.cut()
            return
        self._unsent = self._unsent[sent:]
        if self._unsent:
            self.channel.made_progress(self)
        else:
            self._readiness.watch_writable(self._descriptor, self, on=False)
            self.channel.on_writable(self)

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, READ_SIZE)
        except BlockingIOError:
            return
        except TimeoutError:  # bytes were unacknowledged for too long, and the system gave the connection up
            self.channel.cut_stuck(self)
            return
        except OSError:
            data = b""
        if not data:
            self.cut()
        elif self.encoding != "sse":
            self._receive(data)
        else:
            now = self._readiness.clock()
            if self._allowance is None:
                self._allowance = Allowance(now)
            if not self._allowance.spend(now, size=len(data)):
                self.cut()

    def _receive(self, data: bytes) -> None:
        if self._websocket is None:  # most readers never send anything, so only those who do cost a protocol object
            self._websocket = ReaderWebSocket(deflated=self.encoding == "deflated", now=self._readiness.clock())
        websocket = self._websocket
        response = websocket.receive(data, self._readiness.clock())
        # While the reader does not read what it was sent, pongs would only pile up behind that.
        if response and not self._unsent and not self.write(response):
            self.channel.stalled(self)
        if websocket.failed and not self._unsent and self._descriptor != _CLOSED:
            self.channel.leave(self)
            LingeringClose(self._release(), self._readiness)
        elif websocket.closing:
            self.cut()
