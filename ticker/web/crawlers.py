"""What crawlers and browsers ask for at fixed addresses: /robots.txt and /favicon.ico."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from ticker.web.assets import ASSETS
from ticker.web.caching import fresh
from ticker.web.node import node_of

ROBOTS: Final = "User-agent: *\nDisallow: {prefix}/v1/\n"
"""Pages may be crawled, the interface may not (RFC 9309)."""

DAY: Final = 86_400
"""Seconds for which both may be kept."""


async def robots(request: Request) -> Response:
    """GET /robots.txt"""
    rules = ROBOTS.format(prefix=node_of(request).settings.prefix)
    return PlainTextResponse(rules, headers={"cache-control": fresh(DAY)})


async def favicon(request: Request) -> Response:
    """GET /favicon.ico, which browsers and crawlers request by themselves."""
    return ASSETS["favicon.ico"].response(request, fresh(DAY))
