"""How soon an event stream of the desk notices that its reader has vanished.

The stream sends something every 4 seconds. A system that is gone acknowledges none of it, so the connection is given up
within 12 seconds, and presence at the desk ends. WebSockets have pings for that; public readers have longer.
"""

from __future__ import annotations

import socket
from typing import Any, Final

ACK_TIMEOUT: Final = 8
"""Seconds that bytes of the stream may stay unacknowledged."""


def watch_acknowledgements(path: str, connection: Any) -> None:
    """Set the time limit of a connection (a socket) if the path of its request is that of a desk's stream."""
    if path.endswith("/desk/live") and hasattr(socket, "TCP_USER_TIMEOUT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, ACK_TIMEOUT * 1000)
