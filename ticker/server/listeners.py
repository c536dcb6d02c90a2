"""The listening sockets: one for each worker, all on the same port, so that the kernel spreads connections evenly."""

from __future__ import annotations

import socket
from typing import Final

from ticker.errors import BadSetting
from ticker.settings import Settings

ACK_TIMEOUT: Final = 30
"""Seconds that bytes may stay unacknowledged before the system ends a connection: three beats."""

SEND_BUFFER_SIZE: Final = 64 * 1024
"""Bytes the system may queue for a connection. By default it goes up to megabytes, which are stale for slow readers."""

BACKLOG: Final = 4096
"""Connections that may wait in a socket's queue: those of readers who all reconnect at once."""

_SOCKET_OPTIONS: Final = [
    (level, option, value)
    for level, name, value in [
        (socket.IPPROTO_TCP, "TCP_NODELAY", 1),  # a frame is not held back to be sent together with the next
        (
            socket.IPPROTO_TCP,
            "TCP_USER_TIMEOUT",
            ACK_TIMEOUT * 1000,
        ),  # beats find out dead peers
        (socket.IPPROTO_TCP, "TCP_DEFER_ACCEPT", ACK_TIMEOUT),  # wakes the worker when there is a request to read
        (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
        (socket.SOL_SOCKET, "SO_SNDBUF", SEND_BUFFER_SIZE),
    ]
    if (option := getattr(socket, name, None)) is not None
]
"""Options of a listening socket, which each connection inherits; those that this system has."""


def listen(settings: Settings) -> list[socket.socket]:
    """Open the sockets (SO_REUSEPORT); with port 0, all on the port that the first one is given.

    Raises:
        BadSetting: the address cannot be listened on.
    """
    listeners: list[socket.socket] = []
    host, port = settings.host, settings.port
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        if port:
            # SO_REUSEPORT would allow the port of another service of the same user; bind without it first.
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
        for _ in range(settings.workers):
            listener = socket.socket(family, socket.SOCK_STREAM)
            listeners.append(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            for level, option, value in _SOCKET_OPTIONS:
                listener.setsockopt(level, option, value)
            listener.bind(address)
            listener.listen(BACKLOG)
            address = listener.getsockname()
    except (OSError, UnicodeError) as error:  # UnicodeError: a name that no host can have
        for listener in listeners:
            listener.close()
        shown = f"[{host}]" if ":" in host else host
        raise BadSetting(f"cannot listen on {shown}:{port}: {getattr(error, 'strerror', None) or error}") from None
    return listeners
