"""What a delivery, a reader and a join cost, here and at the peers, side by side."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable
from statistics import median

from bench import chart
from bench.measure import SERVER as CORES
from bench.measure import Run, Side, take_turns
from bench.peers import Missing, peer
from bench.result import Options, Result, Row, spread

FLOOR = "C floor"
GROUPS = (
    (1.0, False, ("ticker", "nchan")),
    (0.5, True, ("ticker", "nchan", "mercure")),
    (0.5, False, ("node_ws", "websockets_broadcast", "socketio", "starlette_naive", "centrifuge")),
)
"""The servers that run at once beside the floor: their share of the dispatches, whether by SSE, and their names."""
WHAT = """The machine is shared, and its speed changes by up to a factor of two within a second. So the servers
are compared in three groups: ticker and Nchan; both by SSE, with Mercure; the others. In each group is the C
floor (by WebSocket) too. All servers of a group are up at once on core 0, each with all its readers joined; readers
and sender are on core 1. Then the servers take turns of one dispatch of 300 bytes, in the order turned round each
time: the dispatch goes to all readers of one server, and when the last of them has it, it is the next server's
turn. The second and third group get half as many dispatches as the first. Each round starts every server again.

CPU is what the kernel accounted to all threads of all processes of the server (schedstat), from just before its
dispatch until it rests, divided by its readers: the mean of its dispatches. What a server does besides, such as
beats, is counted while the others have their turns, and added for the rest of the quarter of a second until the
next dispatch, as at 4/s. *Of floor* is the CPU of each of a server's turns against the floor's turn beside it: the
median of these ratios. It is more reliable than the microseconds, because both ran under the same load; a dispatch that
costs far more than the others, for instance for garbage collected, weighs in the mean and not in the median. Every
figure is the median (least to most) of the rounds; the floor has a run in each group.

A join is connecting, handshake and the first frame (20 dispatches, where the peer can send any), counted while
nobody else joins and no dispatch is sent. Memory is USS, without clean pages of files, and is its growth from
before the first reader to after the last dispatch; kernel objects are the slab caches of sockets, their growth by
the join, halved, because both ends are on this machine. The way POST → reader ends where the crowd reads it, and a
crowd of 10,000 on one core takes its time to read."""

Group = dict[str, Run]
"""The runs of servers that were up at once, each under the name the tables give it."""


def run(options: Options) -> Result:
    """Measure all peers."""
    result = Result("A delivery, a reader, a join", WHAT)
    for size in [options.readers] if options.readers else [5000, 10_000]:
        groups: list[Group] = []
        for turn in range(options.rounds):
            for share, sse, names in GROUPS:
                chosen = [name for name in names if not options.peers or name in options.peers]
                if chosen:
                    dispatches = math.ceil(options.dispatches * share)
                    groups.append(_group(result, chosen[:: -1 if turn % 2 else 1], size, dispatches, sse=sse))
        _tables(result, groups, size)
        _rows(result, groups, size)
    return result


def _group(result: Result, names: list[str], size: int, dispatches: int, *, sse: bool) -> Group:
    """Measure these and the floor, which is in their middle, side by side."""
    half = len(names) // 2
    sides: dict[str, Side] = {}
    with contextlib.ExitStack() as stack:
        for name in (*names[:half], "floor", *names[half:]):
            kind = peer(name)
            as_sse = sse and kind.sse
            title = label(kind.title, sse=as_sse)
            try:
                sides[title] = stack.enter_context(Side(kind(CORES), size, sse=as_sse))
            except Missing as why:
                result.missing[kind.title] = str(why)
            except Exception as error:  # noqa: BLE001  # a peer that fails is reported, and the others continue
                result.missing[f"{title}, {size:,} readers"] = f"{type(error).__name__}: {error}"
            else:
                result.about[kind.title] = kind.about
        try:
            result.paces += take_turns(list(sides.values()), dispatches)
        except Exception as error:  # noqa: BLE001  # as above; whose turn it was is not known here
            result.missing[f"A round of {', '.join(sides)}, {size:,} readers"] = f"{type(error).__name__}: {error}"
            return {}
        group = {title: side.run() for title, side in sides.items()}
    for title, done in group.items():
        lost = f" LOST {done.lost}" if done.lost else ""
        of_floor = f"{done.against(group[FLOOR]):.2f}" if FLOOR in group else "—"
        print(
            f"{title:28} {size:6,}  {done.delivery:6.2f} µs/delivery  {of_floor} of floor  {done.join:6.1f} µs/join  "
            f"{done.memory:6.2f} KiB/reader{lost}",
            file=sys.stderr,
            flush=True,
        )
    return group


def label(title: str, *, sse: bool) -> str:
    """Return how the tables name a peer and its encoding."""
    return f"{title}, SSE" if sse else title


def _found(groups: list[Group], title: str) -> list[Run]:
    return [group[title] for group in groups if title in group]


def _ratios(groups: list[Group], title: str, other: str) -> list[float]:
    return [group[title].against(group[other]) for group in groups if title in group and other in group]


def _tables(result: Result, groups: list[Group], size: int) -> None:
    here = {title: _found(groups, title) for title in dict.fromkeys(title for group in groups for title in group)}
    rows = []
    for title, found in sorted(here.items(), key=lambda item: median(run.delivery for run in item[1])):
        rows.append(
            [
                f"**{title}**" if title.startswith("ticker") else title,
                spread([run.delivery for run in found]),
                "1" if title == FLOOR else spread(_ratios(groups, title, FLOOR)),
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
    for what, title, unit, value in CHARTS if here else ():
        values = {name: _three([value(run) for run in found]) for name, found in here.items()}
        values = dict(sorted(values.items(), key=lambda item: item[1]))
        result.chart(chart.bars(f"{what}-{size}", f"{title}, {size:,} readers", unit, values, ours="ticker"))
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


def _rows(result: Result, groups: list[Group], size: int) -> None:
    for other, must, aim in ((FLOOR, 1.15, 1.08), ("Nchan", 0.95, None)):
        if ratios := _ratios(groups, "ticker", other):
            figure = f"CPU for a delivery, {size:,} readers, 300 B, against {other}"
            result.rows.append(Row(figure, spread(ratios) + " x", median(ratios), must, aim, "x"))
    for sse, name in ((False, "WebSocket"), (True, "SSE")):
        if memory := [run.memory for run in _found(groups, label("ticker", sse=sse))]:
            figure = f"Memory for a reader, {name}, {size:,} readers (USS)"
            result.rows.append(Row(figure, spread(memory) + " KiB", median(memory), 0.6, 0.5, "KiB"))
    if joins := [run.join for run in _found(groups, "ticker")]:
        figure = f"CPU for a join with its snapshot, {size:,} readers"
        result.rows.append(Row(figure, spread(joins, 0) + " µs", median(joins), 80, 40, "µs"))
