"""Reader pages: whole without JavaScript, live with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import jinja2
import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ticker.dispatch import BREAKING, direction
from ticker.errors import NotFound, TickerError
from ticker.feed import Feed
from ticker.web.assets import CLIENTS, asset
from ticker.web.node import Node, node_of

_HERE: Final = Path(__file__).parent
LONGEST_STORY: Final = 500
"""Lines of a story on its page: the newest, should there ever be more."""

WORDS: Final[dict[str, dict[str, str]]] = json.loads((CLIENTS / "reader" / "words.json").read_text("utf-8"))

SAFETY: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "referrer-policy": "strict-origin-when-cross-origin",
}

_ROOM = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=jinja2.StrictUndefined
)
_ROOM.globals["asset"] = asset


def _render(template: str, code: int = 200, **context: Any) -> HTMLResponse:
    page = _ROOM.get_template(template).render(**context)
    cache = "public, max-age=1" if code == 200 else "no-store"
    return HTMLResponse(page, code, {**SAFETY, "cache-control": cache})


def _words(language: str) -> dict[str, str]:
    return WORDS.get(language.partition("-")[0].lower(), WORDS["en"])


def _describe(feed: Feed) -> dict[str, str]:
    return {
        "name": feed.name,
        "title": feed.title,
        "language": feed.language,
        "direction": direction(feed.language),
    }


def _shown(dispatch: dict[str, Any], feed: Feed) -> dict[str, Any]:
    language = dispatch.get("language", feed.language)
    return {**dispatch, "language": language, "direction": direction(language)}


def _arranged(feed: Feed) -> list[dict[str, Any]]:
    """Return the lines in the order of the page: a pinned one first, unless it was killed."""
    every = feed.dispatches if feed.pinned_dispatch is None else [*feed.dispatches, feed.pinned_dispatch]
    return sorted(every, key=lambda each: each["id"] != feed.pinned or each["status"] == "killed")


def _data_block(value: object) -> str:
    """Return JSON that cannot end the script element it stands in."""
    return orjson.dumps(value).decode().replace("<", "\\u003c")


def _feeds(node: Node) -> list[dict[str, str]]:
    return [_describe(channel.feed) for channel in node.hub.channels.values()]


async def front(request: Request) -> Response:
    """GET /: the breaking feed."""
    return await _page(request, BREAKING)


async def feed_page(request: Request) -> Response:
    """GET /feeds/{feed}"""
    return await _page(request, request.path_params["feed"])


async def _page(request: Request, name: str) -> Response:
    node = node_of(request)
    channel = await node.find(name)
    feed = channel.feed
    words = _words(feed.language)
    return _render(
        "reader.html",
        feed=_describe(feed),
        dispatches=[_shown(dispatch, feed) for dispatch in _arranged(feed)],
        air=feed.air,
        pinned=feed.pinned,
        page_json=_data_block({"snapshot": channel.snapshot(), "words": words}),
        feeds=_feeds(node),
        words=words,
    )


def _start(feed: Feed) -> dict[str, Any]:
    """Return the snapshot from whose position a page of lines from the journal goes on, before these are read.

    Read first, it may be older than the lines, and the page is told again of what they say already. The other
    way round, what happened in between would never be told.
    """
    return {"type": "snapshot", "feed": feed.name, "position": str(feed.tail.position), "air": feed.air, "pinned": None}


async def dispatch_page(request: Request) -> Response:
    """GET /feeds/{feed}/{id}"""
    node = node_of(request)
    feed = (await node.find(request.path_params["feed"])).feed
    start = _start(feed)
    found = await node.journal.dispatch(feed.name, request.path_params["id"])
    revisions = found.pop("revisions", [])
    words = _words(feed.language)
    return _render(
        "dispatch.html",
        410 if found["status"] == "killed" else 200,
        feed=_describe(feed),
        dispatch=_shown(found, feed),
        revisions=revisions,
        page_json=_data_block({"snapshot": start | {"dispatches": [found]}, "words": words}),
        feeds=_feeds(node),
        words=words,
    )


async def story_page(request: Request) -> Response:
    """GET /feeds/{feed}/stories/{story}: the lines of one running story from its first, as they stand"""
    node = node_of(request)
    feed = (await node.find(request.path_params["feed"])).feed
    story = request.path_params["story"]
    start = _start(feed)
    lines = await node.journal.history(feed.name, None, LONGEST_STORY, ("story", story))
    if not lines:
        raise NotFound(f"There is no story {story!r} in the feed {feed.name!r}")
    words = _words(feed.language)
    lines.reverse()
    return _render(
        "story.html",
        feed=_describe(feed),
        story=story,
        dispatches=[_shown(dispatch, feed) for dispatch in lines],
        page_json=_data_block({"snapshot": start | {"dispatches": lines}, "story": story, "words": words}),
        feeds=_feeds(node),
        words=words,
    )


def problem_page(error: TickerError) -> Response:
    """Return an error for people rather than programs."""
    answer = _render("problem.html", error.status, status=error.status, title=error.title, detail=error.detail)
    if error.retry_after is not None:
        answer.headers["retry-after"] = str(error.retry_after)
    return answer
