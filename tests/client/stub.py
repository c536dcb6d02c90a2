"""A server whose every response is the test's: what a service does on its worst days, and what stands between."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Self

import orjson

Play = Callable[[socket.socket], None]
"""What to do with a connection once its request has been read."""


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    line: str
    headers: dict[str, str]
    body: Any


def respond(status: int, content: Any = None, **headers: str) -> Play:
    """Respond, and close."""
    body = b"" if content is None else content if isinstance(content, bytes) else orjson.dumps(content)
    named = {"content-length": str(len(body)), "connection": "close"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    head = f"HTTP/1.1 {status} X\r\n" + "".join(f"{name}: {value}\r\n" for name, value in named.items())

    def play(connection: socket.socket) -> None:
        connection.sendall(head.encode() + b"\r\n" + body)

    return play


def problem(status: int, slug: str, retry_after: str | None = None, **members: Any) -> Play:
    """Refuse as the service does."""
    document = {"type": f"urn:ticker:problem:{slug}", "title": "T", "status": status, "detail": "D", **members}
    return respond(status, document, **({"retry_after": retry_after} if retry_after else {}))


def lose(connection: socket.socket) -> None:
    """Close without a response: the request has arrived, and nobody says what became of it."""


class Stub:
    """Plays one thing for each connection, in order."""

    def __init__(self, *plays: Play) -> None:
        self._plays: Iterable[Play] = iter(plays)
        self.asked: list[Asked] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        for play in self._plays:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self._read(connection)
                play(connection)

    def _read(self, connection: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        while len(body) < int(headers.get("content-length", "0")):
            body += connection.recv(65536)
        self.asked.append(Asked(first.removesuffix(" HTTP/1.1"), headers, orjson.loads(body) if body else None))
