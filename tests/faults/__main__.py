"""`python -m tests.faults N [--seed S]`: run N plans, from seed S on, and print what they add up to."""

from __future__ import annotations

import argparse
import asyncio
import sys

from tests.faults.checker import check
from tests.faults.history import History
from tests.faults.plan import Plan, plan
from tests.faults.run import run
from tests.faults.summary import Summary, verdict
from tests.faults.topology import can_mount


async def run_all(plans: list[Plan], at_once: int, summary: Summary) -> None:
    """Run plans, so many at a time, and print a verdict of each."""
    turn = asyncio.Semaphore(at_once)

    async def one(planned: Plan) -> None:
        async with turn:
            history: History = await run(planned)
        violations = check(history)
        summary.add(planned, history, violations)
        print(verdict(planned, history, violations), flush=True)

    async with asyncio.TaskGroup() as tasks:
        for planned in plans:
            tasks.create_task(one(planned))


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/faults", description=__doc__)
    parser.add_argument("plans", type=int, help="how many plans to run")
    parser.add_argument("--seed", type=int, default=1, help="of the first plan; the others follow it (default: 1)")
    parser.add_argument("--at-once", type=int, default=2, help="plans that run at the same time (default: 2)")
    parser.add_argument("--short", action="store_true", help="the shorter plans of these seeds, as in the tests")
    asked = parser.parse_args()
    small_disk = can_mount()
    seeds = range(asked.seed, asked.seed + asked.plans)
    summary = Summary()
    asyncio.run(
        run_all([plan(seed, short=asked.short, small_disk=small_disk) for seed in seeds], asked.at_once, summary)
    )
    print(summary.text())
    return 1 if summary.broken else 0


if __name__ == "__main__":
    sys.exit(main())
