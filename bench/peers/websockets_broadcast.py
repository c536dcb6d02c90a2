"""The `websockets` library with its own broadcast(), which writes one frame to all connections."""

from __future__ import annotations

import sys
from importlib.metadata import version

from bench.peers import HERE, Piped


class Server(Piped):
    """See above."""

    title = "websockets broadcast()"
    about = f"websockets {version('websockets')} on uvloop, compression=None, no pings, broadcast()"

    def command(self) -> list[str]:
        return [sys.executable, str(HERE / "websockets_server.py"), str(self.port)]
