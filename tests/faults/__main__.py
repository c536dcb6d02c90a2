"""`python -m tests.faults N [--seed S]`: run N plans, from seed S on, and print what they add up to."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.faults.campaign import run_all, until_caught
from tests.faults.checker import check
from tests.faults.plan import plan
from tests.faults.planted.sitecustomize import BUGS
from tests.faults.report import report
from tests.faults.summary import Summary, verdict
from tests.faults.topology import machine
from tests.outbox.report import section_in, with_section


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/faults", description=__doc__)
    parser.add_argument("plans", type=int, help="how many plans to run")
    parser.add_argument("--seed", type=int, default=1, help="of the first plan; the others follow it (default: 1)")
    parser.add_argument("--at-once", type=int, default=2, help="plans that run at the same time (default: 2)")
    parser.add_argument("--short", action="store_true", help="the shorter plans of these seeds, as in the tests")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write docs/reliability.md of this run")
    parser.add_argument("--planted", choices=BUGS, help="plant this bug, and stop at the first plan that catches it")
    asked = parser.parse_args()
    here = machine()
    seeds = range(asked.seed, asked.seed + asked.plans)
    plans = [plan(seed, short=asked.short, machine=here) for seed in seeds]
    if asked.planted is not None:
        caught = until_caught(asked.planted, plans, asked.at_once)
        if caught is None:
            print(f"{asked.planted}: NOT caught in {asked.plans} plans")
            return 1
        number, planned, history, violations = caught
        print(verdict(planned, history, violations))
        print(f"{asked.planted}: caught in {number} plans, by the law of {violations[0].law!r}")
        return 0
    summary = Summary()
    for planned, history in run_all(plans, asked.at_once):
        violations = check(history)
        summary.add(planned, history, violations)
        print(verdict(planned, history, violations), flush=True)
    print(summary.text())
    if asked.report is not None:
        command = f"scripts/faults {asked.plans} --seed {asked.seed}{' --short' if asked.short else ''}"
        date = datetime.now(UTC).date().isoformat()
        outbox = section_in(asked.report.read_text("utf-8")) if asked.report.exists() else ""
        written = report(summary, command=command, seeds=(seeds[0], seeds[-1]), date=date)
        asked.report.write_text(with_section(written, outbox), "utf-8")
    return 1 if summary.broken else 0


if __name__ == "__main__":
    sys.exit(main())
