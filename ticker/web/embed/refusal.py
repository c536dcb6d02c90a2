"""Errors where a page of the service's own would be wrong: inside a frame, and inside somebody else's page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Final

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ticker.dispatch import direction
from ticker.errors import TickerError
from ticker.web.embed.drawing import TEMPLATES
from ticker.web.header_lists import accepts, headers_of
from ticker.web.public_url import base
from ticker.web.wording import PROBLEMS, preferred

Route = Callable[[Request], Awaitable[Response]]

_POLICY: Final = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"
"""Any page may frame an error: it has nothing of a feed in it, and a frame that stays blank explains nothing."""


def in_frame(route: Route) -> Route:
    """Have a route's errors shown in the frame that asked, to clients that accept HTML."""

    def show(request: Request, error: TickerError) -> str:
        language = preferred(request.headers.get("accept-language", ""))
        sentences = PROBLEMS[language]
        title, sentence = sentences.get(str(error.status), sentences["500" if error.status >= 500 else "400"])
        return TEMPLATES.get_template("embed/refusal.html").render(
            base=base(request),
            language=language,
            direction=direction(language),
            title=title,
            sentence=sentence,
            detail=error.detail if error.status == 422 else None,  # for who writes the URL, and only then
            onward=sentences["onward"],
        )

    return _with_errors(route, show)


def in_page(route: Route) -> Route:
    """Write a route's errors into a comment, for clients that accept HTML: some servers include bodies of errors."""

    def show(_: Request, error: TickerError) -> str:
        # Angle brackets and dashes could end a comment.
        sentence = f"{error.status} {error.title}: {error.detail}".replace("-", "\u2010")
        return str(Markup("<!-- {} -->\n").format(sentence))

    return _with_errors(route, show)


def _with_errors(route: Route, show: Callable[[Request, TickerError], str]) -> Route:
    @wraps(route)
    async def responded(request: Request) -> Response:
        try:
            return await route(request)
        except TickerError as error:
            if not accepts(headers_of(request).get("accept", ""), "text/html"):
                raise
            headers = {
                "cache-control": "no-store",
                "vary": "Accept, Accept-Language",
                "content-security-policy": _POLICY,
                "x-robots-tag": "noindex",
            }
            if error.retry_after is not None:
                headers["retry-after"] = str(error.retry_after)
            return HTMLResponse(show(request, error), error.status, headers)

    return responded
