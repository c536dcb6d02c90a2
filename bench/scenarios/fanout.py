"""What a delivery, a reader and a join cost, here and at the peers, in one run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from statistics import median

from bench import chart
from bench.measure import SERVER as CORES
from bench.measure import Run, fan_out
from bench.peers import NAMES, Missing, peer
from bench.result import Options, Result, Row, spread

WHAT = """Readers join, then lines of 300 bytes go to all of them at 4/s. Server on core 0, readers and sender
on core 1; each round runs every peer once, in the order turned round from the round before; median (least to
most) of the rounds. CPU is what the kernel accounted to all threads of all processes of the server (schedstat),
divided by deliveries. A join is connecting, handshake and the first frame (20 lines, where the peer can send
any). Memory is USS; kernel objects are the slab caches of sockets, halved, because both ends are on this
machine. The way POST → reader ends where the crowd reads it, and a crowd of 10,000 on one core takes its time
to read."""


def run(options: Options) -> Result:
    """Measure all peers."""
    result = Result("A delivery, a reader, a join", WHAT)
    sizes = [options.readers] if options.readers else [5000, 10_000]
    runs: dict[tuple[str, int, bool], list[Run]] = {}
    names = [name for name in NAMES if not options.peers or name in options.peers]
    for size in sizes:
        for turn in range(options.rounds):
            for name in names if turn % 2 == 0 else names[::-1]:
                _one(result, runs, name, size, options)
    _tables(result, runs, sizes)
    _rows(result, runs, sizes)
    return result


def _one(result: Result, runs: dict[tuple[str, int, bool], list[Run]], name: str, size: int, options: Options) -> None:
    kind = peer(name)
    for sse in (False, True):
        if not (kind.sse if sse else kind.websocket) or name in result.missing:
            continue
        try:
            with kind(CORES) as server:
                done = fan_out(server, size, options.lines, sse=sse)
        except Missing as why:
            result.missing[kind.title] = str(why)
            return
        except Exception as error:  # noqa: BLE001  # a peer that fails is told of, and the others go on
            result.missing[f"{kind.title}, {size:,} readers"] = f"{type(error).__name__}: {error}"
            continue
        result.about[kind.title] = kind.about
        runs.setdefault((label(kind.title, sse=sse), size, sse), []).append(done)
        lost = f" LOST {done.lost}" if done.lost else ""
        print(
            f"{label(kind.title, sse=sse):28} {size:6,}  {done.delivery:6.2f} µs/delivery  {done.join:6.1f} µs/join  "
            f"{done.memory:6.2f} KiB/reader{lost}",
            file=sys.stderr,
            flush=True,
        )


def label(title: str, *, sse: bool) -> str:
    """Return how the tables name a peer and its dialect."""
    return f"{title}, SSE" if sse else title


def _tables(result: Result, runs: dict[tuple[str, int, bool], list[Run]], sizes: list[int]) -> None:
    for size in sizes:
        floor = [run.delivery for run in runs.get(("C floor", size, False), [])]
        rows = []
        here = {name: found for (name, many, _), found in runs.items() if many == size}
        for name, found in sorted(here.items(), key=lambda item: median(run.delivery for run in item[1])):
            rows.append(
                [
                    f"**{name}**" if name.startswith("ticker") else name,
                    spread([run.delivery for run in found]),
                    f"{median(run.delivery for run in found) / median(floor):.2f}" if floor else "—",
                    spread([run.memory for run in found]),
                    spread([run.objects for run in found], 1),
                    spread([run.join for run in found], 0),
                    spread([run.times.at(0.5) for run in found], 1),
                    spread([run.times.at(0.99) for run in found], 1),
                    f"{sum(run.lost for run in found):,}",
                    f"{sum(run.doubled for run in found):,}",
                ]
            )
        result.section.append(f"### {size:,} readers\n")
        result.table(COLUMNS.split("|"), rows)
        for what, title, unit, value in CHARTS:
            values = {name: _three([value(run) for run in found]) for name, found in here.items()}
            values = dict(sorted(values.items(), key=lambda item: item[1]))
            picture = chart.bars(f"{what}-{size}", f"{title}, {size:,} readers", unit, values, ours="ticker")
            result.section.append(f"\n{picture}")
        result.section.append("")


CHARTS: list[tuple[str, str, str, Callable[[Run], float]]] = [
    ("delivery", "CPU for a delivery", "µs", lambda run: run.delivery),
    ("memory", "Memory for a reader (USS)", "KiB", lambda run: run.memory),
    ("join", "CPU for a join", "µs", lambda run: run.join),
]
COLUMNS = (
    "server|µs CPU a delivery|of floor|KiB a reader (USS)|KiB kernel objects|µs CPU a join|ms p50|ms p99|lost|doubled"
)


def _three(values: list[float]) -> tuple[float, float, float]:
    return median(values), min(values), max(values)


def _rows(result: Result, runs: dict[tuple[str, int, bool], list[Run]], sizes: list[int]) -> None:
    for size in sizes:
        ours = runs.get(("ticker", size, False))
        if not ours:
            continue
        for other, must, aim in (("C floor", 1.3, 1.1), ("Nchan", 0.95, None)):
            theirs = runs.get((other, size, False))
            if theirs:
                ratios = [mine.delivery / its.delivery for mine, its in zip(ours, theirs, strict=False)]
                figure = f"CPU for a delivery, {size:,} readers, 300 B, against {other}"
                result.rows.append(Row(figure, spread(ratios) + " x", median(ratios), must, aim, "x"))
        for sse, name in ((False, "WebSocket"), (True, "SSE")):
            found = runs.get((label("ticker", sse=sse), size, sse), [])
            if found:
                memory = [run.memory for run in found]
                figure = f"Memory for a reader, {name}, {size:,} readers (USS)"
                result.rows.append(Row(figure, spread(memory) + " KiB", median(memory), 2.5, 1.5, "KiB"))
        joins = [run.join for run in ours]
        figure = f"CPU for a join with its snapshot, {size:,} readers"
        result.rows.append(Row(figure, spread(joins, 0) + " µs", median(joins), 80, 40, "µs"))
