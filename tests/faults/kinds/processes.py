"""Faults of processes: workers and supervisors are killed, frozen, reloaded and drained."""

from __future__ import annotations

import asyncio
import signal

from tests.faults.breaker import Breaker, fault
from tests.faults.plan import PlannedFault
from tests.faults.processes import send


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
