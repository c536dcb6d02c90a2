"""A connection that was told the last there is to tell, until its other side has closed it too.

If it were closed at once while the other side still sends, the system would answer with a reset, and the last that was
told might be discarded unread (RFC 9112 section 9.6).
"""

from __future__ import annotations

import os
import socket
from typing import Final

from ticker.server.watch import Watch

LINGER: Final = 2.0
"""Seconds for which such a connection is still read."""

_AT_A_TURN: Final = 64 * 1024
_IN_ALL: Final = 1024 * 1024


class Lingering:
    """A socket on which nothing is said any more, and what comes is discarded."""

    def __init__(self, descriptor: int, watch: Watch) -> None:
        """`descriptor` is a connected socket that the watch knows; it belongs to this from here on."""
        self._descriptor = descriptor
        self._watch = watch
        self._left = _IN_ALL
        watch.pass_on(descriptor, self)
        watch.deadlines.expect(self, watch.time() + LINGER)
        connection = socket.socket(fileno=descriptor)
        try:
            connection.shutdown(socket.SHUT_WR)
        except OSError:  # it is gone, of which the watch tells
            pass
        finally:
            connection.detach()

    def ready(self, *, room: bool, said: bool) -> None:
        """See `Watched`."""
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
        """See `Late`."""
        self.cut()

    def cut(self) -> None:
        """See `Watched`."""
        self._watch.deadlines.settle(self)
        self._watch.remove(self._descriptor)
        os.close(self._descriptor)
