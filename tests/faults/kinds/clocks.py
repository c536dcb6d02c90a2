"""Clocks that are set while everything runs: that of Redis, which is the clock of the log, and that of a node."""

from __future__ import annotations

import asyncio
from typing import Final

from tests.faults.breaker import Breaker, fault
from tests.faults.clocks import CACHED, Clock
from tests.faults.plan import PlannedFault

STEPS: Final = (-15.0, -3.5, -1.0, 2.0, 8.0)
"""Seconds by which a clock is set: further than a page may go on showing LIVE, and less."""


async def _stepped(clock: Clock, planned: PlannedFault) -> str:
    ahead = STEPS[int(planned.pick * len(STEPS))]
    clock.set(ahead)
    await asyncio.sleep(CACHED + planned.lasts)
    clock.set(0.0)
    await asyncio.sleep(CACHED)
    return f"by {ahead:+} s"


@fault
async def redis_clock_stepped(breaker: Breaker, planned: PlannedFault) -> str:
    assert breaker.world.redis_clock is not None
    return await _stepped(breaker.world.redis_clock, planned)


@fault
async def node_clock_stepped(breaker: Breaker, planned: PlannedFault) -> str:
    return f"node {planned.node} {await _stepped(breaker.world.node_clocks[planned.node], planned)}"
