"""The Starlette application: every route, in one table."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect
from starlette.routing import Route, WebSocketRoute

from ticker.errors import TickerError
from ticker.node import Node
from ticker.settings import Settings
from ticker.web import admin, assets, audit, changes, crawlers, health, held, ingest, live, pages, problems, reading
from ticker.web.described import page
from ticker.web.embed import fragment, frame, gallery, oembed, scripts
from ticker.web.headers import COMPRESS_FROM, NoSniff
from ticker.web.public_url import StripPrefix

FEED = "/v1/feeds/{feed}"
DISPATCHES = FEED + "/dispatches"

ROUTES = [
    # Tried in this order, so what is asked most on a busy night comes first.
    Route(DISPATCHES, ingest.file, methods=["POST"]),
    Route(DISPATCHES, reading.history),
    Route("/v1/feeds", reading.feeds),
    Route("/v1/feeds", admin.open_feed, methods=["POST"]),
    Route(FEED, reading.snapshot),
    Route(FEED, admin.edit_feed, methods=["PATCH"]),
    Route(FEED, admin.close_feed, methods=["DELETE"]),
    WebSocketRoute(FEED + "/live", live.websocket),
    Route(FEED + "/live", live.events),
    Route(FEED + "/changes", changes.changes),
    Route(DISPATCHES + "/{id}", reading.dispatch),
    Route(DISPATCHES + "/{id}", ingest.correct, methods=["PATCH"]),
    Route(DISPATCHES + "/{id}/kill", ingest.kill, methods=["POST"]),
    Route(DISPATCHES + "/{id}/confirm", ingest.confirm, methods=["POST"]),
    Route(DISPATCHES + "/{id}/receipt", reading.receipt),
    Route(FEED + "/held", held.lines),
    Route(FEED + "/held/{id}", held.line),
    Route(FEED + "/held/{id}", held.edit, methods=["PATCH"]),
    Route(FEED + "/held/{id}", held.spike, methods=["DELETE"]),
    Route(FEED + "/held/{id}/release", held.release, methods=["POST"]),
    Route(FEED + "/labels", reading.labels),
    Route(FEED + "/audit", audit.changes),
    Route(FEED + "/pin", ingest.pin, methods=["PUT"]),
    Route(FEED + "/pin", ingest.unpin, methods=["DELETE"]),
    Route(FEED + "/air", ingest.air, methods=["PUT"]),
    Route("/v1/keys", admin.list_keys),
    Route("/v1/keys", admin.issue_key, methods=["POST"]),
    Route("/v1/keys/{id}", admin.revoke_key, methods=["DELETE"]),
    Route("/", pages.front),
    Route("/feeds/{feed}", pages.feed_page),
    Route("/feeds/{feed}/stories/{story}", pages.story_page),
    Route("/feeds/{feed}/{id}", pages.dispatch_page),
    Route("/embed", gallery.gallery),
    Route("/embed/v1/ticker.js", scripts.current),
    Route("/embed/{version}/ticker.js", scripts.released),
    Route("/embed/feeds/{feed}", frame.feed_frame),
    Route("/embed/feeds/{feed}/fragment", fragment.fragment),
    Route("/embed/feeds/{feed}/{id}", frame.card),
    Route("/oembed", oembed.oembed),
    Route("/openapi.json", page.describe_requests),
    Route("/asyncapi.json", page.describe_frames),
    Route("/docs", page.docs),
    Route("/healthz", health.healthz),
    Route("/readyz", health.readyz),
    Route("/metrics", health.metrics),
]


FILES = [
    # What pages load. Their names are no part of the contract.
    Route("/assets/{file}", assets.serve),
    Route("/favicon.ico", crawlers.favicon),
    Route("/robots.txt", crawlers.robots),
]


class State(TypedDict):
    """What each request can reach."""

    node: Node


def application(settings: Settings) -> Starlette:
    """Return the application of one node; its lifespan is the node's."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[State]:
        async with Node(settings) as node:
            yield {"node": node}

    app = Starlette(
        routes=[*ROUTES, *FILES],
        lifespan=lifespan,
        middleware=[
            Middleware(StripPrefix, settings=settings),
            Middleware(NoSniff),
            Middleware(GZipMiddleware, minimum_size=COMPRESS_FROM, compresslevel=6),
        ],
        exception_handlers={
            TickerError: problems.on_ticker_error,
            HTTPException: problems.on_http_error,
            ClientDisconnect: problems.on_leaving,
            Exception: problems.on_bug,
        },
    )
    # A redirect would name the address that this process sees, which behind a proxy for TLS is the plain one.
    app.router.redirect_slashes = False
    return app
