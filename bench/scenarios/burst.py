"""Many dispatches at once: what a delivery costs then, and when it arrives."""

from __future__ import annotations

import contextlib
import sys
from statistics import fmean, median
from typing import NamedTuple

from bench.measure import SERVER as CORES
from bench.measure import Side
from bench.peers import Missing, Peer, peer
from bench.result import Options, Result, Row, spread
from ticker.load.crowds import Crowds
from ticker.load.tally import Times

FLOOR, TICKER = "C floor", "ticker"
PEERS = (
    *(("ticker", False), ("ticker", True)),
    *(("floor", False), ("nchan", False), ("centrifuge", False), ("websockets_broadcast", False)),
)
"""The servers, and whether their readers read by SSE."""
DISPATCHES = 100
WRITERS = 10
TURNS = 4
"""Bursts of a round, for each server."""
WHAT = f"""{DISPATCHES} dispatches of 300 bytes at once. At ticker and Nchan, {WRITERS} writers file them over as
many connections, each the next one as soon as its last one was answered; at ticker that is a 201, so on disk. The
others take all {DISPATCHES} at once from a pipe, which is easier. All servers are up at once on core 0, each with all
its readers joined; readers and writers are on core 1. The servers take turns of one burst, in the order turned round
each time; after it, everybody waits until its readers have all of it. CPU is as in *A delivery, a reader, a join*,
divided by dispatches and readers. *Of one send()* is against the floor's turn beside it, which is a lone dispatch: one
`send()` in C for each reader. POST → reader is from just before a dispatch is sent to when a reader reads it; the crowd
reads on one core, which is in all of these times. *POST* is how long a writer waits. Every figure is the median (least
to most) of the rounds."""


class Burst(NamedTuple):
    """What one round measured of one server: microseconds of CPU for a delivery in each turn; times on the way."""

    turns: list[float]
    times: Times
    posts: list[float]
    lost: int
    doubled: int

    def against(self, other: Burst) -> float:
        """Return how many times another's delivery it cost: the median over their turns, the first by the first."""
        return median(mine / its for mine, its in zip(self.turns, other.turns, strict=True))

    def post(self, share: float) -> float:
        """Return the milliseconds within which this share of the writers' requests was answered; 0 without any."""
        return sorted(self.posts)[int((len(self.posts) - 1) * share)] if self.posts else 0.0


Round = dict[str, Burst]


def run(options: Options) -> Result:
    """Measure all servers, side by side."""
    result = Result(f"{DISPATCHES} dispatches at once", WHAT)
    readers = options.readers or 5000
    rounds = []
    for number in range(options.rounds):
        chosen = [one for one in PEERS if not options.peers or one[0] in (*options.peers, "floor")]
        rounds.append(_round(result, chosen[:: -1 if number % 2 else 1], readers))
    _table(result, rounds)
    _rows(result, rounds, readers)
    return result


def _round(result: Result, chosen: list[tuple[str, bool]], readers: int) -> Round:
    sides: dict[str, Side] = {}
    posts: dict[str, list[float]] = {}
    with contextlib.ExitStack() as stack:
        for name, sse in chosen:
            kind = peer(name)
            title = f"{kind.title}, SSE" if sse else kind.title
            try:
                sides[title] = stack.enter_context(Side(kind(CORES), readers, sse=sse))
            except Missing as why:
                result.missing[kind.title] = str(why)
            except Exception as error:  # noqa: BLE001  # a peer that fails is reported, and the others continue
                result.missing[title] = f"{type(error).__name__}: {error}"
            else:
                result.about[kind.title] = kind.about
                posts[title] = []
        for side in sides.values():
            side.turn()  # connections and caches are warm
            side.turns.clear()
            side.crowds.ask("clear")
            side.begin()
        for number in range(TURNS):
            for title, side in list(sides.items())[:: -1 if number % 2 else 1]:
                try:
                    _turn(title, side, posts[title])
                except Exception as error:  # noqa: BLE001  # as above
                    result.missing[title] = f"{type(error).__name__}: {error}"
                    del sides[title]
        return {title: _burst(title, side, posts[title]) for title, side in sides.items()}


def _turn(title: str, side: Side, posts: list[float]) -> None:
    def publish(peer: Peer, crowds: Crowds) -> None:
        posts.extend(peer.publish_burst(crowds, DISPATCHES, WRITERS))

    # The floor forgets readers whose sockets are full, and so could not take a burst.
    side.turn(None if title == FLOOR else publish)


def _burst(title: str, side: Side, posts: list[float]) -> Burst:
    seen = side.crowds.ask("report")
    turns = [ran / side.readers / (1 if title == FLOOR else DISPATCHES) for ran in side.turns]
    done = Burst(turns, seen.times, posts, seen.lost, seen.doubled)
    late = f"{seen.times.at(0.5):6.0f} {seen.times.at(0.99):6.0f} ms"
    print(
        f"{title:24} {fmean(turns):6.3f} µs/delivery  POST → reader {late}"
        f"  POST {done.post(0.5):5.0f} {done.post(0.99):5.0f} ms{f' LOST {seen.lost}' if seen.lost else ''}",
        file=sys.stderr,
        flush=True,
    )
    return done


def _of(rounds: list[Round], title: str) -> list[Burst]:
    return [found[title] for found in rounds if title in found]


def _table(result: Result, rounds: list[Round]) -> None:
    rows = []
    for title in dict.fromkeys(title for found in rounds for title in found):
        bursts = _of(rounds, title)
        ratios = [found[title].against(found[FLOOR]) for found in rounds if title in found and FLOOR in found]
        rows.append(
            [
                f"**{title}**" if title.startswith(TICKER) else title,
                spread([fmean(burst.turns) for burst in bursts], 3),
                spread(ratios, 3),
                spread([burst.times.at(0.5) for burst in bursts], 0),
                spread([burst.times.at(0.99) for burst in bursts], 0),
                spread([burst.post(0.5) for burst in bursts], 0) if bursts[0].posts else "—",
                spread([burst.post(0.99) for burst in bursts], 0) if bursts[0].posts else "—",
                f"{sum(burst.lost for burst in bursts):,}",
                f"{sum(burst.doubled for burst in bursts):,}",
            ]
        )
    head = "server|µs CPU a delivery|of one send()|ms POST → reader p50|p99|ms POST p50|p99|lost|doubled"
    result.table(head.split("|"), rows)


def _rows(result: Result, rounds: list[Round], readers: int) -> None:
    what = f"{DISPATCHES} dispatches at once, {WRITERS} writers, {readers:,} readers"
    mine = [found for found in rounds if TICKER in found]
    if ratios := [found[TICKER].against(found[FLOOR]) for found in mine if FLOOR in found]:
        figure = f"{what}: CPU for a delivery, against one send() in C"
        result.rows.append(Row(figure, spread(ratios, 3) + " x", median(ratios), 0.3, 0.15, "x"))
    if mine:
        late = [found[TICKER].times.at(0.99) for found in mine]
        result.rows.append(Row(f"{what}: POST to reader, p99", spread(late, 0) + " ms", median(late), 900, 400, "ms"))
    for other in ("Centrifuge (Go)", "Nchan", "websockets broadcast()"):
        if ratios := [found[TICKER].against(found[other]) for found in mine if other in found]:
            figure = f"{what}: CPU for a delivery, against {other}"
            result.rows.append(Row(figure, spread(ratios, 3) + " x", median(ratios), 0.95, None, "x"))
        pairs = [(found[TICKER].times.at(0.99), found[other].times.at(0.99)) for found in mine if other in found]
        if late := [its and ours / its for ours, its in pairs]:
            figure = f"{what}: POST to reader, p99, against {other}"
            result.rows.append(Row(figure, spread(late, 2) + " x", median(late), 0.95, None, "x"))
