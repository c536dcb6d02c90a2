"""A clock that is set is set for the processes that have it, and for nobody else."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.faults.clocks import Clock, can_set_clocks
from tests.faults.processes import Server

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not can_set_clocks(), reason="libfaketime is not here: apt-get install faketime"),
]


async def test_valkey_has_the_time_that_was_set_and_keeps_its_pace(tmp_path: Path) -> None:
    clock = Clock(tmp_path / "clock")
    server = Server("server", "valkey", tmp_path / "redis", clock=clock)

    async def ahead() -> float:
        seconds, micros = await server("TIME")
        return int(seconds) + int(micros) / 1e6 - time.time()

    async with server.link:
        await server.start()
        try:
            for wanted in (0.0, -15.0, 8.0, 0.0):
                clock.set(wanted)
                async with asyncio.timeout(30):
                    while abs(await ahead() - wanted) > 0.5:
                        await asyncio.sleep(0.05)
                assert await server("BLPOP", "nothing", 0.05) is None, "what it waits for is not measured by this clock"
        finally:
            await server.end()
