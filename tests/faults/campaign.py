"""Many plans, some at a time, each in a process of its own, so that none makes another one late."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tests.faults import planted
from tests.faults.checker import check
from tests.faults.history import History, Violation
from tests.faults.known import split
from tests.faults.plan import Plan
from tests.faults.planted.sitecustomize import CAUGHT_BY
from tests.faults.run import run


def run_alone(plan: Plan, extra: dict[str, str] | None = None) -> History:
    """Run a plan in this process, which runs nothing else meanwhile."""
    return asyncio.run(run(plan, extra))


def run_all(plans: list[Plan], at_once: int, extra: dict[str, str] | None = None) -> Iterator[tuple[Plan, History]]:
    """Run plans, so many at a time, each in a process of its own; give each as it ends."""
    processes = ProcessPoolExecutor(at_once, multiprocessing.get_context("spawn"))
    try:
        running = {processes.submit(run_alone, planned, extra): planned for planned in plans}
        for done in as_completed(running):
            yield running[done], done.result()
    finally:
        processes.shutdown(cancel_futures=True)  # and wait for those that run: they have processes to end


def until_caught(bug: str, plans: list[Plan], at_once: int) -> tuple[int, Plan, History, list[Violation]] | None:
    """Run plans with a planted bug; return how many it took until a law was broken, and the plan that broke it."""
    extra = {"PLANTED_BUG": bug, "PYTHONPATH": str(Path(planted.__file__).parent)}
    for number, (planned, history) in enumerate(run_all(plans, at_once, extra), 1):
        new, _ = split(check(history))
        found = [violation for violation in new if violation.law in CAUGHT_BY[bug]]
        if found:
            return number, planned, history, found
    return None
