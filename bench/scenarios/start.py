"""How long a command takes to start."""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

from bench import kernel
from bench.measure import SERVER as CORES
from bench.result import Options, Result, Row, spread

TIMES = 15
"""Starts of each command in a round."""

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import typer": ["-c", "import typer"],
    "ticker --version": ["-m", "ticker", "--version"],
    "ticker --help": ["-m", "ticker", "--help"],
    "ticker file --help": ["-m", "ticker", "file", "--help"],
    "ticker tail --help": ["-m", "ticker", "tail", "--help"],
    "ticker serve --help": ["-m", "ticker", "serve", "--help"],
}

WHAT = f"""From the start of a process to its end, {TIMES} times a round, in turn, on a machine whose disk cache has
all files. A bare interpreter and the import of Typer alone show which part of it is not this program's."""


def run(options: Options) -> Result:
    """Start each command again and again, in turn."""
    result = Result("Start of a command", WHAT)
    rounds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(options.rounds):
        result.paces.append(kernel.pace(CORES))
        times: dict[str, list[float]] = {name: [] for name in COMMANDS}
        for _ in range(TIMES):
            for name, command in COMMANDS.items():
                times[name].append(_seconds(command))
        for name, found in times.items():
            rounds[name].append(median(found) * 1000)
    result.table(["command", "ms"], [[name, spread(found, 0)] for name, found in rounds.items()])
    help_takes = rounds["ticker --help"]
    result.rows.append(Row("`ticker --help`", spread(help_takes, 0) + " ms", median(help_takes), 350, 200, "ms"))
    return result


def _seconds(command: list[str]) -> float:
    before = time.monotonic()
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - before
