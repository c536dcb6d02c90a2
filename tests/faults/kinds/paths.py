"""Faults of the network: between a node and Redis, and between readers and a node."""

from __future__ import annotations

import asyncio

from tests.faults.breaker import FAULTS, Act, Breaker, fault
from tests.faults.plan import PlannedFault
from tests.faults.proxy import Mode, Proxy


async def _turned(path: Proxy, mode: Mode, seconds: float) -> None:
    path.mode = mode
    await asyncio.sleep(seconds)
    path.mode = Mode.PASS


def _path(mode: Mode, *, proves_nothing: bool, tail: float = 0.0) -> Act:
    async def act(breaker: Breaker, planned: PlannedFault) -> str:
        path = breaker.world.paths[planned.node]
        path.delay = 0.1 + 0.6 * planned.pick
        if proves_nothing:
            path.mode = mode
            async with breaker.outage(planned.node, tail=tail):
                await asyncio.sleep(planned.lasts)
            path.mode = Mode.PASS
        else:
            await _turned(path, mode, planned.lasts)
        return f"node {planned.node} to Redis"

    return act


FAULTS["path_dropped"] = _path(Mode.DROP, proves_nothing=True)
# What Redis did while it could not be heard may be heard at the end, if the node still waits for it.
FAULTS["path_deaf"] = _path(Mode.DEAF, proves_nothing=True, tail=2.0)
FAULTS["path_mute"] = _path(Mode.MUTE, proves_nothing=True)
FAULTS["path_delayed"] = _path(Mode.DELAY, proves_nothing=False)
FAULTS["path_trickled"] = _path(Mode.TRICKLE, proves_nothing=False)


@fault
async def path_reset(breaker: Breaker, planned: PlannedFault) -> str:
    breaker.world.paths[planned.node].reset()
    return f"node {planned.node} to Redis"


@fault
async def path_down(breaker: Breaker, planned: PlannedFault) -> str:
    path = breaker.world.paths[planned.node]
    path.mode = Mode.REFUSE
    path.reset()
    async with breaker.outage(planned.node):
        await asyncio.sleep(planned.lasts)
    path.mode = Mode.PASS
    return f"node {planned.node} to Redis"


def _front(mode: Mode) -> Act:
    async def act(breaker: Breaker, planned: PlannedFault) -> str:
        breaker.node(planned).front.delay = 0.2 + 1.5 * planned.pick
        await _turned(breaker.node(planned).front, mode, planned.lasts)
        return f"readers to node {planned.node}"

    return act


FAULTS["front_dropped"] = _front(Mode.DROP)
FAULTS["front_delayed"] = _front(Mode.DELAY)
FAULTS["front_trickled"] = _front(Mode.TRICKLE)


@fault
async def front_reset(breaker: Breaker, planned: PlannedFault) -> str:
    breaker.node(planned).front.reset()
    return f"readers to node {planned.node}"


@fault
async def front_halved(breaker: Breaker, planned: PlannedFault) -> str:
    breaker.node(planned).front.halve()
    return f"readers to node {planned.node}"
