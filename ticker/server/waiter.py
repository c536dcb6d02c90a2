"""A request that waits at its socket: what is left of a connection while a client waits for changes.

As a reader's, it has no task and no transport, only an entry in the readiness. Once it is answered, the connection goes
back to the acceptor, who waits for the next request on it (HTTP/1.1 keep-alive).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from email.utils import formatdate
from typing import Final, Protocol, Self

from ticker.server.readiness import Readiness
from ticker.waiting import Changes, Waiter, Waiting
from ticker.web.changes import headers_of

AHEAD_AT_MOST: Final = 16 * 1024
"""Bytes a client may send behind its request before that is answered; more, and it is cut."""

_CLOSED: Final = -1


class Keeper(Protocol):
    """Who has the connections on which no request is under way."""

    def keep(self, descriptor: int, said: bytes) -> None:
        """Take a connection whose request is answered, and the bytes that were sent behind that."""


class SocketWaiter(Waiter):
    """A request at its socket; the socket is its own from its making until the response is written."""

    __slots__ = ("_close", "_descriptor", "_headers", "_keeper", "_readiness", "_rest", "_said", "_waiting")

    def __init__(
        self, descriptor: int, keeper: Keeper, readiness: Readiness, *, headers: Mapping[str, str], close: bool
    ) -> None:
        """`descriptor` is a connected socket that does not block; `close` says to close it after the response."""
        super().__init__()
        self._descriptor = descriptor
        self._keeper = keeper
        self._readiness = readiness
        self._headers = headers
        self._close = close
        self._waiting: Waiting | None = None
        self._said = b""
        self._rest = b""
        readiness.add(descriptor, self)

    def wait_in(self, waiting: Waiting) -> None:
        """Say where it waits, and so where it is to be forgotten if its client goes."""
        self._waiting = waiting

    @classmethod
    def respond_to_all(cls, waiters: Iterable[Self], changes: Changes) -> None:
        responses: dict[tuple[str | None, bool], bytes] = {}
        for waiter in waiters:
            waiter.respond(changes, responses)

    def respond(self, changes: Changes, responses: dict[tuple[str | None, bool], bytes]) -> None:
        """Write the response; `responses` has those made already, by whom they are for."""
        self._close = self._close or changes.leaving
        variant = self._headers.get("access-control-allow-origin"), self._close
        if (response := responses.get(variant)) is None:
            response = responses[variant] = written(changes, self._headers, close=self._close)
        try:
            sent = os.write(self._descriptor, response)
        except OSError:  # no room; or broken, which the watch finds out when it looks for room
            sent = 0
        if sent == len(response):
            self._answered()
        else:
            self._rest = response[sent:]
            self._readiness.watch_writable(self._descriptor, self, room=True)

    def _answered(self) -> None:
        descriptor, self._descriptor = self._descriptor, _CLOSED
        if self._close:
            self._readiness.remove(descriptor)
            os.close(descriptor)
        else:
            self._keeper.keep(descriptor, self._said)

    def cut(self) -> None:
        """See `SocketOwner`."""
        if self._waiting is not None:
            self._waiting.leave(self)
        if self._descriptor != _CLOSED:
            self._readiness.remove(self._descriptor)
            os.close(self._descriptor)
            self._descriptor, self._rest, self._said = _CLOSED, b"", b""

    def ready(self, *, room: bool, said: bool) -> None:
        """See `SocketOwner`."""
        if said and self._descriptor != _CLOSED:
            self._listen()
        if room and self._descriptor != _CLOSED:
            self._write_rest()

    def _listen(self) -> None:
        try:
            said = os.read(self._descriptor, AHEAD_AT_MOST)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        self._said += said
        if not said or len(self._said) > AHEAD_AT_MOST:
            self.cut()

    def _write_rest(self) -> None:
        try:
            sent = os.write(self._descriptor, self._rest)
        except BlockingIOError:
            return
        except OSError:  # broken, or the system gave it up because it took nothing for too long
            self.cut()
            return
        self._rest = self._rest[sent:]
        if not self._rest:
            self._readiness.watch_writable(self._descriptor, self, room=False)
            self._answered()


def written(changes: Changes, poll: Mapping[str, str], *, close: bool) -> bytes:
    """Return a response as it is written to a connection (RFC 9112)."""
    headers = {
        "date": formatdate(usegmt=True),
        **headers_of(changes, poll),
        "x-content-type-options": "nosniff",
    }
    if changes.body is not None:
        headers["content-length"] = str(len(changes.body))
    if close:
        headers["connection"] = "close"
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    status = "204 No Content" if changes.body is None else "200 OK"
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + (changes.body or b"")
