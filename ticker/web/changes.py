"""The changes of a feed by long-poll. One decision and one set of headers, whichever way a request comes in.

This is also the plain ASGI way to serve it, for any ASGI server. Under `ticker serve`, the acceptor in server/ is
faster, and a request that waits has no task there.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple, Self
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from ticker.channel import Channel
from ticker.errors import Invalid, unknown_parameters
from ticker.hub import Hub
from ticker.longpoll import LONGEST_WAIT
from ticker.serving import compare
from ticker.settings import Settings
from ticker.waiting import PollResponse, Waiter
from ticker.web.address_share import stop_counting
from ticker.web.admission import cross_origin, enter, find_readable
from ticker.web.caching import of_feed
from ticker.web.faults import CLOSED, OTHER_ORIGIN
from ticker.web.key_lookup import address_of
from ticker.web.node import node_of
from ticker.web.operation import Fault, Operation, Resource, Returns
from ticker.web.parameters import AFTER, FEED, FEED_NAME, TICKER_AT, query
from ticker.web.responses import EXPOSED
from ticker.web.shapes.feed import CHANGES

ROUTES: Final = Resource("Feeds", (FEED_NAME,))

_WAIT: Final = query(
    "Wait",
    "wait",
    "Seconds to wait if nothing came yet.",
    {"type": "integer", "minimum": 0, "maximum": LONGEST_WAIT, "default": 0},
    10,
)
_WAIT_RULE: Final = ("wait", f"must be a whole number of seconds from 0 to {LONGEST_WAIT}")
_INVALID_WAIT: Final = Fault("InvalidWait", Invalid([_WAIT_RULE]))

CHANGES_PATH: Final = re.compile(r"/v1/feeds/(?P<feed>[^/]+)/changes")


class Poll(NamedTuple):
    """A request for changes that was let in: whose, since when, how long it waits, and headers of its response."""

    channel: Channel
    after: str | None
    wait: int
    headers: dict[str, str]


def admit_poll(
    hub: Hub, settings: Settings, *, feed: str, query: str, headers: Mapping[str, str], key: str | None = None
) -> Poll:
    """Decide on a request for changes.

    Raises:
        Invalid: a parameter that is not there, or a `wait` that is none.
        Forbidden, NotFound, Closed, Unavailable: as `enter`, which describes the parameters.
    """
    channel = enter(hub, settings, feed, headers, key)
    after, wait = asked(query)
    theirs = {"cache-control": of_feed(channel.feed), **cross_origin(settings, headers.get("origin"), channel.feed)}
    return Poll(channel, after, wait, theirs)


@lru_cache(maxsize=64)  # after each change, all clients send the same request
def asked(query: str) -> tuple[str | None, int]:
    """Return the position and the seconds that a query asks for.

    Raises:
        Invalid: with every parameter at fault.
    """
    given = dict(parse_qsl(query, keep_blank_values=True))
    faults = unknown_parameters(given, ("after", "wait"))
    wait = given.get("wait", "0")
    if not (wait.isascii() and wait.isdigit() and len(wait) < 3 and int(wait) <= LONGEST_WAIT):
        faults.append(_WAIT_RULE)
    if faults:
        raise Invalid(faults)
    return given.get("after"), int(wait)


def headers_of(response: PollResponse, poll: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a response, given those of its `Poll`; except for an origin, none depends on the client."""
    headers = {**poll, "access-control-expose-headers": EXPOSED}
    if response.at is not None:
        headers["ticker-at"] = response.at
    if response.body is not None:
        headers["content-type"] = "application/json"
    return headers


class AsgiWaiter(Waiter):
    """A request whose response is sent by the task that waits for it."""

    __slots__ = ("response",)

    def __init__(self) -> None:
        super().__init__()
        self.response: asyncio.Future[PollResponse] = asyncio.get_running_loop().create_future()

    @classmethod
    def respond_to_all(cls, waiters: Iterable[Self], response: PollResponse) -> None:
        for waiter in waiters:
            if not waiter.response.done():
                waiter.response.set_result(response)


@Operation(
    ROUTES,
    "GET",
    FEED + "/changes",
    "pollFeed",
    "What came after a position",
    (
        Returns(200, "Frames, at once or as soon as there are some.", (CHANGES,), headers=(TICKER_AT,)),
        Returns(204, "Nothing came in that time.", media_type="", headers=(TICKER_AT,)),
    ),
    parameters=(AFTER, _WAIT),
    faults=(CLOSED, _INVALID_WAIT, OTHER_ORIGIN),
    description="The same for everybody at that position: caches may share it for a second. Without `after`, or "
    "with one that cannot be resumed, a `snapshot` frame.",
)
async def changes(request: Request) -> Response:
    """Respond with the frames after a position, once there are some."""
    node = node_of(request)
    feed = request.path_params["feed"]
    access = await find_readable(node, request.headers, feed, address_of(request))
    request.scope["state"]["governing"] = access.channel.feed
    query, headers = request.url.query, request.headers
    poll = admit_poll(node.hub, node.settings, feed=feed, query=query, headers=headers, key=access.key)
    await compare(poll.channel)
    polls = poll.channel.polls
    found: PollResponse | None
    if request.method == "HEAD":
        found = polls.find(poll.after) or polls.unchanged()
    else:
        stop_counting()
        waiter = AsgiWaiter()
        found = polls.ask(waiter, poll.after, poll.wait) or await _wait(request, poll.channel, waiter)
    status = 204 if found.body is None else 200
    response = Response(found.body, status, headers_of(found, poll.headers))
    if found.leaving:
        response.headers["connection"] = "close"
    return response


async def _wait(request: Request, channel: Channel, waiter: AsgiWaiter) -> PollResponse:
    """Wait until there is a response, or the client has left."""
    waiting = channel.polls.waiting
    gone = asyncio.create_task(_gone(request))
    either: set[asyncio.Future[Any]] = {waiter.response, gone}
    try:
        while not waiter.response.done() and not gone.done():
            until = waiting.seconds_left(waiter)
            await asyncio.wait(either, timeout=until, return_when=asyncio.FIRST_COMPLETED)
            channel.polls.expire()
        return waiter.response.result() if waiter.response.done() else channel.polls.unchanged()
    finally:
        gone.cancel()
        waiting.leave(waiter)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
