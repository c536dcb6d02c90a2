"""Requests that are sent before the responses to those before them are read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.server.test_waiter import Client, Waiters
from ticker.server.pipelined_requests import HEADER_SIZE, MAX_PIPELINED, MAX_PIPELINED_SIZE, STOPPING
from ticker.server.requests import MAX_HEADERS

pytestmark = pytest.mark.anyio

REQUEST = "GET /v1/feeds/f/changes?wait=x HTTP/1.1\r\nHost: x\r\n{}\r\n"
"""Refused with 422 and a kept connection."""


@pytest.fixture
async def house() -> AsyncIterator[Waiters]:
    async with Waiters() as house:
        yield house


async def answered(house: Waiters, requests: str) -> int:
    """Send these in one go; return how many responses come until the connection is cut, or after the last one."""
    client = await house.client()
    await asyncio.get_running_loop().sock_sendall(client.mine, requests.encode())
    return await responses(client, requests.count("HTTP/1.1"))


async def responses(client: Client, expected: int) -> int:
    for number in range(expected):
        try:
            assert (await client.response()).status in (404, 411, 422)
        except (AssertionError, ConnectionResetError):
            return number
    return expected


async def test_as_many_as_may_be_pipelined_are_answered_and_more_are_cut(house: Waiters) -> None:
    assert await answered(house, REQUEST.format("") * (MAX_PIPELINED + 1)) == MAX_PIPELINED + 1
    assert await answered(house, REQUEST.format("") * (2 * MAX_PIPELINED)) == 0


async def test_pipelined_requests_are_limited_by_the_memory_of_their_headers(house: Waiters) -> None:
    lines = "a: b\r\n" * (MAX_HEADERS - 1)
    fit = MAX_PIPELINED_SIZE // (MAX_HEADERS * (HEADER_SIZE + 5) + 100)
    assert await answered(house, REQUEST.format(lines) * fit) == fit
    assert await answered(house, REQUEST.format(lines) * (2 * fit)) == 0


async def test_pipelined_requests_are_limited_by_their_bodies(house: Waiters) -> None:
    body = "x" * 16_000
    post = f"POST /v1/feeds/f/changes HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    assert await answered(house, REQUEST.format("") + post * (MAX_PIPELINED_SIZE // 8_000)) < 2


async def test_what_was_answered_counts_no_more(house: Waiters) -> None:
    """A client that always has some requests under way may send any number of them."""
    client = await house.client()
    request = REQUEST.format("a: b\r\n" * (MAX_HEADERS - 1)).encode()
    total = 3 * MAX_PIPELINED_SIZE // (MAX_HEADERS * HEADER_SIZE)
    client.mine.sendall(2 * request)
    for _ in range(total):
        client.mine.sendall(request)
        assert (await client.response()).status == 422
    assert await responses(client, 2) == 2


@pytest.mark.parametrize("begun", [False, True])
async def test_a_request_that_is_cancelled_at_a_stop_is_refused_without_a_traceback(
    house: Waiters, caplog: pytest.LogCaptureFixture, *, begun: bool
) -> None:
    """uvicorn cancels what is not answered in time when it stops."""
    running = asyncio.Event()

    async def waits(scope: object, receive: object, send: Callable[[object], Awaitable[None]]) -> None:
        if begun:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
        running.set()
        await asyncio.Event().wait()

    house.acceptor._for_uvicorn[0].loaded_app = waits
    client = await house.client()
    client.ask(path="large")
    async with asyncio.timeout(20):
        await running.wait()
    for task in list(house.acceptor._for_uvicorn[1].tasks):
        task.cancel("Task cancelled, timeout graceful shutdown exceeded")
    if begun:
        while more := await client.more():
            last = more
        assert last.endswith(b"half")
    else:
        response = await client.response()
        assert (response.status, response.content["detail"]) == (503, STOPPING.detail)
        assert not await client.more(), "the connection is closed"
    assert not caplog.records
