"""A reader at its socket: what is left of a connection once it has been handed to the hub.

No task, no queue, no transport: a small object that the hub writes through, and that the watch calls when the
socket has room again or something was said. TLS ends at the proxy in front, since the bytes go to the descriptor
itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final, Self

from websockets.frames import CLOSE, Frame
from websockets.frames import Close as CloseFrame

from ticker.reader import Reader
from ticker.server.lingering_close import LingeringClose
from ticker.server.readiness import Readiness
from ticker.server.websocket import ReaderWebSocket
from ticker.web.allowance import Allowance
from ticker.wire import Close, Dialect

READ_SIZE: Final = 1024
"""Bytes read from one reader before others get their turn; a reader who sends much is found out after a few turns."""

_CLOSED: Final = -1


class SocketReader(Reader):
    """A reader at its socket: written to directly while the socket takes everything.

    What a write leaves behind, at most one chunk, waits here until there is room.
    """

    __slots__ = ("_allowance", "_descriptor", "_readiness", "_rest", "_talk", "dialect")

    def __init__(self, dialect: Dialect, descriptor: int, readiness: Readiness) -> None:
        """`descriptor` is a connected socket that does not block; it is the reader's from here on."""
        super().__init__()
        self.dialect = dialect
        self._descriptor = descriptor
        self._readiness = readiness
        self._rest = b""
        self._allowance: Allowance | None = None
        self._talk: ReaderWebSocket | None = None
        readiness.add(descriptor, self)

    # What the hub asks

    @classmethod
    def write_to_all(cls, readers: Iterable[Self], data: bytes) -> list[Self]:
        # The system call in the loop itself: here, a call of ours for each reader would be a good part of what
        # stands above the kernel's own cost. Only ever called for readers who have no rest.
        size, write = len(data), os.write
        full = []
        for reader in readers:
            try:
                sent = write(reader._descriptor, data)  # noqa: SLF001  # one of this class
            except OSError:  # no room; or broken, which the watch finds out when it looks for room
                sent = 0
            if sent != size:
                reader._keep(data[sent:])  # noqa: SLF001
                full.append(reader)
        return full

    def write(self, data: bytes) -> bool:
        return not self.write_to_all((self,), data)

    def _keep(self, rest: bytes) -> None:
        self._rest = rest
        self._readiness.watch_writable(self._descriptor, self, room=True)

    def cut(self) -> None:
        self.channel.leave(self)
        if self._descriptor != _CLOSED:
            self._readiness.remove(self._descriptor)
            os.close(self._descriptor)
            self._descriptor, self._rest, self._talk = _CLOSED, b"", None

    def dismiss(self, why: Close) -> None:
        if self.dialect != "sse" and not self._rest:  # else it could only wait behind what is not read
            self.write(Frame(CLOSE, CloseFrame(why, "").serialize()).serialize(mask=False))
        self.cut()

    # What the watch says

    def ready(self, *, room: bool, said: bool) -> None:
        if room and self._descriptor != _CLOSED:
            self._write_rest()
        if said and self._descriptor != _CLOSED:
            self._listen()

    def _write_rest(self) -> None:
        try:
            sent = os.write(self._descriptor, self._rest)
        except BlockingIOError:
            return
        except TimeoutError:
            self.channel.cut_stuck(self)
            return
        except OSError:
            self.cut()
            return
        self._rest = self._rest[sent:]
        if self._rest:
            self.channel.took(self)
        else:
            self._readiness.watch_writable(self._descriptor, self, room=False)
            self.channel.drained(self)

    def _listen(self) -> None:
        try:
            said = os.read(self._descriptor, READ_SIZE)
        except BlockingIOError:
            return
        except TimeoutError:  # bytes were on their way for too long; the system has given up
            self.channel.cut_stuck(self)
            return
        except OSError:
            said = b""
        if not said:
            self.cut()
        elif self.dialect != "sse":
            self._talk_back(said)
        else:
            now = self._readiness.clock()
            if self._allowance is None:
                self._allowance = Allowance(now)
            if not self._allowance.spend(now, size=len(said)):
                self.cut()

    def _talk_back(self, said: bytes) -> None:
        if self._talk is None:  # most readers never say a word, so only those who do pay for being understood
            self._talk = ReaderWebSocket(deflated=self.dialect == "deflated", now=self._readiness.clock())
        talk = self._talk
        answer = talk.hear(said, self._readiness.clock())
        # While it does not take what it asked for, pongs would only pile up behind that.
        if answer and not self._rest and not self.write(answer):
            self.channel.stalled(self)
        if talk.refused and not self._rest and self._descriptor != _CLOSED:
            descriptor, self._descriptor, self._talk = self._descriptor, _CLOSED, None
            self.channel.leave(self)
            LingeringClose(descriptor, self._readiness)
        elif talk.over:
            self.cut()
