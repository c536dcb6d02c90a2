"""Responses that their clients do not read, or read too slowly."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest

from tests.server.test_reader import until
from tests.server.test_requests import Clock
from tests.server.test_waiter import Waiters
from ticker.server.deadlines import Deadlines
from ticker.server.unread_response import LEAST_TAKEN, UNREAD_TIMEOUT, UnreadResponse


class Filling(asyncio.WriteTransport):
    """A transport that tells how much its socket has not taken."""

    left = 0

    def get_write_buffer_size(self) -> int:
        return self.left


class Owner:
    """A connection that can be cut."""

    was_cut = False

    def cut(self) -> None:
        self.was_cut = True


def test_a_response_that_is_read_too_slowly_ends() -> None:
    now = 0.0
    deadlines, transport, owner = Deadlines(lambda: now), Filling(), Owner()
    unread = UnreadResponse(owner, deadlines)
    transport.left = 100 * LEAST_TAKEN
    unread.start(transport)
    for _ in range(10):
        now += UNREAD_TIMEOUT
        transport.left -= LEAST_TAKEN
        deadlines.check()
    assert not owner.was_cut
    transport.left -= LEAST_TAKEN - 1
    now += UNREAD_TIMEOUT - 1
    deadlines.check()
    assert not owner.was_cut
    now += 1
    deadlines.check()
    assert owner.was_cut
    assert not len(deadlines)


@pytest.mark.anyio
async def test_a_response_that_is_not_read_is_cut_and_one_that_is_read_is_complete() -> None:
    house = Waiters()
    clock = Clock(house)
    size = 4 * 1024 * 1024

    async def large(scope: object, receive: object, send: Callable[[object], Awaitable[None]]) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % size)]})
        await send({"type": "http.response.body", "body": b"x" * size})

    house.acceptor._for_uvicorn[0].loaded_app = large
    slow, quick = await house.client(), await house.client()
    for client in (slow, quick):
        client.ask(path="large")
    await until(lambda: len(house.acceptor.readiness.deadlines) == 2)
    assert len((await quick.response()).body) == size
    assert len(house.acceptor.readiness.deadlines) == 1
    for _ in range(2):  # the first time, the socket has taken what fits into it
        clock.go(UNREAD_TIMEOUT + 1)
    await until(lambda: len(house.acceptor.readiness.deadlines) == 0)
    received = 0
    with contextlib.suppress(ConnectionResetError):
        while more := await slow.more():
            received += len(more)
    assert received < size
    for mine in house.open:
        mine.close()
    house.acceptor.close()
