"""Whether readers whose sockets are full delay the others or cost memory without bound."""

from __future__ import annotations

import contextlib
import time
from statistics import median

from bench import kernel
from bench.measure import LOAD, crowds_for
from bench.measure import SERVER as CORES
from bench.peers.ticker import Server
from bench.result import Options, Result, Row, spread
from ticker.load.crowds import Crowds
from ticker.load.tally import Times

LONG = 900
SETTLE = 3.0
TURNS = 16
"""Dispatches to each side at the most: the system gives a stalled reader up 30 s after it stopped."""
WHAT = """Two services run side by side on core 0, each with the same number of readers; one has a tenth more,
with small buffers and segments as on the Internet, who stop reading at all. Long dispatches are filed until that
service has counted every one of them as lagging (its own metric). Then the services take turns of one dispatch of
300 bytes: the dispatch goes to all readers of one, and when those who read have it, it is the other's turn. All of
that is inside the 30 s after which a stuck reader is cut. The times of those who do read are compared turn by turn:
the figure is the median of the ratios. Memory is the USS of all processes of the service from when all are lagging
to the end."""


def run(options: Options) -> Result:
    """Measure with and without."""
    result = Result("Stalled readers", WHAT)
    total = options.readers or 10_000
    stalled = total // 10
    alone, among, ratios, growth, held, queued, cut = [], [], [], [], [], [], 0
    for _ in range(options.rounds):
        result.paces.append(kernel.pace(CORES))
        with contextlib.ExitStack() as stack:
            up = stack.enter_context
            beside, server = up(Server(CORES)), up(Server(CORES))
            up(kernel.on(LOAD))
            free, others = (up(crowds_for(each, total - stalled)) for each in (beside, server))
            full = up(crowds_for(server, stalled, buffer=4096))
            for crowds in (free, others, full):
                crowds.until_open(90)
            empty, unqueued = kernel.uss(server.pids), kernel.socket_memory()[1]
            full.ask("stall")
            _fill(server, others, stalled)
            time.sleep(SETTLE)
            before = kernel.uss(server.pids)
            held.append((before - empty) / stalled)
            queued.append((kernel.socket_memory()[1] - unqueued) / stalled)
            times = _turns([(beside, free), (server, others)], min(options.dispatches, TURNS))
            growth.append((kernel.uss(server.pids) - before) / 1024)
            assert _metric(server, "ticker_readers_set_aside") >= stalled, "the stalled readers did not stay"
            cut += _metric(server, "ticker_readers_cut_total")
            alone.append(times[0])
            among.append(times[1])
            ratios.append(
                median(with_them.at(0.99) / without.at(0.99) for without, with_them in zip(*times, strict=True))
            )
    rows = [
        [
            name,
            *(
                spread([median(dispatch.at(share) for dispatch in dispatches) for dispatches in rounds], 1)
                for share in (0.5, 0.99)
            ),
        ]
        for name, rounds in ((f"{total - stalled:,} readers", alone), (f"and {stalled:,} stalled", among))
    ]
    result.table(["", "ms p50", "ms p99"], rows)
    result.section.append(
        f"\nMemory held for each stalled reader when all were lagging: {spread(held, 1)} KiB by the service, and "
        f"{spread(queued, 1)} KiB queued in the kernel, at both ends of the connection; growth of the service "
        f"meanwhile: {spread(growth, 1)} MiB; readers it had cut by the end: {cut:,}.\n"
    )
    figure = f"{stalled:,} stalled among {total:,}: the others' p99 against that without them"
    result.rows.append(Row(figure, spread(ratios) + " x", median(ratios), 1.2, None, "x"))
    figure = f"Memory while {stalled:,} are stalled: growth"
    result.rows.append(Row(figure, spread(growth, 1) + " MiB", median(growth), 8, None, "MiB"))
    return result


def _turns(sides: list[tuple[Server, Crowds]], dispatches: int) -> list[list[Times]]:
    """Send so many dispatches to each side's readers in turns; return each side's times, dispatch by dispatch."""
    times: list[list[Times]] = [[] for _ in sides]
    for number in range(dispatches):
        for side in range(len(sides))[:: -1 if number % 2 else 1]:
            server, crowds = sides[side]
            crowds.ask("clear")
            server.publish_next(crowds)
            tally = crowds.until_caught_up(10)
            assert not tally.lost, f"{tally.lost} dispatches lost"
            times[side].append(tally.times)
    return times


def _fill(server: Server, crowds: Crowds, stalled: int) -> None:
    """File long dispatches, which the kernel's buffers take, until every stalled reader is lagging."""
    deadline = time.monotonic() + 60
    while _metric(server, "ticker_readers_set_aside") < stalled:
        assert time.monotonic() < deadline, "the stalled readers' sockets did not fill"
        server.publish(crowds.next_text() + "\N{ARABIC LETTER SEEN}" * LONG)
        crowds.until_caught_up(10)  # the others are not to fall behind before it begins


def _metric(server: Server, name: str) -> int:
    for line in server.service.http.get("/metrics").text.splitlines():
        if line.startswith(f'{name}{{feed="{server.feed}"}}'):
            return int(line.split()[-1])
    raise AssertionError(f"no metric {name}")
