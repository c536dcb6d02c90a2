"""`ticker feeds add|list`."""

from __future__ import annotations

from typing import Annotated

import typer

from ticker.cli.client import Service
from ticker.cli.log import directly, over_http
from ticker.cli.serve import Data, RedisUrl
from ticker.dispatch import FeedPlan, check
from ticker.journal.registry import Plan, now

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Small letters, digits and hyphens.")],
    title: Annotated[str | None, typer.Option(help="What readers see. [default: the name]")] = None,
    language: Annotated[str, typer.Option(help="BCP 47 tag of its lines; direction follows from it.")] = "en",
    edition_of: Annotated[
        str | None, typer.Option(help="The feed of which this is another language's edition.")
    ] = None,
    two_person_flash: Annotated[  # noqa: FBT002  # a flag
        bool, typer.Option("--two-person-flash", help="A flash goes out as urgent until a second key confirms it.")
    ] = False,
    redis: RedisUrl = None,
    data: Data = None,
) -> None:
    """Open a feed. Every running node takes it in at once."""
    said = {
        "name": name,
        "title": title or name,
        "language": language,
        "edition_of": edition_of,
        "two_person_flash": two_person_flash,
    }
    check(FeedPlan, said)
    if over_http(redis, data):
        Service().ask("POST", "/v1/feeds", said)
    else:
        plan = Plan(name, title or name, language, now(), edition_of, two_person_flash)
        directly(redis, data, lambda registry: registry.open_feed(plan))
    print(name)


@app.command(name="list")
def list_feeds(redis: RedisUrl = None, data: Data = None) -> None:
    """List the feeds: name, language, title."""
    if over_http(redis, data):
        feeds = Service().ask("GET", "/v1/feeds")["feeds"]
        rows = [(feed["name"], feed["language"], feed["title"]) for feed in feeds]
    else:
        plans = directly(redis, data, lambda registry: registry.feeds())
        rows = [(plan.name, plan.language, plan.title) for plan in plans]
    for row in rows:
        print("\t".join(row))
