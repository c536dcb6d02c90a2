"""The faults: each function does one to a world, for as long as the plan says, undoes it, and records what it meant.

What a fault records decides what the checker excuses: an outage is a time in which nobody can prove anything, a loss
names what may be gone. Whatever is not recorded here is no excuse.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from redis.exceptions import RedisError

from tests.faults.history import Fault, History, Loss, Outage
from tests.faults.plan import PlannedFault, befalls
from tests.faults.processes import Node, command, send
from tests.faults.proxy import Mode, Proxy
from tests.faults.topology import FEED, World
from tests.service import TICKER, environment

Doing = Callable[["Breaker", PlannedFault], Awaitable[str | None]]
FAULTS: Final[dict[str, Doing]] = {}
"""All faults by name. Each returns what it befell, for the timeline."""


def fault(act: Doing) -> Doing:
    FAULTS[act.__name__] = act
    return act


class Breaker:
    """Does the faults of a plan to a world."""

    def __init__(self, world: World, history: History) -> None:
        self.world = world
        self.history = history
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """Of each thing that faults befall: one at a time, however long it takes on this machine."""

    async def run(self, planned: tuple[PlannedFault, ...]) -> None:
        """Do each fault at its time; a few overlap."""
        async with asyncio.TaskGroup() as tasks:
            for one in planned:
                tasks.create_task(self._do(one))

    async def _do(self, planned: PlannedFault) -> None:
        await asyncio.sleep(max(0.0, self.history.began + planned.at - time.time()))
        async with self._turns[befalls(self.world.topology, planned.kind)]:
            done = Fault(planned.kind, "", time.time())
            self.history.faults.append(done)
            try:
                done.detail = await FAULTS[planned.kind](self, planned) or ""
            except (RedisError, OSError, AssertionError) as error:  # it was down just then: that is a fault too
                done.detail = f"not done: {error}"
            done.ended = time.time()

    def node(self, planned: PlannedFault) -> Node:
        return self.world.nodes[planned.node]

    @asynccontextmanager
    async def outage(self, *nodes: int, tail: float = 0.0) -> AsyncIterator[None]:
        """Record that none of these nodes (all if none is named) can prove anything meanwhile.

        `tail` are seconds at the end of it that do not count: a response may be late and still on its way.
        """
        began = time.time()
        try:
            yield
        finally:
            named = frozenset(nodes or range(len(self.world.nodes)))
            self.history.outages.append(Outage(named, began, time.time() - tail))


# Processes


@fault
async def worker_killed(breaker: Breaker, planned: PlannedFault) -> str:
    node = breaker.node(planned)
    pids = node.worker_pids()
    send(signal.SIGKILL, pids[: 1 if planned.pick < 0.7 else None])
    await asyncio.sleep(0.3)
    return f"node {node.number}"


@fault
async def worker_frozen(breaker: Breaker, planned: PlannedFault) -> str:
    node = breaker.node(planned)
    pids = node.worker_pids()[:1]
    send(signal.SIGSTOP, pids)
    await asyncio.sleep(planned.lasts)
    send(signal.SIGCONT, pids)
    return f"node {node.number}"


@fault
async def supervisor_killed(breaker: Breaker, planned: PlannedFault) -> str:
    node = breaker.node(planned)
    await node.kill()
    await asyncio.sleep(planned.lasts / 4)
    await node.start()
    return f"node {node.number}"


@fault
async def node_frozen(breaker: Breaker, planned: PlannedFault) -> str:
    """All processes of a node stop, as when its machine is moved; an embedded Valkey stops with it."""
    node = breaker.node(planned)
    family = node.family()
    send(signal.SIGSTOP, family)
    await asyncio.sleep(planned.lasts)
    send(signal.SIGCONT, family)
    return f"node {node.number}"


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
async def redis_frozen(breaker: Breaker, planned: PlannedFault) -> None:
    pids = breaker.world.redis_pids()
    send(signal.SIGSTOP, pids)
    async with breaker.outage():
        await asyncio.sleep(planned.lasts)
    send(signal.SIGCONT, pids)


@fault
async def reload(breaker: Breaker, planned: PlannedFault) -> str:
    node = breaker.node(planned)
    node.reload()
    await asyncio.sleep(max(planned.lasts, 1.5))
    return f"node {node.number}"


@fault
async def drain(breaker: Breaker, planned: PlannedFault) -> str:
    node = breaker.node(planned)
    status = await node.stop()
    if status != 0:
        breaker.history.failures.append((f"node {node.number}", f"ended with {status} after SIGTERM"))
    await asyncio.sleep(planned.lasts / 4)
    await node.start()
    return f"node {node.number}"


# Paths


async def _turned(path: Proxy, mode: Mode, seconds: float) -> None:
    path.mode = mode
    await asyncio.sleep(seconds)
    path.mode = Mode.PASS


def _path(mode: Mode, *, proves_nothing: bool, tail: float = 0.0) -> Doing:
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


def _front(mode: Mode) -> Doing:
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


# Redis, told to


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


# Failovers


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


# Work that operators do meanwhile


@fault
async def moved(breaker: Breaker, planned: PlannedFault) -> str:
    """Export the feed and import it under another name, while it is filed to."""
    world, name = breaker.world, f"copy{len(breaker.history.faults)}"
    file = world.folder / f"{name}.ndjson"
    took = await _ticker(world, "export", FEED, "--to", str(file))
    brought = await _ticker(world, "import", str(file), "--name", name)
    copied = await command(world.address, "XREVRANGE", f"ticker:{{{name}}}:log", "+", "-", "COUNT", 1)
    if copied:
        id, kept = copied[0]
        original = await command(world.address, "XRANGE", f"ticker:{{{FEED}}}:log", id, id)
        if not original or original[0][1][b"hash"] != kept[b"hash"]:
            breaker.history.failures.append((name, f"was imported and ends at {id!r}, which is no entry of {FEED}"))
    elif took == brought == 0:
        breaker.history.failures.append((name, "was imported and has no entries"))
    return f"export {took}, import {brought}"


async def _ticker(world: World, *words: str) -> int:
    process = await asyncio.create_subprocess_exec(
        *TICKER,
        *words,
        *("--redis", world.address),
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return await process.wait()
