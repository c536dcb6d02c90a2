"""Readers by long-poll behind a cache, beside as many by WebSocket at the same service."""

from __future__ import annotations

import contextlib
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median
from tempfile import TemporaryDirectory

from bench import kernel
from bench.measure import CATCH_UP_TIMEOUT, JOIN_TIMEOUT, LOAD, SETTLE
from bench.measure import SERVER as CORES
from bench.origin import Origin
from bench.peers.ticker import Server
from bench.result import Options, Result, Row, spread
from tests.varnish import HOST, Varnish, parameters
from ticker.load.crowds import Crowds, Target
from ticker.load.tally import Times

READERS = 5000
WAITS = 2
AFTER_WAIT = 0.3
"""Seconds between the end of a wait and a dispatch: the 204 may be cached for longer."""
PACED = 1.5
"""Seconds after the end of a wait by which all have asked again."""
WITHIN = 30.0
SHARES = {"p50": 0.5, "p99": 0.99, "last": 1.0}
PROGRAMS = {"service": "service and Valkey", "Varnish": "Varnish", "readers": "readers"}
WHAT = f"""One service has two feeds. One is followed by WebSocket, the other by long-poll through Varnish, as our
clients do it: connections that stay open, `after` the last position, `wait=10`, and never the same URL twice within
a second. Service and Valkey are on core 0, the readers of each feed are one process on core 1, and Varnish has what
they leave of both. The feeds take turns dispatch by dispatch, in the order turned round each time: a dispatch of
300 bytes is filed, and when all readers of the feed have it, and those by long-poll wait in Varnish again, it is
the other feed's turn.

Each time runs from just before the POST is sent to the moment a reader has read the dispatch, for both feeds, so it
contains the POST, the script and the fsync. The percentiles of a round are over all its dispatches and readers;
every figure is the median (least to most) of the rounds. A proxy between Varnish and the service counts the
requests for changes. After the turns nothing is filed until {WAITS} waits have ended with 204. Then, {WAITS} times,
a dispatch is filed {AFTER_WAIT:g} s *after a wait* has ended so: it finds readers who have just got the 204, or
are getting it, and ask again while that may still be cached. CPU is what one dispatch costs until all readers wait for
the next; Varnish's memory is its growth from before the first reader until all wait."""


class TwoFeeds(Server):
    """The service, filed into by feed."""

    def say_in(self, feed: str, crowds: Crowds) -> None:
        """File the next dispatch of a feed's readers."""
        self.path = f"/v1/feeds/{feed}/dispatches"
        self.publish_next(crowds)


@dataclass
class Turn:
    """What one dispatch took.

    Attributes:
        delays: nanoseconds from just before the POST was sent to a reader's having the dispatch, and how many had.
        cpu: milliseconds that the processes of each name ran.
        doubled: readers who had it twice.
    """

    delays: Counter[int]
    cpu: dict[str, float]
    doubled: int


@dataclass
class Side:
    """Readers who follow in one way, on a feed of their own; `pids` are the processes whose CPU counts."""

    feed: str
    crowds: Crowds
    pids: dict[str, list[int]]
    turns: list[Turn] = field(default_factory=list)

    def turn(self, server: TwoFeeds, settled: Callable[[], None]) -> Turn:
        """File one dispatch, and wait until every reader has it and is ready for the next."""
        self.crowds.ask("clear")
        before = {name: kernel.cpu(pids) for name, pids in self.pids.items()}
        server.say_in(self.feed, self.crowds)
        tally = self.crowds.until_caught_up(CATCH_UP_TIMEOUT)
        assert not tally.lost, f"{tally.lost} readers did not get a dispatch within {CATCH_UP_TIMEOUT:g} s"
        settled()
        cpu = {name: (kernel.cpu(pids) - before[name]) / 1000 for name, pids in self.pids.items()}
        return Turn(tally.delays, cpu, tally.doubled)

    def cpu(self, name: str) -> float:
        """Return the milliseconds of a turn, on the mean."""
        return fmean(turn.cpu[name] for turn in self.turns)


@dataclass
class Round:
    """What one round measured.

    Attributes:
        a_dispatch: requests at the origin for each dispatch, while readers follow.
        a_wait: requests at the origin for each wait that ends with nothing new.
        late: dispatches that came after such a wait.
        memory: KiB of Varnish for each reader.
        reconnects: readers by long-poll who came again, because a connection or a response failed.
    """

    polled: Side
    streamed: Side
    a_dispatch: float
    a_wait: float
    late: list[Turn]
    memory: float
    reconnects: int


def run(options: Options) -> Result:
    """Take turns, count at the origin, and leave readers alone for some waits."""
    readers = options.readers or READERS
    result = Result(f"{readers:,} readers by long-poll behind a cache", WHAT)
    result.about["Varnish"] = f"Debian's, run as docs/caching.md has it: its VCL and `{' '.join(parameters())}`"
    rounds = []
    for _ in range(options.rounds):
        result.paces.append(kernel.pace(CORES))
        rounds.append(seen := _round(readers, options.dispatches))
        polled, streamed, late = (
            _times(turns).at(0.99) for turns in (seen.polled.turns, seen.streamed.turns, seen.late)
        )
        print(
            f"p99 {polled:.0f} ms by long-poll, {streamed:.0f} by WebSocket, {late:.0f} after a wait; "
            f"requests: {seen.a_dispatch:g} a dispatch, {seen.a_wait:g} a wait",
            file=sys.stderr,
            flush=True,
        )
    result.paces.append(kernel.pace(CORES))
    _report(result, rounds, readers)
    return result


def _round(readers: int, dispatches: int) -> Round:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(TwoFeeds(CORES))
        origin = stack.enter_context(Origin(server.service))
        varnish = stack.enter_context(_varnish(server, origin))
        its_pids = kernel.family(varnish.process.pid)
        memory = kernel.uss(its_pids)
        polled, streamed = (
            Side(feed, crowds, {"service": server.pids, "readers": crowds.pids})
            for feed, crowds in _join(stack, server, varnish, readers)
        )
        polled.pids["Varnish"] = its_pids

        def settled() -> None:
            # Its own counters lag behind; all wait once no process has anything to do.
            kernel.until_rest([*its_pids, *polled.crowds.pids], CATCH_UP_TIMEOUT)

        settled()
        time.sleep(SETTLE)
        memory = (kernel.uss(its_pids) - memory) / readers
        asked = origin.requests
        for number in range(dispatches):
            for side in (polled, streamed)[:: -1 if number % 2 else 1]:
                side.turns.append(side.turn(server, settled if side is polled else lambda: None))
        a_dispatch = (origin.requests - asked) / dispatches
        asked = origin.requests
        for _ in range(WAITS):
            _wait_end(origin)
        time.sleep(PACED)
        settled()
        a_wait = (origin.requests - asked) / WAITS
        late = []
        for _ in range(WAITS):
            _wait_end(origin)
            time.sleep(AFTER_WAIT)
            late.append(polled.turn(server, settled))
        return Round(polled, streamed, a_dispatch, a_wait, late, memory, polled.crowds.ask("report").reconnects)


@contextlib.contextmanager
def _varnish(server: Server, origin: Origin) -> Iterator[Varnish]:
    with TemporaryDirectory(prefix="bench-") as folder, kernel.on(CORES | LOAD):
        with Varnish(origin.port, Path(folder)) as varnish:
            server.service.until(varnish.up)
            yield varnish


def _join(stack: contextlib.ExitStack, server: Server, varnish: Varnish, readers: int) -> Iterator[tuple[str, Crowds]]:
    feed = server.service.open_feed()
    position = server.service.snapshot(feed)["position"]
    for name, target in (
        (feed, Target.polled(HOST, varnish.port, feed, position)),
        (server.feed, server.target()),
    ):
        with kernel.on(LOAD):
            crowds = stack.enter_context(Crowds(target, readers, 1))
        crowds.until_open(JOIN_TIMEOUT)
        yield name, crowds


def _wait_end(origin: Origin) -> None:
    """Wait until the next request at the origin ends with 204."""
    ended = len(origin.unchanged)
    _until(lambda: len(origin.unchanged) > ended, "no wait ended")


def _until(condition: Callable[[], bool], complaint: str) -> None:
    deadline = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < deadline, complaint
        time.sleep(0.02)


def _times(turns: list[Turn]) -> Times:
    """Return the times of some turns together."""
    return Times(sum((turn.delays for turn in turns), Counter()))


def _report(result: Result, rounds: list[Round], readers: int) -> None:
    sides = {"long-poll": [each.polled for each in rounds], "WebSocket": [each.streamed for each in rounds]}
    ways = {way: [_times(side.turns) for side in of] for way, of in sides.items()}
    ways["long-poll, after a wait"] = [_times(each.late) for each in rounds]
    result.table(
        ["", *(f"ms {name}" for name in SHARES)],
        [[way, *(spread([each.at(share) for each in of], 0) for share in SHARES.values())] for way, of in ways.items()],
    )
    result.section.append("")
    result.table(
        ["ms CPU a dispatch", *PROGRAMS.values()],
        [
            [way, *(spread([side.cpu(name) for side in of if name in side.pids], 0) for name in PROGRAMS)]
            for way, of in sides.items()
        ],
    )
    a_dispatch, a_wait = [each.a_dispatch for each in rounds], [each.a_wait for each in rounds]
    turns = [turn for of in sides.values() for side in of for turn in side.turns]
    result.section.append(
        f"\nRequests at the origin: {spread(a_dispatch)} a dispatch, {spread(a_wait)} a wait that ends with nothing "
        f"new. Lost: 0; doubled: {sum(turn.doubled for turn in turns):,}; connections or responses by long-poll that "
        f"failed: {sum(each.reconnects for each in rounds):,}. Memory of Varnish for a reader: "
        f"{spread([each.memory for each in rounds], 1)} KiB (USS).\n"
    )
    figure = f"{readers:,} readers by long-poll behind Varnish: requests at the origin, for a dispatch"
    result.rows.append(Row(figure, spread(a_dispatch), median(a_dispatch), 1))
    p99 = [each.at(0.99) for each in ways["long-poll"]]
    beside = spread([each.at(0.99) for each in ways["WebSocket"]], 0)
    after = [each.at(0.99) for each in ways["long-poll, after a wait"]]
    figure = f"The same: p99 from POST to reader (beside it by WebSocket: {beside} ms)"
    result.rows.append(Row(figure, spread(p99, 0) + " ms", median(p99), 500, None, "ms"))
    figure = f"The same, filed {AFTER_WAIT:g} s after a wait ended with 204: p99"
    result.rows.append(Row(figure, spread(after, 0) + " ms", median(after), 500, None, "ms"))
