"""GET …/changes: the long-poll. One decision and one set of headers, whichever way a request comes in.

This is also the plain ASGI way to serve it, for any ASGI server. Under `ticker serve`, the door in server/ is faster,
and a request that waits has no task there.
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

from ticker.errors import Forbidden, Invalid
from ticker.hub import Channel, Hub
from ticker.longpoll import LONGEST_WAIT
from ticker.settings import Settings
from ticker.waiting import Changes, Waiter
from ticker.web.admission import cross_origin
from ticker.web.answers import EXPOSED
from ticker.web.node import node_of

CHANGES_PATH: Final = re.compile(r"/v1/feeds/(?P<feed>[^/]+)/changes")


class Poll(NamedTuple):
    """A request for changes that was let in: whose, since when, how long it waits, and headers of its response."""

    channel: Channel
    after: str | None
    wait: int
    cross_origin: dict[str, str]


def admit_poll(hub: Hub, settings: Settings, *, feed: str, query: str, headers: Mapping[str, str]) -> Poll:
    """Decide on a request for changes. Header names are in small letters.

    Raises:
        Forbidden: the page's origin may not read feeds.
        Invalid: a parameter that is not there, or a `wait` that is none.
        NotFound, Unavailable: no such feed; or not here, not now.
    """
    origin = headers.get("origin")
    if not settings.allows(origin):
        raise Forbidden(f"Pages of {origin} may not read this service's feeds", field="Origin")
    after, wait = asked(query)
    return Poll(hub.admit(feed), after, wait, cross_origin(settings, origin))


@lru_cache(maxsize=64)  # after each change, everybody asks the same
def asked(query: str) -> tuple[str | None, int]:
    """Return the position and the seconds that a query asks for.

    Raises:
        Invalid: with every parameter at fault.
    """
    given = dict(parse_qsl(query, keep_blank_values=True))
    known = "is not a parameter here; the parameters are after and wait"
    faults = [(name, known) for name in sorted(given.keys() - {"after", "wait"})]
    wait = given.get("wait", "0")
    if not (wait.isascii() and wait.isdigit() and len(wait) < 3 and int(wait) <= LONGEST_WAIT):
        faults.append(("wait", f"is a whole number of seconds from 0 to {LONGEST_WAIT}"))
    if faults:
        raise Invalid(faults)
    return given.get("after"), int(wait)


def headers_of(changes: Changes, cross_origin: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a response. None depends on the client, but for those that name its origin."""
    headers = {"cache-control": "public, max-age=1", **cross_origin, "access-control-expose-headers": EXPOSED}
    if changes.at is not None:
        headers["ticker-at"] = changes.at
    if changes.body is not None:
        headers["content-type"] = "application/json"
    return headers


class AsgiWaiter(Waiter):
    """A request whose response is sent by the task that waits for it."""

    __slots__ = ("response",)

    def __init__(self) -> None:
        super().__init__()
        self.response: asyncio.Future[Changes] = asyncio.get_running_loop().create_future()

    @classmethod
    def respond_to_all(cls, waiters: Iterable[Self], changes: Changes) -> None:
        for waiter in waiters:
            if not waiter.response.done():
                waiter.response.set_result(changes)


async def changes(request: Request) -> Response:
    """GET …/changes?after=&wait="""
    node = node_of(request)
    feed = request.path_params["feed"]
    await node.find(feed)
    poll = admit_poll(node.hub, node.settings, feed=feed, query=request.url.query, headers=request.headers)
    polls = poll.channel.polls
    found: Changes | None
    if request.method == "HEAD":
        found = polls.look(poll.after) or polls.unchanged()
    else:
        waiter = AsgiWaiter()
        found = polls.ask(waiter, poll.after, poll.wait) or await _told(request, poll.channel, waiter)
    status = 204 if found.body is None else 200
    headers = headers_of(found, poll.cross_origin)
    if found.leaving:
        headers["connection"] = "close"
    return Response(found.body, status, headers)


async def _told(request: Request, channel: Channel, waiter: AsgiWaiter) -> Changes:
    """Wait until there is a response, or nobody to respond to."""
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
