"""A burst: many dispatches at once, by a few correspondents of whom each waits for its response before it goes on."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from typing import Final

TIMEOUT: Final = 120.0
"""Seconds that a whole burst may take."""


def send_burst(port: int, writers: int, dispatches: int, next_request: Callable[[], bytes]) -> list[float]:
    """Send so many HTTP requests to a local port over as many connections as there are writers.

    `next_request` is called when one is about to be sent. Responses need a Content-Length, or no body.

    Returns:
        How long each response took, in milliseconds.
    """
    taken: list[float] = []
    asked: dict[int, float] = {}
    received: dict[int, bytes] = {}
    connections = {one.fileno(): one for one in (_connect(port) for _ in range(writers))}
    left = dispatches
    try:
        with select.epoll() as poll:
            for descriptor, connection in connections.items():
                poll.register(descriptor, select.EPOLLIN)
                if left:
                    left -= 1
                    asked[descriptor] = _ask(connection, next_request())
            deadline = time.monotonic() + TIMEOUT
            while len(taken) < dispatches:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"only {len(taken)} of {dispatches} requests were answered")
                for descriptor, _ in poll.poll(1.0):
                    connection = connections[descriptor]
                    data = connection.recv(65536)
                    if not data:
                        raise ConnectionError("the server closed a writer's connection")
                    received[descriptor] = received.get(descriptor, b"") + data
                    if not _is_whole(received[descriptor]):
                        continue
                    taken.append((time.monotonic() - asked[descriptor]) * 1000)
                    received[descriptor] = b""
                    if left:
                        left -= 1
                        asked[descriptor] = _ask(connection, next_request())
    finally:
        for connection in connections.values():
            connection.close()
    return taken


def _connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), TIMEOUT)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _ask(connection: socket.socket, request: bytes) -> float:
    connection.sendall(request)
    return time.monotonic()


def _is_whole(response: bytes) -> bool:
    """Return True if a response is complete; raise AssertionError if it is none that says it was done."""
    head, end, body = response.partition(b"\r\n\r\n")
    if not end:
        return False
    assert head.startswith(b"HTTP/1.1 20"), response
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    return len(body) >= int(length or b"0")
