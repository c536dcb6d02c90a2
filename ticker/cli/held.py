"""`ticker held list|show|release|spike`: lines under embargo. Needs TICKER_KEY; TICKER_URL says where."""

from __future__ import annotations

import json
from typing import Annotated
from urllib.parse import quote

import typer

from ticker.cli.client import Service
from ticker.cli.file import Feed
from ticker.dispatch import BREAKING

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Id = Annotated[str, typer.Argument(help="The held line's id, as its receipt gave it.")]


def _address(feed: str, id: str | None = None) -> str:
    held = f"/v1/feeds/{quote(feed, safe='')}/held"
    return held if id is None else f"{held}/{quote(id, safe='')}"


@app.command(name="list")
def list_held(feed: Feed = BREAKING) -> None:
    """List the lines that wait, the next one first: id, when it is released, urgency, text."""
    for line in Service().ask("GET", _address(feed))["held"]:
        print("\t".join((line["id"], line["release_at"], line["urgency"], line["text"])))


@app.command()
def show(id: Id, feed: Feed = BREAKING) -> None:
    """Print a held line, or what became of it."""
    print(json.dumps(Service().ask("GET", _address(feed, id)), ensure_ascii=False))


@app.command()
def release(id: Id, feed: Feed = BREAKING) -> None:
    """Release a held line now, and print the receipt of the dispatch."""
    print(json.dumps(Service().ask("POST", _address(feed, id) + "/release"), ensure_ascii=False))


@app.command()
def spike(
    id: Id,
    feed: Feed = BREAKING,
    reason: Annotated[str | None, typer.Option(help="Why; the desk sees it.")] = None,
) -> None:
    """Take a held line out for good: it is never to go out. Prints the receipt."""
    said = {"reason": reason} if reason else None
    print(json.dumps(Service().ask("DELETE", _address(feed, id), said), ensure_ascii=False))
