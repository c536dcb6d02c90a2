"""From navigation to the first dispatch shown, and on to a live one: ticker's pages beside two clients from npm."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, sync_playwright

from bench import kernel
from bench.measure import SERVER
from bench.network import Conditions
from bench.pages import NAMES, Contestant, page
from bench.pages.newsroom import Newsroom
from bench.peers import Missing
from bench.result import Options, Result, Row, spread
from bench.visit import Visit, launch, visit

ROUNDS = 5
CONDITIONS = (Conditions("loopback"), Conditions("slow 3G", round_trip=0.4, rate=400_000))
WHAT = """Each page shows the newest 20 dispatches, and then a live one. All have the same dispatches (the demo
newsroom's, in English) and take turns of one visit, in an order that turns with each round; one round before is not
counted. Every visit has its own context in Chromium, so that nothing is cached. All connections go through a
proxy, which counts their bytes; *slow 3G* is that proxy with a round trip of 400 ms, one more for opening a
connection, and 400 kbit/s each way. TCP's slow start is not imitated, which spares the larger scripts another trip.

*Shown* is from navigation until the first dispatch is painted; *streaming*, until the first message of the live
stream has arrived. Then a dispatch is published, and *live* is the time until that is painted (for ticker with its
fsync). Bytes, requests and CPU are those of the whole visit until then; bytes include heads, handshakes and frames.
CPU is of the page's main thread alone, as Chromium accounts it (`Performance.getMetrics` by thread ticks): *script*
is running and compiling JavaScript; *all* is that, style, layout, paint and the rest. Every figure is the median
(least to most) of the visits."""
COLUMNS: dict[str, tuple[str, int]] = {
    "ms shown": ("shown", 0),
    "ms streaming": ("streaming", 0),
    "ms live": ("live", 0),
    "bytes received": ("received", 0),
    "bytes sent": ("sent", 0),
    "requests": ("requests", 0),
    "connections": ("connections", 0),
    "ms CPU script": ("script", 1),
    "ms CPU all": ("main", 1),
}
FIGURES = {"shown": "ms until the first dispatch is shown", "received": "bytes received", "script": "CPU of script"}
OURS = ("reader", "widget")
"""Contestants of ours; the others are peers."""

Visits = dict[str, list[Visit]]


def run(options: Options) -> Result:
    """Let the pages take turns, under each of the conditions."""
    result = Result("From navigation to the first dispatch shown", WHAT)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        newsroom = stack.enter_context(Newsroom(folder))
        contestants: dict[str, Contestant] = {}
        for name in NAMES:
            try:
                contestants[name] = stack.enter_context(page(name)(newsroom))
            except Missing as why:
                result.missing[page(name).title.strip("*")] = str(why)
            else:
                result.about[page(name).title.strip("*")] = page(name).about
        browser = launch(stack.enter_context(sync_playwright()))
        stack.callback(browser.close)
        for conditions in CONDITIONS:
            visits = _take_turns(browser, contestants, conditions, max(options.rounds, ROUNDS), result)
            result.section.append(f"### {conditions.title[0].upper()}{conditions.title[1:]}\n")
            rows = [[page(name).title, *_cells(visits[name])] for name in visits]
            result.table(["page", *COLUMNS], rows)
            result.section.append("")
            result.rows += _figures(conditions, visits)
    return result


def _take_turns(
    browser: Browser, contestants: dict[str, Contestant], conditions: Conditions, rounds: int, result: Result
) -> Visits:
    visits: Visits = {name: [] for name in contestants}
    order = list(contestants)
    for number in range(-1, rounds):  # the first is to warm the servers up
        result.paces.append(kernel.pace(SERVER))
        for name in order:
            contestant, token = contestants[name], secrets.token_hex(8)
            seen = visit(browser, contestant.url, contestant.network, conditions, token, contestant.publish)
            if number >= 0:
                visits[name].append(seen)
        order = [*order[1:], order[0]]
    return visits


def _cells(visits: list[Visit]) -> list[str]:
    return [spread([getattr(each, name) for each in visits], digits) for name, digits in COLUMNS.values()]


def _figures(conditions: Conditions, visits: Visits) -> list[Row]:
    rows = []
    peers = [name for name in visits if name not in OURS]
    for ours in (name for name in OURS if name in visits and peers):
        for measure, meaning in FIGURES.items():
            better = min(peers, key=lambda name: median(getattr(each, measure) for each in visits[name]))
            ratios = [
                getattr(mine, measure) / getattr(its, measure)
                for mine, its in zip(visits[ours], visits[better], strict=True)
            ]
            title, other = page(ours).title.strip("*"), page(better).title
            figure = f"{title}, {conditions.title}: {meaning}, against {other}"
            rows.append(Row(figure, spread(ratios) + " x", median(ratios), 1, None, "x"))
    return rows
