"""All readers lose their connection at once while dispatches are filed, and come back."""

from __future__ import annotations

import time
from statistics import median

from bench import kernel
from bench.measure import LOAD, crowds_for
from bench.measure import SERVER as CORES
from bench.peers.ticker import Server
from bench.result import Options, Result, Row, spread
from ticker.load.crowds import Crowds

DOWN = 2.0
WITHIN = 0.5
WHAT = f"""Every reader's socket is closed at once; for {DOWN:g} s nobody can come back; then each reconnects at its
own moment, evenly spread over {WITHIN:g} s (full jitter over the client's first wait), with the last
position it saw. Dispatches are filed at 4/s all the while. A reader has caught up when it has the beat, or the
snapshot, that ends its resume. The time runs from when the connection came back, so it contains the jitter, and all
tries of one whose connection was refused or dropped (*came again* counts those). One worker on core 0, all readers on
core 1; CPU is that of the five seconds from the cut on. Where the readers' own CPU is more than the service's,
their core is what the figure waits for."""


def run(options: Options) -> Result:
    """Cut and count."""
    result = Result("Cut off for two seconds", WHAT)
    readers = options.readers or 10_000
    runs: list[str] = []
    p50, p99, last, lost, doubled, resets, again, cpu, theirs = [], [], [], 0, 0, 0, 0, [], []
    for _ in range(options.rounds):
        before_it = kernel.pace(CORES)
        with Server(CORES) as server, kernel.on(LOAD), crowds_for(server, readers) as crowds:
            crowds.until_open(90)
            _file(server, crowds, 1.0)
            before, readers_own = kernel.cpu(server.pids), kernel.cpu(crowds.pids)
            crowds.ask("cut", down=DOWN, within=WITHIN)
            _file(server, crowds, DOWN + 3.0)
            cpu.append((kernel.cpu(server.pids) - before) / 1000)
            theirs.append((kernel.cpu(crowds.pids) - readers_own) / 1000)
            tally = crowds.until_caught_up(15)
            deadline = time.monotonic() + 10
            while len(tally.catch_up_times) < readers and time.monotonic() < deadline:
                time.sleep(0.1)
                tally = crowds.ask("report")
            levels = sorted(tally.catch_up_times)
            assert len(levels) == readers, f"only {len(levels)} of {readers} came back"
            p50.append(levels[len(levels) // 2] / 1e6)
            p99.append(levels[int(len(levels) * 0.99)] / 1e6)
            last.append(levels[-1] / 1e6)
            lost, doubled, resets = lost + tally.lost, doubled + tally.doubled, resets + tally.resets
            again += tally.reconnects - readers
        after_it = kernel.pace(CORES)
        result.paces += [before_it, after_it]
        runs.append(f"{p99[-1]:,.0f} ({before_it:.1f}, {after_it:.1f})")
    result.table(
        [
            "readers",
            "ms to catch up: p50",
            "p99",
            "last",
            "lost",
            "doubled",
            "started from scratch",
            "came again",
            "ms CPU service",
            "ms CPU readers",
        ],
        [
            [
                f"{readers:,}",
                spread(p50, 0),
                spread(p99, 0),
                spread(last, 0),
                f"{lost:,}",
                f"{doubled:,}",
                f"{resets:,}",
                f"{again:,}",
                spread(cpu, 0),
                spread(theirs, 0),
            ]
        ],
    )
    result.section.append(
        f"\np99 run by run, with the machine's pace in ms (see below) before and after: {'; '.join(runs)}."
    )
    figure = f"{readers:,} readers cut off for {DOWN:g} s: p99 of having caught up"
    result.rows.append(Row(figure, spread(p99, 0) + " ms", median(p99), 1500, 700, "ms"))
    figure = "Dispatches lost or doubled at that, all readers together"
    result.rows.append(Row(figure, f"{lost + doubled:,}", lost + doubled, 0, None))
    return result


def _file(server: Server, crowds: Crowds, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        server.publish_next(crowds)
        time.sleep(0.25)
