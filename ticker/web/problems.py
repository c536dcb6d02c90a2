"""Errors as problem documents (RFC 9457), and the last line of defence against tracebacks."""

from __future__ import annotations

import logging

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ticker.errors import NoSuchAddress, TickerError, Unauthorized, WrongMethod
from ticker.web.pages import problem_page

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
    if isinstance(error, Unauthorized):
        headers["www-authenticate"] = 'Bearer realm="ticker"'
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
    if error.status_code == 405:
        answer = _answer(request, WrongMethod(f"{here} is not possible"))
    else:
        answer = _answer(request, NoSuchAddress(f"{here} leads nowhere"))
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    return answer


async def on_bug(request: Request, error: Exception) -> Response:
    """Answer for us: the traceback goes to the log, never to the client."""
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _answer(request, TickerError("Something went wrong here; it is in the service's log"))


def _answer(request: Request, error: TickerError) -> Response:
    for_people = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/v1/")
    return problem_page(error) if for_people else problem(error)
