"""`ticker confirm`, `pin`, `unpin` and `air`: what an editor does besides correcting and killing."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from ticker.cli.change import IdempotencyKey, checked, send
from ticker.cli.file import Feed, Id
from ticker.cli.receipt import show
from ticker.client import writes
from ticker.dispatch import BREAKING


class OnOff(StrEnum):
    """The two positions of a switch."""

    ON = "on"
    OFF = "off"


def confirm(
    context: typer.Context,
    id: Id,
    feed: Feed = BREAKING,
    revision: Annotated[
        int | None, typer.Option(help="The revision you have read. [default: the one that was to be confirmed]")
    ] = None,
) -> None:
    """Confirm another's flash: the second key. Prints the receipt."""
    # There is no option for an Idempotency-Key: a confirmed flash is not raised twice.
    show(send(context, writes.confirm(feed, id, revision=revision)), "Confirmed", feed)


def pin(context: typer.Context, id: Id, feed: Feed = BREAKING, idempotency_key: IdempotencyKey = None) -> None:
    """Pin a dispatch to the top of its feed. Prints the receipt."""
    show(send(context, writes.pin(feed, id, checked(idempotency_key))), "Pinned", feed)


def unpin(context: typer.Context, feed: Feed = BREAKING, idempotency_key: IdempotencyKey = None) -> None:
    """Remove the pin. Prints the receipt."""
    show(send(context, writes.pin(feed, None, checked(idempotency_key))), "Unpinned", feed)


def air(
    context: typer.Context,
    switch: Annotated[OnOff, typer.Argument(metavar="on|off", help="Whether the newsroom is on air.")],
    label: Annotated[str | None, typer.Option(help="Text of the link to the broadcast.")] = None,
    url: Annotated[str | None, typer.Option(help="Address of the broadcast.")] = None,
    feed: Feed = BREAKING,
    idempotency_key: IdempotencyKey = None,
) -> None:
    """Put a feed on or off the air; label and url are replaced too. Prints the receipt."""
    on = switch == OnOff.ON
    request = writes.air(feed, on=on, label=label or None, url=url or None, key=checked(idempotency_key))
    show(send(context, request, switch=switch.value), "On air" if on else "Off air", feed)
