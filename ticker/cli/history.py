"""`ticker list` and `delivery`: the dispatches of a feed, and how one was delivered."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from ticker.cli.client import Service
from ticker.cli.count import counted
from ticker.cli.file import Feed, Id
from ticker.cli.moment import in_full
from ticker.cli.receipt import as_json, on_terminal
from ticker.client.request import feed_path
from ticker.dispatch import BREAKING


def list_dispatches(
    feed: Feed = BREAKING,
    limit: Annotated[int, typer.Option(min=1, max=100, help="At most so many.")] = 20,
    before: Annotated[str | None, typer.Option(help="Only those filed before the one with this id.")] = None,
    section: Annotated[str | None, typer.Option(help="Only those of a section.")] = None,
    place: Annotated[str | None, typer.Option(help="Only those of a place.")] = None,
    story: Annotated[str | None, typer.Option(help="Only those of a story.")] = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print each dispatch as a line of JSON.")] = False,
) -> None:
    """List the newest dispatches of a feed: id, time of filing, urgency or `killed`, source, text or reason."""
    options = {"limit": limit, "before": before, "section": section, "place": place, "story": story}
    query = urlencode({name: value for name, value in options.items() if value is not None})
    found = Service().ask("GET", f"{feed_path(feed, 'dispatches')}?{query}")["dispatches"]
    if json:
        for dispatch in found:
            print(as_json(dispatch))
    elif on_terminal():
        _show_to_people(found)
    else:
        for dispatch in found:
            kind = dispatch.get("urgency", dispatch["status"])
            text = dispatch.get("text", dispatch.get("reason", ""))
            print("\t".join((dispatch["id"], dispatch["filed"], kind, dispatch.get("source", ""), text)))


def _show_to_people(found: list[dict[str, Any]]) -> None:
    # Imported here, since output for programs has no colours and need not wait for it.
    from rich.console import Console  # noqa: PLC0415

    from ticker.cli.look import line, withdrawn  # noqa: PLC0415

    console = Console(highlight=False, soft_wrap=True)
    for dispatch in found:
        killed = dispatch["status"] == "killed"
        console.print(withdrawn(dispatch, None) if killed else line(dispatch, corrected=dispatch["revision"] > 1))


def delivery(id: Id, feed: Feed = BREAKING) -> None:
    """Report how a dispatch reached its readers, for 7 days after it was filed. Needs TICKER_KEY."""
    report = Service().ask("GET", feed_path(feed, "dispatches", id, "receipt"))
    if not on_terminal():
        print(as_json(report))
        return
    print(f"Filed    {in_full(report['filed'])}")
    by = "" if report.get("kept_exact", True) else "at the latest "
    print(f"Kept     {by}{in_full(report['kept']) if report['kept'] else 'not known yet'}")
    print(f"Written  to {counted(report['readers'], 'reader')} at once, on {counted(report['nodes'], 'node')}")
    if report.get("unreported"):
        print(f"Unknown  on {counted(report['unreported'], 'more node')} without a report")
    if report["set_aside"]:
        print(f"Waiting  for {counted(report['set_aside'], 'slow reader')} to catch up and get it")
    times = report["fan_out_ms"]
    if times["p50"] is not None:
        print(f"Within   {times['p50']:g} ms of filing for half of them, {times['p99']:g} ms for 99 %")
