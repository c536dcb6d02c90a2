"""What many feeds cost a node that nobody reads: its start, its memory, and what it does all day."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench import kernel
from bench.measure import SERVER as CORES
from bench.result import Options, Result, Row, spread
from tests.service import Service
from ticker.journal.embedded import Embedded
from ticker.journal.feed_settings import FeedSettings
from ticker.journal.redis import Redis
from ticker.journal.registry import Registry

FEW, MANY = 100, 10_000
"""Numbers of feeds that are compared."""

AT_ONCE = 200
SETTLE = 3.0
"""Seconds from the ready line until the node is looked at."""

IDLE = 20.0
"""Seconds that it is watched: two rounds, in each of which every feed is compared with its log."""

WHAT = f"""A node with one worker and embedded Valkey, on one core, with {FEW} and with {MANY:,} empty feeds that nobody
reads. Start is from the command to the ready line. Idle is the CPU of the node over {IDLE:.0f} seconds, Valkey's apart.
Memory is what the worker has alone (USS), {SETTLE:.0f} seconds after its start, for each feed beyond {FEW}."""


class Measured(NamedTuple):
    """Of one start: seconds, percent of a core of the node and of Valkey, KiB of the worker."""

    start: float
    node: float
    valkey: float
    memory: float


def run(options: Options) -> Result:
    """Start a node on few and on many feeds, in turn."""
    result = Result("Many feeds", WHAT)
    found: dict[int, list[Measured]] = {FEW: [], MANY: []}
    with tempfile.TemporaryDirectory() as folder:
        for count in found:
            data = Path(folder, str(count))
            data.mkdir(mode=0o700)
            asyncio.run(_fill(data, count))
        for _ in range(options.rounds):
            result.paces.append(kernel.pace(CORES))
            for count, rounds in found.items():
                data = Path(shutil.copytree(Path(folder, str(count)), Path(folder, "data")))
                rounds.append(_measure(data))
                shutil.rmtree(data)
    few, many = found[FEW], found[MANY]
    each = [(large.memory - small.memory) / (MANY - FEW) for small, large in zip(few, many, strict=True)]
    result.table(
        ["feeds", "start, s", "idle node, % of a core", "idle Valkey, %", "worker, MiB"],
        [
            [
                f"{count:,}",
                spread([one.start for one in rounds], 1),
                spread([one.node for one in rounds]),
                spread([one.valkey for one in rounds]),
                spread([one.memory / 1024 for one in rounds], 1),
            ]
            for count, rounds in found.items()
        ],
    )
    name = f"{MANY:,} feeds"
    idle, start = [one.node for one in many], [one.start for one in many]
    result.rows += [
        Row(f"{name}: idle", spread(idle) + " % of a core", median(idle), 2, unit="%"),
        Row(f"{name}: start", spread(start, 1) + " s", median(start), 5, unit="s"),
        Row(f"{name}: memory of a feed", spread(each) + " KiB", median(each), 6, unit="KiB"),
    ]
    return result


async def _fill(data: Path, count: int) -> None:
    """Write so many feeds into the log that a service is started on."""
    async with Embedded(data) as server:
        redis = Redis(server.url)
        registry = Registry(redis)
        await registry.ensure(None)
        plans = [FeedSettings(f"feed-{number:05}", f"Feed {number}", "en", "") for number in range(count - 1)]
        for first in range(0, len(plans), AT_ONCE):
            await asyncio.gather(*map(registry.open_feed, plans[first : first + AT_ONCE]))
        await redis.close()


def _measure(data: Path) -> Measured:
    service = Service(data, "--workers", "1", max_feeds="0")
    began = time.monotonic()
    with kernel.on(CORES):
        service.start()
    start = time.monotonic() - began
    try:
        time.sleep(SETTLE)
        pids = kernel.family(service.process.pid)
        valkey = [pid for pid in pids if "valkey" in Path(f"/proc/{pid}/comm").read_text()]
        node = [pid for pid in pids if pid not in valkey]
        memory = kernel.uss([max(node, key=lambda pid: kernel.uss([pid]))])
        before, began = (kernel.cpu(node), kernel.cpu(valkey)), time.monotonic()
        time.sleep(IDLE)
        spent = (time.monotonic() - began) * 1e6
        ran = kernel.cpu(node) - before[0], kernel.cpu(valkey) - before[1]
        return Measured(start, 100 * ran[0] / spent, 100 * ran[1] / spent, memory)
    finally:
        service.stop()
