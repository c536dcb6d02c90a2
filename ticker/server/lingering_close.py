"""A connection that was told the last there is to tell, until its other side has closed it too.

If it were closed at once while the other side still sends, the system would answer with a reset, and the last that was
told might be discarded unread (RFC 9112 section 9.6).
"""

from __future__ import annotations

import os
import socket
from typing import Final

from ticker.server.readiness import Readiness

LINGER_TIMEOUT: Final = 2.0
"""Seconds for which such a connection is still read."""

_AT_A_TURN: Final = 64 * 1024
_IN_ALL: Final = 1024 * 1024


class LingeringClose:
    """A socket on which nothing is said any more, and what comes is discarded."""

    def __init__(self, descriptor: int, readiness: Readiness) -> None:
        """`descriptor` is a connected socket that the watch knows; it belongs to this from here on."""
        self._descriptor = descriptor
        self._readiness = readiness
        self._left = _IN_ALL
        readiness.reassign(descriptor, self)
        readiness.deadlines.expect(self, readiness.time() + LINGER_TIMEOUT)
        connection = socket.socket(fileno=descriptor)
        try:
            connection.shutdown(socket.SHUT_WR)
        except OSError:  # it is gone, of which the watch tells
            pass
        finally:
            connection.detach()

    def ready(self, *, room: bool, said: bool) -> None:
        """See `SocketOwner`."""
        try:
            size = len(os.read(self._descriptor, _AT_A_TURN))
        except BlockingIOError:
            return
        except OSError:
            size = 0
        self._left -= size
        if not size or self._left <= 0:
            self.cut()

    def late(self) -> None:
        """See `DeadlineOwner`."""
        self.cut()

    def cut(self) -> None:
        """See `SocketOwner`."""
        self._readiness.deadlines.settle(self)
        self._readiness.remove(self._descriptor)
        os.close(self._descriptor)
