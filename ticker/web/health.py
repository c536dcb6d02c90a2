"""What an operator's machines ask: alive, ready, and the numbers."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from ticker.errors import Unavailable
from ticker.schema import shape, text
from ticker.shard_followers import ShardFollowers
from ticker.web.node import node_of
from ticker.web.operation import Operation, Resource, Returns
from ticker.web.responses import json
from ticker.web.shape import Shape
from ticker.web.visible import visible

ROUTES: Final = Resource("Operators")

_HEALTH: Final = Shape(
    "Health", shape("The state of the node.", {"status": text("In a word or two.")}), {"status": "ready"}
)


@Operation(
    ROUTES, "GET", "/healthz", "isAlive", "Alive", (Returns(200, "This process answers.", (_HEALTH,)),), needs_log=False
)
async def healthz(request: Request) -> Response:
    """Respond that this process is alive. Never depends on Redis, or a Redis outage would restart every node."""
    return json({"status": "alive"})


@Operation(
    ROUTES,
    "GET",
    "/readyz",
    "isReady",
    "In sync with the log",
    (Returns(200, "It may be sent readers and correspondents.", (_HEALTH,)), Returns(503, "Not now.", (_HEALTH,))),
    needs_log=False,
)
async def readyz(request: Request) -> Response:
    """Respond whether this node is in sync with Redis, so that a balancer may send readers and correspondents."""
    node = node_of(request)
    hub = node.hub
    if hub.draining:
        return json({"status": "draining"}, 503)
    if node.follower.refuses_writes:
        return json({"status": "the log takes no entries"}, 503)
    if node.server_check.fault is not None:
        return json({"status": node.server_check.fault.status}, 503)
    # A feed whose log is damaged, or whose shard is down, is so on every node: to send its readers elsewhere would not
    # help.
    if not hub.ready or (node.follower.behind if isinstance(node.follower, ShardFollowers) else hub.behind):
        return json({"status": "not level with Redis"}, 503)
    return json({"status": "ready"})


@Operation(
    ROUTES,
    "GET",
    "/metrics",
    "readMetrics",
    "Numbers of the node",
    (
        Returns(
            200,
            "In the text format that Prometheus reads.",
            media_type="text/plain",
            example="# HELP ticker_readers Readers connected to the node.\n"
            '# TYPE ticker_readers gauge\nticker_readers{feed="breaking"} 10342\n',
        ),
    ),
    needs_log=False,
)
async def metrics(request: Request) -> Response:
    """Respond with the numbers of all workers of this node."""
    node = node_of(request)
    try:
        channels = await visible(request, node.hub.channels)
    except Unavailable:  # of all times, now the rest must be told
        channels = {name: channel for name, channel in node.hub.channels.items() if channel.feed.listed}
    return PlainTextResponse(node.metrics.text(channels), media_type="text/plain; version=0.0.4")
