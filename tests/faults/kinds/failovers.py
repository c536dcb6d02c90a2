"""Failovers: the replica becomes the primary, with or without all that it should have."""

from __future__ import annotations

import asyncio
import time

from tests.faults.breaker import Breaker, fault
from tests.faults.history import Loss
from tests.faults.plan import PlannedFault
from tests.faults.proxy import Mode


async def _promote(breaker: Breaker, planned: PlannedFault, *, old_dies: bool, loses: bool, lags: bool = False) -> str:
    """Make the replica the primary. The old one dies, or lives on for a while and then becomes its replica.

    If the replica `lags`, what it lacks was promised to nobody; if it `loses`, it may have been.
    """
    world = breaker.world
    old, new = world.servers[world.primary], world.servers[1 - world.primary]
    if loses or lags:
        old.link.mode = Mode.DROP  # the replica hears nothing more
        await asyncio.sleep(max(planned.lasts / 2, 0.5))
    loss = Loss("promotion", time.time(), 0.0, await world.read_log(), promises=loses)
    if old_dies:
        await old.end()
    await new("REPLICAOF", "NO", "ONE")
    for path in world.paths:
        path.target = new.port
        if old_dies or planned.pick < 0.3:
            path.reset()
    if not old_dies:
        await asyncio.sleep(planned.pick)  # both take writes: what goes to the old one is lost
        loss.log = await world.read_log("REPLICAOF", "127.0.0.1", new.link.port)
    loss.ended = time.time()
    breaker.history.losses.append(loss)
    world.primary = world.servers.index(new)
    old.link.mode = Mode.PASS
    if old_dies:
        await asyncio.sleep(planned.lasts / 2)
        await old.start(*world.following(world.servers.index(old)))
    await asyncio.sleep(planned.lasts / 2)
    return f"from {old.name} to {new.name}"


@fault
async def promoted(breaker: Breaker, planned: PlannedFault) -> str:
    return await _promote(breaker, planned, old_dies=True, loses=False, lags=planned.pick < 0.75)


@fault
async def demoted(breaker: Breaker, planned: PlannedFault) -> str:
    """The old primary becomes a replica and keeps its connections."""
    return await _promote(breaker, planned, old_dies=False, loses=False, lags=planned.pick < 0.75)


@fault
async def tail_lost(breaker: Breaker, planned: PlannedFault) -> str:
    return await _promote(breaker, planned, old_dies=planned.pick < 0.6, loses=True)


@fault
async def demoted_with_loss(breaker: Breaker, planned: PlannedFault) -> str:
    return await _promote(breaker, planned, old_dies=False, loses=True)
