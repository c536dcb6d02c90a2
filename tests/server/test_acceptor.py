"""Accepting connections: silent ones, exceptions, and a system without descriptors."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tests.server.test_reader import UPGRADE, House, until
from ticker.channel import Channel
from ticker.server import acceptor
from ticker.server.acceptor import DEADLINE_BATCH

pytestmark = pytest.mark.anyio


async def test_a_silent_connection_is_cut_and_a_slow_one_is_not(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 0)
    silent, slow = await house.connect(), await house.connect()
    await until(lambda: house.acceptor.pending == 2)
    house.acceptor.check_deadlines()
    assert house.acceptor.pending == 2, "their time is not over yet"
    slow.sendall(b"GET /v1/feeds/f/live " + UPGRADE)
    await until(lambda: len(house.hub) == 1)
    monkeypatch.setattr(acceptor, "FIRST_BYTE_TIMEOUT", -1.0)
    house.acceptor.check_deadlines()
    assert not house.acceptor.pending
    assert await asyncio.get_running_loop().sock_recv(silent, 1) == b""


async def test_without_descriptors_connections_wait_until_there_are_some(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Full:
        def __init__(self, listener: socket.socket) -> None:
            self.fileno = listener.fileno

        def _accept(self) -> None:
            raise OSError(24, "Too many open files")

    monkeypatch.setattr(acceptor, "ACCEPT_BACKOFF", 0.01)
    monkeypatch.setattr(house.acceptor, "_listener", Full(house.listener))
    mine = await house.connect()
    mine.sendall(b"GET /v1/feeds/f/live " + UPGRADE)
    await until(
        lambda: "no connection can be accepted: Too many open files; raise the limit of open files" in caplog.text
    )
    assert len(house.hub) == 0
    monkeypatch.setattr(house.acceptor, "_listener", house.listener)
    await until(lambda: len(house.hub) == 1)


@pytest.mark.parametrize("deferred", [0, 30])
async def test_an_exception_during_a_join_leaves_no_connection_behind(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, deferred: int
) -> None:
    """The first bytes come with the connection, or after it."""
    house.listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, deferred)
    mine = await house.connect()
    if not deferred:
        await until(lambda: house.acceptor.pending == 1)

    def fail(*_: object) -> None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as broken:
        broken.setattr(Channel, "_catch_up", fail)
        mine.sendall(b"GET /v1/feeds/f/live " + UPGRADE)
        await until(lambda: "a bug" in caplog.text)
    assert len(house.hub) == 0
    assert not house.acceptor.pending
    assert await asyncio.get_running_loop().sock_recv(mine, 1) == b""
    await house.join(UPGRADE)


class Late:
    """An owner of a deadline that notes when it was notified."""

    def __init__(self, noted: list[str]) -> None:
        self._noted = noted

    def on_deadline(self) -> None:
        self._noted.append("late")

    def cut(self) -> None:
        raise AssertionError("nobody asked for this")


async def test_many_deadlines_that_pass_together_let_others_have_their_turn(house: House) -> None:
    noted: list[str] = []
    deadlines = house.acceptor.readiness.deadlines
    late = [Late(noted) for _ in range(3 * DEADLINE_BATCH)]
    for owner in late:
        deadlines.set(owner, deadlines.clock())
    house.acceptor.check_deadlines()
    asyncio.get_running_loop().call_soon(noted.append, "another")
    assert noted == ["late"] * DEADLINE_BATCH
    deadlines.clear(late[-1])
    deadlines.set(late[-2], deadlines.clock() + 60)
    await until(lambda: len(noted) == 3 * DEADLINE_BATCH - 2 + 1)
    assert noted.index("another") <= 2 * DEADLINE_BATCH, "between the batches"
    assert len(deadlines) == 1, "one that was moved meanwhile is kept, and one that was removed is not notified"
    deadlines.clear(late[-2])
