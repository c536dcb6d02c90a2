"""What a reader costs at its socket, counted and not timed; the acceptor runs in this process."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import time
from collections import Counter
from types import SimpleNamespace
from typing import Any, Self

import orjson
import pytest
import uvicorn

from ticker.entry import Entry, Tail, chain
from ticker.feed import Feed
from ticker.hub import Hub
from ticker.server.acceptor import Acceptor
from ticker.server.listeners import listen
from ticker.server.reader import SocketReader
from ticker.settings import Settings

pytestmark = pytest.mark.anyio

ORIGIN = "0" * 40
AT = "2026-11-22T18:04:05.678Z"
HEAD = b"HTTP/1.1\r\nHost: x\r\n"
UPGRADE = (
    HEAD + b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
EVENTS = HEAD + b"Accept: text/event-stream\r\n\r\n"


class House:
    """An acceptor, and the hub that it hands readers to."""

    def __init__(self) -> None:
        settings = Settings.read(port=0)
        self.hub = Hub(capacity=64, limit=1000, clock=time.monotonic)
        feed = Feed("f", "F", "en", Tail(0, ORIGIN))
        self.channel = self.hub.open(feed, [], feed.tail)
        self.hub.retain(["f"])
        self.listener = listen(settings)[0]
        state: dict[str, Any] = {"node": SimpleNamespace(hub=self.hub, settings=settings, responses=Counter())}
        config = uvicorn.Config(nothing, log_config=None)
        self.acceptor = Acceptor(self.listener, config, uvicorn.server.ServerState(), state)
        self.acceptor.open()
        self.address = self.listener.getsockname()
        self.open: list[socket.socket] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for mine in self.open:
            mine.close()
        await until(lambda: len(self.hub) == 0)
        self.acceptor.close()

    async def connect(self) -> socket.socket:
        mine = socket.socket()
        mine.setblocking(False)
        self.open.append(mine)
        await asyncio.get_running_loop().sock_connect(mine, self.address)
        return mine

    async def join(self, rest: bytes) -> socket.socket:
        """Connect as a reader, and read the first frames."""
        mine = await self.connect()
        before = len(self.hub)
        mine.sendall(b"GET /v1/feeds/f/live " + rest)
        await until(lambda: len(self.hub) == before + 1)
        assert await asyncio.get_running_loop().sock_recv(mine, 65536)
        return mine

    def file(self, text: str) -> None:
        tail = self.channel.feed.tail
        dispatch = {"id": f"{tail.offset:05}", "text": text, "filed": AT, "status": "usable", "revision": 1}
        said = orjson.dumps({"kind": "file", "at": "", "dispatch": dispatch})
        self.channel.publish(Entry.read(tail.offset + 1, chain(tail.hash, said), said))


async def nothing(*_: object) -> None:
    """An application that is never called."""


def count_transports() -> int:
    return sum(issubclass(type(thing), asyncio.BaseTransport) for thing in gc.get_objects())


async def until(true: Any) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.001)


async def test_a_reader_has_no_task_and_no_transport(house: House) -> None:
    tasks, transports = len(asyncio.all_tasks()), count_transports()
    for _ in range(50):
        await house.join(UPGRADE)
        await house.join(EVENTS)
    assert len(house.hub) == 100
    assert len(asyncio.all_tasks()) == tasks
    assert count_transports() <= transports


async def test_each_frame_is_one_write_of_the_same_bytes_to_each_reader(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = [await house.join(UPGRADE) for _ in range(20)]
    written: list[int] = []

    class Counting:
        """A socket that counts what is sent."""

        def __init__(self, real: socket.SocketType) -> None:
            self._real = real
            self.detach = real.detach

        def send(self, data: bytes) -> int:
            written.append(id(data))
            return self._real.send(data)

    for reader in house.channel.readers:
        assert isinstance(reader, SocketReader)
        monkeypatch.setattr(reader, "_socket", Counting(reader._socket))
    house.file("one")
    monkeypatch.undo()
    assert len(written) == 20
    assert len(set(written)) == 1
    frames = [await asyncio.get_running_loop().sock_recv(each, 65536) for each in mine]
    assert len(set(frames)) == 1
    assert orjson.loads(frames[0][frames[0].index(b"{") :])["dispatch"]["text"] == "one"


async def test_only_the_rest_of_one_write_waits_for_a_full_socket(house: House) -> None:
    await house.join(UPGRADE)
    [reader] = house.channel.readers
    assert isinstance(reader, SocketReader)
    while not house.channel.lagging_count:
        house.file("x" * 50_000)
    kept = len(reader._unsent)
    assert 0 < kept <= 51_000
    for _ in range(20):
        house.file("x" * 50_000)
    assert len(reader._unsent) == kept, "nothing is queued for it"


async def full(house: House) -> SocketReader:
    """Return the only reader once its socket, whose buffer is small, is full."""
    [reader] = house.channel.readers
    assert isinstance(reader, SocketReader)
    with socket.fromfd(reader._descriptor, socket.AF_INET, socket.SOCK_STREAM) as theirs:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    looks = 0
    while looks < 5:  # what looks full at first may only be in transit to the other end
        house.file("x" * 50_000)
        await asyncio.sleep(0.001)
        looks = looks + 1 if house.channel.lagging_count else 0
    return reader


async def test_a_reader_that_takes_part_of_the_rest_gets_more_time(house: House) -> None:
    mine = await house.join(UPGRADE)
    reader = await full(house)
    kept = len(reader._unsent)
    house.channel._lagging._clock = lambda: 5_000_000.0
    while len(reader._unsent) == kept:
        await asyncio.get_running_loop().sock_recv(mine, 4096)
        await asyncio.sleep(0)
    assert reader._unsent
    assert reader.lagging_since == 5_000_000.0


async def test_a_reader_that_the_system_gave_up_is_counted_as_stuck(house: House) -> None:
    await house.join(UPGRADE)
    reader = await full(house)
    with socket.fromfd(reader._descriptor, socket.AF_INET, socket.SOCK_STREAM) as theirs:
        theirs.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 50)
    await until(lambda: len(house.hub) == 0)
    assert house.channel.cut_readers == 1


async def test_an_exception_with_one_reader_closes_that_one_and_is_logged_once(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    faulty, other = await house.join(UPGRADE), await house.join(UPGRADE)

    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(SocketReader, "_receive", fail)
    faulty.sendall(b"\x89\x80\0\0\0\0")
    await until(lambda: len(house.hub) == 1)
    assert await asyncio.get_running_loop().sock_recv(faulty, 1) == b""
    assert len(caplog.records) == 1
    house.file("one")
    assert b"one" in await asyncio.get_running_loop().sock_recv(other, 65536)


def test_a_socket_that_cannot_be_watched_is_closed_once() -> None:
    class Full:
        """A selector that takes no more sockets, and closes them as `Readiness.add` does."""

        def add(self, descriptor: int, _: object) -> None:
            os.close(descriptor)
            raise OSError("no more")

    descriptor = socket.socket().detach()
    with pytest.raises(OSError, match="no more"):
        SocketReader("lines", descriptor, Full())  # type: ignore[arg-type]
    again = os.open(os.devnull, os.O_RDONLY)
    assert again == descriptor
    gc.collect()
    os.close(again)  # else it would have been closed as if it were the socket
