"""Requests that wait at their sockets: what they cost, and how their connections go on."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import orjson
import pytest

from tests.server.test_reader import House, count_transports, until
from ticker.channel import Channel
from ticker.client_address import ClientAddresses
from ticker.feeds import Feeds
from ticker.hub import Hub
from ticker.longpoll import LongPoll
from ticker.node import Node
from ticker.server import acceptor, drain, waiter
from ticker.server.acceptor import Acceptor
from ticker.server.drain import drain as empty
from ticker.settings import Settings
from ticker.waiting import STEP, Waiting
from ticker.web.app import application

pytestmark = pytest.mark.anyio

PROOF = "2026-11-22T18:04:05.678Z"
ELSEWHERE = "1-ffffffffffff"


class Response(NamedTuple):
    """A response as its client reads it."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> Any:
        return orjson.loads(self.body)


class Client:
    """One connection, on which requests follow each other."""

    def __init__(self, mine: socket.socket) -> None:
        self.mine = mine
        self._read = b""

    def ask(self, query: str = "", *, version: str = "1.1", path: str = "changes", headers: str = "") -> None:
        self.mine.sendall(f"GET /v1/feeds/f/{path}{query} HTTP/{version}\r\nHost: x\r\n{headers}\r\n".encode())

    async def more(self) -> bytes:
        async with asyncio.timeout(30):
            return await asyncio.get_running_loop().sock_recv(self.mine, 65536)

    async def response(self) -> Response:
        while b"\r\n\r\n" not in self._read:
            got = await self.more()
            assert got, "the connection was closed"
            self._read += got
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        while len(self._read) < length:
            self._read += await self.more()
        body, self._read = self._read[:length], self._read[length:]
        return Response(int(first.split()[1]), headers, body)


class Here(Node):
    """A node that has only a hub, with public feeds."""

    def __init__(self, hub: Hub, settings: Settings) -> None:
        self.hub, self.settings = hub, settings
        self.feeds = cast(Feeds, SimpleNamespace(private=lambda feed: False))
        self.responses = Counter[int]()
        self.addresses = ClientAddresses(settings.trusted)

    async def find(self, name: str) -> Channel:
        return self.hub.channel(name)


class Waiters(House):
    """An acceptor with waiting requests, and the application for what is not handed off."""

    def __init__(self) -> None:
        super().__init__()
        self.channel.prove(PROOF, beat=False)
        settings = Settings.read()
        config, _, state = self.acceptor._for_uvicorn
        config.app = application(settings)
        config.load()
        state["node"] = Here(self.hub, settings)

    @property
    def tail(self) -> str:
        return str(self.channel.feed.tail.position)

    @property
    def waiting(self) -> int:
        return self.channel.polls.waiting.count

    async def client(self) -> Client:
        return Client(await self.connect())

    async def waiter(self, wait: int = 30, **said: str) -> Client:
        """Return a client whose request waits at the end of the log."""
        client, before = await self.client(), self.waiting
        client.ask(f"?after={self.tail}&wait={wait}", **said)
        await until(lambda: self.waiting == before + 1)
        return client


@pytest.fixture
async def house() -> AsyncIterator[Waiters]:
    async with Waiters() as house:
        yield house


async def test_waiting_costs_no_task_and_no_transport(house: Waiters) -> None:
    tasks, transports = len(asyncio.all_tasks()), count_transports()
    clients = [await house.waiter() for _ in range(100)]
    assert (house.waiting, len(house.hub)) == (100, 100)
    assert len(asyncio.all_tasks()) == tasks
    assert count_transports() <= transports
    house.file("one")
    for client in clients:
        assert (await client.response()).status == 200
    assert len(asyncio.all_tasks()) == tasks
    assert count_transports() <= transports


async def test_all_are_answered_by_one_write_of_the_same_bytes(house: Waiters, monkeypatch: pytest.MonkeyPatch) -> None:
    clients = [await house.waiter(wait=wait) for wait in (20, 25, 30) for _ in range(10)]
    written: list[int] = []
    real = os.write

    def write(descriptor: int, data: bytes) -> int:
        written.append(id(data))
        return real(descriptor, data)

    monkeypatch.setattr("ticker.server.waiter.os.write", write)
    house.file("one")
    monkeypatch.undo()
    assert (len(written), len(set(written))) == (30, 1)
    responses = [await client.response() for client in clients]
    assert len({response.body for response in responses}) == 1
    assert responses[0].content["frames"][0]["dispatch"]["text"] == "one"
    assert responses[0].headers["cache-control"] == "public, max-age=1"


async def test_one_timer_serves_all_deadlines_and_none_runs_when_no_request_waits(
    house: Waiters, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = 0
    expire = LongPoll.expire

    def count(polls: LongPoll) -> None:
        nonlocal checks
        checks += 1
        expire(polls)

    monkeypatch.setattr(LongPoll, "expire", count)
    monkeypatch.setattr("ticker.freshness.PROOF_LIMIT", 60.0)  # there is one proof for all of the time
    began = time.monotonic()
    clients = [await house.waiter(wait=4) for _ in range(50)]  # seconds in which all of them must have come
    for client in clients:
        response = await client.response()
        assert (response.status, response.body, response.headers["ticker-at"]) == (204, b"", PROOF)
        assert "content-length" not in response.headers, "RFC 9110 section 8.6"
    assert 3 <= checks <= (time.monotonic() - began) / STEP + 1, "not one for each of the fifty"
    await asyncio.sleep(2 * STEP)  # the one that was due
    before = checks
    await asyncio.sleep(0.6)
    assert checks == before


async def test_a_connection_is_kept_for_the_next_request_of_any_kind(house: Waiters) -> None:
    client = await house.client()
    for number in range(3):
        client.ask(f"?after={house.tail}&wait=30")
        await until(lambda: house.waiting == 1)
        house.file(f"dispatch {number}")
        response = await client.response()
        assert response.content["frames"][0]["dispatch"]["text"] == f"dispatch {number}"
        assert "connection" not in response.headers
        client.ask()
        assert (await client.response()).content["frames"][0]["type"] == "snapshot"
    client.ask(path="live", headers="Accept: text/event-stream\r\n")
    await until(lambda: house.channel.streaming == 1)
    assert b"text/event-stream" in await client.more()


async def test_a_silent_kept_alive_connection_is_closed(house: Waiters, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await house.client()
    client.ask()
    assert (await client.response()).status == 200
    house.acceptor.check_deadlines()
    assert house.acceptor.pending == 1
    monkeypatch.setattr(acceptor, "FIRST_BYTE_TIMEOUT", -1.0)
    house.acceptor.check_deadlines()
    assert await client.more() == b""


@pytest.mark.parametrize("wait", [0, 30])
async def test_connection_close_is_honoured(house: Waiters, wait: int) -> None:
    client = await house.client()
    client.ask(f"?after={house.tail}&wait={wait}", headers="Connection: close\r\n")
    if wait:
        await until(lambda: house.waiting == 1)
        house.file("one")
    response = await client.response()
    assert (response.status, response.headers["connection"]) == (200 if wait else 204, "close")
    assert await client.more() == b""


async def test_a_client_that_disconnects_while_waiting_is_removed(house: Waiters) -> None:
    clients = [await house.waiter() for _ in range(3)]
    clients[1].mine.close()
    await until(lambda: house.waiting == 2)
    house.file("one")
    assert (await clients[0].response()).status == (await clients[2].response()).status == 200


async def test_a_request_sent_behind_one_that_waits_is_answered_after_it(house: Waiters) -> None:
    client = await house.waiter()
    client.ask(f"?after={ELSEWHERE}")
    client.ask("?wait=x")
    await asyncio.sleep(0.05)
    assert house.waiting == 1
    house.file("one")
    assert [(await client.response()).status for _ in range(3)] == [200, 200, 422]


async def test_requests_sent_together_are_all_answered_in_order(house: Waiters) -> None:
    client = await house.client()
    request = "GET /v1/feeds/f/changes{} HTTP/1.1\r\nHost: x\r\n\r\n"
    for query in ("", f"?after={house.tail}", "?nonsense=1", ""):
        client.mine.sendall(request.format(query).encode() if query else b"".join([request.format(query).encode()] * 2))
    got = [(await client.response()).status for _ in range(6)]
    assert got == [200, 200, 204, 422, 200, 200]


async def test_a_client_that_sends_without_end_while_waiting_is_cut(house: Waiters) -> None:
    client = await house.waiter()
    with pytest.raises(OSError):  # reset or broken, as it comes
        for _ in range(1000):
            await asyncio.get_running_loop().sock_sendall(client.mine, b"x" * waiter.MAX_PIPELINED_SIZE)
    await until(lambda: house.waiting == 0)


async def test_a_body_is_never_taken_for_the_next_request(house: Waiters) -> None:
    smuggled = b"GET /v1/feeds/f/changes?nonsense=1 HTTP/1.1\r\nHost: x\r\n\r\n"
    client = await house.client()
    client.ask(f"?after={house.tail}&wait=1", headers=f"Content-Length: {len(smuggled)}\r\n")
    await until(lambda: house.waiting == 1)
    client.mine.sendall(smuggled)
    assert (await client.response()).status == 204
    client.ask()
    assert (await client.response()).status == 200


async def test_http_1_0_is_answered_and_closed(house: Waiters) -> None:
    client = await house.waiter(version="1.0")
    house.file("one")
    response = await client.response()
    assert response.content["frames"][0]["dispatch"]["text"] == "one"
    assert await client.more() == b""


async def test_a_request_on_a_connection_that_uvicorn_has_waits_without_a_task(house: Waiters) -> None:
    tasks, transports = len(asyncio.all_tasks()), count_transports()
    clients = []
    for _ in range(20):
        client = await house.client()
        client.ask("?wait=x")
        assert (await client.response()).status == 422
        before = house.waiting
        client.ask(f"?after={house.tail}&wait=30")
        await until(lambda before=before: house.waiting == before + 1)
        clients.append(client)
    await until(lambda: len(asyncio.all_tasks()) <= tasks)
    await until(lambda: gc.collect() >= 0 and count_transports() <= transports)
    house.file("one")
    for client in clients:
        assert (await client.response()).status == 200
        client.ask()  # at once, since a connection without a request is closed after five seconds
    for client in clients:
        assert (await client.response()).status == 200


async def test_a_head_in_pieces_is_answered_too(house: Waiters) -> None:
    client = await house.client()
    head = f"GET /v1/feeds/f/changes?after={house.tail}&wait=30 HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    for byte in range(len(head)):
        client.mine.sendall(head[byte : byte + 1])
        await asyncio.sleep(0)
    await until(lambda: house.waiting == 1)
    house.file("one")
    assert (await client.response()).status == 200
    client.ask()
    assert (await client.response()).status == 200


async def test_a_response_that_the_socket_takes_in_pieces_is_complete(house: Waiters) -> None:
    client = await house.waiter()
    [parked] = house.channel.polls.waiting.waiters
    assert isinstance(parked, waiter.SocketWaiter)
    with socket.fromfd(parked._descriptor, socket.AF_INET, socket.SOCK_STREAM) as theirs:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    client.mine.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    house.file("x" * 60_000)  # the buffers take a few kilobytes at a time
    assert parked._unsent
    assert len((await client.response()).body) > 60_000
    client.ask()
    assert (await client.response()).status == 200


async def test_a_client_that_disconnects_with_half_a_response_leaves_nothing_behind(house: Waiters) -> None:
    client = await house.waiter()
    [parked] = house.channel.polls.waiting.waiters
    assert isinstance(parked, waiter.SocketWaiter)
    house.file("x" * 8_000_000)
    assert parked._unsent
    client.mine.close()
    await until(lambda: parked._descriptor < 0)
    assert not parked._unsent


async def test_a_full_node_counts_waiting_requests(house: Waiters) -> None:
    house.hub.limit = 1
    first = await house.waiter()
    second = await house.client()
    second.ask(f"?after={house.tail}&wait=30")
    response = await second.response()
    assert response.status == 503
    assert int(response.headers["retry-after"]) > 0
    house.file("one")
    assert (await first.response()).status == 200
    second.ask(f"?after={ELSEWHERE}")
    assert (await second.response()).status == 200


async def test_a_stopping_node_answers_waiting_requests_spread_over_half_of_the_drain(house: Waiters) -> None:
    clients = [await house.waiter() for _ in range(60)]
    now, left = 0.0, list[int]()

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        left.append(house.waiting)

    house.acceptor.close()
    await empty(house.hub, 10.0, clock=lambda: now, sleep=sleep, hurry=lambda: False)
    assert now <= 5.0 + 2 * drain.STEP
    assert 15 < left[len(left) // 2] < 45, "neither all at once nor all at the end"
    for client in clients:
        response = await client.response()
        assert (response.status, response.headers["connection"]) == (204, "close")
        assert response.headers["ticker-at"] == PROOF
        assert await client.more() == b""
    house.acceptor = Acceptor(socket.create_server(("127.0.0.1", 0)), *house.acceptor._for_uvicorn)
    house.acceptor.open()


async def test_a_stop_without_a_drain_answers_at_once(house: Waiters) -> None:
    client = await house.waiter()
    await empty(house.hub, 0.0, clock=time.monotonic, sleep=asyncio.sleep, hurry=lambda: False)
    assert (await client.response()).status == 204


async def test_an_exception_with_a_request_closes_it_and_leaves_nothing_behind(
    house: Waiters, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    client = await house.client()
    with monkeypatch.context() as broken:
        broken.setattr(Waiting, "add", fail)
        client.ask(f"?after={house.tail}&wait=30")
        await until(lambda: "a bug" in caplog.text)
    assert house.waiting == 0
    assert await client.more() == b""
