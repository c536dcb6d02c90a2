"""A hundred thousand readers on one machine, and one dispatch to all of them."""

from __future__ import annotations

import math
import os
import resource
import time
from statistics import median

from bench import kernel
from bench.peers.ticker import Server
from bench.result import Options, Result, Row, spread
from ticker.load.crowds import Crowds

WHAT = """Workers and crowds of readers share all cores of the machine, unpinned. Each worker and each crowd
holds as many descriptors as a process may. Five dispatches are filed, one every five seconds; each time is from just
before the POST to the moment the last of all readers has read it. The readers' own work on the same cores is in
that time; its share is shown."""


class Many(Server):
    """The service with workers enough."""

    def __init__(self, workers: int) -> None:
        super().__init__(set(range(os.cpu_count() or 1)))
        self.flags = ("--workers", str(workers))


def run(options: Options) -> Result:
    """Fill the machine, send dispatches, wait for the last reader."""
    result = Result("A hundred thousand readers", WHAT)
    readers = options.readers or 100_000
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 500
    workers = max(math.ceil(readers / (most * 0.9)), 2)
    last, p50, mine, theirs = [], [], [], []
    with Many(workers) as server, Crowds(server.target(), readers, math.ceil(readers / most)) as crowds:
        empty, (objects, _) = kernel.uss(server.pids), kernel.socket_memory()
        joined = crowds.until_open(180)
        joins = readers / ((joined.full_at - crowds.started_at) / 1e9)
        time.sleep(3)
        for _ in range(5):
            crowds.ask("clear")
            result.paces.append(kernel.pace(server.cores))
            ours, readers_own, before = kernel.cpu(server.pids), kernel.cpu(crowds.pids), time.monotonic_ns()
            server.publish_next(crowds)
            time.sleep(4)
            tally = crowds.until_caught_up(15)
            last.append((tally.last_at - before) / 1e6)
            p50.append(tally.times.at(0.5))
            mine.append((kernel.cpu(server.pids) - ours) / 1000)
            theirs.append((kernel.cpu(crowds.pids) - readers_own) / 1000)
            assert not tally.lost, f"{tally.lost} lost"
        memory = (kernel.uss(server.pids) - empty) / readers
        kernel_objects = (kernel.socket_memory()[0] - objects) / readers / 2
    result.table(
        ["readers", "workers", "crowds", "joins/s", "ms p50", "ms to the last", "ms CPU service", "ms CPU readers"],
        [
            [
                f"{readers:,}",
                str(workers),
                str(math.ceil(readers / most)),
                f"{joins:,.0f}",
                spread(p50, 0),
                spread(last, 0),
                spread(mine, 0),
                spread(theirs, 0),
            ]
        ],
    )
    result.section.append(
        f"\nMemory: {memory:.2f} KiB a reader (USS of all processes of the service), and {kernel_objects:.1f} KiB "
        "a socket of the kernel's objects.\n"
    )
    figure = f"{readers:,} readers on one machine, one dispatch to all: to the last"
    result.rows.append(Row(figure, spread(last, 0) + " ms", median(last), 1500, 800, "ms"))
    return result
