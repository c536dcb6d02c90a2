"""Readiness of all sockets that have no transport: one selector, nested in the event loop as a single descriptor.

A reader's socket is almost never ready for anything that matters: it is written to when there is news, not when there
is room. So it gets an entry in a selector instead of a transport. Measured with uvloop: a transport, made and kept, is
more than half of what a join costs and two thirds of a reader's memory.
"""

from __future__ import annotations

import asyncio
import logging
import os
import selectors
from collections.abc import Callable
from typing import Protocol

from ticker.server.deadlines import Deadlines

log = logging.getLogger("ticker.server")


class SocketOwner(Protocol):
    """An object that owns a socket."""

    def on_ready(self, *, readable: bool, writable: bool) -> None:
        """Handle that the socket has bytes to read (or has ended), or has room to write to."""

    def cut(self) -> None:
        """Close the connection at once."""


class Readiness:
    """Notifies the owners of sockets when those are ready."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.clock: Callable[[], float] = loop.time
        """The time in seconds, for the owners of sockets."""
        self.deadlines = Deadlines(self.time)
        """The deadlines of those that have one."""
        self.on_close: Callable[[int], object] = _nothing
        """Called with each descriptor that is about to be closed."""
        self._selector = selectors.DefaultSelector()
        loop.add_reader(self._selector.fileno(), self._notify)

    def time(self) -> float:
        """Return the time by the clock."""
        return self.clock()

    def add(self, descriptor: int, owner: SocketOwner) -> None:
        """Watch a socket for bytes to read. One that cannot be watched is closed: its end would go unnoticed."""
        try:
            self._selector.register(descriptor, selectors.EVENT_READ, owner)
        except BaseException:
            self.on_close(descriptor)
            os.close(descriptor)
            raise

    def watch_writable(self, descriptor: int, owner: SocketOwner, *, on: bool) -> None:
        """Watch a socket for room to write to as well, or no longer."""
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if on else 0)
        self._selector.modify(descriptor, events, owner)

    def watch_writable_only(self, descriptor: int, owner: SocketOwner) -> None:
        """Watch a socket for room to write to, and not for bytes to read, since it has ended."""
        self._selector.modify(descriptor, selectors.EVENT_WRITE, owner)

    def reassign(self, descriptor: int, owner: SocketOwner) -> None:
        """Notify another owner of a socket from now on. Costs no system call."""
        self._selector.modify(descriptor, selectors.EVENT_READ, owner)

    def remove(self, descriptor: int) -> None:
        """Watch a socket no longer; it goes on elsewhere."""
        self._selector.unregister(descriptor)

    def close(self, descriptor: int) -> None:
        """Watch a socket no longer, and close it."""
        self._selector.unregister(descriptor)
        self.on_close(descriptor)
        os.close(descriptor)

    def stop(self) -> None:
        """Stop watching all sockets."""
        self._loop.remove_reader(self._selector.fileno())
        self._selector.close()

    def _notify(self) -> None:
        for key, events in self._selector.select(0):
            owner: SocketOwner = key.data
            try:
                owner.on_ready(
                    readable=bool(events & selectors.EVENT_READ), writable=bool(events & selectors.EVENT_WRITE)
                )
            except Exception:  # a failing one must not be notified again and again, nor block the others
                log.exception("a connection failed and is closed")
                owner.cut()


def _nothing(_: int) -> None:
    """Do nothing about a descriptor that is closed."""
