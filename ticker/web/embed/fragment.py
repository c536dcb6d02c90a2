"""A feed as a fragment of somebody else's page, for server-side inclusion: by SSI, by ESI, by a CMS."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ticker.channel import Channel
from ticker.dispatch import LONGEST_LINK, Link
from ticker.web.admission import cross_origin, readable
from ticker.web.caching import of_feed
from ticker.web.described.bodies import RULES
from ticker.web.embed.attributes import FRAGMENT, Attributes, read
from ticker.web.embed.drawing import draw
from ticker.web.embed.parameters import ATTRIBUTES, one_of
from ticker.web.embed.policy import policy
from ticker.web.embed.refusal import in_page
from ticker.web.embed.selection import Dispatch, older, shown
from ticker.web.embed.structured import live_blog, script_text
from ticker.web.faults import INVALID_PARAMETER
from ticker.web.node import node_of
from ticker.web.operation import HTML, Operation, Resource, Returns
from ticker.web.parameters import FEED_NAME, query
from ticker.web.pieces import pieces_of
from ticker.web.public_url import absolute, base

ROUTES: Final = Resource("Embedding", (FEED_NAME,))

ANCHOR: Final = "line-"
"""Prefix of a dispatch's id in the fragment of its URL on the feed's own page."""

_WITH_SCRIPT: Final = query(
    "WithScript",
    "script",
    "Whether the script element that loads the widget is there.",
    one_of("yes", "no", default="yes"),
    "no",
)
_INCLUDING_PAGE: Final = query(
    "IncludingPage",
    "page",
    "URL of the page that includes it, for the structured data.",
    {"type": "string", "maxLength": LONGEST_LINK, **RULES[Link]},
    "https://news.example/live",
)
_SCRIPT: Final = Markup('<script type="module" src="{}/embed/v1/ticker.js"></script>\n')


@Operation(
    ROUTES,
    "GET",
    "/embed/feeds/{feed}/fragment",
    "includeFeed",
    "A feed, for inclusion by a server",
    (Returns(200, "A `breaking-ticker` element with a declarative shadow root.", media_type=HTML),),
    parameters=(*ATTRIBUTES, _WITH_SCRIPT, _INCLUDING_PAGE),
    faults=(INVALID_PARAMETER,),
)
@in_page
async def fragment(request: Request) -> Response:
    """Respond with the widget, drawn."""
    channel = await readable(request, pages=False)
    feed = channel.feed
    attributes = read(request.query_params, feed.name, FRAGMENT)
    node = node_of(request)
    history, pieces, src = await older(node.journal, channel, attributes), pieces_of(request), absolute(request)
    async with pieces.drawing:
        dispatches = shown(channel, attributes, history)
        structured = None if attributes.schema == "off" else structured_data(channel, dispatches, attributes, src)
        element = await draw(pieces, channel, dispatches, attributes, src=src, structured=structured)
    script = _SCRIPT.format(src) if attributes.script else Markup()
    headers = {
        "cache-control": of_feed(feed, shared=bool(base(request))),
        # For a browser that opens it as a page; a page that includes it has its own policy.
        "content-security-policy": policy(node.settings, feed),
        "content-language": feed.language,
        "x-robots-tag": "noindex",
        **cross_origin(node.settings, request.headers.get("origin"), feed),
    }
    return HTMLResponse(f"{script}{element}\n", headers=headers)


def structured_data(channel: Channel, dispatches: list[Dispatch], attributes: Attributes, src: str) -> Markup | None:
    """Return the JSON-LD of what is shown, for the page that includes it or else for the feed's own page."""
    feed = channel.feed
    latest = max((each["updated"] for each in dispatches), default=None)
    posting = live_blog(
        {"title": feed.title, "language": feed.language, "publisher": feed.title},
        dispatches,
        page=attributes.page or f"{src}/feeds/{feed.name}",
        anchor="" if attributes.page else ANCHOR,
        ended=feed.closed or (None if feed.air["on"] else latest),
    )
    return None if posting is None else script_text(posting)
