"""Relays: what a hop adds, whether a tree loses anything, and how soon the readers of one that dies are level again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import tempfile
import time
from pathlib import Path

from bench import relayed
from bench.result import Options, Result, Row
from tests.relay.tree import Relay
from tests.service import Service
from ticker.load.crowds import Crowds, Target

READERS = 20_000
MOVERS = 500
HOPS = 200
PAUSE = 0.02
EVERY = 0.25
JOIN_TIMEOUT = 120.0
WHAT = """One node, two relays that follow it, and two more behind each of these; all on the same machine. A **hop** is
the time between a dispatch at a reader of one node and at a reader of the relay behind it, dispatch by dispatch, while
nothing else is going on. In the **tree** the four relays at its ends have the readers, and dispatches are filed at 4/s.
Then one of the four is **killed** (SIGKILL of all its processes): its readers, so many in one process, each wait for a
random time of up to half a second, as clients do, and resume at another one; they are level at their first beat."""


def run(options: Options) -> Result:
    """Measure all three."""
    result = Result("A tree of relays", WHAT)
    readers = options.readers or READERS
    with contextlib.ExitStack() as stack:
        up = stack.enter_context
        limits = {"address_connections": "0"}
        node = up(Service(Path(up(tempfile.TemporaryDirectory())), **limits))
        feed = node.open_feed()
        middle = [up(Relay(node, flags=("--feed", feed), **limits)) for _ in range(2)]
        ends = [up(Relay(each, flags=("--feed", feed), **limits)) for each in middle for _ in range(2)]
        for relay in (*middle, *ends):
            relay.until(relay.level)
        _hop(result, [node, middle[0], ends[0]], feed)
        _tree(result, node, ends, feed, readers, options.dispatches)
        _killed(result, ends, feed, min(MOVERS, readers))
    return result


def _at(times: list[float], share: float) -> float:
    return sorted(times)[min(int(len(times) * share), len(times) - 1)]


def _hop(result: Result, path: list[Service], feed: str) -> None:
    added = asyncio.run(relayed.hops(path, feed, HOPS, PAUSE))
    every = [sum(times) / len(times) for times in zip(*added, strict=True)]  # of each dispatch, its mean hop
    rows = [
        [f"hop {number}", f"{_at(times, 0.5):.2f}", f"{_at(times, 0.99):.2f}"] for number, times in enumerate(added, 1)
    ]
    result.table(["", "ms p50", "ms p99"], rows)
    for name, share, must in (("p50", 0.5, 1.0), ("p99", 0.99, 3.0)):
        found = _at(every, share)
        result.rows.append(Row(f"A relay hop added, idle: {name}", f"{found:.2f} ms", found, must, None, "ms"))


def _tree(result: Result, node: Service, ends: list[Relay], feed: str, readers: int, dispatches: int) -> None:
    path = f"/v1/feeds/{feed}/live"
    with contextlib.ExitStack() as stack:
        run = os.urandom(3).hex()
        crowds = [
            stack.enter_context(Crowds(Target.of(end.url, path, sse=False), readers // len(ends), 1, run))
            for end in ends
        ]
        for crowd in crowds:
            crowd.until_open(JOIN_TIMEOUT)
        for _ in range(dispatches):
            text = crowds[0].next_text()
            for crowd in crowds[1:]:
                crowd.sent = crowds[0].sent
            node.file(feed, text)
            time.sleep(EVERY)
        tallies = [crowd.until_caught_up(30) for crowd in crowds]
        streams = _readers(node, feed)
    lost, doubled = (sum(getattr(tally, name) for tally in tallies) for name in ("lost", "doubled"))
    rows = [[f"{tally.times.at(0.5):.1f}", f"{tally.times.at(0.99):.1f}"] for tally in tallies]
    result.table(["ms p50 from POST to reader, at each end", "p99"], rows)
    figure = f"Tree 1 → 2 → 4, {readers:,} readers: lost and doubled"
    result.rows.append(Row(figure, f"{lost:,} and {doubled:,}", lost + doubled, 0, None))
    result.rows.append(Row("Streams of the feed at the node", str(streams), streams, 2, None))


def _readers(node: Service, feed: str) -> int:
    lines = node.http.get("/metrics").text.splitlines()
    return next(int(line.split()[-1]) for line in lines if line.startswith(f'ticker_readers{{feed="{feed}"}}'))


def _killed(result: Result, ends: list[Relay], feed: str, readers: int) -> None:
    victim, elsewhere = ends[0], ends[-1]

    def kill() -> None:
        for pid in (victim.process.pid, *victim.children("ticker.server.worker")):
            os.kill(pid, signal.SIGKILL)

    waits = asyncio.run(relayed.moved(victim, elsewhere, feed, readers, kill))
    result.table(
        ["readers", "s to be level elsewhere: p50", "p99"],
        [[f"{readers:,}", f"{_at(waits, 0.5):.2f}", f"{_at(waits, 0.99):.2f}"]],
    )
    found = _at(waits, 0.99)
    result.rows.append(Row("Relay killed: its readers level again, p99", f"{found:.2f} s", found, 2.0, 1.0, "s"))
