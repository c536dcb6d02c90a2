"""Errors as problem documents (RFC 9457). No traceback reaches a client."""

from __future__ import annotations

import logging
from typing import Final

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route

from ticker.errors import BadRequest, NoSuchAddress, TickerError, UpgradeRequired, WrongMethod
from ticker.web.admission import cross_origin, governing
from ticker.web.caching import NEVER, of_problem
from ticker.web.header_lists import accepts, headers_of
from ticker.web.node import node_of
from ticker.web.problem_page import problem_page
from ticker.web.responses import EXPOSED

UPGRADE: Final = {"upgrade": "websocket", "connection": "upgrade"}
"""Headers of a 426: what to upgrade to (RFC 9110 section 15.5.22), which is said to one connection alone."""

log = logging.getLogger("ticker.web")


def problem(error: TickerError) -> Response:
    """Return the response to a request that ended in this error."""
    document: dict[str, object] = {
        "type": f"urn:ticker:problem:{error.slug}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
    }
    if error.field is not None:
        document["field"] = error.field
    headers = {"cache-control": NEVER}
    if error.retry_after is not None:
        headers["retry-after"] = str(error.retry_after)
    if error.challenge is not None:
        headers["www-authenticate"] = error.challenge
    if isinstance(error, UpgradeRequired):
        headers |= UPGRADE | {"sec-websocket-version": "13"}
    return Response(
        orjson.dumps(document | error.extra()),
        error.status,
        headers,
        "application/problem+json",
    )


async def on_ticker_error(request: Request, error: Exception) -> Response:
    """Respond with an error of the service's own."""
    assert isinstance(error, TickerError)
    return await _respond(request, error)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Respond for the router: no such path, or not with this method."""
    assert isinstance(error, HTTPException)
    here = f"{request.method} {request.url.path}"
    if error.status_code != 405:
        return await _respond(request, NoSuchAddress(f"No such path: {here}"))
    response = await _respond(request, WrongMethod(f"{request.url.path} does not take {request.method}"))
    # The router names the methods of one route; a path may have several.
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    methods = [route.methods or () for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    response.headers["allow"] = ", ".join(sorted({method for several in methods for method in several}))
    return response


async def on_leaving(request: Request, error: Exception) -> Response:
    """Send nothing: the client left before its request was complete, which is not logged as a failure."""
    assert isinstance(error, ClientDisconnect)
    request.scope["state"]["left"] = True
    return problem(BadRequest(f"{request.method} {request.url.path} was not complete"))


async def on_bug(request: Request, error: Exception) -> Response:
    """Respond to an unforeseen error: the traceback goes to the log, never to the client."""
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return await _respond(request, TickerError("An internal error; the service's log has the details"))


async def _respond(request: Request, error: TickerError) -> Response:
    accept = headers_of(request).get("accept", "")
    for_people = accepts(accept, "text/html") and not request.url.path.startswith("/v1/")
    if for_people:
        return await problem_page(request, error)
    response = problem(error)
    # A page of another site that may read a response may read an error too.
    origin = request.headers.get("origin")
    response.headers.update(cross_origin(node_of(request).settings, origin, governing(request)))
    response.headers["cache-control"] = of_problem(request, error)
    response.headers["access-control-expose-headers"] = EXPOSED
    return response
