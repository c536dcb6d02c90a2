"""Under which address the service is known: the base of every URL that it gives out, and the prefix of its paths.

`TICKER_PUBLIC_URL` sets it. Without it URLs are relative to the root of the host in the request.
"""

from __future__ import annotations

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from ticker import origins
from ticker.errors import BadRequest
from ticker.settings import Settings
from ticker.web.node import node_of


def base(request: HTTPConnection) -> str:
    """Return what each URL in a response begins with: `https://news.example/ticker`, or nothing."""
    return node_of(request).settings.public_url or ""


def no_host() -> BadRequest:
    """Return the error for a Host header that names no host."""
    return BadRequest("Host must be the name or address of a host, with an optional port", field="Host")


def absolute(request: HTTPConnection) -> str:
    """Return the same where a URL must be absolute.

    Without `TICKER_PUBLIC_URL` it is made of the request's Host header, so a response that has it must not be kept by
    shared caches: they would hand it to those who asked another host.

    Raises:
        BadRequest: the Host header names no host.
    """
    if public := node_of(request).settings.public_url:
        return public
    if (host := origins.host(request.headers.get("host"))) is None:
        raise no_host()
    return f"{'https' if request.url.scheme in ('https', 'wss') else 'http'}://{host}"


class StripPrefix:
    """ASGI middleware that routes a path with the prefix of the public URL as without it.

    So it makes no difference whether the proxy in front takes the prefix away.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            path = self._settings.unprefixed(scope["path"])
            if path != scope["path"]:
                raw = scope.get("raw_path") or b""
                prefix = self._settings.prefix.encode()
                rest = raw[len(prefix) :] if raw.startswith(prefix) else path.encode()
                scope = {**scope, "path": path, "raw_path": rest or b"/"}
        await self._app(scope, receive, send)
