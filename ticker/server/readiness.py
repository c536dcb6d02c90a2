"""One watch over all sockets that belong to no transport, nested in the event loop as a single descriptor.

A reader's socket is almost never ready for anything that matters: it is written to when there is news, not when
there is room. So it gets an entry in a selector instead of a transport. Measured with uvloop: a transport, made
and kept, is more than half of what a join costs and two thirds of what a reader weighs.
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
    """Somebody whose socket is watched."""

    def ready(self, *, room: bool, said: bool) -> None:
        """Hear that the socket takes bytes again, or that there is something to read (its end, perhaps)."""

    def cut(self) -> None:
        """Close the connection at once."""


class Readiness:
    """Tells the owners of sockets when those are ready."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.clock: Callable[[], float] = loop.time
        """The time in seconds, for the owners of sockets."""
        self.deadlines = Deadlines(self.time)
        """Until when they wait for something, if they do."""
        self._selector = selectors.DefaultSelector()
        loop.add_reader(self._selector.fileno(), self._look)

    def time(self) -> float:
        """Return the time by the clock."""
        return self.clock()

    def add(self, descriptor: int, who: SocketOwner) -> None:
        """Watch a socket for incoming bytes. One that cannot be watched is closed: its end would go unnoticed."""
        try:
            self._selector.register(descriptor, selectors.EVENT_READ, who)
        except BaseException:
            os.close(descriptor)
            raise

    def watch_writable(self, descriptor: int, who: SocketOwner, *, room: bool) -> None:
        """Watch it for room to write in too, or no longer."""
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if room else 0)
        self._selector.modify(descriptor, events, who)

    def reassign(self, descriptor: int, who: SocketOwner) -> None:
        """Watch a socket for somebody else from here on. Costs no system call."""
        self._selector.modify(descriptor, selectors.EVENT_READ, who)

    def remove(self, descriptor: int) -> None:
        """Forget a socket; it is the owner's to close."""
        self._selector.unregister(descriptor)

    def close(self) -> None:
        """Watch nothing any more."""
        self._loop.remove_reader(self._selector.fileno())
        self._selector.close()

    def _look(self) -> None:
        for key, events in self._selector.select(0):
            who: SocketOwner = key.data
            try:
                who.ready(room=bool(events & selectors.EVENT_WRITE), said=bool(events & selectors.EVENT_READ))
            except Exception:  # a fault in dealing with one must not come back for ever, nor stop the others
                log.exception("a connection failed and is closed")
                who.cut()
