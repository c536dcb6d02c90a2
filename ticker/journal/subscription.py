"""A connection to Redis that subscribes to channels, and the messages that it brings."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from redis import exceptions
from redis.asyncio.connection import Connection

from ticker.journal.buffered import NOTHING, next_buffered
from ticker.journal.names import Channels
from ticker.journal.pools import RESPONSE_TIMEOUT
from ticker.journal.redis_errors import Moved, translated

_MESSAGES: Final = frozenset([b"message", b"smessage"])
"""What a message begins with; smessage: of a sharded channel."""


class Subscription:
    """One connection that subscribes to channels."""

    def __init__(self, connection: Connection, channels: Channels) -> None:
        self._connection = connection
        self._channels = channels

    async def add(self, *channels: str) -> None:
        """Subscribe to more channels."""
        with translated():
            async with asyncio.timeout(RESPONSE_TIMEOUT):
                try:
                    packed = self._connection.pack_commands(self._commands(channels))
                    await self._connection.send_packed_command(packed)
                except RuntimeError as error:  # uvloop's, where the connection was reset while idle
                    raise exceptions.ConnectionError("the connection was lost") from error

    def _commands(self, channels: tuple[str, ...]) -> list[tuple[str, ...]]:
        if not self._channels.sharded:
            return [("SUBSCRIBE", *channels)]
        # One command takes channels of one slot.
        return [("SUBSCRIBE" if each in self._channels.everywhere else "SSUBSCRIBE", each) for each in channels]

    async def response(self) -> None:
        """Wait for the response to the first command that subscribes; what is refused raises NotPermitted."""
        with translated():
            await self._connection.read_response(timeout=RESPONSE_TIMEOUT, disconnect_on_error=False)

    async def next(self, timeout: float) -> tuple[str, bytes] | None:
        """Return the next message and its channel, or None if none comes within `timeout` seconds.

        Raises:
            Moved: a channel has left this server, with its slot.
        """
        message = None
        while message is None:  # Redis also confirms each subscription
            with translated():
                received = await self._connection.read_response(timeout=max(timeout, 0.0), disconnect_on_error=False)
            if received is None:
                return None
            message = _message(received)
        return message

    async def readable(self) -> bool:
        """Return True if something was received that is not taken yet, or the connection has ended. Never waits."""
        with translated():
            return bool(await self._connection.can_read())

    def ready(self) -> list[tuple[str, bytes]]:
        """Return the messages that were received together with the last one, without waiting for any."""
        messages = []
        with translated():
            while (message := next_buffered(self._connection)) is not NOTHING:
                if isinstance(message, Exception):
                    raise message
                if (found := _message(message)) is not None:
                    messages.append(found)
        return messages


def _message(received: Any) -> tuple[str, bytes] | None:
    """Return a message and its channel, or None for what confirms a subscription."""
    if received[0] in _MESSAGES:
        return received[1].decode(), received[2]
    if received[0] == b"sunsubscribe":
        raise Moved("A part of the log has moved to another server")
    return None
