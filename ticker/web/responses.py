"""JSON responses, encoded by the library that encodes the frames."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from ticker.web.admission import cross_origin, governing
from ticker.web.caching import NEVER, of_feed
from ticker.web.etag import content_of, tags_seen
from ticker.web.node import node_of


def json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return an uncacheable response."""
    return Response(orjson.dumps(value), status, {"cache-control": NEVER, **(headers or {})}, "application/json")


EXPOSED: Final = "etag, link, retry-after, ticker-at"
"""Headers that scripts of other sites may read, beyond those they always may (Fetch standard, CORS)."""


def public(
    request: Request,
    value: object,
    *,
    max_age: int,
    tag: str | None = None,
    weak: bool = False,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a response that shared caches may keep for `max_age` seconds and any allowed site may read.

    If it is about a private feed, no cache may keep it.

    With a `tag`, a client that has it already gets 304 (RFC 9110 section 13.1.2). A `weak` one means that the content
    is the same, though not byte for byte. `headers` are sent in either case.
    """
    feed = governing(request)
    headers = {"cache-control": of_feed(feed, max_age), **(headers or {})}
    headers |= cross_origin(node_of(request).settings, request.headers.get("origin"), feed)
    headers["access-control-expose-headers"] = EXPOSED
    if tag is not None:
        headers["etag"] = f'W/"{tag}"' if weak else f'"{tag}"'
        known = tags_seen(request)
        for seen in known:
            if content_of(seen) == tag:
                # As it was sent: a cache updates the response that it has under this very tag (RFC 9111 section 4.3.4).
                return Response(status_code=304, headers=headers | {"etag": seen})
        if known == ["*"]:
            return Response(status_code=304, headers=headers)
    return Response(orjson.dumps(value), 200, headers, "application/json")
