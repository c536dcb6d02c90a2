"""`ticker bench`: how fast a service delivers dispatches to readers, and whether each arrives exactly once."""

from __future__ import annotations

import json
import math
import time
from typing import Annotated, Any, Final
from urllib.parse import quote

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from ticker.cli.client import Service
from ticker.cli.count import counted
from ticker.client import ClientError, NotFound
from ticker.errors import TickerError
from ticker.load.crowds import Crowds, Target
from ticker.load.tally import Tally, Times

READERS_A_PROCESS: Final = 5000
JOIN_TIMEOUT: Final = 60.0
"""Seconds in which all readers must be admitted."""
GRACE: Final = 5.0
"""Seconds after which a dispatch that has not arrived counts as lost."""
PATIENCE: Final = 10.0
"""Seconds for which a dispatch is sent again before the run is given up."""
LENGTH: Final = 120
"""Characters of a dispatch's text."""


def bench(
    url: Annotated[str | None, typer.Option(help="The service. [default: TICKER_URL, or this machine]")] = None,
    key: Annotated[str | None, typer.Option(help="A key that may file in the feed. [default: TICKER_KEY]")] = None,
    feed: Annotated[str, typer.Option(help="Feed to file test dispatches in: its readers will see them.")] = "bench",
    readers: Annotated[int, typer.Option(min=1, help="Readers to open.")] = 1000,
    rate: Annotated[float, typer.Option(min=0.01, max=1000, help="Dispatches a second.")] = 4.0,
    seconds: Annotated[float, typer.Option(min=0.1, max=3600, help="How long dispatches are filed.")] = 10.0,
    processes: Annotated[int, typer.Option(min=0, help="Processes of readers; 0 is one for each 5,000.")] = 0,
    *,
    sse: Annotated[bool, typer.Option("--sse", help="Server-Sent Events instead of WebSocket.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Measure load and latency of a service with readers and dispatches. Exit status 1 if any was lost or doubled."""
    service = Service(url, key)
    _check_feed(service, feed)
    target = Target.of(service.url, f"/v1/feeds/{quote(feed)}/live", sse=sse)
    console = Console(stderr=True, highlight=False)
    with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console) as progress:
        with Crowds(target, readers, processes or math.ceil(readers / READERS_A_PROCESS)) as crowds:
            joined = _join(crowds, progress)
            responses = _file(crowds, service, feed, rate, seconds, progress)
            tally = crowds.until_caught_up(GRACE)
    report = _report(crowds, joined, responses, tally, sse=sse, rate=rate)
    if as_json:
        print(json.dumps(report))
    else:
        _show(report, service.url, feed)
    if report["lost"] or report["doubled"]:
        raise typer.Exit(1)


def _check_feed(service: Service, feed: str) -> None:
    """Check that the service and the feed exist, before a thousand readers connect."""
    try:
        with service.library(deadline=0.0) as client:
            client.snapshot(feed)
    except NotFound:
        raise TickerError(
            f"there is no feed {feed!r} at {service.url}; make one for tests: ticker feeds add {feed}"
        ) from None
    except ClientError as error:
        raise TickerError(service.explain(error)) from None


def _join(crowds: Crowds, progress: Progress) -> float:
    """Connect all readers and return how many were admitted a second."""
    task = progress.add_task("readers   ", total=crowds.readers)
    joined = crowds.until_open(JOIN_TIMEOUT, lambda tally: progress.update(task, completed=tally.open))
    return crowds.readers / ((joined.full_at - crowds.started_at) / 1e9)


def _file(
    crowds: Crowds, service: Service, feed: str, rate: float, seconds: float, progress: Progress
) -> tuple[Times, float]:
    """File dispatches one after another at the rate; return the response times and the rate that was reached."""
    times, total = Times(), max(round(rate * seconds), 1)
    task = progress.add_task("dispatches", total=total)
    started = time.monotonic()
    with service.library(deadline=PATIENCE) as client:
        while crowds.sent < total and (now := time.monotonic()) < started + seconds + 1 / rate:
            if (wait := started + crowds.sent / rate - now) > 0:
                time.sleep(wait)
            before = time.monotonic_ns()
            try:
                client.file(feed, crowds.next_text(LENGTH))
            except ClientError as error:
                raise TickerError(service.explain(error)) from None
            times.add(time.monotonic_ns() - before)
            progress.update(task, completed=crowds.sent)
    return times, crowds.sent / max(time.monotonic() - started, 1 / rate)


def _report(
    crowds: Crowds, joined: float, responses: tuple[Times, float], tally: Tally, *, sse: bool, rate: float
) -> dict[str, Any]:
    times, reached = responses
    return {
        "readers": crowds.readers,
        "transport": "sse" if sse else "websocket",
        "joins_per_second": round(joined),
        "lines": crowds.sent,
        "rate": rate,
        "rate_reached": round(reached, 2),
        "deliveries": tally.marks,
        "lost": tally.lost,
        "doubled": tally.doubled,
        "out_of_order": tally.disordered,
        "reconnects": tally.reconnects,
        "resets": tally.resets,
        "skipped_by_reset": tally.skipped,
        "post_to_reader_ms": tally.times.summary(),
        "post_to_answer_ms": times.summary(),
    }


def _show(report: dict[str, Any], url: str, feed: str) -> None:
    console = Console(highlight=False)
    console.print(
        f"{counted(report['readers'], 'reader')} ({report['transport']}) of {feed} at {url}, "
        f"admitted at {report['joins_per_second']:,}/s"
    )
    console.print(
        f"{counted(report['lines'], 'dispatch', 'dispatches')} at {report['rate_reached']:g}/s, "
        f"{counted(report['deliveries'], 'delivery', 'deliveries')}"
    )
    counts = Table("", "", box=None, show_header=False)
    for name in ("lost", "doubled", "out_of_order", "reconnects", "resets"):
        style = "bold red" if report[name] and name in ("lost", "doubled", "out_of_order") else ""
        counts.add_row(name.replace("_", " "), f"{report[name]:,}", style=style)
    console.print(counts)
    times = Table("ms", "p50", "p90", "p99", "max", box=None)
    for name, title in (("post_to_reader_ms", "POST → reader"), ("post_to_answer_ms", "POST → 201")):
        times.add_row(title, *(f"{value:g}" for value in report[name].values()))
    console.print(times)
