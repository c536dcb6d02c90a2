"""`ticker file`, `correct` and `kill`: what a correspondent does."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any
from urllib.parse import quote

import typer

from ticker.cli.client import Service
from ticker.dispatch import BREAKING, Draft, check
from ticker.errors import TickerError

Feed = Annotated[str, typer.Option(help="The feed.")]
Source = Annotated[str | None, typer.Option(help="Who says so: 'Civil Defence spokesman'.")]
Byline = Annotated[str | None, typer.Option(help="Who filed it, if readers are to know.")]
Urgency = Annotated[str | None, typer.Option(help="flash, bulletin, urgent or normal.")]
Language = Annotated[str | None, typer.Option(help="BCP 47 tag; the feed's unless given.")]
Sections = Annotated[list[str] | None, typer.Option("--section", help="A section; may be repeated.")]
Places = Annotated[list[str] | None, typer.Option("--place", help="A place; may be repeated.")]
Story = Annotated[str | None, typer.Option(help="Slug of the running story.")]
Link = Annotated[str | None, typer.Option(help="Address of the full article.")]
EditionOf = Annotated[str | None, typer.Option(help="The same line in another feed, as feed/id.")]
ReleaseAt = Annotated[str | None, typer.Option(help="Hold the line until then (RFC 3339); only the desk sees it.")]
Occurred = Annotated[str | None, typer.Option(help="When it happened (RFC 3339).")]


def _said(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value}


def _standard_input() -> str:
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError:
        raise TickerError("standard input is not text in UTF-8") from None


def _address(feed: str, id: str) -> str:
    return f"/v1/feeds/{quote(feed, safe='')}/dispatches/{quote(id, safe='')}"


def file(
    text: Annotated[str, typer.Argument(help="The line; - reads it from standard input.")],
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
) -> None:
    """File a dispatch and print its receipt. Needs TICKER_KEY; TICKER_URL says where."""
    draft = _said(
        text=_standard_input() if text == "-" else text,
        source=source,
        byline=byline,
        urgency=urgency,
        language=language,
        sections=section,
        places=place,
        story=story,
        link=link,
        occurred=occurred,
        edition_of=edition_of,
        release_at=release_at,
    )
    check(Draft, draft | {"text": draft.get("text", "")})
    print(json.dumps(Service().ask("POST", f"/v1/feeds/{quote(feed, safe='')}/dispatches", draft)))


def correct(
    id: Annotated[str, typer.Argument(help="The dispatch's id, as its receipt gave it.")],
    text: Annotated[str | None, typer.Option(help="The line as it should read.")] = None,
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
    revision: Annotated[int | None, typer.Option(help="Refuse unless it stands at this revision.")] = None,
) -> None:
    """Correct a dispatch and print the receipt."""
    changes = _said(
        text=text,
        note=note,
        source=source,
        byline=byline,
        urgency=urgency,
        language=language,
        sections=section,
        places=place,
        story=story,
        link=link,
        occurred=occurred,
        edition_of=edition_of,
    )
    match = "*" if revision is None else f'"{revision}"'
    receipt = Service().ask("PATCH", _address(feed, id), changes, {"if-match": match})
    print(json.dumps(receipt))


def kill(
    id: Annotated[str, typer.Argument(help="The dispatch's id, as its receipt gave it.")],
    reason: Annotated[str, typer.Option(help="Why; readers see it.")],
    feed: Feed = BREAKING,
) -> None:
    """Kill a dispatch: its text is served nowhere again. Prints the receipt."""
    print(json.dumps(Service().ask("POST", _address(feed, id) + "/kill", {"reason": reason})))
