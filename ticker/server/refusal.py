"""Refusals of bytes that never become a request: written to the connection as problem documents, which ends it."""

from __future__ import annotations

from http import HTTPStatus

from ticker.errors import TickerError
from ticker.server.http_date import http_date
from ticker.web.problems import problem


def refusal(error: TickerError) -> bytes:
    """Return the response that ends a connection with this error (RFC 9112, RFC 9457)."""
    response = problem(error)
    response.headers.update({"date": http_date(), "x-content-type-options": "nosniff", "connection": "close"})
    lines = b"".join(b"%s: %s\r\n" % header for header in response.raw_headers)
    return f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\n".encode() + lines + b"\r\n" + response.body
