"""Lingering close: a connection that was sent its last bytes is read until the other side closes it too.

If it were closed at once while the other side still sends, the system would respond with a reset, and the last bytes
might be discarded unread (RFC 9112 section 9.6).
"""

from __future__ import annotations

import os
import socket
from typing import Final

from ticker.server.readiness import Readiness

LINGER_TIMEOUT: Final = 2.0
"""Seconds for which such a connection is still read."""

_READ_SIZE: Final = 64 * 1024
_MAX_DISCARDED: Final = 1024 * 1024


class LingeringClose:
    """A socket that nothing more is written to; what comes is discarded."""

    def __init__(self, descriptor: int, readiness: Readiness) -> None:
        """Take over a connected socket that `readiness` watches."""
        self._descriptor = descriptor
        self._readiness = readiness
        self._left = _MAX_DISCARDED
        readiness.reassign(descriptor, self)
        readiness.deadlines.set(self, readiness.time() + LINGER_TIMEOUT)
        connection = socket.socket(fileno=descriptor)
        try:
            connection.shutdown(socket.SHUT_WR)
        except OSError:  # the other side is gone, which the next read reports
            pass
        finally:
            connection.detach()

    def on_ready(self, *, readable: bool, writable: bool) -> None:
        """See `SocketOwner`."""
        try:
            size = len(os.read(self._descriptor, _READ_SIZE))
        except BlockingIOError:
            return
        except OSError:
            size = 0
        self._left -= size
        if not size or self._left <= 0:
            self.cut()

    def on_deadline(self) -> None:
        """See `DeadlineOwner`."""
        self.cut()

    def cut(self) -> None:
        """See `SocketOwner`."""
        self._readiness.deadlines.clear(self)
        self._readiness.close(self._descriptor)
