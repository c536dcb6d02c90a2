"""`ticker file`, `correct` and `kill`: what a correspondent does."""

from __future__ import annotations

import sys
from typing import Annotated, Any, cast

import typer

from ticker.cli.change import IdempotencyKey, checked, send
from ticker.cli.fields import field_options, parse_given
from ticker.cli.receipt import show
from ticker.client import Corrections, Fields, writes
from ticker.dispatch import BREAKING, FIELDS, Draft, check
from ticker.errors import Invalid, TickerError

Id = Annotated[str, typer.Argument(help="The dispatch's id, as its receipt gave it.")]
Feed = Annotated[str, typer.Option(help="The feed.")]


def _standard_input() -> str:
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError:
        raise TickerError("standard input is not text in UTF-8") from None


@field_options(*(name for name in Draft.model_fields if name != "text"))
def file(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="The text; - reads it from standard input.")],
    feed: Feed = BREAKING,
    idempotency_key: IdempotencyKey = None,
    **fields: Any,
) -> None:
    """File a dispatch and print its receipt. Needs TICKER_KEY; TICKER_URL says where."""
    text = (_standard_input() if text == "-" else text).strip()
    given, times = parse_given(fields)
    if "release_at" in given and not given["release_at"].strip():
        # Left out, as other empty values are, it would file at once what was meant to be held.
        raise Invalid([("release_at", "is empty; leave --release-at out to file the dispatch now")])
    draft = {"text": text, **{name: value for name, value in given.items() if value}}
    check(Draft, draft)
    fields = {name: value for name, value in draft.items() if name != "text"}
    receipt = send(
        context, writes.file(feed, text, cast("Fields", fields), checked(idempotency_key)), text=text, **times
    )
    show(receipt, "Held" if "release_at" in receipt else "Filed", feed)


@field_options(*(name for name in FIELDS if name != "text"))
def correct(
    context: typer.Context,
    id: Id,
    text: Annotated[str | None, typer.Option(help="The text as it should read.")] = None,
    note: Annotated[str | None, typer.Option(help="A note to readers about this correction.")] = None,
    feed: Feed = BREAKING,
    revision: Annotated[int | None, typer.Option(help="Refuse unless this is its current revision.")] = None,
    idempotency_key: IdempotencyKey = None,
    **fields: Any,
) -> None:
    """Correct a dispatch and print the receipt. An empty value, as in --source '', takes a field away."""
    given, times = parse_given(fields)
    options = {"text": text, "note": note, **given}
    changes = {name: _or_none(value) for name, value in options.items() if value is not None}
    corrections = cast("Corrections", changes)  # with the note: an empty one takes it away
    request = writes.correct(feed, id, corrections, revision=revision, key=checked(idempotency_key))
    receipt = send(context, request, **times)
    show(receipt, "Corrected", feed)


def _or_none(value: Any) -> Any:
    """Return the value to send: None, which removes the field, where an empty value was given."""
    empty = not any(map(str.strip, value)) if isinstance(value, list) else not value.strip()
    return None if empty else value


def kill(
    context: typer.Context,
    id: Id,
    reason: Annotated[str, typer.Option(help="Why; readers see it.")],
    feed: Feed = BREAKING,
    idempotency_key: IdempotencyKey = None,
) -> None:
    """Kill a dispatch: its text is served nowhere again. Prints the receipt."""
    show(send(context, writes.kill(feed, id, reason, checked(idempotency_key))), "Killed", feed)
