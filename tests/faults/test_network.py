"""Packets to a network whose cable is pulled get lost, and arrive again once it is in."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from redis.exceptions import RedisError

from tests.faults.network import Network, can_unplug
from tests.faults.processes import Server

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not can_unplug(), reason="this machine allows no network namespace"),
]


async def test_redis_is_reached_while_the_cable_is_in(tmp_path: Path) -> None:
    network = Network()
    network.up()
    server = Server("server", "valkey", tmp_path / "redis", network=network)
    try:
        async with server.link:
            await server.start()
            assert await server("SET", "a", "b")
            network.plug(into=False)
            with pytest.raises((RedisError, OSError)):
                await server("GET", "a")
            network.plug(into=True)
            async with asyncio.timeout(30):
                while await _value(server) != b"b":
                    await asyncio.sleep(0.1)
    finally:
        await server.end()
        network.end()


async def _value(server: Server) -> bytes | None:
    try:
        value: bytes = await server("GET", "a")
    except (RedisError, OSError):  # the neighbours do not know each other yet
        return None
    return value
