"""Runs N schedules and reports: python -m tests.outbox N [--seed FIRST]."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.outbox.report import section, with_section
from tests.outbox.schedules import run
from tests.service import Service


def main() -> int:
    """Run them, and return 1 if one lost, doubled or reordered a dispatch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("number", type=int, nargs="?", default=200)
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the output into docs/reliability.md")
    given = parser.parse_args()
    counts: Counter[str] = Counter()
    composed = lost = doubled = reordered = 0
    with tempfile.TemporaryDirectory() as data, Service(Path(data)) as service:
        for seed in range(given.seed, given.seed + given.number):
            found = run(service, seed)
            counts += found.counts
            composed += found.composed
            lost += found.lost
            doubled += found.doubled
            reordered += found.reordered
            if not found.sound:
                print(f"seed {seed}: {found}", file=sys.stderr)
    lines = [f"{given.number} schedules, {composed} dispatches composed, in {counts['attempts']} attempts"]
    lines += [f"{name}: {counts[name]}" for name in sorted(counts.keys() - {"attempts"})]
    lines += [f"lost {lost}, doubled {doubled}, out of order in {reordered} schedules"]
    output = "\n".join(lines)
    print(output)
    if given.report is not None:
        document = given.report.read_text("utf-8")
        given.report.write_text(with_section(document, section(given.number, given.seed, output)), "utf-8")
    return 1 if lost or doubled or reordered else 0


if __name__ == "__main__":
    sys.exit(main())
