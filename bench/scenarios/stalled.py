"""Whether readers whose sockets are full delay the others or cost memory without bound."""

from __future__ import annotations

import contextlib
import time
from statistics import median

from bench import kernel
from bench.measure import LOAD, crowds_for, send
from bench.measure import SERVER as CORES
from bench.peers.ticker import Server
from bench.result import Options, Result, Row, spread
from ticker.load.crowds import Crowds

LONG = 900
WHAT = """One tenth of the readers, with small buffers and segments as on the Internet, stop reading at all;
long lines are filed until the service has set aside every one of them (its own metric). Then the others' times
are measured over lines of 300 bytes at 4/s, inside the 30 s after which the service cuts a stuck reader, and
compared with those of the same service and the same other readers without any stalled ones, in turns. Memory is
the USS of all processes of the service from when all are set aside to the end."""


def run(options: Options) -> Result:
    """Measure with and without."""
    result = Result("Stalled readers", WHAT)
    total = options.readers or 10_000
    stalled = total // 10
    p99: dict[bool, list[float]] = {True: [], False: []}
    p50: dict[bool, list[float]] = {True: [], False: []}
    growth, held, cut = [], [], 0
    for turn in range(options.rounds):
        result.paces.append(kernel.pace(CORES))
        for with_them in (False, True) if turn % 2 == 0 else (True, False):
            with Server(CORES) as server, kernel.on(LOAD), crowds_for(server, total - stalled) as crowds:
                crowds.until_open(90)
                more = crowds_for(server, stalled, buffer=4096) if with_them else contextlib.nullcontext()
                with more as full:
                    if full is not None:
                        full.until_open(90)
                        empty = kernel.uss(server.pids)
                        full.ask("stall")
                        _fill(server, crowds, stalled)
                        held.append((kernel.uss(server.pids) - empty) / stalled)
                    time.sleep(2)
                    crowds.ask("clear")
                    before = kernel.uss(server.pids)
                    send(server, crowds, options.lines)
                    tally = crowds.until_level(10)
                    if full is not None:
                        growth.append((kernel.uss(server.pids) - before) / 1024)
                        cut += _metric(server, "ticker_readers_cut_total")
                    assert not tally.lost, f"{tally.lost} lines lost"
                    p99[with_them].append(tally.times.at(0.99))
                    p50[with_them].append(tally.times.at(0.5))
    rows = [
        [name, spread(p50[with_them], 1), spread(p99[with_them], 1)]
        for name, with_them in ((f"{total - stalled:,} readers", False), (f"and {stalled:,} stalled", True))
    ]
    result.table(["", "ms p50", "ms p99"], rows)
    result.section.append(
        f"\nMemory held for each stalled reader when all were set aside: {spread(held, 1)} KiB; growth of the service "
        f"while it went on with them: {spread(growth, 1)} MiB; readers it had cut by the end: {cut:,}.\n"
    )
    ratios = [a / b for a, b in zip(p99[True], p99[False], strict=True)]
    figure = f"{stalled:,} stalled among {total:,}: the others' p99 against that without them"
    result.rows.append(Row(figure, spread(ratios) + " x", median(ratios), 1.2, None, "x"))
    figure = f"Memory while {stalled:,} are stalled: growth"
    result.rows.append(Row(figure, spread(growth, 1) + " MiB", median(growth), 8, None, "MiB"))
    return result


def _fill(server: Server, crowds: Crowds, stalled: int) -> None:
    """File long lines, which the kernel's buffers take, until every stalled reader is set aside."""
    deadline = time.monotonic() + 60
    while _metric(server, "ticker_readers_set_aside") < stalled:
        assert time.monotonic() < deadline, "the stalled readers' sockets did not fill"
        server.publish(crowds.line() + "\N{ARABIC LETTER SEEN}" * LONG)
        crowds.until_level(10)  # the others are not to fall behind before it begins


def _metric(server: Server, name: str) -> int:
    for line in server.service.http.get("/metrics").text.splitlines():
        if line.startswith(f'{name}{{feed="{server.feed}"}}'):
            return int(line.split()[-1])
    raise AssertionError(f"no metric {name}")
