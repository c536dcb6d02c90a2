"""Readiness of sockets that have no transport."""

import asyncio
import socket

import pytest

from ticker.server.readiness import Readiness

pytestmark = pytest.mark.anyio


class Nobody:
    """An owner that is never called."""

    def on_ready(self, *, readable: bool, writable: bool) -> None:
        raise AssertionError

    def cut(self) -> None:
        raise AssertionError


async def test_a_socket_that_cannot_be_watched_is_closed() -> None:
    readiness = Readiness(asyncio.get_running_loop())
    readiness.stop()  # from here on it refuses all sockets, as it does when the system has no room for more
    watched, peer = socket.socketpair()
    with peer:
        with pytest.raises(ValueError, match="closed"):
            readiness.add(watched.detach(), Nobody())
        assert peer.recv(1) == b"", "the other end is notified"
