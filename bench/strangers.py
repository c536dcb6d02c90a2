"""Attacks of strangers on a service, at bounded rates, each in a process of its own.

An attack is a coroutine that goes on until it is cancelled. It opens a connection again when the service closes it,
as an attacker would.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import multiprocessing
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Final

ADDRESS: Final = "127.0.0.2"
"""Where they come from. The service counts it, since only 127.0.0.1 is a trusted proxy here."""

HANDSHAKE: Final = (
    "GET /v1/feeds/{feed}/live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
EMPTY_PING: Final = b"\x89\x80\0\0\0\0"
STORY: Final = "siege"
"""The story that they ask for."""
PAUSE: Final = 0.02
"""Seconds before a connection that was closed is opened again."""


@dataclass
class Target:
    """What is attacked. `key` may file to the feed."""

    port: int
    feed: str
    key: str


async def control_frames(target: Target) -> None:
    """20 readers, each of whom sends empty pings at 60 KB/s."""

    async def flood(connection: Connection) -> None:
        await connection.send(HANDSHAKE.format(feed=target.feed).encode())
        while True:
            await connection.send(EMPTY_PING * 100)
            await asyncio.sleep(0.01)

    await _many(target, 20, flood)


async def slow_heads(target: Target) -> None:
    """400 connections, each of which sends a byte of a head every second."""

    async def trickle(connection: Connection) -> None:
        await connection.send(b"GET / HTTP/1.1\r\nHost: x\r\nA: ")
        while True:
            await connection.send(b"a")
            await asyncio.sleep(1)

    await _many(target, 400, trickle)


async def big_heads(target: Target) -> None:
    """8 connections with heads that do not end, as fast as the service takes them, up to 8 MB/s in all."""

    async def pour(connection: Connection) -> None:
        await connection.send(b"GET / HTTP/1.1\r\nHost: x\r\n")
        while True:
            await connection.send(b"a: b\r\n" * 1700)
            await asyncio.sleep(0.01)

    await _many(target, 8, pour)


async def many_connections(target: Target) -> None:
    """Up to 2,000 connections of one address at a time, opened again and again, each kept after a request."""

    async def keep(connection: Connection) -> None:
        await connection.send(HANDSHAKE.format(feed=target.feed).encode())
        await connection.until_closed()

    await _many(target, 2000, keep, pause=2.0)


async def similar_texts(target: Target) -> None:
    """4 writers that file texts of 1,000 ligatures, each of which stands for 18 letters."""

    async def file(connection: Connection) -> None:
        while True:
            body = json.dumps({"text": "\ufdfa" * 990 + secrets.token_hex(5)}, ensure_ascii=False).encode()
            head = (
                f"POST /v1/feeds/{target.feed}/dispatches HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {target.key}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            await connection.send(head.encode() + body)
            await connection.receive()
            await asyncio.sleep(0.1)

    await _many(target, 4, file)


async def unread_responses(target: Target) -> None:
    """200 connections that ask for 100 dispatches of 900 characters every 10 seconds, and read nothing."""

    async def ask(connection: Connection) -> None:
        while True:
            await connection.send(
                f"GET /v1/feeds/{target.feed}/dispatches?limit=100 HTTP/1.1\r\nHost: x\r\n\r\n".encode()
            )
            await asyncio.sleep(10)

    await _many(target, 200, ask)


async def story_pages(target: Target) -> None:
    """450 connections, each of which asks for a story's page of 100 dispatches as soon as it has the one before."""
    await _read_again_and_again(target, [f"/feeds/{target.feed}/stories/{STORY}"])


async def galleries(target: Target) -> None:
    """450 connections, each of which asks for the page /embed as soon as it has the one before."""
    await _read_again_and_again(target, [f"/embed?feed={target.feed}"])


async def expensive_reads(target: Target) -> None:
    """450 connections that ask in turns for pages of a feed, a story and history, fragments and descriptions."""
    feed = target.feed
    await _read_again_and_again(
        target,
        [
            f"/feeds/{feed}",
            f"/feeds/{feed}/stories/{STORY}",
            f"/v1/feeds/{feed}/dispatches?limit=100",
            f"/v1/feeds/{feed}/dispatches?limit=100&story={STORY}&min_urgency=urgent",
            f"/v1/feeds/{feed}",
            f"/embed?feed={feed}",
            f"/embed/feeds/{feed}?limit=50",
            f"/embed/feeds/{feed}/fragment?limit=50&schema=always",
            "/openapi.json",
            "/docs",
        ],
    )


async def _read_again_and_again(target: Target, paths: list[str]) -> None:
    """Ask over each of 450 connections for one path after the other, without a pause."""
    starts = itertools.count()

    async def ask(connection: Connection) -> None:
        for path in itertools.islice(itertools.cycle(paths), next(starts) % len(paths), None):
            await connection.send(f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n".encode())
            await connection.read_response()

    await _many(target, 450, ask, buffer=65536)


ATTACKS: Final[dict[str, Callable[[Target], Awaitable[None]]]] = {
    "control frames": control_frames,
    "slow heads": slow_heads,
    "big heads": big_heads,
    "many connections": many_connections,
    "similar texts": similar_texts,
    "unread responses": unread_responses,
    "story pages": story_pages,
    "galleries": galleries,
    "expensive reads": expensive_reads,
}


class Connection:
    """A connection of a stranger."""

    def __init__(self, inner: socket.socket) -> None:
        self._inner = inner
        self._loop = asyncio.get_running_loop()

    async def send(self, data: bytes) -> None:
        await self._loop.sock_sendall(self._inner, data)

    async def receive(self) -> bytes:
        if not (data := await self._loop.sock_recv(self._inner, 65536)):
            raise ConnectionError("closed by the service")
        return data

    async def read_response(self) -> None:
        """Read a response that says how long its body is."""
        received = bytearray()
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += await self.receive()
        length = int(received[:end].lower().partition(b"\r\ncontent-length:")[2].split(None, 1)[0])
        missing = end + 4 + length - len(received)
        while missing > 0:
            missing -= len(await self.receive())

    async def until_closed(self) -> None:
        while True:
            await self.receive()


async def _many(
    target: Target,
    connections: int,
    act: Callable[[Connection], Awaitable[None]],
    *,
    pause: float = PAUSE,
    buffer: int = 4096,
) -> None:
    """Do this over so many connections at a time."""

    async def again() -> None:
        while True:
            with contextlib.suppress(OSError), socket.socket() as inner:
                inner.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
                inner.setblocking(False)
                inner.bind((ADDRESS, 0))
                await asyncio.get_running_loop().sock_connect(inner, ("127.0.0.1", target.port))
                await act(Connection(inner))
            await asyncio.sleep(pause)

    await asyncio.gather(*(again() for _ in range(connections)))


@contextlib.contextmanager
def under(attack: str | None, target: Target) -> Iterator[None]:
    """Let an attack run meanwhile; None for none."""
    if attack is None:
        yield
        return
    process = multiprocessing.get_context("spawn").Process(target=_attack, args=(attack, target))
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join()


def _attack(attack: str, target: Target) -> None:
    asyncio.run(ATTACKS[attack](target))  # type: ignore[arg-type]
