"""A response that its client does not read: how long it may keep what the socket does not take."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from ticker.server.deadlines import Deadlines

UNREAD_TIMEOUT: Final = 30.0
"""Seconds in which a client must take LEAST_TAKEN bytes of a response that does not fit into its socket."""

LEAST_TAKEN: Final = 16 * 1024
"""Bytes, so that a client that reads one now and then is cut too; this is 4 kbit/s."""


class Cuttable(Protocol):
    """A connection that can be cut."""

    def cut(self) -> None:
        """Close the connection at once."""


class UnreadResponse:
    """The deadline of a connection whose socket is full."""

    def __init__(self, connection: Cuttable, deadlines: Deadlines) -> None:
        self._connection = connection
        self._deadlines = deadlines
        self._transport: asyncio.WriteTransport | None = None
        self._left = 0

    def start(self, transport: asyncio.WriteTransport) -> None:
        """Set the deadline: the socket of this transport is full."""
        self._transport, self._left = transport, transport.get_write_buffer_size()
        self._deadlines.set(self, self._deadlines.clock() + UNREAD_TIMEOUT)

    def clear(self) -> None:
        """Remove the deadline: the socket has room, or is closed."""
        self._deadlines.clear(self)

    def on_deadline(self) -> None:
        """See `DeadlineOwner`."""
        assert self._transport is not None
        left = self._transport.get_write_buffer_size()
        if left and left > self._left - LEAST_TAKEN:
            self.cut()
        else:
            self.start(self._transport)

    def cut(self) -> None:
        """See `DeadlineOwner`."""
        self._connection.cut()
