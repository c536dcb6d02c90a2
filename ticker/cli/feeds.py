"""`ticker feeds add|edit|close|list`."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import quote

import typer

from ticker.admin import FeedEdit, FeedPlan
from ticker.cli.backend import directly, over_http
from ticker.cli.client import Service
from ticker.cli.serve import Data, RedisUrl
from ticker.dispatch import check
from ticker.errors import BadSetting
from ticker.journal.feed_settings import FeedSettings
from ticker.journal.registry import Registry, now

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

SERVICE: Final = "service"
"""As an origin of `feeds edit`: the feed uses the service's list again."""

_COLUMNS: Final = ("name", "language", "title", "visibility", "rehearsal", "closed")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Small letters, digits and hyphens.")],
    title: Annotated[str | None, typer.Option(help="What readers see. [default: the name]")] = None,
    language: Annotated[
        str, typer.Option(help="BCP 47 tag of its dispatches; their direction follows from it.")
    ] = "en",
    edition_of: Annotated[
        str | None, typer.Option(help="The feed of which this is another language's edition.")
    ] = None,
    two_person_flash: Annotated[  # noqa: FBT002  # a flag
        bool, typer.Option("--two-person-flash", help="A flash goes out as urgent until a second key confirms it.")
    ] = False,
    timezone: Annotated[str | None, typer.Option(help="IANA name, such as Asia/Beirut. [default: UTC]")] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(help="Web origin whose pages may read it, * for all; repeat for more. [default: the service's]"),
    ] = None,
    visibility: Annotated[str | None, typer.Option(help="public, unlisted or private. [default: public]")] = None,
    rehearsal: Annotated[  # noqa: FBT002  # a flag
        bool, typer.Option("--rehearsal", help="For training: private, and marked as a rehearsal everywhere.")
    ] = False,
    redis: RedisUrl = None,
    data: Data = None,
) -> None:
    """Open a feed. Every running node has it at once."""
    request = {
        "name": name,
        "title": title or name,
        "language": language,
        "edition_of": edition_of,
        "two_person_flash": two_person_flash,
        **_given(timezone=timezone, origins=origin or None, visibility=visibility, rehearsal=rehearsal or None),
    }
    plan = check(FeedPlan, request)
    if over_http(redis, data):
        Service().ask("POST", "/v1/feeds", request)
    else:
        directly(redis, data, lambda registry: _open(registry, plan))
    print(name)


async def _open(registry: Registry, plan: FeedPlan) -> None:
    await registry.check_edition(plan.name, plan.edition_of)
    await registry.open_feed(FeedSettings.requested(plan, now()))


@app.command()
def edit(
    name: Annotated[str, typer.Argument(help="The feed.")],
    title: Annotated[str | None, typer.Option(help="What readers see.")] = None,
    language: Annotated[str | None, typer.Option(help="BCP 47 tag of its dispatches from now on.")] = None,
    edition_of: Annotated[str | None, typer.Option(help="As in `add`; an empty one for none.")] = None,
    two_person_flash: Annotated[
        bool | None, typer.Option("--two-person-flash/--one-person-flash", help="Whether a flash takes a second key.")
    ] = None,
    timezone: Annotated[str | None, typer.Option(help="IANA name, such as Asia/Beirut.")] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(help="As in `add`, replacing those before; `service` for the service's, an empty one for none."),
    ] = None,
    visibility: Annotated[str | None, typer.Option(help="public, unlisted or private.")] = None,
    reopen: Annotated[bool, typer.Option("--reopen", help="Open it again if it is closed.")] = False,  # noqa: FBT002
    redis: RedisUrl = None,
    data: Data = None,
) -> None:
    """Change the settings that are named. Every running node applies them at once."""
    changes = _given(
        title=title, language=language, two_person_flash=two_person_flash, timezone=timezone, visibility=visibility
    )
    if edition_of is not None:
        changes["edition_of"] = edition_of or None
    if origin:
        changes["origins"] = None if origin == [SERVICE] else [entry for entry in origin if entry]
    if reopen:
        changes["closed"] = None
    if not changes:
        raise BadSetting("name what to change, such as --title; `ticker feeds edit --help` lists it")
    check(FeedEdit, changes)
    if over_http(redis, data):
        Service().ask("PATCH", f"/v1/feeds/{quote(name, safe='')}", changes)
    else:
        directly(redis, data, lambda registry: _edit(registry, name, changes))
    print(name)


async def _edit(registry: Registry, name: str, changes: dict[str, Any]) -> FeedSettings:
    await registry.check_edition(name, changes.get("edition_of"))
    return await registry.edit(name, changes)


@app.command()
def close(name: Annotated[str, typer.Argument(help="The feed.")], redis: RedisUrl = None, data: Data = None) -> None:
    """Close a feed: it takes no dispatches and has no readers; its history stays. `edit --reopen` reopens it."""
    if over_http(redis, data):
        closed = Service().ask("DELETE", f"/v1/feeds/{quote(name, safe='')}")["closed"]
    else:
        closed = directly(redis, data, lambda registry: registry.close(name)).closed
    print(f"{name}\tclosed {closed}")


@app.command(name="list")
def list_feeds(redis: RedisUrl = None, data: Data = None) -> None:
    """List the feeds: name, language, title, visibility, whether it is a rehearsal, and when it was closed."""
    if over_http(redis, data):
        feeds = [feed for page in Service().pages("/v1/feeds") for feed in page["feeds"]]
    else:
        every = directly(redis, data, Registry.feeds)
        feeds = [{name: getattr(settings, name) for name in _COLUMNS} for settings in every]
    for feed in feeds:
        *row, rehearsal, closed = (feed.get(name) or "" for name in _COLUMNS)
        marks = [*(["rehearsal"] if rehearsal else []), *([f"closed {closed}"] if closed else [])]
        print("\t".join([*row, *marks]))


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
