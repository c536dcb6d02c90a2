"""One worker process.

Started as `python -m ticker.server.worker LISTENER LIFELINE`, both file descriptors. The lifeline is a socket to the
supervisor: the worker receives one line with its settings, sends one byte when it is ready, and stops when the other
end closes, which it watches for before it imports the rest: that takes longer than all else.
"""

from __future__ import annotations

import importlib
import socket
import sys

from ticker.server.lifeline import Lifeline


def main(listener: int, lifeline: int) -> None:
    """Serve until told to stop, or until the supervisor is gone."""
    watched = Lifeline(socket.socket(fileno=lifeline))
    importlib.import_module("ticker.server.uvicorn_server").run(socket.socket(fileno=listener), watched)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
