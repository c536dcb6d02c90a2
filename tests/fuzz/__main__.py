"""`python -m tests.fuzz N [--seed S]`: N attacks on a service of their own, and the figures, or what did not hold."""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

from tests.fuzz.campaign import run
from tests.service import Service


def main() -> int:
    """Run it, and return 1 if something did not hold."""
    parser = argparse.ArgumentParser(
        prog="scripts/fuzz", description="Attack a service with mutated requests and frames."
    )
    parser.add_argument("attacks", type=int, help="how many connections to make")
    parser.add_argument("--seed", type=int, help="repeats a run; by default a random one, which is printed")
    asked = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if asked.seed is None else asked.seed
    print(f"seed {seed}", flush=True)

    def progress(number: int) -> None:
        if sys.stderr.isatty() or number % 5000 == 0:
            print(
                f"\r{number} of {asked.attacks}", end="" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True
            )

    with tempfile.TemporaryDirectory() as folder, Service(Path(folder) / "data") as service:
        try:
            figures = run(service, asked.attacks, seed, progress)
        except AssertionError as failure:
            print(f"\nfailed with --seed {seed}: {failure}", *service.errors, sep="\n", file=sys.stderr)
            return 1
    before, half, after = (f"{size / 1024 / 1024:.1f} MiB" for size in figures.memory)
    print(f"{figures.attacks} attacks, {figures.dispatches} dispatches, all seen by each honest reader")
    print(f"memory {before}, halfway {half}, in the end {after}")
    print(f"descriptors {'{} to {}'.format(*figures.descriptors)}, no message logged")
    return 0


if __name__ == "__main__":
    sys.exit(main())
