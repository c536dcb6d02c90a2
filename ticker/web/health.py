"""What an operator's machines ask: alive, ready, and the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from ticker.channel import Channel
from ticker.errors import Unavailable
from ticker.node import Node
from ticker.schema import shape, text
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
    if not hub.ready or node.follower.behind:
        return json({"status": "not level with Redis"}, 503)
    return json({"status": "ready"})


@Operation(
    ROUTES,
    "GET",
    "/metrics",
    "readMetrics",
    "Numbers of one worker",
    (
        Returns(
            200,
            "In the text format that Prometheus reads.",
            media_type="text/plain",
            example="# HELP ticker_readers Readers connected to this worker.\n"
            '# TYPE ticker_readers gauge\nticker_readers{feed="breaking"} 10342\n',
        ),
    ),
    needs_log=False,
)
async def metrics(request: Request) -> Response:
    """Respond with the numbers of this worker."""
    node = node_of(request)
    try:
        channels = await visible(request, node.hub.channels)
    except Unavailable:  # of all times, now the rest must be told
        channels = {name: channel for name, channel in node.hub.channels.items() if channel.feed.listed}
    return PlainTextResponse("".join(_lines(node, channels)), media_type="text/plain; version=0.0.4")


def _lines(node: Node, channels: dict[str, Channel]) -> Iterator[str]:
    gauges = {
        "ticker_readers": ("Readers connected to this worker.", {n: len(c) for n, c in channels.items()}),
        "ticker_readers_set_aside": (
            "Readers whose sockets are full.",
            {n: c.lagging_count for n, c in channels.items()},
        ),
        "ticker_waiting": (
            "Readers whose requests for changes wait.",
            {n: c.polls.waiting.count for n, c in channels.items()},
        ),
        "ticker_offset": ("Offset of the newest entry.", {n: c.feed.tail.offset for n, c in channels.items()}),
        "ticker_level": ("1 while in sync with Redis.", {n: int(c.freshness.proven) for n, c in channels.items()}),
    }
    for name, (purpose, values) in gauges.items():
        yield f"# HELP {name} {purpose}\n# TYPE {name} gauge\n"
        for feed, value in values.items():
            yield f'{name}{{feed="{feed}"}} {value}\n'
    writable = node.follower.writable and node.server_check.fault is None
    yield "# HELP ticker_log_writable 1 while the log takes entries.\n"
    yield f"# TYPE ticker_log_writable gauge\nticker_log_writable {int(writable)}\n"
    yield "# HELP ticker_responses_total Responses to requests, by status.\n# TYPE ticker_responses_total counter\n"
    for status, count in sorted(node.responses.items()):
        yield f'ticker_responses_total{{status="{status}"}} {count}\n'
    cut = {n: c.cut_readers for n, c in channels.items()}
    yield "# HELP ticker_readers_cut_total Readers cut because they took nothing.\n"
    yield "# TYPE ticker_readers_cut_total counter\n"
    for feed, value in cut.items():
        yield f'ticker_readers_cut_total{{feed="{feed}"}} {value}\n'
    yield "# HELP ticker_unknown_keys_total Requests with a key that is not known.\n"
    yield f"# TYPE ticker_unknown_keys_total counter\nticker_unknown_keys_total {node.guesses.count}\n"
    yield "# HELP ticker_relay_filled_total Entries that pub/sub did not bring and the log did.\n"
    yield f"# TYPE ticker_relay_filled_total counter\nticker_relay_filled_total {node.follower.filled}\n"
    yield "# HELP ticker_relay_sessions_total Times this worker began to follow Redis.\n"
    yield f"# TYPE ticker_relay_sessions_total counter\nticker_relay_sessions_total {node.follower.sessions}\n"
