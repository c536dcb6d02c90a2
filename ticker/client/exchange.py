"""One HTTP exchange over httpx: from a `Request`, to a `Response`."""

from __future__ import annotations

from typing import Any, TypedDict

import httpx

from ticker.client.request import Request
from ticker.client.response import Response


class Arguments(TypedDict):
    """What httpx is called with."""

    method: str
    url: str
    headers: dict[str, str]
    content: bytes | None
    timeout: float


def arguments(request: Request[Any], timeout: float) -> Arguments:
    """Return a request as httpx takes it; `timeout` is in seconds."""
    return {
        "method": request.method,
        "url": request.path,
        "headers": dict(request.headers),
        "content": request.body,
        "timeout": timeout,
    }


def read(response: httpx.Response) -> Response:
    """Return a response whose body was read."""
    return Response(response.status_code, dict(response.headers), response.content)


def was_sent(error: httpx.RequestError) -> bool:
    """Return False if a request failed before anything could be sent."""
    return not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.ProxyError)
