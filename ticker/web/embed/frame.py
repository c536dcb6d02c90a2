"""Pages for an iframe on somebody else's page: a feed, and one dispatch as a card."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ticker.channel import Channel
from ticker.web.admission import readable
from ticker.web.caching import of_feed
from ticker.web.embed.attributes import CARD, Attributes, read
from ticker.web.embed.drawing import TEMPLATES, draw
from ticker.web.embed.parameters import ATTRIBUTES, LANG, THEME
from ticker.web.embed.policy import policy
from ticker.web.embed.refusal import in_frame
from ticker.web.embed.selection import older, shown
from ticker.web.embed.structured import script_text
from ticker.web.embed.words import spoken
from ticker.web.embed.zone import clock_time
from ticker.web.faults import INVALID_PARAMETER
from ticker.web.node import node_of
from ticker.web.operation import HTML, Operation, Resource, Returns
from ticker.web.parameters import DISPATCH_ID, FEED_NAME
from ticker.web.pieces import pieces_of
from ticker.web.public_url import base
from ticker.web.wording import words

ROUTES: Final = Resource("Embedding", (FEED_NAME, DISPATCH_ID))

PATH: Final = "/embed/feeds/{feed}"

_PAGE: Final = Returns(200, "A page that sites of the feed's origins may frame.", media_type=HTML)


@Operation(
    ROUTES,
    "GET",
    PATH,
    "frameFeed",
    "A feed, for an iframe",
    (_PAGE,),
    parameters=ATTRIBUTES,
    faults=(INVALID_PARAMETER,),
)
@in_frame
async def feed_frame(request: Request) -> Response:
    """Show a feed as the widget does."""
    channel = await readable(request, pages=False)
    attributes = read(request.query_params, channel.feed.name)
    history, pieces = await older(node_of(request).journal, channel, attributes), pieces_of(request)
    async with pieces.drawing:
        dispatches = shown(channel, attributes, history)
        element = await draw(pieces, channel, dispatches, attributes, src=base(request))
        return await _page(request, channel, attributes, "embed/frame.html", element=element)


@Operation(
    ROUTES,
    "GET",
    PATH + "/{id}",
    "frameDispatch",
    "One dispatch as a card, for an iframe",
    (_PAGE, Returns(410, "It was killed; its tombstone.", media_type=HTML)),
    parameters=(LANG, THEME),
    faults=(INVALID_PARAMETER,),
)
@in_frame
async def card(request: Request) -> Response:
    """Show one dispatch, or its tombstone once it is killed."""
    channel = await readable(request, pages=False)
    feed = channel.feed
    attributes = read(request.query_params, feed.name, CARD)
    # Read before the dispatch: the page may be sent a change that it has already, but misses none.
    start, proof = str(feed.tail.position), channel.freshness.proof
    dispatch = await _dispatch(request, channel)
    async with pieces_of(request).drawing:
        dispatch = channel.as_known(dispatch)
        now = datetime.fromisoformat(proof) if proof else None
        return await _page(
            request,
            channel,
            attributes,
            "embed/card.html",
            status=410 if dispatch["status"] == "killed" else 200,
            dispatch=dispatch,
            proof=proof,
            clock=partial(clock_time, timezone=feed.timezone, now=now),
            page_json=script_text(
                {
                    "base": base(request),
                    "feed": feed.name,
                    "position": start,
                    "dispatch": dispatch,
                    "not_live": spoken(attributes.lang or feed.language).words["not-live"],
                }
            ),
        )


async def _dispatch(request: Request, channel: Channel) -> dict[str, Any]:
    """Return the dispatch that a path names, from memory where it is there, so that it is shown while Redis is away."""
    id = request.path_params["id"]
    for known in [*channel.feed.dispatches, channel.feed.pinned_dispatch]:
        if known is not None and known["id"] == id:
            return known
    return await node_of(request).journal.dispatch(channel.feed.name, id)


async def _page(
    request: Request, channel: Channel, attributes: Attributes, template: str, *, status: int = 200, **context: Any
) -> Response:
    feed = channel.feed
    own = base(request)
    page = await pieces_of(request).render(
        TEMPLATES.get_template(template),
        base=own,
        feed=feed.name,
        title=feed.title,
        rehearsal=words(feed.language)["rehearsal"] if feed.rehearsal else None,
        home=f"{own}/feeds/{feed.name}",
        spoken=spoken(attributes.lang or feed.language),
        theme=attributes.theme,
        **context,
    )
    headers = {
        "content-security-policy": policy(node_of(request).settings, feed),
        "referrer-policy": "strict-origin-when-cross-origin",
        "cache-control": of_feed(feed),
    }
    return HTMLResponse(page, status, headers)
