"""Each request gets an id, for its log lines and its response; responses are counted, and logged on demand."""

from __future__ import annotations

import logging
import re
import secrets
import time
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ticker.log import ACCESS, LoggedRequest, request
from ticker.serving import ServingNode

REQUEST_ID: Final = "x-request-id"

_ACCEPTED_ID: Final = re.compile(r"[A-Za-z0-9._=/+-]{1,64}")

log = logging.getLogger(ACCESS)


class RequestLog:
    """ASGI middleware around all others.

    A request keeps the id that a proxy gave it in `X-Request-ID`, so that one id leads through the logs of both.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; see the ASGI specification."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        begun, headers = time.monotonic(), Headers(scope=scope)
        node: ServingNode = scope["state"]["node"]
        peer = scope["client"][0] if scope.get("client") else "-"
        client = node.addresses.of_request(peer, headers.get("x-forwarded-for"))
        id = _id(headers)
        status, size = 0, 0

        async def noted(message: Message) -> None:
            nonlocal status, size
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (REQUEST_ID.encode(), id.encode())]
            elif message["type"] == "http.response.body":
                size += len(message.get("body", b""))
            elif message["type"] == "websocket.accept":
                status = 101
            await send(message)

        token = request.set(LoggedRequest(id, client))
        try:
            await self._app(scope, receive, noted)
        finally:
            if scope["state"].get("left"):  # nothing of a response went out, or the server refused the request itself
                status = 0
            if status:  # else the connection was handed off to a stream, or as above
                node.responses[status] += 1
                if scope.get("method") == "POST":
                    node.posts.add(time.monotonic() - begun)
            if log.isEnabledFor(logging.INFO):
                _log(scope, status, size, time.monotonic() - begun)
            request.reset(token)


def _id(headers: Headers) -> str:
    given = headers.get(REQUEST_ID, "")
    return given if _ACCEPTED_ID.fullmatch(given) else secrets.token_hex(8)


def _log(scope: Scope, status: int, size: int, seconds: float) -> None:
    method = scope.get("method", "GET")
    members = {
        "method": method,
        "path": scope["path"],
        "status": status or None,
        "bytes": size,
        "milliseconds": round(seconds * 1000, 1),
    }
    outcome = str(status) if status else "-"
    log.info(
        "%s %s %s %d bytes %.1f ms", method, scope["path"], outcome, size, seconds * 1000, extra={"members": members}
    )
