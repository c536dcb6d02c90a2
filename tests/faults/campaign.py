"""Many plans, some at a time, each in a process of its own, so that none makes another one late."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed

from tests.faults.history import History
from tests.faults.plan import Plan
from tests.faults.run import run


def run_alone(plan: Plan, extra: dict[str, str] | None = None) -> History:
    """Run a plan in this process, which runs nothing else meanwhile."""
    return asyncio.run(run(plan, extra))


def run_all(plans: list[Plan], at_once: int, extra: dict[str, str] | None = None) -> Iterator[tuple[Plan, History]]:
    """Run plans, so many at a time, each in a process of its own; give each as it ends."""
    with ProcessPoolExecutor(at_once, multiprocessing.get_context("spawn")) as processes:
        running = {processes.submit(run_alone, planned, extra): planned for planned in plans}
        for done in as_completed(running):
            yield running[done], done.result()
