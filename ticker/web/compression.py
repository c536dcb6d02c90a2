"""Compressed responses (RFC 9110 section 8.4.1.3), in pieces: see `ticker.web.pieces`."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipResponder, IdentityResponder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ticker.web.header_lists import accepts, combined, tokens
from ticker.web.headers import COMPRESS_FROM
from ticker.web.pieces import Pieces

METHODS: Final = ("GET", "HEAD")
"""Of which responses are compressed. A receipt fits into one packet as it is, and all that is done for a response that
stays as it is would be 3 % of what a POST costs."""

NOT_MODIFIED: Final = 304

LEVEL: Final = 6
"""zlib's own default: a higher one costs twice as much for a hundredth less."""

PIECE_SIZE: Final = 16 * 1024
"""Bytes compressed at once, in a third of a millisecond."""


class Compression:
    """ASGI middleware: bodies are compressed for clients that accept gzip."""

    def __init__(self, app: ASGIApp, pieces: Pieces) -> None:
        self._app = app
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; see the ASGI specification."""
        if scope["type"] != "http" or scope["method"] not in METHODS:
            await self._app(scope, receive, send)
            return

        async def varied(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == NOT_MODIFIED:
                _vary(MutableHeaders(scope=message))
            await send(message)

        headers = combined((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
        if accepts(headers.get("accept-encoding", ""), "gzip"):
            await _Gzip(self._app, self._pieces)(scope, receive, varied)
        else:
            await IdentityResponder(self._app, COMPRESS_FROM)(scope, receive, varied)


def _vary(headers: MutableHeaders) -> None:
    """Say in a 304 what the 200 would say (RFC 9110 section 15.4.5).

    A cache puts the headers of a 304 in place of those it has (RFC 9111 section 3.2): without this it would forget that
    its body is compressed, and send it to everybody.
    """
    if "accept-encoding" not in tokens(headers.get("vary", "")):
        headers.add_vary_header("Accept-Encoding")


class _Gzip(GZipResponder):
    """One response."""

    def __init__(self, app: ASGIApp, pieces: Pieces) -> None:
        super().__init__(app, COMPRESS_FROM, LEVEL)
        self._pieces = pieces

    async def apply_compression(self, body: bytes, *, more_body: bool) -> bytes:
        return b"".join(await self._pieces.all(self._compressed(body, more_body=more_body)))

    def _compressed(self, body: bytes, *, more_body: bool) -> Iterator[bytes]:
        for start in range(0, len(body), PIECE_SIZE):
            yield self.compressor.compress(body[start : start + PIECE_SIZE])
        yield self.compressor.flush(zlib.Z_SYNC_FLUSH if more_body else zlib.Z_FINISH)
