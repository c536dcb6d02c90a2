"""Correspondents in one process: bare keep-alive connections that file a dispatch, wait for the 201, and file again."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from multiprocessing.connection import Connection

import uvloop

REQUEST = (
    "POST /v1/feeds/{feed}/dispatches HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n"
    'Idempotency-Key: "{name}"\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}'
)


def write(result: Connection, port: int, feed: str, key: str, writers: int, seconds: float) -> None:
    """File dispatches for so many seconds; send back how many were kept and how long each response took (ms)."""
    result.send(uvloop.run(_write(port, feed, key, writers, seconds)))


async def _write(port: int, feed: str, key: str, writers: int, seconds: float) -> tuple[int, list[float]]:
    taken: list[float] = []
    loop = asyncio.get_running_loop()
    until = time.monotonic() + seconds
    made = [Writer(feed, key, until, taken) for _ in range(writers)]
    waiting = iter(made)
    for _ in made:
        await loop.create_connection(lambda: next(waiting), "127.0.0.1", port)
    await asyncio.gather(*(writer.done for writer in made))
    return len(taken), taken


class Writer(asyncio.Protocol):
    """One correspondent. A bare protocol, since what the load costs is taken from the service on the same machine."""

    def __init__(self, feed: str, key: str, until: float, taken: list[float]) -> None:
        self._request = (feed, key)
        self._until = until
        self._taken = taken
        self._name = secrets.token_hex(4)
        self._number = 0
        self._said = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        self._file()

    def _file(self) -> None:
        self._number += 1
        body = json.dumps({"text": f"Line {self._number} of {self._name}: seven words that somebody has to read."})
        feed, key = self._request
        name = f"{self._name}-{self._number}"
        asked = REQUEST.format(feed=feed, key=key, name=name, length=len(body), body=body)
        self._asked_at = time.monotonic()
        self._transport.write(asked.encode())

    def data_received(self, data: bytes) -> None:
        self._said += data
        head, end, body = self._said.partition(b"\r\n\r\n")
        if not end or len(body) < int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]):
            return
        self._said = b""
        if not head.startswith(b"HTTP/1.1 201"):
            self.done.set_exception(AssertionError(head))
            return
        self._taken.append((time.monotonic() - self._asked_at) * 1000)
        if time.monotonic() < self._until:
            self._file()
        else:
            self._transport.close()
            self.done.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the service closed a writer's connection"))
