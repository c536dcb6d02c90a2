"""A response's head and body in one write.

uvicorn writes the head of a response and then its body, and uvloop passes each write to the system at once. Measured
with 50 writers, the second write, and waking the other side for it, is a tenth of what a POST costs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final

_HEAD: Final = b"HTTP/"
"""What the head of a response starts with (RFC 9112 section 4)."""


class SingleWriteTransport:
    """A transport that keeps a head back until the next write, or the next turn of the event loop.

    Nothing else is kept back, so that flow control works as ever: who writes much is paused when the socket is full.
    All that is not defined here is the inner transport's.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        """Wrap a connected transport."""
        self._transport = transport
        self._loop = loop
        self.is_closing = transport.is_closing
        """As of the inner transport: asked a dozen times for a request, so `__getattr__` would be 2 % of its cost."""
        self._head = b""
        self._ended = False
        """Whether the writing side is closed."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write at once or, if it is a head, with what follows; nothing once the connection or its side is closed."""
        if self._ended or self._transport.is_closing():
            return  # where uvloop raises, and asyncio's own transports do not
        if data.startswith(_HEAD):
            if not self._head:
                self._loop.call_soon(self._flush)
            self._head += data
        else:
            head, self._head = self._head, b""
            self._transport.write(head + data)

    def writelines(self, data: Iterable[bytes]) -> None:
        """Write several pieces as one."""
        self.write(b"".join(data))

    def _flush(self) -> None:
        if self._head and not self._transport.is_closing():
            self.write(b"")

    def get_write_buffer_size(self) -> int:
        """Return how many bytes the system has not taken yet."""
        return self._transport.get_write_buffer_size() + len(self._head)

    def write_eof(self) -> None:
        """Close the writing side once everything is written."""
        self._flush()
        if not self._ended:
            self._ended = True
            self._transport.write_eof()

    def close(self) -> None:
        """Close once everything is written."""
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        """Close at once and drop what is not written."""
        self._head = b""
        self._transport.abort()
