"""What a connection of redis-py has received from Redis and not handed out yet.

redis-py hands out one response at a time, through four coroutines and a timeout of its own for each. Where many have
come together, as with 50 writers or a probe of a thousand feeds, that costs as much as all else between here and Redis.
So they are taken from hiredis, which has parsed them.
"""

from __future__ import annotations

from typing import Any, Final

from redis import exceptions
from redis._parsers.hiredis import NOT_ENOUGH_DATA
from redis.asyncio.connection import Connection

NOTHING: Final = NOT_ENOUGH_DATA
"""Returned where nothing is left that was received as a whole."""


def next_buffered(connection: Connection) -> Any:
    """Return the next response or message, an error of Redis as an exception; NOTHING if none is left. Never waits.

    Raises:
        ConnectionError: of redis-py; Redis responded that this connection is of no use now.
    """
    received = connection._parser._reader.gets(False)  # type: ignore[attr-defined]  # noqa: SLF001  # the only way to it
    if isinstance(received, exceptions.ConnectionError):
        raise received
    return received
