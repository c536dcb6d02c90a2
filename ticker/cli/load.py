"""Load on a service: crowds of readers in processes of their own, and lines filed with a mark in them."""

from __future__ import annotations

import ipaddress
import json
import secrets
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

from ticker.cli.crowd import CLOCK, NUMBER, Spec, arguments
from ticker.errors import TickerError

FORMS = {
    False: (
        "GET {path}{{after}} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
    ),
    True: "GET {path}{{after}} HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n\r\n",
}


def request(path: str, host: str, *, sse: bool = False) -> str:
    """Return the head that opens a stream, with a place for a position."""
    return FORMS[sse].format(path=path, host=host)


class Times:
    """Times in nanoseconds, each known to one per cent."""

    def __init__(self, counts: Counter[int] | None = None) -> None:
        self._counts = counts or Counter()

    def add(self, nanoseconds: int) -> None:
        """Take in one."""
        self._counts[nanoseconds] += 1

    def __len__(self) -> int:
        return self._counts.total()

    def at(self, share: float) -> float:
        """Return the time in milliseconds that this share of all stayed within."""
        seen, wanted = 0, share * len(self)
        for nanoseconds, count in sorted(self._counts.items()):
            seen += count
            if seen >= wanted:
                return nanoseconds / 1e6
        return 0.0

    def summary(self) -> dict[str, float]:
        """Return the percentiles a report shows, in milliseconds."""
        return {name: round(self.at(share), 2) for name, share in SHARES.items()}


SHARING = 2000
"""Readers that share a source address. With many more, the kernel looks long for a free port."""

SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}


@dataclass
class Tally:
    """What all crowds together have seen."""

    open: int = 0
    full_at: int = 0
    marks: int = 0
    lost: int = 0
    doubled: int = 0
    disordered: int = 0
    reconnects: int = 0
    resets: int = 0
    skipped: int = 0
    last_at: int = 0
    refusal: str = ""
    delays: Counter[int] = field(default_factory=Counter)
    levels: list[int] = field(default_factory=list)

    def add(self, report: dict[str, Any]) -> None:
        """Take in one crowd's report."""
        for name in ("open", "marks", "lost", "doubled", "disordered", "reconnects", "resets", "skipped"):
            setattr(self, name, getattr(self, name) + report[name])
        self.full_at = max(self.full_at, report["full_at"])
        self.last_at = max(self.last_at, report["last_at"])
        self.refusal = self.refusal or report["refusal"]
        self.delays.update(dict(report["delays"]))
        self.levels.extend(report["levels"])

    @property
    def times(self) -> Times:
        """How long lines were on their way to readers."""
        return Times(self.delays)


@dataclass
class Target:
    """Where streams are opened. `hello` and `resume` as a crowd's spec has them."""

    host: str
    port: int
    request: str
    sse: bool = False
    tls: str | None = None
    hello: str = ""
    resume: bool = True
    buffer: int = 0

    @classmethod
    def of(cls, url: str, path: str, *, sse: bool) -> Self:
        """Return the stream at a path of a service; its name is looked up once, for all readers.

        Raises:
            TickerError: there is no such host.
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


class Crowds:
    """Readers in several processes. Leaving the context ends them."""

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
                sources=[f"127.0.{n + 1}.{2 + k}" for k in range(2 + share // SHARING)] if own_addresses else [],
                tls=target.tls,
                sse=target.sse,
                hello=target.hello,
                resume=target.resume,
                buffer=target.buffer,
            )
            for n, share in enumerate(shares)
            if share
        ]

    def __enter__(self) -> Self:
        self.started_at = time.monotonic_ns()
        for spec in self._specs:
            process = subprocess.Popen(  # noqa: S603  # ourselves
                arguments(spec), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
            )
            self._processes.append(process)
        self.ask("report")  # they have started
        self.started_at = time.monotonic_ns()
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    @property
    def pids(self) -> list[int]:
        """The crowds' processes."""
        return [process.pid for process in self._processes]

    def ask(self, do: str, **how: Any) -> Tally:
        """Give every crowd a command and return what all of them have seen.

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
            raise TickerError("a process of readers died") from None
        return tally

    def until_open(self, within: float, progress: Callable[[Tally], None] | None = None) -> Tally:
        """Wait until all readers are in; `progress` is told on the way.

        Raises:
            TickerError: one was refused, or they took too long.
        """
        deadline = time.monotonic() + within
        while True:
            tally = self.ask("report")
            if progress is not None:
                progress(tally)
            if tally.open == self.readers:
                return tally
            if tally.refusal:
                raise TickerError(f"reader {tally.open + 1} was not let in: {tally.refusal}")
            if time.monotonic() > deadline:
                raise TickerError(f"only {tally.open} of {self.readers} readers were let in within {within:.0f} s")
            time.sleep(0.05)

    def until_level(self, within: float) -> Tally:
        """Wait until every reader has every line that was sent, or for so long."""
        deadline = time.monotonic() + within
        while True:
            tally = self.ask("report")
            if not tally.lost or time.monotonic() > deadline:
                return tally
            time.sleep(0.05)

    def line(self, length: int = 0) -> str:
        """Return the next line's text, of so many characters, with its mark."""
        self.sent += 1
        mark = f"@{self.run}{time.monotonic_ns():0{CLOCK}d}{self.sent:0{NUMBER}d}"
        return mark + " " + "x" * (length - len(mark) - 1) if length > len(mark) else mark
