"""The wait for a replica, with a clock and a subscription of the test's own."""

from __future__ import annotations

from typing import Any

import pytest

from ticker.errors import Unavailable
from ticker.replica import INTERVAL, TIMEOUT, caught_up

pytestmark = pytest.mark.anyio


class Servers:
    """A primary that publishes, and a replica that begins to receive after some tokens."""

    def __init__(self, *, deaf_for: int) -> None:
        self.now = 0.0
        self.left = deaf_for
        self.published: list[bytes] = []
        self.arrived: list[tuple[str, bytes]] = []

    async def probe(self, feeds: list[str], message: bytes) -> None:
        assert feeds == []
        self.published.append(message)
        self.arrived.append(("nodes", b"{}"))
        if self.left == 0:
            self.arrived.append(("nodes", message))
        self.left -= 1

    async def next(self, timeout: float) -> tuple[str, bytes] | None:
        if self.arrived:
            return self.arrived.pop(0)
        self.now += timeout
        return None


async def wait(servers: Any) -> None:
    await caught_up(servers, servers, "nodes", lambda: servers.now)


async def test_a_replica_that_receives_is_caught_up_at_once() -> None:
    servers = Servers(deaf_for=0)
    await wait(servers)
    assert (servers.now, len(servers.published)) == (0.0, 1)


async def test_tokens_are_repeated_until_one_arrives() -> None:
    servers = Servers(deaf_for=3)
    await wait(servers)
    assert servers.now == pytest.approx(3 * INTERVAL)
    assert len(set(servers.published)) == 1
    assert len(servers.published) == 4


async def test_a_replica_that_receives_nothing_is_given_up() -> None:
    servers = Servers(deaf_for=1_000)
    with pytest.raises(Unavailable, match="TICKER_REDIS_READ_URL"):
        await wait(servers)
    assert servers.now >= TIMEOUT
