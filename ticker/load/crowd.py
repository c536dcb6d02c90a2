"""A crowd of readers in one process: bare sockets under one epoll, so that the load itself costs little.

`python -m ticker.load.crowd SPEC` (SPEC is JSON, see `Spec`) connects the readers, reads what they are sent, and
responds to each line of JSON on standard input with one on standard output. A reader that loses its connection
reconnects as a page would: at a random moment, after the last position it has received.
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

from ticker.load.counting import Count, Listener
from ticker.load.frames import Close, Frames
from ticker.load.response import Chunks, read_head

CHUNK: Final = 256 * 1024
MAX_CONNECTING: Final = 256
"""Connections being opened at once while the crowd gathers, so that no server's queue overflows."""
RECONNECT_SPREAD: Final = 0.5
"""Seconds over which readers that lost their connection reconnect, each at a random moment."""
TLS_TIMEOUT: Final = 10.0
"""Seconds that connecting and the TLS handshake may take; the others wait meanwhile."""
_BIND_ADDRESS_NO_PORT: Final = 24
_TEXT: Final = 0x81
_PONG: Final = 0x8A


@dataclass
class Spec:
    """The settings of a crowd.

    Attributes:
        request: the head that opens a stream; `{after}` in it is replaced by the position.
        sources: loopback addresses to connect from; the ports of one address soon run out.
        hello: WebSocket text sent once the stream is open, for servers that wait for one.
        resume: whether a reader that lost its connection reconnects.
        buffer: bytes of a reader's receive buffer; 0 leaves it to the kernel.
        position: where readers begin that follow by long-poll; without one they follow a stream (see `polling`).
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
    """A listener and its connection, if it has one now."""

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
        self.unconnected = list(self.everyone)
        self.reconnecting: list[tuple[int, int, Reader]] = []
        self.connecting = 0
        self.open = 0
        self.full_at = 0
        self.reconnects = 0
        self.refusal = ""
        self.context = ssl.create_default_context() if spec.tls else None

    def run(self) -> None:
        """Read until standard input ends."""
        while True:
            self._gather()
            wait = max(self.reconnecting[0][0] - time.monotonic_ns(), 0) / 1e9 if self.reconnecting else None
            for descriptor, events in self.poll.poll(wait):
                if descriptor == 0:
                    line = sys.stdin.readline()
                    if not line:
                        return
                    print(json.dumps(self.command(**json.loads(line))), flush=True)
                elif (reader := self.readers.get(descriptor)) is None:
                    continue  # closed by an earlier event of this round
                elif events == select.EPOLLOUT:
                    if self._send_request(reader):
                        self.poll.modify(descriptor, select.EPOLLIN)
                else:
                    self._receive(reader)

    # Connecting

    def _gather(self) -> None:
        """Open more connections, a few at a time; then reconnect those whose time has come."""
        while self.unconnected and self.connecting < MAX_CONNECTING and not self.refusal:
            self._connect(self.unconnected.pop())
        now = time.monotonic_ns()
        while self.reconnecting and self.reconnecting[0][0] <= now:
            self._connect(heapq.heappop(self.reconnecting)[2])

    def _prepare(self, reader: Reader) -> socket.socket:
        """Give a reader a socket; it may be made before the server can be reached."""
        spec = self.spec
        connection = socket.socket(socket.AF_INET6 if ":" in spec.host else socket.AF_INET)
        if spec.buffer:
            # Small windows, and segments as on the Internet: with those of loopback the kernel would queue megabytes.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, spec.buffer)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1448)
        if spec.sources:
            connection.setsockopt(socket.IPPROTO_IP, _BIND_ADDRESS_NO_PORT, 1)  # the port is chosen when connecting
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
                connection.settimeout(TLS_TIMEOUT)
                connection.connect(self.address)
                reader.connection = connection = self.context.wrap_socket(connection, server_hostname=self.spec.tls)
                connection.setblocking(False)
        except OSError as error:
            connection.close()
            reader.connection = None
            self._refuse_unreachable(error)
            self._schedule_reconnect(reader)
            return
        self.connecting += 1
        reader.opened, reader.chunks, reader.rest = False, None, b""
        descriptor = connection.fileno()
        self.readers[descriptor] = reader
        self.poll.register(descriptor, select.EPOLLIN if self._send_request(reader) else select.EPOLLOUT)

    def _send_request(self, reader: Reader) -> bool:
        """Send the request; return False if the connection is not open yet."""
        assert reader.connection is not None
        after = f"?after={reader.position}" if self.spec.resume and reader.position else ""
        try:
            reader.connection.send(self.spec.request.replace("{after}", after).encode())
        except (BlockingIOError, ssl.SSLWantWriteError):
            return False
        except OSError:
            pass  # epoll reports it
        return True

    def _refuse(self, why: str) -> None:
        """Give up if the crowd was never complete; once it was, refusals are part of reconnecting."""
        if not self.full_at:
            self.refusal = self.refusal or why

    def _refuse_unreachable(self, error: OSError) -> None:
        self._refuse(f"{self.spec.host}:{self.spec.port}: {error.strerror or error}")

    # Receiving

    def _receive(self, reader: Reader) -> None:
        """Read once; with TLS, which may buffer more than epoll knows of, until there is nothing left."""
        while reader.connection is not None:
            try:
                data = bytes(self.buffer[: reader.connection.recv_into(self.buffer)])
            except (BlockingIOError, ssl.SSLWantReadError):
                return
            except OSError as error:
                if not reader.opened:
                    self._refuse_unreachable(error)
                data = b""
            if data:
                self._take(reader, data)
            else:
                self._reconnect(reader)
            if self.context is None:
                return

    def _take(self, reader: Reader, data: bytes) -> None:
        now = time.monotonic_ns()
        if not reader.opened:
            head = read_head(reader.rest + data, sse=self.spec.sse)
            if head is None:
                reader.rest += data
                return
            if head.refused:
                self._refuse(head.refused)
                self._reconnect(reader)
                return
            self._opened(reader, now)
            reader.chunks, reader.rest = Chunks() if head.chunked else None, b""
            data = head.body
        if reader.chunks is not None:
            try:
                data = reader.chunks.body(data)
            except ValueError:
                self._refuse("a chunk has no valid length")
                self._reconnect(reader)
                return
        piece = self.frames.read(reader.rest + data)
        reader.rest = piece.rest
        reader.position = piece.position or reader.position
        if piece.events:
            self.count.record(reader, piece.events, now)
        for control in piece.controls:
            if isinstance(control, Close):
                self._reconnect(reader)
                return
            self._send_frame(reader, _PONG, control.payload)

    def _opened(self, reader: Reader, now: int) -> None:
        reader.opened = True
        self.open += 1
        self.connecting -= 1
        if self.open == self.spec.count:
            self.full_at = now
        if self.spec.hello:
            self._send_frame(reader, _TEXT, self.spec.hello.encode())

    def _send_frame(self, reader: Reader, first: int, payload: bytes) -> None:
        assert reader.connection is not None
        with contextlib.suppress(OSError):  # epoll reports it
            reader.connection.send(bytes((first, 0x80 | len(payload))) + bytes(4) + payload)  # a mask of zeros is valid

    # Disconnecting

    def _reconnect(self, reader: Reader) -> None:
        self._close(reader)
        self._schedule_reconnect(reader)

    def _schedule_reconnect(self, reader: Reader) -> None:
        """Reconnect as a page does, unless the crowd gave up."""
        if self.spec.resume and not self.refusal:
            self.reconnects += 1
            self._reconnect_at_random(reader, time.monotonic_ns(), RECONNECT_SPREAD)

    def _close(self, reader: Reader) -> None:
        assert reader.connection is not None
        del self.readers[reader.connection.fileno()]
        reader.connection.close()
        reader.connection = None
        if reader.opened:
            self.open -= 1
        else:
            self.connecting -= 1
        reader.opened = False

    def _reconnect_at_random(self, reader: Reader, since: int, spread: float) -> None:
        reader.back = reader.back or since  # one that is refused when reconnecting is late since before
        self._connect_at(reader, since + int(random.uniform(0, spread) * 1e9))  # noqa: S311  # not a secret

    def _connect_at(self, reader: Reader, due: int) -> None:
        """Connect a reader at a given time (ns)."""
        heapq.heappush(self.reconnecting, (due, id(reader), reader))

    # Commands

    def command(self, do: str, **how: Any) -> dict[str, Any]:
        """Carry out a command: `report`, `clear`, `cut`, `stall`."""
        match do:
            case "clear":
                self.count = Count()  # what each reader has received stays known
            case "cut":
                self._cut(how["down"], how["within"])
            case "stall":
                for descriptor in self.readers:
                    self.poll.unregister(descriptor)
        return self.report(how.get("sent", 0))

    def _cut(self, down: float, spread: float) -> None:
        for reader in list(self.readers.values()):
            self._close(reader)
        self.unconnected.clear()
        self.reconnecting.clear()
        returns = time.monotonic_ns() + int(down * 1e9)
        for reader in self.everyone:
            self.reconnects += 1
            reader.back = 0
            self._reconnect_at_random(reader, returns, spread)
            if reader.connection is None:
                self._prepare(reader)

    def report(self, sent: int) -> dict[str, Any]:
        """Return the counts; `sent` is the number of the last dispatch."""
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
    """Raise the limit of open files as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> None:
    """Run the crowd that the first argument describes."""
    raise_file_limit()
    Crowd(Spec(**json.loads(sys.argv[1]))).run()


def arguments(spec: Spec) -> list[str]:
    """Return the command line of a crowd."""
    module = "polling" if spec.position else "crowd"
    return [sys.executable, "-P", "-m", f"ticker.load.{module}", json.dumps(asdict(spec))]


if __name__ == "__main__":
    main()
