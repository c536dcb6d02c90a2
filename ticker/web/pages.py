"""Reader pages: whole without JavaScript, live with it.

What is in this node's memory is also shown while Redis is unreachable; each page has the time of its state.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ticker.channel import Channel
from ticker.dispatch import BREAKING, direction, rfc3339
from ticker.errors import NotFound, Unavailable
from ticker.feed import Feed, place
from ticker.journal.history import Filter, Page
from ticker.journal.revisions import Revisions
from ticker.schema import text
from ticker.serving import ServingNode
from ticker.web.admission import governing, readable
from ticker.web.caching import NEVER, of_feed
from ticker.web.dispatches import REVISION_BEFORE, revision_before
from ticker.web.faults import INVALID_PARAMETER
from ticker.web.feeds import originals_of, siblings
from ticker.web.history import fitted
from ticker.web.node import node_of
from ticker.web.operation import HTML, Operation, Resource, Returns
from ticker.web.parameters import BEFORE, DISPATCH_ID, FEED_NAME, in_path
from ticker.web.pieces import pieces_of
from ticker.web.public_url import base
from ticker.web.rendering import environment
from ticker.web.wording import masthead, story_title, words

_STORY: Final = text("The story.", pattern="^[a-z0-9][a-z0-9-]{0,79}$")

ROUTES: Final = Resource("Pages", (FEED_NAME, DISPATCH_ID, in_path("StoryName", "story", _STORY, "marada-bridge")))

FEED_PAGE: Final = "/feeds/{feed}"

STORY_PAGE: Final = 100
"""Dispatches on one page of a story; older ones are a link away."""

MASTHEAD_FEEDS: Final = 50
"""Feeds that a page leads to."""

SAFETY: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "referrer-policy": "strict-origin-when-cross-origin",
}

_TEMPLATES: Final = environment()

_PAGE: Final = Returns(200, "A page.", media_type=HTML)


async def render(request: Request, template: str, code: int = 200, **context: Any) -> HTMLResponse:
    """Return a page made from a template, of what was looked up while `Pieces.drawing` is held.

    Caches may keep it for a second, a tombstone too, unless it is an error or takes a key to read.
    """
    page = await pieces_of(request).render(_TEMPLATES.get_template(template), base=base(request), **context)
    caching = of_feed(governing(request)) if code in (200, 410) else NEVER
    return HTMLResponse(page, code, {**SAFETY, "cache-control": caching})


def describe(feed: Feed) -> dict[str, Any]:
    """Return what templates show of a feed."""
    return {
        "name": feed.name,
        "title": feed.title,
        "language": feed.language,
        "direction": direction(feed.language),
        "masthead": masthead(feed.title, feed.language),
        "rehearsal": words(feed.language)["rehearsal"] if feed.rehearsal else None,
    }


def _feeds(node: ServingNode, current: Feed) -> list[dict[str, Any]]:
    """Return what the masthead lists: MASTHEAD_FEEDS that are public and open, and the one that is shown."""
    every = [channel.feed for channel in node.hub.channels.values()]
    listed = islice((feed for feed in every if feed.listed and feed.closed is None), MASTHEAD_FEEDS)
    shown = {feed.name: feed for feed in (*listed, current)}
    return [describe(shown[name]) for name in sorted(shown, key=place)]


async def _render(
    request: Request, template: str, channel: Channel, code: int = 200, *, proof: str | None, **context: Any
) -> HTMLResponse:
    """Return a page of a feed: what all of these share, and `context`.

    `proof` is when this node was last proven to be in sync before it read what the page shows.
    """
    feed = channel.feed
    return await render(
        request,
        template,
        code,
        feed=describe(feed),
        words=words(feed.language),
        closed=feed.closed,
        at=proof or rfc3339(datetime.now(UTC)),
        **context,
    )


def _shown(dispatch: dict[str, Any], feed: Feed) -> dict[str, Any]:
    language = dispatch.get("language", feed.language)
    return {**dispatch, "language": language, "direction": direction(language)}


def _in_memory(feed: Feed) -> list[dict[str, Any]]:
    """Return the dispatches that this node knows without Redis, newest first."""
    return feed.dispatches if feed.pinned_dispatch is None else [*feed.dispatches, feed.pinned_dispatch]


def _arranged(feed: Feed) -> list[dict[str, Any]]:
    """Return the dispatches in the order of the page: a pinned one first, unless it was killed."""
    return sorted(_in_memory(feed), key=lambda each: each["id"] != feed.pinned or each["status"] == "killed")


def _data_block(request: Request, feed: Feed, value: dict[str, Any]) -> str:
    """Return what a page's script starts from: JSON that cannot end the script element around it."""
    block = {"base": base(request), "words": words(feed.language), **value}
    return orjson.dumps(block).decode().replace("<", "\\u003c")


def _canonical(request: Request, path: str) -> str | None:
    """Return the one address of a page, if the service knows its own; relative ones mean nothing to search engines."""
    public = base(request)
    return f"{public}{path}" if public else None


def _alternates(request: Request, feed: Feed) -> list[dict[str, str]]:
    """Return the feed's page and those of its editions, each with its language (hreflang)."""
    every = [channel.feed for channel in node_of(request).hub.channels.values()]
    originals = originals_of(every)
    family = [other for other in every if originals[other.name] == originals[feed.name]]
    editions = siblings(feed, [other for other in family if other.listed and other.closed is None])
    if not editions:
        return []
    own = {"name": feed.name, "language": feed.language}
    return [
        {"language": edition["language"], "url": f"{base(request)}/feeds/{edition['name']}"}
        for edition in (own, *editions)
    ]


@Operation(ROUTES, "GET", "/", "showBreaking", "The feed `breaking`", (_PAGE,))
async def front(request: Request) -> Response:
    """Show the breaking feed."""
    request.path_params["feed"] = BREAKING
    return await feed_page(request)


@Operation(ROUTES, "GET", FEED_PAGE, "showFeed", "A feed", (_PAGE,))
async def feed_page(request: Request) -> Response:
    """Show a feed."""
    channel = await readable(request, pages=False)
    async with pieces_of(request).drawing:
        feed = channel.feed
        return await _render(
            request,
            "reader.html",
            channel,
            proof=channel.freshness.proof,
            dispatches=[_shown(dispatch, feed) for dispatch in _arranged(feed)],
            air=feed.air,
            pinned=feed.pinned,
            page_json=_data_block(request, feed, {"snapshot": channel.snapshot()}),
            feeds=_feeds(node_of(request), feed),
            canonical=_canonical(request, f"/feeds/{feed.name}"),
            alternates=_alternates(request, feed),
            formats=_formats(request, FEED_PAGE),
        )


def _formats(request: Request, page: str) -> list[dict[str, str]]:
    """Return the media type and address of each format, other than HTML, that a page is served in."""
    return [
        {"type": operation.returns[0].media_type, "url": base(request) + operation.path.format(**request.path_params)}
        for operation in request.app.state.operations
        if operation.alternate_of == page
    ]


def _start(channel: Channel, dispatches: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the snapshot from whose position a page of `dispatches` continues."""
    return {**channel.snapshot(), "pinned": None, "dispatches": dispatches}


@Operation(
    ROUTES,
    "GET",
    FEED_PAGE + "/{id}",
    "showDispatch",
    "One dispatch, with its newest 20 earlier revisions",
    (_PAGE, Returns(410, "It was killed; why.", media_type=HTML)),
    parameters=(REVISION_BEFORE,),
    faults=(INVALID_PARAMETER,),
)
async def dispatch_page(request: Request) -> Response:
    """Show one dispatch, or its tombstone."""
    channel = await readable(request, pages=False)
    feed = channel.feed
    id = request.path_params["id"]
    start = _start(channel, [])  # before the dispatch is read: a change in between is sent again, never left out
    try:
        before = revision_before(request)
        found, earlier = await node_of(request).journal.dispatch_with_revisions(feed.name, id, before)
    except Unavailable:
        known = [dispatch for dispatch in _in_memory(feed) if dispatch["id"] == id]
        if not known:
            raise
        found, earlier = known[0], Revisions([], None)
    async with pieces_of(request).drawing:
        found = channel.as_known(found)
        earlier = Revisions([], None) if found["status"] == "killed" else earlier
        return await _render(
            request,
            "dispatch.html",
            channel,
            410 if found["status"] == "killed" else 200,
            proof=start["at"],
            dispatch=_shown(found, feed),
            revisions=earlier.revisions,
            older=earlier.before,
            page_json=_data_block(request, feed, {"snapshot": start | {"dispatches": [found]}}),
            canonical=_canonical(request, f"/feeds/{feed.name}/{id}"),
        )


@Operation(
    ROUTES,
    "GET",
    FEED_PAGE + "/stories/{story}",
    "showStory",
    "The dispatches of one story, newest first, 100 a page",
    (_PAGE,),
    parameters=(BEFORE,),
)
async def story_page(request: Request) -> Response:
    """Show the dispatches of one running story, newest first."""
    channel = await readable(request, pages=False)
    feed = channel.feed
    story = request.path_params["story"]
    before = request.query_params.get("before")
    start = _start(channel, [])  # before the dispatches are read, as above
    try:
        found = fitted(
            await node_of(request).journal.search(feed.name, before, STORY_PAGE, Filter({"story": (story,)}))
        )
    except Unavailable:
        found = _remembered(feed, story, before)
        if not found.dispatches:
            raise
    if not found.dispatches:
        raise NotFound(f"There is no such story in the feed {feed.name!r}")
    async with pieces_of(request).drawing:
        found = found._replace(dispatches=[channel.as_known(dispatch) for dispatch in found.dispatches])
        newest = next((each for each in found.dispatches if each["status"] == "usable"), None)
        # Without a usable one the slug is nowhere on the page, since it may name what was wrong.
        of_story = {"story": story if newest else None, "before": before}
        block: dict[str, Any] = {"snapshot": start | {"dispatches": found.dispatches}}
        block |= {name: value for name, value in of_story.items() if value is not None}
        return await _render(
            request,
            "story.html",
            channel,
            proof=start["at"],
            story=story,
            name=story_title(story),
            newest=newest,
            before=before,
            older=found.before is not None,
            dispatches=[_shown(dispatch, feed) for dispatch in found.dispatches],
            page_json=_data_block(request, feed, block),
            canonical=_canonical(request, f"/feeds/{feed.name}/stories/{story}"),
        )


def _remembered(feed: Feed, story: str, before: str | None) -> Page:
    """Return what this node knows of a story without Redis; there may always be more."""
    known = [each for each in _in_memory(feed) if each.get("story") == story]
    known = [each for each in known if before is None or each["id"] < before]
    return Page(known, known[-1]["id"] if known else None)
