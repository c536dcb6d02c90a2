"""Does the faults of a plan. Each is a function in `kinds/`: it causes one, undoes it later, and records what it means.

What a fault records decides what the checker excuses: an outage is a time in which nobody can prove anything, a loss
names what may be gone. Whatever is not recorded here is no excuse.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

from redis.exceptions import RedisError

from tests.faults.history import Fault, History, Outage
from tests.faults.plan import PlannedFault, affects
from tests.faults.processes import Node
from tests.faults.topology import World

Act = Callable[["Breaker", PlannedFault], Awaitable[str | None]]
FAULTS: Final[dict[str, Act]] = {}
"""All faults by name. Each returns what it affected, for the timeline."""


def fault(act: Act) -> Act:
    FAULTS[act.__name__] = act
    return act


class Breaker:
    """Does the faults of a plan to a world."""

    def __init__(self, world: World, history: History, faults: Mapping[str, Act]) -> None:
        self.world = world
        self._faults = faults
        self.history = history
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """One fault at a time for each thing that faults affect, however long it takes on this machine."""

    async def run(self, planned: tuple[PlannedFault, ...]) -> None:
        """Do each fault at its time; a few overlap."""
        async with asyncio.TaskGroup() as tasks:
            for one in planned:
                tasks.create_task(self._do(one))

    async def _do(self, planned: PlannedFault) -> None:
        await asyncio.sleep(max(0.0, self.history.began + planned.at - time.time()))
        async with self._turns[affects(self.world.topology, planned.kind)]:
            done = Fault(planned.kind, "", time.time())
            self.history.faults.append(done)
            try:
                done.detail = await self._faults[planned.kind](self, planned) or ""
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
