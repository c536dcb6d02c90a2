"""Exports and imports while the feed is filed to: no fault, but it must not become one."""

from __future__ import annotations

import asyncio
import subprocess

from tests.faults.breaker import Breaker, fault
from tests.faults.plan import PlannedFault
from tests.faults.processes import command
from tests.faults.topology import FEED, World
from tests.service import TICKER, environment


@fault
async def moved(breaker: Breaker, planned: PlannedFault) -> str:
    """Export the feed and import it under another name, while it is filed to."""
    world, name = breaker.world, f"copy{len(breaker.history.faults)}"
    file = world.folder / f"{name}.ndjson"
    exported = await _ticker(world, "export", FEED, "--to", str(file))
    imported = await _ticker(world, "import", str(file), "--name", name)
    copied = await command(world.address, "XREVRANGE", f"ticker:{{{name}}}:log", "+", "-", "COUNT", 1)
    if copied:
        id, kept = copied[0]
        original = await command(world.address, "XRANGE", f"ticker:{{{FEED}}}:log", id, id)
        if not original or original[0][1][b"hash"] != kept[b"hash"]:
            breaker.history.failures.append((name, f"was imported and ends at {id!r}, which is no entry of {FEED}"))
    elif exported == imported == 0:
        breaker.history.failures.append((name, "was imported and has no entries"))
    return f"export {exported}, import {imported}"


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
