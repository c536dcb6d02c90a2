"""What every HTTP response has, whatever made it: its headers, and from which size on it is compressed."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ticker.web.caching import NEVER

COMPRESS_FROM: Final = 1024
"""Bytes of a body below which it fits into one packet as it is."""

_NOSNIFF: Final = (b"x-content-type-options", b"nosniff")
"""Browsers then go by the Content-Type alone, and never guess (Fetch standard)."""


_CACHE_CONTROL: Final = b"cache-control"


class FixedHeaders:
    """ASGI middleware for headers that do not depend on the resource.

    - `X-Content-Type-Options: nosniff` on each response.
    - `Cache-Control: no-store` on one that says nothing else: caches may guess otherwise (RFC 9111 section 4.2.2).
    - A compressed body has a weak ETag: a strong one stands for the very bytes (RFC 9110 section 8.8.3.3).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; see the ASGI specification."""

        async def marked(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                headers = [*message.get("headers", ()), _NOSNIFF]
                names = {name for name, _ in headers}
                if _CACHE_CONTROL not in names:
                    headers.append((_CACHE_CONTROL, NEVER.encode()))
                if b"content-encoding" in names and b"etag" in names:
                    headers = [(name, _weak(value) if name == b"etag" else value) for name, value in headers]
                message["headers"] = headers
            await send(message)

        await self._app(scope, receive, marked)


def _weak(tag: bytes) -> bytes:
    return tag if tag.startswith(b"W/") else b"W/" + tag
