"""What caches may do with a response (RFC 9111): every value of `Cache-Control` is made here.

The table is in PROTOCOL.md. What has the text of a dispatch is fresh for one second, which bounds how long a cache can
show it after a kill. No response allows to be served stale (RFC 5861).
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request

from ticker.errors import TickerError
from ticker.feed import Feed
from ticker.web.admission import LIVE_PATH, governing
from ticker.web.credentials import has_credential

FRESH_FOR: Final = 1
"""Seconds a cache may keep what has dispatches in it: enough to spare the service a stampede."""

NEVER: Final = "no-store"

BY_CREDENTIAL: Final = "Authorization, Cookie"
"""`Vary` of what shows more to those with a key. It is sent to everybody alike: it must not tell that there is more."""

_KEPT_PROBLEMS: Final = (410, 503)
"""Statuses of problems that caches share, so that a crowd that asks for the same does not reach the service.

Not 404, which is also the response about a private feed to those without a key.
"""


def fresh(seconds: int, *, shared: bool = True) -> str:
    """Return the Cache-Control of a response that is fresh for some seconds, in shared caches or in browsers alone."""
    return f"{'public' if shared else 'private'}, max-age={seconds}"


def of_feed(feed: Feed | None, seconds: int = FRESH_FOR, *, shared: bool = True) -> str:
    """Return the Cache-Control of a response about a feed, or about none.

    No cache keeps what takes a key to read. Where a response has an address that comes from the request's Host, it must
    not be `shared`: caches would hand it to those who asked another host.
    """
    if feed is not None and feed.visibility == "private":
        return NEVER
    return fresh(seconds, shared=shared)


def of_problem(request: Request, error: TickerError) -> str:
    """Return the Cache-Control of an error as a problem document.

    It may be kept only where the same request from anybody else without a key or a session would end so too.
    """
    path = request.url.path
    shared = (
        error.status in _KEPT_PROBLEMS
        and request.method in ("GET", "HEAD")
        and path.startswith("/v1/")
        # A stream that one node has no room for may find some at another.
        and LIVE_PATH.fullmatch(path) is None
        and not has_credential(request)
    )
    return of_feed(governing(request)) if shared else NEVER
