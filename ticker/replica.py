"""The wait for a replica: it is read only once it has all that its primary had, since what it lacks would seem lost."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final

import orjson

from ticker.errors import Unavailable
from ticker.journal.log import Journal
from ticker.journal.subscription import Subscription

DEAF: Final = "The server of TICKER_REDIS_READ_URL does not receive what is written at TICKER_REDIS_URL"

TIMEOUT: Final = 1.5
"""Seconds in which a replica must have what the primary had, before the node connects to it again."""

INTERVAL: Final = 0.1
"""Seconds between two tokens meanwhile."""


async def caught_up(primary: Journal, replica: Subscription, channel: str, clock: Callable[[], float]) -> None:
    """Publish tokens at the primary until one arrives at the replica, whose subscription has the channel of probes.

    Other messages that arrive meanwhile are dropped.

    Raises:
        Unavailable: none arrived in TIMEOUT seconds.
    """
    token = orjson.dumps({"caught_up": secrets.token_hex(8)})
    deadline = clock() + TIMEOUT
    while clock() < deadline:
        await primary.probe([], token)  # repeated, since the subscription may not have begun
        again = clock() + INTERVAL
        while clock() < again:
            if await replica.next(again - clock()) == (channel, token):
                return
    raise Unavailable(DEAF)
