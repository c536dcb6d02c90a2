"""What every HTTP response has, whatever made it: its headers, and from which size on it is compressed."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

COMPRESS_FROM: Final = 1024
"""Bytes of a body below which it fits into one packet as it is."""

_NOSNIFF: Final = (b"x-content-type-options", b"nosniff")
"""Browsers then go by the Content-Type alone, and never guess (Fetch standard)."""


class NoSniff:
    """ASGI middleware that adds `X-Content-Type-Options: nosniff` to each response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; see the ASGI specification."""

        async def marked(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                message["headers"] = [*message.get("headers", ()), _NOSNIFF]
            await send(message)

        await self._app(scope, receive, marked)
