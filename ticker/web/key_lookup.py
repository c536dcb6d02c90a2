"""Whose key a request carries. Every key of a request is looked up here, so that guessing is slowed and counted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

from starlette.requests import HTTPConnection

from ticker.errors import Unavailable
from ticker.journal.holder import Holder
from ticker.serving import ServingNode
from ticker.web.address_share import stop_counting
from ticker.web.node import node_of

Found = TypeVar("Found")

RETRY_AFTER: Final = 5
"""Seconds after which a request should come again that was refused since too many guess."""


def secret_in(headers: Mapping[str, str]) -> str | None:
    """Return the key that a request carries (RFC 6750), if any. Header names are in small letters."""
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    return secret.strip() or None if scheme.lower() == "bearer" else None


def address_of(connection: HTTPConnection) -> str:
    """Return the address for which a request with an unknown key counts; behind a trusted proxy, the client's."""
    peer = connection.client.host if connection.client else ""
    return node_of(connection).addresses.of_request(peer, connection.headers.get("x-forwarded-for"))


async def find_holder(node: ServingNode, secret: str, address: str) -> Holder | None:
    """Return the holder of a key, asked of Redis each time so that revoking is immediate; None if it is unknown.

    Slowed, and raises, as `slow_guesses`.
    """
    return await slow_guesses(node, secret, address, lambda: node.registry.holder(secret))


async def slow_guesses(
    node: ServingNode, secret: str, address: str, find: Callable[[], Awaitable[Found | None]]
) -> Found | None:
    """Return what `find` finds with a key; None if the key is unknown.

    That takes some seconds if this address has sent many unknown ones.

    Raises:
        Unavailable: Redis cannot be asked; or too many requests with unknown keys wait, and this may be another one.
    """
    guesses = node.guesses
    if guesses.must_not_ask(secret, address):
        raise _too_many()
    found = await find()
    if found is not None:
        guesses.note_valid(secret)
    elif delay := guesses.note_unknown(address):
        if guesses.full:  # since this one was looked up
            raise _too_many()
        stop_counting()
        guesses.waiting += 1
        try:
            await asyncio.sleep(delay)
        finally:
            guesses.waiting -= 1
    return found


def _too_many() -> Unavailable:
    return Unavailable("Too many requests come with unknown keys; try again in a moment", retry_after=RETRY_AFTER)
