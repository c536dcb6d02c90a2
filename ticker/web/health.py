"""What an operator's machines ask: alive, ready, and the numbers."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from ticker.channel import Channel
from ticker.errors import Unavailable
from ticker.node import Node
from ticker.web.answers import json
from ticker.web.node import node_of
from ticker.web.reading import seen


async def healthz(request: Request) -> Response:
    """GET /healthz: this process answers. Never depends on Redis, or a Redis outage would restart every node."""
    return json({"status": "alive"})


async def readyz(request: Request) -> Response:
    """GET /readyz: this node is in sync with Redis, so a balancer may send readers and correspondents."""
    node = node_of(request)
    hub = node.hub
    if hub.draining:
        return json({"status": "draining"}, 503)
    # A feed whose log is damaged is damaged on every node: to send its readers elsewhere would help nobody.
    if node.follower.refuses:
        return json({"status": "the log takes no entries"}, 503)
    whole = [channel for name, channel in hub.channels.items() if name not in hub.damaged]
    if not hub.ready or any(channel.freshness.behind for channel in whole):
        return json({"status": "not level with Redis"}, 503)
    return json({"status": "ready"})


async def metrics(request: Request) -> Response:
    """GET /metrics: numbers of this worker, in the text format that Prometheus reads."""
    node = node_of(request)
    try:
        channels = await seen(request, node.hub.channels)
    except Unavailable:  # the numbers matter most in an outage, so those that are public are given
        channels = {name: channel for name, channel in node.hub.channels.items() if channel.feed.listed}
    return PlainTextResponse("".join(_lines(node, channels)), media_type="text/plain; version=0.0.4")


def _lines(node: Node, channels: dict[str, Channel]) -> Iterator[str]:
    gauges = {
        "ticker_readers": ("Readers connected to this worker.", {n: len(c) for n, c in channels.items()}),
        "ticker_readers_set_aside": ("Readers whose sockets are full.", {n: c.lagging for n, c in channels.items()}),
        "ticker_waiting": (
            "Readers whose requests for changes wait.",
            {n: c.polls.waiting.count for n, c in channels.items()},
        ),
        "ticker_offset": ("Offset of the newest entry.", {n: c.feed.tail.offset for n, c in channels.items()}),
        "ticker_level": ("1 while level with Redis.", {n: int(c.freshness.proven) for n, c in channels.items()}),
    }
    for name, (purpose, values) in gauges.items():
        yield f"# HELP {name} {purpose}\n# TYPE {name} gauge\n"
        for feed, value in values.items():
            yield f'{name}{{feed="{feed}"}} {value}\n'
    yield "# HELP ticker_log_writable 1 while the log takes entries.\n"
    yield f"# TYPE ticker_log_writable gauge\nticker_log_writable {int(node.follower.writable)}\n"
    cut = {n: c.cut_readers for n, c in channels.items()}
    yield "# HELP ticker_readers_cut_total Readers cut because they took nothing.\n"
    yield "# TYPE ticker_readers_cut_total counter\n"
    for feed, value in cut.items():
        yield f'ticker_readers_cut_total{{feed="{feed}"}} {value}\n'
    yield "# HELP ticker_relay_filled_total Entries that pub/sub did not bring and the log did.\n"
    yield f"# TYPE ticker_relay_filled_total counter\nticker_relay_filled_total {node.follower.filled}\n"
    yield "# HELP ticker_relay_sessions_total Times this worker came level with Redis anew.\n"
    yield f"# TYPE ticker_relay_sessions_total counter\nticker_relay_sessions_total {node.follower.sessions}\n"
