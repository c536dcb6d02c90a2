"""Faults of Redis itself: it is killed, frozen, full, emptied, or told to drop scripts and clients."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time

from redis.exceptions import RedisError

from tests.faults.breaker import Breaker, fault
from tests.faults.history import Loss
from tests.faults.plan import PlannedFault
from tests.faults.processes import send


@fault
async def redis_killed(breaker: Breaker, planned: PlannedFault) -> str | None:
    world = breaker.world
    if not world.servers:
        send(signal.SIGKILL, world.redis_pids())
        await asyncio.sleep(0.5)
        return None
    server = world.servers[world.primary]
    async with breaker.outage():
        await server.end()
        await asyncio.sleep(planned.lasts)
    await server.start()
    return None


@fault
async def redis_frozen(breaker: Breaker, planned: PlannedFault) -> str | None:
    pids = breaker.world.redis_pids()
    if not pids:
        return "not done: it is being started"
    send(signal.SIGSTOP, pids)
    async with breaker.outage():
        await asyncio.sleep(planned.lasts)
    send(signal.SIGCONT, pids)
    return None


@fault
async def redis_unplugged(breaker: Breaker, planned: PlannedFault) -> None:
    """Packets to and from Redis get lost."""
    network = breaker.world.network
    assert network is not None
    network.plug(into=False)
    async with breaker.outage():
        await asyncio.sleep(planned.lasts)
    network.plug(into=True)


@fault
async def script_flush(breaker: Breaker, planned: PlannedFault) -> None:
    await breaker.world.redis("SCRIPT", "FLUSH")


@fault
async def script_kill(breaker: Breaker, planned: PlannedFault) -> str:
    done = 0
    for _ in range(40):
        with contextlib.suppress(RedisError):  # there is none to kill, or it has written already
            await breaker.world.redis("SCRIPT", "KILL")
            done += 1
        await asyncio.sleep(planned.lasts / 40)
    return f"{done} of 40"


@fault
async def clients_killed(breaker: Breaker, planned: PlannedFault) -> str:
    kind = ["normal", "pubsub", "pubsub"][int(planned.pick * 3)]
    return f"{kind}: {await breaker.world.redis('CLIENT', 'KILL', 'TYPE', kind, 'SKIPME', 'yes')}"


@fault
async def tiny_buffers(breaker: Breaker, planned: PlannedFault) -> None:
    """Redis ends subscriptions that do not take what is published as fast as it comes."""
    setting = "client-output-buffer-limit"
    await breaker.world.redis("CONFIG", "SET", setting, "pubsub 1 1 1")
    await asyncio.sleep(planned.lasts)
    await breaker.world.redis("CONFIG", "SET", setting, "pubsub 33554432 8388608 60")


@fault
async def memory_full(breaker: Breaker, planned: PlannedFault) -> None:
    await breaker.world.redis("CONFIG", "SET", "maxmemory", "1")
    await asyncio.sleep(planned.lasts)
    await breaker.world.redis("CONFIG", "SET", "maxmemory", "0")


@fault
async def disk_full(breaker: Breaker, planned: PlannedFault) -> str:
    """Fill the disk. With fsync always, Valkey ends when it cannot write, and must come back."""
    ballast = breaker.world.disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass
    await asyncio.sleep(planned.lasts)
    ballast.unlink()
    return f"{os.statvfs(breaker.world.disk).f_bavail * 4 // 1024} MiB free again"


@fault
async def flushall(breaker: Breaker, planned: PlannedFault) -> None:
    began = time.time()
    log = await breaker.world.read_log("FLUSHALL")
    breaker.history.losses.append(Loss("flushall", began, time.time() + 0.1, log, promises=True))
