"""`python -m bench [SCENARIO …] [--readers N] [--rounds N] [--dispatches N] [--peers a,b]`: write REPORT.md."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time

from bench import report
from bench.kernel import load
from bench.measure import LOAD
from bench.peers import NAMES as PEERS
from bench.result import Options, Result
from bench.scenarios import NAMES as SCENARIOS

UNPINNED = ("hundred", "pageload", "tree")
"""Scenarios whose load needs all cores: they pin what has to be pinned themselves."""


def main() -> None:
    """Run the scenarios that were asked for, or all, and put each into the report."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure this service beside its peers.")
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=f"any of {', '.join(SCENARIOS)}; all if none")
    parser.add_argument("--readers", type=int, help="readers, instead of each scenario's own number")
    parser.add_argument("--rounds", type=int, default=3, help="times each is measured (3)")
    parser.add_argument("--dispatches", type=int, default=24, help="dispatches of a fan-out (24)")
    parser.add_argument("--peers", default="", help=f"peers of the fan-out, of {', '.join(PEERS)}")
    parser.add_argument("--dry", action="store_true", help="print the section instead of changing the report")
    asked = parser.parse_args()
    if unknown := set(asked.scenarios) - set(SCENARIOS):
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    options = Options(asked.readers, asked.rounds, asked.dispatches, [name for name in asked.peers.split(",") if name])
    if (os.cpu_count() or 1) < 2:
        parser.error("two cores are needed: one for the server, one for the load")
    for name in asked.scenarios or SCENARIOS:
        busy, started = load(), time.monotonic()
        print(f"— {name}", file=sys.stderr, flush=True)
        os.sched_setaffinity(0, range(os.cpu_count() or 1) if name in UNPINNED else LOAD)
        result: Result = importlib.import_module(f"bench.scenarios.{name}").run(options)
        if asked.dry:
            print("\n".join([*(" | ".join(row.cells()) for row in result.rows), "", *result.section]))
            print(result.missing)
        else:
            report.keep(name, result, options, busy=busy, took=time.monotonic() - started)
            report.write()


main()
