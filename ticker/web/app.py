"""The Starlette application: every route, put together from the files of the resources."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, NotRequired, TypedDict, cast

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.routing import Route, WebSocketRoute

from ticker.errors import AtUpstream, TickerError
from ticker.node import Node
from ticker.relay.node import RelayNode
from ticker.serving import ServingNode
from ticker.settings import Settings
from ticker.web import (
    air,
    assets,
    audit,
    changes,
    crawlers,
    dispatches,
    feeds,
    health,
    held,
    history,
    keys,
    live,
    pages,
    pass_on,
    people,
    pin,
    problems,
    relay,
)
from ticker.web.address_share import AddressShare
from ticker.web.compression import Compression
from ticker.web.described import page
from ticker.web.desk import invitations, sessions
from ticker.web.desk import live as desk_live
from ticker.web.desk import pages as desk_pages
from ticker.web.embed import fragment, frame, gallery, oembed, scripts
from ticker.web.headers import FixedHeaders
from ticker.web.pieces import Pieces
from ticker.web.public_url import StripPrefix

RESOURCES: Final = (
    # Matched in this order: the busiest routes first, and a path without parameters before a pattern that matches it.
    dispatches.ROUTES,
    history.ROUTES,
    feeds.ROUTES,
    live.ROUTES,
    changes.ROUTES,
    held.ROUTES,
    pin.ROUTES,
    air.ROUTES,
    audit.ROUTES,
    keys.ROUTES,
    people.ROUTES,
    sessions.ROUTES,
    invitations.ROUTES,
    desk_live.ROUTES,
    pages.ROUTES,
    desk_pages.ROUTES,
    gallery.ROUTES,
    scripts.ROUTES,
    fragment.ROUTES,
    frame.ROUTES,
    oembed.ROUTES,
    page.ROUTES,
    relay.ROUTES,
    health.ROUTES,
)

OPERATIONS: Final = tuple(operation for resource in RESOURCES for operation in resource.operations)
"""Every operation that the service describes."""

ROUTES: Final = [route for resource in RESOURCES for route in resource.routes]

FILES: Final = [
    # What pages load. Their names are not part of the contract.
    Route("/assets/{file}", assets.serve),
    Route("/favicon.ico", crawlers.favicon),
    Route("/robots.txt", crawlers.robots),
]


_WEBSOCKETS: Final = [route.path_regex for route in ROUTES if isinstance(route, WebSocketRoute)]


def takes_websockets(path: str) -> bool:
    """Return True if a path is that of WebSockets. Elsewhere a request for an upgrade to one is an ordinary request."""
    return any(pattern.match(path) for pattern in _WEBSOCKETS)


class State(TypedDict):
    """What each request can reach."""

    node: ServingNode
    proxy: NotRequired[httpx.AsyncClient]


def application(settings: Settings) -> Starlette:
    """Return the application of one node; its lifespan is the node's."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[State]:
        if settings.upstream is None:
            async with Node(settings) as node:
                yield {"node": node}
        else:
            async with pass_on.proxy_client() as proxy, RelayNode(settings) as node:
                yield {"node": node, "proxy": proxy}

    pieces = Pieces()
    app = Starlette(
        routes=[*ROUTES, *FILES],
        lifespan=lifespan,
        middleware=[
            Middleware(AddressShare),
            Middleware(StripPrefix, settings=settings),
            Middleware(FixedHeaders),
            Middleware(Compression, pieces=pieces),
        ],
        exception_handlers={
            TickerError: problems.on_ticker_error,
            AtUpstream: cast("Any", pass_on.pass_on),
            HTTPException: problems.on_http_error,
            ClientDisconnect: problems.on_leaving,
            Exception: problems.on_bug,
        },
    )
    app.state.operations = OPERATIONS
    app.state.pieces = pieces
    # A redirect would name the address that this process sees, which behind a proxy for TLS is the plain one.
    app.router.redirect_slashes = False
    return app
