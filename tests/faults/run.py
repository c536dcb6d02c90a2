"""Runs one plan against real processes and returns its history."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
from redis.exceptions import RedisError

from tests.faults.breaker import Breaker
from tests.faults.history import History
from tests.faults.kinds import FAULTS
from tests.faults.onlookers import look
from tests.faults.plan import Plan
from tests.faults.readers import READERS, caught_up, read_all
from tests.faults.topology import FEED, World
from tests.faults.writers import Writers

SYNC_TIMEOUT: Final = 25.0
"""Seconds in which readers get what they missed and what is due comes out, once nothing is broken any more."""

REPORT_DELAY: Final = 2.5
"""Seconds from the last dispatch until all delivery reports are complete: about one, and a busy machine."""

TICK: Final = 0.1


async def run(plan: Plan, extra: dict[str, str] | None = None) -> History:
    """Run a plan. `extra` is added to the environment of its nodes."""
    history = History(workers=plan.topology.workers)
    async with World(plan.topology, extra) as world:
        history.began = time.time()
        readers = [READERS[planned.way](planned, world, history) for planned in plan.readers]
        writers = Writers(plan, world, history)
        async with (
            _beside(_watch_ourselves(history)),
            _beside(read_all(readers)),
            _beside(look(world, history, plan.seed)),
        ):
            writing = asyncio.create_task(writers.run())
            try:
                await Breaker(world, history, FAULTS).run(plan.faults)
                await asyncio.sleep(max(0.0, history.began + plan.seconds - time.time()))
                for reader in readers:
                    reader.pace = 0.0
                await _recover(world, history, writing)
                last = await writers.last()
                if last.kept is None:
                    history.failures.append(("the last dispatch", "was not kept"))
                elif not await caught_up(readers, last.kept.body["position"], SYNC_TIMEOUT):
                    end = last.kept.body["position"]
                    late = [reader for reader in readers if reader.position != end]
                    history.failures += [(one.seen.name, f"is at {one.position} and not at {end}") for one in late]
                await _look_at_the_end(world, history)
            except (TimeoutError, AssertionError, RedisError, OSError) as error:
                history.failures.append(("the plan", f"did not recover: {type(error).__name__} {error}"))
            finally:
                writing.cancel()
                await asyncio.wait([writing])
        history.ended = time.time()
        for node in world.nodes:
            history.failures += [
                (f"node {node.number}", f"printed {what}") for what in tracebacks([line for _, line in node.printed])
            ]
            history.printed += [(at, f"node {node.number} prints {line}") for at, line in node.printed]
    return history


async def _recover(world: World, history: History, writing: asyncio.Task[None]) -> None:
    """Undo what is broken, and wait until everything that was asked for is done."""
    await world.heal()
    await writing
    due = max((change.due for change in history.changes), default=0.0)
    await asyncio.sleep(max(0.0, due - time.time()))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SYNC_TIMEOUT):
            while any(
                record["status"] == "held" and "parked" not in record for record in (await world.read_held()).values()
            ):
                await asyncio.sleep(0.1)


def _will_come_out(record: dict[str, Any]) -> bool:
    """Return True if a held dispatch is released by itself; one that is parked waits for an editor."""
    return record["status"] == "held" and "parked" not in record


async def _look_at_the_end(world: World, history: History) -> None:
    await asyncio.sleep(REPORT_DELAY)
    history.log = await world.read_log()
    history.held = await world.read_held()
    headers = {"authorization": f"Bearer {world.key}"}
    async with httpx.AsyncClient(
        base_url=world.nodes[0].url, headers=headers, timeout=10, trust_env=False, verify=False
    ) as http:
        for entry in history.log.entries:
            if entry.content["kind"] == "file":
                id = entry.content["dispatch"]["id"]
                response = await http.get(f"/v1/feeds/{FEED}/dispatches/{id}/receipt")
                history.reports[id] = response.json()


def tracebacks(lines: list[str]) -> list[str]:
    """Return of each traceback what was raised, and the last place in the service's own code."""
    found = []
    inside, place = False, ""
    for line in lines:
        if line.startswith("Traceback"):
            inside, place = True, ""
        elif inside and (at := re.match(r'\s+File ".*/(ticker/[^"]+)", line (\d+), in (\w+)', line)):
            place = f"{at[1]}:{at[2]} {at[3]}: "
        elif inside and not line.startswith((" ", "\t")):
            inside = False
            found.append(place + line)
    return found


async def _watch_ourselves(history: History) -> None:
    """Note how late the driver itself runs: what it saw then, it may have seen late."""
    while True:
        due = time.monotonic() + TICK
        await asyncio.sleep(TICK)
        history.stalled = max(history.stalled, time.monotonic() - due)


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run something meanwhile; if it fails, fail."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
