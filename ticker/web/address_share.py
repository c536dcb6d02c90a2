"""Only a few requests of one address are worked on at a time, so that who has many connections does not take all turns.

A page of history takes some milliseconds. The requests of one address that exceed its share wait for one another; those
of all others go on between them. There can be no more than its connections, which are limited: what a client asked for
that has left is given up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ticker.serving import ServingNode

AT_ONCE: Final = 2
"""Requests of one address that are worked on at a time: enough that one is worked on while another waits for Redis."""

_METHODS: Final = ("GET", "HEAD")
"""Requests that change something need a key, whose rate is limited; their bodies may take long to come."""


class _Share:
    """The share of one address."""

    __slots__ = ("requests", "turns")

    def __init__(self) -> None:
        self.turns = asyncio.Semaphore(AT_ONCE)
        self.requests = 0
        """Requests that are worked on or wait."""


GONE: Final = "gone"
"""Member of a request's `state` that the server sets once the client has left."""

ON_LEAVING: Final = "on_leaving"
"""Member of a request's `state` that the server calls then, if it is there."""

_give_back: ContextVar[Callable[[], None]] = ContextVar("_give_back")


def stop_counting() -> None:
    """Let the next request of this address begin, since the one that is being handled is about to wait for long."""
    if give_back := _give_back.get(None):
        give_back()


class AddressShare:
    """ASGI middleware: a request counts until its response begins, which is when most of its work is done."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._shares: dict[str, _Share] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; see the ASGI specification."""
        if scope["type"] != "http" or scope["method"] not in _METHODS or (address := _address(scope)) is None:
            await self._app(scope, receive, send)
            return
        share = self._shares.setdefault(address, _Share())
        share.requests += 1
        counts = False

        def give_back() -> None:
            nonlocal counts
            if counts:
                counts = False
                share.turns.release()

        async def noted(message: Message) -> None:
            give_back()
            await send(message)

        try:
            if not (counts := await _turn(share, scope["state"])):
                return
            token = _give_back.set(give_back)
            try:
                await self._app(scope, receive, noted)
            finally:
                _give_back.reset(token)
        finally:
            give_back()
            share.requests -= 1
            if not share.requests:
                del self._shares[address]


async def _turn(share: _Share, state: dict[str, Any]) -> bool:
    """Wait for a request's turn; return False if the client leaves meanwhile.

    Without that, a client that asks and leaves at once, again and again, would have any number of requests here.
    """
    task = asyncio.current_task()
    assert task is not None

    def leave() -> None:
        state["left"] = True
        task.cancel()

    if state.get(GONE):
        state["left"] = True
        return False
    state[ON_LEAVING] = leave
    try:
        return await share.turns.acquire()
    except asyncio.CancelledError:
        if state.get("left"):
            return False
        raise
    finally:
        del state[ON_LEAVING]


def _address(scope: Scope) -> str | None:
    """Return for whom a request counts; None for a trusted proxy that names no client, which speaks for many."""
    node: ServingNode = scope["state"]["node"]
    peer = scope["client"][0] if scope.get("client") else ""
    if (own := node.addresses.group(peer)) is not None:
        return own
    named = Headers(scope=scope).get("x-forwarded-for")
    return None if named is None else node.addresses.forwarded(named)
