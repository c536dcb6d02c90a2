"""`ticker held list|show|release|spike`: dispatches under embargo. Needs TICKER_KEY; TICKER_URL says where."""

from __future__ import annotations

from typing import Annotated

import typer

from ticker.cli.change import IdempotencyKey, checked, send
from ticker.cli.client import Service
from ticker.cli.file import Feed
from ticker.cli.receipt import as_json, show
from ticker.client import writes
from ticker.client.request import feed_path
from ticker.dispatch import BREAKING

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Id = Annotated[str, typer.Argument(help="The held dispatch's id, as its receipt gave it.")]


@app.command(name="list")
def list_held(feed: Feed = BREAKING) -> None:
    """List what waits, the next one first: id, when it is released or since when it is parked, urgency, text."""
    for held in (held for page in Service().pages(feed_path(feed, "held")) for held in page["held"]):
        when = f"parked {held['parked']}" if "parked" in held else held["release_at"]
        print("\t".join((held["id"], when, held["urgency"], held["text"])))


@app.command(name="show")
def show_held(id: Id, feed: Feed = BREAKING) -> None:
    """Print a held dispatch; also once it was released or spiked."""
    print(as_json(Service().ask("GET", feed_path(feed, "held", id))))


@app.command()
def release(context: typer.Context, id: Id, feed: Feed = BREAKING, idempotency_key: IdempotencyKey = None) -> None:
    """Release a held dispatch now, and print its receipt."""
    show(send(context, writes.release(feed, id, checked(idempotency_key))), "Filed", feed)


@app.command()
def spike(
    context: typer.Context,
    id: Id,
    feed: Feed = BREAKING,
    reason: Annotated[str | None, typer.Option(help="Why; the desk sees it.")] = None,
    idempotency_key: IdempotencyKey = None,
) -> None:
    """Withdraw a held dispatch for good. Prints the receipt."""
    show(send(context, writes.spike(feed, id, reason or None, checked(idempotency_key))), "Spiked", feed)
