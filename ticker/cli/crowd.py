"""A crowd of readers in one process: bare sockets under one epoll, so that the load itself costs little.

`python crowd.py SPEC` (SPEC is JSON, see `Spec`) opens the readers, reads what they are sent, and
answers each line of JSON on standard input with one on standard output. A mark is `@`, the run's name, the sender's
clock in nanoseconds (19 digits, CLOCK_MONOTONIC, which all processes of a machine share) and the line's number (7
digits, from 1); wherever it stands in a frame, it tells how long the line was on its way, and whether this
reader has had every line once and in order. A reader whose line drops comes back as a page would: at a random
moment, after the last position it has seen.
"""

from __future__ import annotations

import errno
import heapq
import json
import random
import resource
import select
import socket
import ssl
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Final

CHUNK: Final = 256 * 1024
CLOCK: Final = 19
NUMBER: Final = 7
AT_ONCE: Final = 256
"""Connections under way at once while the crowd gathers, so that no server's queue overflows."""
BACK_WITHIN: Final = 0.5
"""A reader whose line dropped comes back within so many seconds, at random."""
_BIND_ADDRESS_NO_PORT: Final = 24
_LEVEL: Final = (b"beat", b"snapshot")
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


class Reader:
    """One connection: what has come of the frame that is under way, and what has been seen."""

    __slots__ = ("back", "closed", "connection", "holes", "number", "opened", "rest", "seen")

    def __init__(self) -> None:
        self.connection: socket.socket | None = None
        self.opened = False
        self.closed = False
        self.rest = b""
        self.seen = b""
        self.number = 0
        self.holes: set[int] = set()
        self.back = 0

    @property
    def position(self) -> str:
        """The last position it was told, or nothing."""
        at = self.seen.find(b'"position":"') + 12
        return self.seen[at : self.seen.find(b'"', at)].decode() if at > 11 else ""


class Crowd:
    """All readers of this process."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.mark = b"@" + spec.run.encode()
        self.poll = select.epoll()
        self.poll.register(0, select.EPOLLIN)
        self.readers: dict[int, Reader] = {}
        self.everyone = [Reader() for _ in range(spec.count)]
        self.absent = list(self.everyone)
        self.returning: list[tuple[int, int, Reader]] = []
        self.under_way = 0
        self.open = 0
        self.full_at = 0
        self.reconnects = self.resets = self.skipped = 0
        self.refusal = ""
        context = ssl.create_default_context() if spec.tls else None
        self.context = context
        self.clear()

    def clear(self) -> None:
        """Start counting anew; what each reader has seen stays known."""
        self.marks = self.doubled = self.disordered = 0
        self.last_at = 0
        self.delays: Counter[int] = Counter()
        self.levels: list[int] = []

    # Coming

    def gather(self) -> None:
        """Open more connections, a few at once; then those whose time to come back has come."""
        while self.absent and self.under_way < AT_ONCE and not self.refusal:
            self._connect(self.absent.pop())
        now = time.monotonic_ns()
        while self.returning and self.returning[0][0] <= now:
            self._connect(heapq.heappop(self.returning)[2])

    def _connect(self, reader: Reader) -> None:
        spec = self.spec
        family = socket.AF_INET6 if ":" in spec.host else socket.AF_INET
        connection = socket.socket(family)
        if spec.buffer:
            # Small windows, and segments as on the Internet: by loopback's own the kernel would queue megabytes.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, spec.buffer)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1448)
        if spec.sources:
            connection.setsockopt(socket.IPPROTO_IP, _BIND_ADDRESS_NO_PORT, 1)  # a port is free or not for each pair
            connection.bind((random.choice(spec.sources), 0))  # noqa: S311  # any will do
        self.under_way += 1
        if self.context is None:
            connection.setblocking(False)
            status = connection.connect_ex((spec.host, spec.port))
            if status not in (0, errno.EINPROGRESS):
                self._refused(f"{spec.host}:{spec.port}: {errno.errorcode.get(status, status)}")
        else:
            try:
                connection.settimeout(10.0)
                connection.connect((spec.host, spec.port))
                connection = self.context.wrap_socket(connection, server_hostname=spec.tls)
            except OSError as error:
                self._refused(f"{spec.host}:{spec.port}: {error}")
            connection.setblocking(False)
        reader.connection, reader.opened, reader.closed, reader.rest = connection, False, False, b""
        self.readers[connection.fileno()] = reader
        self.poll.register(connection.fileno(), select.EPOLLIN if self._ask(reader) else select.EPOLLOUT)

    def _ask(self, reader: Reader) -> bool:
        """Send the request; False: the connection is not up yet."""
        assert reader.connection is not None
        after = reader.position if self.spec.resume else ""
        request = self.spec.request.replace("{after}", f"?after={after}" if after else "")
        try:
            reader.connection.send(request.encode())
        except (BlockingIOError, ssl.SSLWantWriteError):
            return False
        except OSError:
            pass  # epoll will tell
        return True

    # Listening

    def run(self) -> None:
        """Read until standard input ends."""
        while True:
            self.gather()
            wait = (self.returning[0][0] - time.monotonic_ns()) / 1e9 if self.returning else -1
            for descriptor, events in self.poll.poll(max(wait, 0) if wait != -1 else None):
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

    def _receive(self, reader: Reader) -> None:
        assert reader.connection is not None
        while True:
            try:
                data = reader.connection.recv(CHUNK)
            except (BlockingIOError, ssl.SSLWantReadError):
                return
            except OSError as error:
                if not reader.opened:
                    self._refused(f"{self.spec.host}:{self.spec.port}: {error.strerror}")
                data = b""
            if not data:
                self._lost(reader)
                return
            if reader.rest:
                data = reader.rest + data
            if reader.opened or (data := self._head(reader, data)):
                self._frames(reader, data)
            if reader.closed:
                self._lost(reader)
                return
            if self.context is None:
                return

    def _head(self, reader: Reader, data: bytes) -> bytes:
        """Take in the answer's head and return what follows it."""
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end:
            reader.rest = data
            return b""
        if not head.startswith((b"HTTP/1.1 101", b"HTTP/1.1 200")):
            self._refused(head.partition(b"\r\n")[0].decode("latin-1"))
            reader.closed = True
            return b""
        reader.opened, reader.rest = True, b""
        self.open += 1
        self.under_way -= 1
        if self.open == self.spec.count:
            self.full_at = time.monotonic_ns()
        if self.spec.hello:
            self._say(reader, 0x81, self.spec.hello.encode())
        return rest

    def _refused(self, why: str) -> None:
        """Give up if the crowd was never whole; once it was, a refusal is part of coming back."""
        if not self.full_at:
            self.refusal = self.refusal or why

    def _say(self, reader: Reader, opcode: int, payload: bytes) -> None:
        assert reader.connection is not None
        reader.connection.send(bytes((opcode, 0x80 | len(payload))) + bytes(4) + payload)  # a mask of zeros is one

    def _frames(self, reader: Reader, data: bytes) -> None:
        at, length = 0, len(data)
        sse = self.spec.sse
        while at < length:
            if sse:
                end = data.find(b"\n\n", at) + 2
                if end == 1:
                    break
            else:
                if length - at < 2:
                    break
                size = data[at + 1]
                if size < 126:
                    end = at + 2 + size
                elif size == 126:
                    end = at + 4 + int.from_bytes(data[at + 2 : at + 4])
                else:
                    end = at + 10 + int.from_bytes(data[at + 2 : at + 10])
                if end > length or (size == 126 and length - at < 4) or (size == 127 and length - at < 10):
                    break
            mark = data.find(self.mark, at, end)
            if mark >= 0 and data.find(b"snapshot", at, at + 32) < 0:
                self._line(reader, data, mark + len(self.mark))
                reader.seen = data[at:end]
            else:
                self._other(reader, data[at:end])
            at = end
        reader.rest = data[at:]

    def _line(self, reader: Reader, data: bytes, at: int) -> None:
        now = time.monotonic_ns()
        delay = now - int(data[at : at + CLOCK])
        number = int(data[at + CLOCK : at + CLOCK + NUMBER])
        shift = max(delay.bit_length() - 8, 0)
        self.delays[delay >> shift << shift] += 1
        self.last_at = now
        if number > reader.number:
            reader.holes.update(range(reader.number + 1, number))
            reader.number = number
            self.marks += 1
        elif number in reader.holes:
            reader.holes.discard(number)
            self.disordered += 1
            self.marks += 1
        else:
            self.doubled += 1

    def _other(self, reader: Reader, frame: bytes) -> None:
        start = frame[:40]
        if not self.spec.sse and frame[0] & 0x0F in (8, 9):
            if frame[0] & 0x0F == 8:
                reader.closed = True
            else:
                self._say(reader, _PONG, frame[2:127])
        elif any(word in start for word in _LEVEL):
            if b"snapshot" in start:
                self._snapshot(reader, frame)
            reader.seen = frame
            if reader.back:
                self.levels.append(time.monotonic_ns() - reader.back)
                reader.back = 0

    def _snapshot(self, reader: Reader, frame: bytes) -> None:
        """A fresh start: what stands in it is seen, what fell out before it was announced and is not lost."""
        self.resets += b'"reset":true' in frame
        at, numbers = 0, set()
        while (at := frame.find(self.mark, at) + len(self.mark)) >= len(self.mark):
            numbers.add(int(frame[at + CLOCK : at + CLOCK + NUMBER]))
        new = {number for number in numbers if number > reader.number or number in reader.holes}
        newest = max(numbers, default=reader.number)
        if reader.number or self.spec.resume:
            self.skipped += max(newest - reader.number, 0) + len(reader.holes) - len(new)
        reader.holes.clear()
        reader.number = max(newest, reader.number)
        self.marks += len(new)

    # Going

    def _lost(self, reader: Reader) -> None:
        self._close(reader)
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
        reader.back = since
        due = since + int(random.uniform(0, within) * 1e9)  # noqa: S311  # a wait is no secret
        heapq.heappush(self.returning, (due, id(reader), reader))

    # What the one who started us asks

    def command(self, do: str, **how: Any) -> dict[str, Any]:
        """Carry out a command: `report`, `clear`, `cut`, `stall`."""
        match do:
            case "clear":
                self.clear()
            case "cut":
                self._cut(how["down"], how["within"])
            case "stall":
                for descriptor in self.readers:
                    self.poll.unregister(descriptor)
        return self.report(how.get("sent", 0))

    def _cut(self, down: float, within: float) -> None:
        for reader in list(self.readers.values()):
            self._close(reader)
        returns = time.monotonic_ns() + int(down * 1e9)
        for reader in self.everyone:
            self.reconnects += 1
            self._return(reader, returns, within)

    def report(self, sent: int) -> dict[str, Any]:
        """Return the counts; `sent` is the number of the last line."""
        return {
            "open": self.open,
            "full_at": self.full_at,
            "marks": self.marks,
            "lost": sum(max(sent - reader.number, 0) + len(reader.holes) for reader in self.everyone),
            "doubled": self.doubled,
            "disordered": self.disordered,
            "reconnects": self.reconnects,
            "resets": self.resets,
            "skipped": self.skipped,
            "last_at": self.last_at,
            "refusal": self.refusal,
            "delays": list(self.delays.items()),
            "levels": self.levels,
        }


def main() -> None:
    """Be the crowd that the first argument describes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    Crowd(Spec(**json.loads(sys.argv[1]))).run()


def arguments(spec: Spec) -> list[str]:
    """Return the command line of a crowd. By its path, so that it loads nothing of the package but itself."""
    return [sys.executable, "-P", __file__, json.dumps(asdict(spec))]


if __name__ == "__main__":
    main()
