"""What a connection asks its adapter to open: one transport, or one request."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final
from urllib.parse import urlencode

from ticker.client.request import feed_path

WAIT: Final = 10
"""Seconds that a long-poll waits for news. All clients ask for the same, so that a cache can share the response."""


class Transport(Enum):
    """The ways in which frames travel."""

    WEBSOCKET = "websocket"
    EVENTS = "events"
    POLL = "poll"


TRANSPORTS: Final = (Transport.WEBSOCKET, Transport.EVENTS, Transport.POLL)
"""In the order in which they are tried."""


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """What to open. Compared by identity: two attempts with the same values are two attempts.

    Attributes:
        transport: how; `POLL` is one request whose whole response is wanted.
        path: path and query, below the service's URL.
    """

    transport: Transport
    path: str


def attempt_to_follow(feed: str, transport: Transport, after: str | None) -> Attempt:
    """Return what to open in order to follow a feed after a position; without one, from a snapshot."""
    if transport is not Transport.POLL:
        query = [("after", after)] if after is not None else []
        return Attempt(transport, _with_query(feed_path(feed, "live"), query))
    query = [("after", after), ("wait", str(WAIT))] if after is not None else []
    return Attempt(transport, _with_query(feed_path(feed, "changes"), query))


def attempt_to_recheck(feed: str) -> Attempt:
    """Return what to open in order to learn whether a closed feed was reopened."""
    return Attempt(Transport.POLL, feed_path(feed))


def _with_query(path: str, query: list[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
