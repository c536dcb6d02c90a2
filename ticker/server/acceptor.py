"""Accepts connections, reads their first bytes, and hands them off to the hub or gives them to uvicorn.

Anything that is not handed off (a page, a POST, a refusal, a head in pieces) is given to uvicorn with the bytes read.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import resource
import socket
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from uvicorn.config import Config
from uvicorn.server import ServerState

from ticker.errors import TooManyConnections, Unavailable
from ticker.server.address_limit import AddressLimit, CountedConnection
from ticker.server.deadlines import DeadlineOwner
from ticker.server.hand_off import HandOff
from ticker.server.http_date import http_date
from ticker.server.idle_connections import IdleConnections
from ticker.server.readiness import Readiness
from ticker.server.refusal import refusal
from ticker.server.requests import LimitedHttpProtocol, Surroundings
from ticker.settings import Settings

log = logging.getLogger("ticker.server")


FIRST_BYTE_TIMEOUT: Final = 10.0
"""Seconds a new connection may send nothing, so that silent ones do not use up the descriptors."""

DEADLINE_INTERVAL: Final = 1.0
"""Seconds between checks of all deadlines: one timer for all connections."""

DEADLINE_BATCH: Final = 16
"""Connections notified of their deadline before others get their turn: those that were opened together are late
together, and each is sent a response."""

ACCEPT_BATCH: Final = 8
"""Connections accepted before others get their turn: with what they send at once, that takes half a millisecond."""

FIRST_READ_SIZE: Final = 16 * 1024
"""Bytes read from a connection before it is decided who gets it."""

RESERVED_FDS: Final = 32
"""Descriptors below the limit that are only used to send FULL_RESPONSE."""

EVICTION_FDS: Final = 64
"""Descriptors below those from where on each new connection evicts others that have no complete request."""

FULL_RESPONSE: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\n"
    b"content-type: text/plain; charset=utf-8\r\nx-content-type-options: nosniff\r\ncontent-length: 54\r\n\r\n"
    b"This node has as many connections as the system allows"
)
"""The response while descriptors are short. It takes none, so it is not a problem document."""

ACCEPT_BACKOFF: Final = 1.0
"""Seconds without accepting when the system has no descriptor left; connections wait in the kernel's queue."""


class PendingConnection:
    """A connection on which nothing was received yet, or nothing since its last request was answered."""

    def __init__(self, acceptor: Acceptor, descriptor: int, since: float, *, kept_alive: bool = False) -> None:
        self.descriptor = descriptor
        self.since = since
        self._kept_alive = kept_alive
        self._acceptor = acceptor

    def on_ready(self, *, readable: bool, writable: bool) -> None:
        """See `SocketOwner`."""
        if self._acceptor.forget(self):
            self._acceptor.receive(self.descriptor, None if self._kept_alive else self.since)

    def cut(self) -> None:
        """See `SocketOwner`."""
        self._acceptor.cut(self)


class Acceptor:
    """Accepts connections, reads their first bytes and decides who gets them."""

    def __init__(
        self, listener: socket.socket, config: Config, server_state: ServerState, app_state: dict[str, Any]
    ) -> None:
        """Take a listening socket, and what uvicorn's protocol needs. Requires a running event loop."""
        self._listener = listener
        self._for_uvicorn = (config, server_state, app_state)
        self._loop = asyncio.get_running_loop()
        self.readiness = Readiness(self._loop)
        """Of all sockets that have no transport."""
        node, open_files = app_state["node"], resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        settings: Settings = node.settings
        self._responses: Counter[int] = node.responses
        """What is refused here is counted too."""
        self._address_limit = AddressLimit(settings.address_connections, settings.trusted, open_files=open_files)
        self.readiness.on_close = self._address_limit.close
        self._hand_off = HandOff(node, self.readiness, self, self._address_limit)
        # Descriptors are compared with this: the system gives out the lowest one that is free.
        self._reserved_from = open_files - RESERVED_FDS
        self._evict_from = self._reserved_from - EVICTION_FDS
        self._pending: dict[PendingConnection, None] = {}  # oldest first
        self._deadlines = self.readiness.deadlines
        self._idle = IdleConnections()
        self._refusal = "", b""
        self._giving: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def pending(self) -> int:
        """How many connections have sent nothing yet, or nothing since their last request."""
        return len(self._pending)

    def open(self) -> None:
        """Start to accept."""
        self._listener.setblocking(False)
        self._loop.add_reader(self._listener, self._accept)
        self._check_deadlines_repeatedly()

    def close(self) -> None:
        """Accept no more, and close the pending connections. Readers stay, and deadlines are still checked."""
        self._closed = True
        self._loop.remove_reader(self._listener)
        self._listener.close()
        for pending in list(self._pending):
            pending.cut()

    def _accept(self) -> None:
        for _ in range(ACCEPT_BATCH):
            try:
                # A socket object for each connection would be a third of what accepting costs.
                descriptor, address = self._listener._accept()  # type: ignore[attr-defined]  # noqa: SLF001
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                advice = "; raise the limit of open files" if error.errno in (errno.EMFILE, errno.ENFILE) else ""
                log.warning("no connection can be accepted: %s%s", error.strerror, advice)
                self._loop.remove_reader(self._listener)
                self._loop.call_later(ACCEPT_BACKOFF, self._accept_again)
                return
            os.set_blocking(descriptor, False)
            try:
                if self._address_limit.admit(descriptor, address[0]):
                    self.receive(descriptor)
                else:
                    self._refuse(descriptor)
            except Exception:  # one that fails must not block the others
                log.exception("a connection failed")

    def _accept_again(self) -> None:
        if self._listener.fileno() >= 0:
            self._loop.add_reader(self._listener, self._accept)

    def receive(self, descriptor: int, since: float | None = None) -> None:
        """Read the first bytes of a connection and decide; let it wait if there are none.

        The time for its request counts from `since`, or from now.
        """
        since = self.readiness.clock() if since is None else since
        # Those that are freed here are given out next, without an eviction: so it takes one for each above the limit.
        for _ in range(descriptor - self._evict_from + 1):
            self._evict()
        try:
            data = os.read(descriptor, FIRST_READ_SIZE)
        except BlockingIOError:
            pending = PendingConnection(self, descriptor, since)
            self.readiness.add(descriptor, pending)
            self._pending[pending] = None
            return
        except OSError:
            data = b""
        if data and descriptor >= self._reserved_from:
            with contextlib.suppress(OSError):
                os.write(descriptor, FULL_RESPONSE)
            self._responses[Unavailable.status] += 1
            data = b""
        if not data:
            self._address_limit.close(descriptor)
            os.close(descriptor)
        else:
            self._decide(descriptor, data, since)

    def _refuse(self, descriptor: int) -> None:
        """Refuse a connection of an address that has too many, before anything is allocated for it."""
        if self._refusal[0] != (date := http_date()):
            self._refusal = date, refusal(self._address_limit.error())
        _end(descriptor, self._refusal[1])
        self._responses[TooManyConnections.status] += 1

    def _evict(self) -> None:
        """Cut a connection that has no request, or one that is silent or slow: writers need its descriptor more."""
        if self._idle.cut_oldest():
            return
        if self._pending:
            next(iter(self._pending)).cut()
        else:
            self._deadlines.cut_oldest()

    def take_back(self, descriptor: int, received: bytes) -> None:
        """See `KeepAlive`."""
        self._address_limit.end_request(descriptor)
        if not self._closed and not received:
            pending = PendingConnection(self, descriptor, self.readiness.clock(), kept_alive=True)
            self.readiness.reassign(descriptor, pending)
            self._pending[pending] = None
            return
        if self._closed:
            self.readiness.close(descriptor)
        else:  # not at once: other requests are being answered
            self.readiness.remove(descriptor)
            self._loop.call_soon(self._decide, descriptor, received, self.readiness.clock())

    def _decide(self, descriptor: int, data: bytes, since: float) -> None:
        if not self._hand_off.try_first_bytes(descriptor, data):
            giving = self._loop.create_task(self._give_to_uvicorn(descriptor, data, since))
            self._giving.add(giving)
            giving.add_done_callback(self._giving.discard)

    def forget(self, pending: PendingConnection) -> bool:
        """Forget a pending connection; return True if it was pending."""
        if pending not in self._pending:
            return False
        del self._pending[pending]
        self.readiness.remove(pending.descriptor)
        return True

    def cut(self, pending: PendingConnection) -> None:
        """Close a pending connection, unless its descriptor has another owner by now."""
        if self.forget(pending):
            self._address_limit.close(pending.descriptor)
            os.close(pending.descriptor)

    def check_deadlines(self) -> None:
        """Cut pending connections that were silent for too long, and notify those that are too slow."""
        now = self.readiness.clock()
        for pending in [pending for pending in self._pending if now - pending.since > FIRST_BYTE_TIMEOUT]:
            pending.cut()
        self._notify_some(iter(self._deadlines.passed()))

    def _notify_some(self, late: Iterator[DeadlineOwner]) -> None:
        """Notify some owners of deadlines, and the others after what else is ready: each may write a response."""
        for number, owner in enumerate(late, 1):
            self._deadlines.notify(owner)
            if number == DEADLINE_BATCH:
                self._loop.call_soon(self._notify_some, late)
                return

    def _check_deadlines_repeatedly(self) -> None:
        self._loop.call_later(DEADLINE_INTERVAL, self._check_deadlines_repeatedly)
        self.check_deadlines()

    async def _give_to_uvicorn(self, descriptor: int, data: bytes, since: float) -> None:
        counted = CountedConnection(self._address_limit, descriptor)
        surroundings = Surroundings(self._hand_off, self._deadlines, self._idle, counted)
        connection = socket.socket(fileno=descriptor)
        try:
            await self._loop.connect_accepted_socket(
                lambda: LimitedHttpProtocol(surroundings, data, since, *self._for_uvicorn), connection
            )
        except BaseException:
            counted.close()
            raise


def _end(descriptor: int, response: bytes) -> None:
    """Close a connection with a response, after the request that is there already: unread, it would cause a reset."""
    with contextlib.suppress(OSError):
        os.read(descriptor, FIRST_READ_SIZE)
    with contextlib.suppress(OSError):
        os.write(descriptor, response)
    os.close(descriptor)
