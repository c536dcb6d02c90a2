"""A crowd of readers in one process: bare sockets under one epoll, so that the load itself costs little.

`python -m ticker.load.crowd SPEC` (SPEC is JSON, see `Spec`) opens the readers, reads what they are sent, and
answers each line of JSON on standard input with one on standard output. A reader whose line drops comes back as a
page would: at a random moment, after the last position it has seen.
"""

from __future__ import annotations

import contextlib
import errno
import heapq
import json
import os
import random
import resource
import select
import socket
import ssl
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from ticker.load import answer
from ticker.load.answer import Chunks
from ticker.load.frames import Farewell, Frames
from ticker.load.hearing import Count, Listener

CHUNK: Final = 256 * 1024
AT_ONCE: Final = 256
"""Connections under way at once while the crowd gathers, so that no server's queue overflows."""
BACK_WITHIN: Final = 0.5
"""A reader whose line dropped comes back within so many seconds, at random."""
TLS_WITHIN: Final = 10.0
"""Seconds that connecting and the handshake of TLS may take; the others wait meanwhile."""
_BIND_ADDRESS_NO_PORT: Final = 24
_TEXT: Final = 0x81
_PONG: Final = 0x8A


@dataclass
class Spec:
    """What a crowd is to be.

    Attributes:
        request: the head that opens a stream; `{after}` in it is where a position goes.
        sources: loopback addresses to come from; the ports of one address soon get scarce.
        hello: WebSocket text sent once the stream is open, for servers that wait for one.
        resume: whether a reader whose line dropped comes back.
        buffer: bytes of a reader's receive buffer; 0 leaves it to the kernel.
        position: where readers begin who follow by long-poll; with one, they do (see `polling`).
    """

    host: str
    port: int
    count: int
    run: str
    request: str
    sources: list[str] = field(default_factory=list)
    tls: str | None = None
    sse: bool = False
    hello: str = ""
    resume: bool = True
    buffer: int = 0
    position: str = ""


class Reader(Listener):
    """A listener with a connection, or without one for now."""

    __slots__ = ("chunks", "connection", "opened", "rest")

    def __init__(self) -> None:
        super().__init__()
        self.connection: socket.socket | None = None
        self.opened = False
        self.chunks: Chunks | None = None
        self.rest = b""


class Crowd:
    """All readers of this process."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.address = (spec.host, spec.port)
        self.frames = Frames(spec.run, sse=spec.sse)
        self.count = Count()
        self.buffer = memoryview(bytearray(CHUNK))  # one for all: a new one for each read would be mapped and unmapped
        self.poll = select.epoll()
        self.poll.register(0, select.EPOLLIN)
        self.readers: dict[int, Reader] = {}
        self.everyone: Sequence[Reader] = [Reader() for _ in range(spec.count)]
        self.absent = list(self.everyone)
        self.returning: list[tuple[int, int, Reader]] = []
        self.under_way = 0
        self.open = 0
        self.full_at = 0
        self.reconnects = 0
        self.refusal = ""
        self.context = ssl.create_default_context() if spec.tls else None

    def run(self) -> None:
        """Read until standard input ends."""
        while True:
            self._gather()
            wait = max(self.returning[0][0] - time.monotonic_ns(), 0) / 1e9 if self.returning else None
            for descriptor, events in self.poll.poll(wait):
                if descriptor == 0:
                    line = sys.stdin.readline()
                    if not line:
                        return
                    print(json.dumps(self.command(**json.loads(line))), flush=True)
                elif (reader := self.readers.get(descriptor)) is None:
                    continue  # closed by an earlier event of this round
                elif events == select.EPOLLOUT:
                    if self._ask(reader):
                        self.poll.modify(descriptor, select.EPOLLIN)
                else:
                    self._receive(reader)

    # Coming

    def _gather(self) -> None:
        """Open more connections, a few at once; then those whose time to come back has come."""
        while self.absent and self.under_way < AT_ONCE and not self.refusal:
            self._connect(self.absent.pop())
        now = time.monotonic_ns()
        while self.returning and self.returning[0][0] <= now:
            self._connect(heapq.heappop(self.returning)[2])

    def _prepare(self, reader: Reader) -> socket.socket:
        """Give a reader a socket, which may lie ready while there is nothing to connect to."""
        spec = self.spec
        connection = socket.socket(socket.AF_INET6 if ":" in spec.host else socket.AF_INET)
        if spec.buffer:
            # Small windows, and segments as on the Internet: by loopback's own the kernel would queue megabytes.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, spec.buffer)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1448)
        if spec.sources:
            connection.setsockopt(socket.IPPROTO_IP, _BIND_ADDRESS_NO_PORT, 1)  # a port is free or not for each pair
            connection.bind((random.choice(spec.sources), 0))  # noqa: S311  # any will do
        connection.setblocking(False)
        reader.connection = connection
        return connection

    def _connect(self, reader: Reader) -> None:
        connection = reader.connection or self._prepare(reader)
        try:
            if self.context is None:
                status = connection.connect_ex(self.address)
                if status not in (0, errno.EINPROGRESS):
                    raise OSError(status, os.strerror(status))
            else:
                connection.settimeout(TLS_WITHIN)
                connection.connect(self.address)
                reader.connection = connection = self.context.wrap_socket(connection, server_hostname=self.spec.tls)
                connection.setblocking(False)
        except OSError as error:
            connection.close()
            reader.connection = None
            self._unreached(error)
            self._come_back(reader)
            return
        self.under_way += 1
        reader.opened, reader.chunks, reader.rest = False, None, b""
        descriptor = connection.fileno()
        self.readers[descriptor] = reader
        self.poll.register(descriptor, select.EPOLLIN if self._ask(reader) else select.EPOLLOUT)

    def _ask(self, reader: Reader) -> bool:
        """Send the request; False: the connection is not up yet."""
        assert reader.connection is not None
        after = f"?after={reader.position}" if self.spec.resume and reader.position else ""
        try:
            reader.connection.send(self.spec.request.replace("{after}", after).encode())
        except (BlockingIOError, ssl.SSLWantWriteError):
            return False
        except OSError:
            pass  # epoll will tell
        return True

    def _refused(self, why: str) -> None:
        """Give up if the crowd was never whole; once it was, a refusal is part of coming back."""
        if not self.full_at:
            self.refusal = self.refusal or why

    def _unreached(self, error: OSError) -> None:
        self._refused(f"{self.spec.host}:{self.spec.port}: {error.strerror or error}")

    # Listening

    def _receive(self, reader: Reader) -> None:
        """Read once; and with TLS, which may hold back more than epoll can know of, as long as there is anything."""
        while reader.connection is not None:
            try:
                data = bytes(self.buffer[: reader.connection.recv_into(self.buffer)])
            except (BlockingIOError, ssl.SSLWantReadError):
                return
            except OSError as error:
                if not reader.opened:
                    self._unreached(error)
                data = b""
            if data:
                self._hear(reader, data)
            else:
                self._lost(reader)
            if self.context is None:
                return

    def _hear(self, reader: Reader, data: bytes) -> None:
        now = time.monotonic_ns()
        if not reader.opened:
            head = answer.read(reader.rest + data, sse=self.spec.sse)
            if head is None:
                reader.rest += data
                return
            if head.refused:
                self._refused(head.refused)
                self._lost(reader)
                return
            self._opened(reader, now)
            reader.chunks, reader.rest = Chunks() if head.chunked else None, b""
            data = head.body
        if reader.chunks is not None:
            try:
                data = reader.chunks.body(data)
            except ValueError:
                self._refused("its chunks have no length")
                self._lost(reader)
                return
        piece = self.frames.read(reader.rest + data)
        reader.rest = piece.rest
        reader.position = piece.position or reader.position
        if piece.news:
            self.count.hear(reader, piece.news, now)
        for request in piece.requests:
            if isinstance(request, Farewell):
                self._lost(reader)
                return
            self._say(reader, _PONG, request.payload)

    def _opened(self, reader: Reader, now: int) -> None:
        reader.opened = True
        self.open += 1
        self.under_way -= 1
        if self.open == self.spec.count:
            self.full_at = now
        if self.spec.hello:
            self._say(reader, _TEXT, self.spec.hello.encode())

    def _say(self, reader: Reader, first: int, payload: bytes) -> None:
        assert reader.connection is not None
        with contextlib.suppress(OSError):  # epoll will tell
            reader.connection.send(bytes((first, 0x80 | len(payload))) + bytes(4) + payload)  # a mask of zeros is one

    # Going

    def _lost(self, reader: Reader) -> None:
        self._close(reader)
        self._come_back(reader)

    def _come_back(self, reader: Reader) -> None:
        """Come back as a page does, if it ever was in."""
        if self.spec.resume and not self.refusal:
            self.reconnects += 1
            self._return(reader, time.monotonic_ns(), BACK_WITHIN)

    def _close(self, reader: Reader) -> None:
        assert reader.connection is not None
        del self.readers[reader.connection.fileno()]
        reader.connection.close()
        reader.connection = None
        if reader.opened:
            self.open -= 1
        else:
            self.under_way -= 1
        reader.opened = False

    def _return(self, reader: Reader, since: int, within: float) -> None:
        reader.back = reader.back or since  # who is turned away on the way back is as late as before
        self._later(reader, since + int(random.uniform(0, within) * 1e9))  # noqa: S311  # a wait is no secret

    def _later(self, reader: Reader, due: int) -> None:
        """Connect a reader at a time (ns)."""
        heapq.heappush(self.returning, (due, id(reader), reader))

    # What the one who started us asks

    def command(self, do: str, **how: Any) -> dict[str, Any]:
        """Carry out a command: `report`, `clear`, `cut`, `stall`."""
        match do:
            case "clear":
                self.count = Count()  # what each reader has seen stays known
            case "cut":
                self._cut(how["down"], how["within"])
            case "stall":
                for descriptor in self.readers:
                    self.poll.unregister(descriptor)
        return self.report(how.get("sent", 0))

    def _cut(self, down: float, within: float) -> None:
        for reader in list(self.readers.values()):
            self._close(reader)
        self.absent.clear()
        self.returning.clear()
        returns = time.monotonic_ns() + int(down * 1e9)
        for reader in self.everyone:
            self.reconnects += 1
            reader.back = 0
            self._return(reader, returns, within)
            if reader.connection is None:
                self._prepare(reader)

    def report(self, sent: int) -> dict[str, Any]:
        """Return the counts; `sent` is the number of the last line."""
        count = vars(self.count)
        return count | {
            "delays": list(self.count.delays.items()),
            "open": self.open,
            "full_at": self.full_at,
            "lost": sum(reader.missing(sent) for reader in self.everyone),
            "reconnects": self.reconnects,
            "refusal": self.refusal,
        }


def raise_file_limit() -> None:
    """Let this process open as many files as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> None:
    """Be the crowd that the first argument describes."""
    raise_file_limit()
    Crowd(Spec(**json.loads(sys.argv[1]))).run()


def arguments(spec: Spec) -> list[str]:
    """Return the command line of a crowd."""
    module = "polling" if spec.position else "crowd"
    return [sys.executable, "-P", "-m", f"ticker.load.{module}", json.dumps(asdict(spec))]


if __name__ == "__main__":
    main()
