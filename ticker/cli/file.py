"""`ticker file`, `correct` and `kill`: what a correspondent does."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from ticker.cli.change import IdempotencyKey, feed_path, send
from ticker.cli.moment import moment
from ticker.cli.receipt import show
from ticker.dispatch import BREAKING, Draft, check
from ticker.errors import TickerError

Id = Annotated[str, typer.Argument(help="The dispatch's id, as its receipt gave it.")]
Feed = Annotated[str, typer.Option(help="The feed.")]
Source = Annotated[str | None, typer.Option(help="Who says so: 'Civil Defence spokesman'.")]
Byline = Annotated[str | None, typer.Option(help="Who filed it, if readers are to know.")]
Urgency = Annotated[str | None, typer.Option(help="flash, bulletin, urgent or normal.")]
Language = Annotated[str | None, typer.Option(help="BCP 47 tag; the feed's unless given.")]
Sections = Annotated[list[str] | None, typer.Option("--section", help="A section; may be repeated.")]
Places = Annotated[list[str] | None, typer.Option("--place", help="A place; may be repeated.")]
Story = Annotated[str | None, typer.Option(help="Slug of the running story.")]
Link = Annotated[str | None, typer.Option(help="Address of the full article.")]
EditionOf = Annotated[str | None, typer.Option(help="The same dispatch in another feed, as feed/id.")]
ReleaseAt = Annotated[str | None, typer.Option(help="Hold it until then, for the desk alone: 18:00, +30m or RFC 3339.")]
Occurred = Annotated[str | None, typer.Option(help="When it happened: 15:09, -5m or RFC 3339.")]


def _standard_input() -> str:
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError:
        raise TickerError("standard input is not text in UTF-8") from None


def file(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="The text; - reads it from standard input.")],
    feed: Feed = BREAKING,
    source: Source = None,
    byline: Byline = None,
    urgency: Urgency = None,
    language: Language = None,
    section: Sections = None,
    place: Places = None,
    story: Story = None,
    link: Link = None,
    occurred: Occurred = None,
    edition_of: EditionOf = None,
    release_at: ReleaseAt = None,
    idempotency_key: IdempotencyKey = None,
) -> None:
    """File a dispatch and print its receipt. Needs TICKER_KEY; TICKER_URL says where."""
    text = (_standard_input() if text == "-" else text).strip()
    occurred = moment("occurred", occurred or None, lies="past")
    release_at = moment("release_at", release_at or None, lies="future")
    options = {
        "text": text,
        "source": source,
        "byline": byline,
        "urgency": urgency,
        "language": language,
        "sections": section,
        "places": place,
        "story": story,
        "link": link,
        "occurred": occurred,
        "edition_of": edition_of,
        "release_at": release_at,
    }
    draft = {name: value for name, value in options.items() if value}
    check(Draft, {"text": "", **draft})
    receipt = send(
        context,
        "POST",
        feed_path(feed, "dispatches"),
        draft,
        key=idempotency_key,
        text=text,
        occurred=occurred,
        release_at=release_at,
    )
    show(receipt, "Held" if "release_at" in receipt else "Filed", feed)


def correct(
    context: typer.Context,
    id: Id,
    text: Annotated[str | None, typer.Option(help="The text as it should read.")] = None,
    note: Annotated[str | None, typer.Option(help="What readers are told of the correction.")] = None,
    feed: Feed = BREAKING,
    source: Source = None,
    byline: Byline = None,
    urgency: Urgency = None,
    language: Language = None,
    section: Sections = None,
    place: Places = None,
    story: Story = None,
    link: Link = None,
    occurred: Occurred = None,
    edition_of: EditionOf = None,
    revision: Annotated[int | None, typer.Option(help="Refuse unless this is its current revision.")] = None,
    idempotency_key: IdempotencyKey = None,
) -> None:
    """Correct a dispatch and print the receipt. An empty value, as in --source '', takes a field away."""
    if occurred:
        occurred = moment("occurred", occurred, lies="past")
    options = {
        "text": text,
        "note": note,
        "source": source,
        "byline": byline,
        "urgency": urgency,
        "language": language,
        "sections": section,
        "places": place,
        "story": story,
        "link": link,
        "occurred": occurred,
        "edition_of": edition_of,
    }
    changes = {name: _or_none(value) for name, value in options.items() if value is not None}
    match = "*" if revision is None else f'"{revision}"'
    receipt = send(
        context,
        "PATCH",
        feed_path(feed, "dispatches", id),
        changes,
        {"if-match": match},
        key=idempotency_key,
        occurred=occurred,
    )
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
    path = feed_path(feed, "dispatches", id, "kill")
    show(send(context, "POST", path, {"reason": reason}, key=idempotency_key), "Killed", feed)
