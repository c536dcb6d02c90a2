"""A request that waits at its socket: what is left of a connection while a client waits for changes.

Like a reader it has no task and no transport, only an entry in the selector. Once it is answered, the connection goes
back to the acceptor, which waits for the next request on it (HTTP/1.1 keep-alive).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Final, Protocol, Self

from ticker.longpoll import LongPoll
from ticker.server.http_date import http_date
from ticker.server.readiness import Readiness
from ticker.waiting import PollResponse, Waiter
from ticker.web.changes import headers_of

MAX_PIPELINED_SIZE: Final = 16 * 1024
"""Bytes a client may send behind its request before the response; with more, it is cut."""

_CLOSED: Final = -1


class KeepAlive(Protocol):
    """The owner of connections without a request."""

    def take_back(self, descriptor: int, received: bytes) -> None:
        """Take a connection whose request is answered, and the bytes that were received behind that."""


class SocketWaiter(Waiter):
    """A waiting request, which owns its socket until the response is written."""

    __slots__ = (
        "_close",
        "_descriptor",
        "_headers",
        "_keep_alive",
        "_polls",
        "_readiness",
        "_received",
        "_unsent",
    )

    def __init__(
        self, descriptor: int, keep_alive: KeepAlive, readiness: Readiness, *, headers: Mapping[str, str], close: bool
    ) -> None:
        """Take over a connected socket that does not block; `close` it after the response instead of keeping it."""
        super().__init__()
        self._descriptor = descriptor
        self._keep_alive = keep_alive
        self._readiness = readiness
        self._headers = headers
        self._close = close
        self._polls: LongPoll | None = None
        self._received = b""
        self._unsent = b""
        readiness.add(descriptor, self)

    def wait_in(self, polls: LongPoll) -> None:
        """Set where it waits, and has to be removed if it is cut."""
        self._polls = polls

    @classmethod
    def respond_to_all(cls, waiters: Iterable[Self], response: PollResponse) -> None:
        responses: dict[tuple[str | None, bool], bytes] = {}
        for waiter in waiters:
            waiter.respond(response, responses)

    def respond(self, response: PollResponse, responses: dict[tuple[str | None, bool], bytes]) -> None:
        """Write the response; `responses` are those encoded already, by variant."""
        self._close = self._close or response.leaving
        variant = self._headers.get("access-control-allow-origin"), self._close
        if (encoded := responses.get(variant)) is None:
            encoded = responses[variant] = encode(response, self._headers, close=self._close)
        try:
            sent = os.write(self._descriptor, encoded)
        except OSError:  # no room; or broken, which is found out when waiting for room
            sent = 0
        if sent == len(encoded):
            self._answered()
        else:
            self._unsent = encoded[sent:]
            self._readiness.watch_writable(self._descriptor, self, on=True)

    def _answered(self) -> None:
        descriptor, self._descriptor = self._descriptor, _CLOSED
        if self._close:
            self._readiness.close(descriptor)
        else:
            self._keep_alive.take_back(descriptor, self._received)

    def cut(self) -> None:
        """See `SocketOwner`."""
        if self._polls is not None:
            self._polls.waiting.leave(self)
        if self._descriptor != _CLOSED:
            self._readiness.close(self._descriptor)
            self._descriptor, self._unsent, self._received = _CLOSED, b"", b""

    def on_ready(self, *, readable: bool, writable: bool) -> None:
        """See `SocketOwner`."""
        if readable and self._descriptor != _CLOSED:
            self._read()
        if writable and self._descriptor != _CLOSED:
            self._write_unsent()

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, MAX_PIPELINED_SIZE)
        except BlockingIOError:
            return
        except OSError:  # reset, or given up by the system
            self.cut()
            return
        self._received += data
        if not data:
            self._end()
        elif len(self._received) > MAX_PIPELINED_SIZE:
            self.cut()

    def _end(self) -> None:
        """Respond at once to a client that has closed its side.

        It may still read, or be gone: the two look alike. In either case there is no use in waiting on.
        """
        if self._unsent:
            self._readiness.watch_writable_only(self._descriptor, self)
        elif self._polls is not None:
            self._polls.end_wait(self)

    def _write_unsent(self) -> None:
        try:
            sent = os.write(self._descriptor, self._unsent)
        except BlockingIOError:
            return
        except OSError:  # broken, or the system gave it up because nothing was acknowledged for too long
            self.cut()
            return
        self._unsent = self._unsent[sent:]
        if not self._unsent:
            self._readiness.watch_writable(self._descriptor, self, on=False)
            self._answered()


def encode(response: PollResponse, headers: Mapping[str, str], *, close: bool) -> bytes:
    """Return a whole response, head and body (RFC 9112)."""
    fields = {
        "date": http_date(),
        **headers_of(response, headers),
        "x-content-type-options": "nosniff",
    }
    if response.body is not None:
        fields["content-length"] = str(len(response.body))
    if close:
        fields["connection"] = "close"
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    status = "204 No Content" if response.body is None else "200 OK"
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + (response.body or b"")
