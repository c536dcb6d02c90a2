"""Load on a service: crowds of readers in processes of their own, and marked texts to file."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import secrets
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import urlsplit

from ticker.child import environment
from ticker.errors import TickerError
from ticker.load.crowd import Spec, arguments
from ticker.load.frames import mark
from ticker.load.tally import Tally

REQUESTS: Final = {
    False: (
        "GET {path}{{after}} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
    ),
    True: "GET {path}{{after}} HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n\r\n",
}
"""Heads that open a stream, by whether it is an event stream or a WebSocket."""

POLL_REQUEST: Final = "GET {path}{{after}}&wait=10 HTTP/1.1\r\nHost: {host}\r\n\r\n"
"""The request as our clients send it, which a cache can recognise."""


def request(path: str, host: str, *, sse: bool = False) -> str:
    """Return the head that opens a stream, with a place for a position."""
    return REQUESTS[sse].format(path=path, host=host)


READERS_PER_SOURCE: Final = 2000
"""Readers that share a source address. With many more, the kernel takes long to find a free port."""


@dataclass
class Target:
    """Where streams are opened; `hello`, `resume`, `buffer` and `position` as in `Spec`."""

    host: str
    port: int
    request: str
    sse: bool = False
    tls: str | None = None
    hello: str = ""
    resume: bool = True
    buffer: int = 0
    position: str = ""

    @classmethod
    def of(cls, url: str, path: str, *, sse: bool) -> Self:
        """Return the stream at a path of a service; its host is resolved once, for all readers.

        Raises:
            TickerError: the host cannot be resolved.
        """
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        host = parts.hostname or ""
        port = parts.port or (443 if secure else 80)
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0]
        except OSError as error:
            raise TickerError(f"{url} cannot be reached ({error.strerror})") from None
        head = request(parts.path.rstrip("/") + path, parts.netloc, sse=sse)
        return cls(str(found), port, head, sse=sse, tls=host if secure else None)

    @classmethod
    def polled(cls, host: str, port: int, feed: str, position: str) -> Self:
        """Return the target of readers that follow a feed by long-poll from a position; `host` is an address."""
        head = POLL_REQUEST.format(path=f"/v1/feeds/{feed}/changes", host=f"{host}:{port}")
        return cls(host, port, head, position=position)


class Crowds:
    """Readers in several processes, which end with the context."""

    def __init__(self, target: Target, readers: int, processes: int, run: str | None = None) -> None:
        """Spread `readers` over `processes`; on loopback each has a source address, and so ports, of its own."""
        self.run = run or secrets.token_hex(3)
        self.readers = readers
        self.sent = 0
        self._processes: list[subprocess.Popen[str]] = []
        loopback = ipaddress.ip_address(target.host)
        own_addresses = loopback.is_loopback and loopback.version == 4
        shares = [readers * (n + 1) // processes - readers * n // processes for n in range(processes)]
        self._specs = [
            Spec(
                host=target.host,
                port=target.port,
                count=share,
                run=self.run,
                request=target.request,
                sources=[f"127.0.{n + 1}.{2 + k}" for k in range(2 + share // READERS_PER_SOURCE)]
                if own_addresses
                else [],
                tls=target.tls,
                sse=target.sse,
                hello=target.hello,
                resume=target.resume,
                buffer=target.buffer,
                position=target.position,
            )
            for n, share in enumerate(shares)
            if share
        ]

    def __enter__(self) -> Self:
        self.started_at = time.monotonic_ns()
        for spec in self._specs:
            process = subprocess.Popen(  # noqa: S603  # this program
                arguments(spec), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment()
            )
            self._processes.append(process)
        self.ask("report")  # which returns once they have started
        self.started_at = time.monotonic_ns()
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(BrokenPipeError):  # a command to one that died is still in the buffer
                        pipe.close()

    @property
    def pids(self) -> list[int]:
        """Process ids of the crowds."""
        return [process.pid for process in self._processes]

    def ask(self, do: str, **how: Any) -> Tally:
        """Send every crowd a command and return the counts of all.

        Raises:
            TickerError: a crowd has died.
        """
        tally = Tally()
        line = json.dumps({"do": do, "sent": self.sent, **how}) + "\n"
        try:
            for process in self._processes:
                assert process.stdin is not None
                process.stdin.write(line)
            for process in self._processes:
                assert process.stdout is not None
                tally.add(json.loads(process.stdout.readline()))
        except (OSError, ValueError):
            raise TickerError("a process that runs readers exited") from None
        return tally

    def until_open(self, timeout: float, progress: Callable[[Tally], None] | None = None) -> Tally:
        """Wait until all readers are connected; `progress` is called meanwhile.

        Raises:
            TickerError: one was refused, or `timeout` seconds passed.
        """
        deadline = time.monotonic() + timeout
        while True:
            tally = self.ask("report")
            if progress is not None:
                progress(tally)
            if tally.open == self.readers:
                return tally
            if tally.refusal:
                raise TickerError(f"reader {tally.open + 1} was refused: {tally.refusal}")
            if time.monotonic() > deadline:
                raise TickerError(f"only {tally.open} of {self.readers} readers connected within {timeout:.0f} s")
            time.sleep(0.05)

    def until_caught_up(self, timeout: float) -> Tally:
        """Wait until every reader has received every dispatch, for `timeout` seconds at most."""
        deadline = time.monotonic() + timeout
        while True:
            tally = self.ask("report")
            if not tally.lost or time.monotonic() > deadline:
                return tally
            time.sleep(0.05)

    def next_text(self, length: int = 0) -> str:
        """Return the text of the next dispatch, with its mark, filled to a length in characters."""
        self.sent += 1
        marked = mark(self.run, time.monotonic_ns(), self.sent)
        return marked + " " + "x" * (length - len(marked) - 1) if length > len(marked) else marked
