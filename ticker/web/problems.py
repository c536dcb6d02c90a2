"""Errors as problem documents (RFC 9457), and the last line of defence against tracebacks."""

from __future__ import annotations

import logging

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route

from ticker.errors import BadRequest, NoSuchAddress, TickerError, UpgradeRequired, WrongMethod
from ticker.web.admission import cross_origin, governing
from ticker.web.node import node_of
from ticker.web.problem_page import problem_page
from ticker.web.responses import EXPOSED

log = logging.getLogger("ticker.web")


def problem(error: TickerError) -> Response:
    """Return the answer to a request that ended in this error."""
    document: dict[str, object] = {
        "type": f"urn:ticker:problem:{error.slug}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
    }
    if error.field is not None:
        document["field"] = error.field
    headers = {"cache-control": "no-store"}
    if error.retry_after is not None:
        headers["retry-after"] = str(error.retry_after)
    if error.challenge is not None:
        headers["www-authenticate"] = error.challenge
    if isinstance(error, UpgradeRequired):
        headers |= {"upgrade": "websocket", "connection": "upgrade"}
    return Response(
        orjson.dumps(document | error.extra()),
        error.status,
        headers,
        "application/problem+json",
    )


async def on_ticker_error(request: Request, error: Exception) -> Response:
    """Answer with what the service itself said no with."""
    assert isinstance(error, TickerError)
    return _answer(request, error)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer for the router: no such address, or not with this method."""
    assert isinstance(error, HTTPException)
    here = f"{request.method} {request.url.path}"
    if error.status_code != 405:
        return _answer(request, NoSuchAddress(f"{here} leads nowhere"))
    answer = _answer(request, WrongMethod(f"{here} is not possible"))
    # The router names the methods of one route; an address here may have several.
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    methods = [route.methods or () for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    answer.headers["allow"] = ", ".join(sorted({method for several in methods for method in several}))
    return answer


async def on_leaving(request: Request, error: Exception) -> Response:
    """Answer nobody: the client left before its request was complete, which is no fault of ours to be logged."""
    assert isinstance(error, ClientDisconnect)
    return problem(BadRequest(f"{request.method} {request.url.path} was not complete"))


async def on_bug(request: Request, error: Exception) -> Response:
    """Answer for us: the traceback goes to the log, never to the client."""
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _answer(request, TickerError("Something went wrong here; it is in the service's log"))


def _answer(request: Request, error: TickerError) -> Response:
    for_people = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/v1/")
    if for_people:
        return problem_page(request, error)
    answer = problem(error)
    # A page of another site that may read an answer may read why there is none.
    origin = request.headers.get("origin")
    answer.headers.update(cross_origin(node_of(request).settings, origin, governing(request)))
    answer.headers["access-control-expose-headers"] = EXPOSED
    return answer
