"""Errors for people: in the language of the feed that the address names, else in the reader's, with a way on."""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ticker.errors import TickerError
from ticker.feed import Feed
from ticker.web.admission import governing
from ticker.web.node import node_of
from ticker.web.pages import describe, render
from ticker.web.pieces import pieces_of
from ticker.web.wording import PROBLEMS, preferred, spoken, words

_FEED_IN_PATH: Final = re.compile(r"/(?:embed/)?feeds/([^/]+)")


async def problem_page(request: Request, error: TickerError) -> Response:
    """Return an error as a page, with its status and Retry-After."""
    feed = _feed(request)
    language = preferred(request.headers.get("accept-language", "")) if feed is None else spoken(feed.language)
    sentences = PROBLEMS[language]
    title, sentence = sentences.get(str(error.status), sentences["500" if error.status >= 500 else "400"])
    async with pieces_of(request).drawing:
        response = await render(
            request,
            "problem.html",
            error.status,
            words=words(language),
            status=error.status,
            title=title,
            sentence=sentence,
            path=request.url.path,
            feed=None if feed is None else describe(feed),
            **{name: sentences[name] for name in ("address", "again", "onward")},
        )
    if error.retry_after is not None:
        response.headers["retry-after"] = str(error.retry_after)
    response.headers["vary"] = "Accept, Accept-Language"
    return response


def _feed(request: Request) -> Feed | None:
    """Return the feed that the address names, if the reader may know of it."""
    if (found := governing(request)) is not None:
        return found
    named = _FEED_IN_PATH.match(request.scope["path"])
    channel = node_of(request).hub.channels.get(named[1]) if named else None
    return channel.feed if channel is not None and channel.feed.listed else None
