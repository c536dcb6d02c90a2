"""The socket that ties a worker to its supervisor, which is watched from the worker's first moment.

The supervisor sends one line by it, the worker's settings: some are secret, and an environment can be read in /proc.

A supervisor that is killed closes nothing but this. A worker that is still starting then exits at once, since it holds
the port and serves nobody; one that serves stops as if it was told to.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable
from typing import Final

READY: Final = b"r"
"""What the worker sends when it serves."""

ALIVE: Final = b"a"
"""What it sends every second while its event loop turns."""


class Lifeline:
    """A worker's end of the socket."""

    def __init__(self, lifeline: socket.socket) -> None:
        """Start to watch it, in a thread: nothing else runs yet, and later the event loop may be busy."""
        self._lifeline = lifeline
        self._lock = threading.Lock()
        self._on_lost: Callable[[], object] = _exit
        self._lost = False
        self._settings = b""
        self._received = threading.Event()
        threading.Thread(target=self._watch, name="lifeline", daemon=True).start()

    def _watch(self) -> None:
        with contextlib.suppress(OSError):  # a supervisor that went first resets it instead of closing it
            with self._lifeline.makefile("rb") as received:
                self._settings = received.readline()
            self._received.set()
            self._lifeline.recv(1)  # returns when the supervisor is gone
        with self._lock:
            self._lost = True
            self._on_lost()

    def settings(self) -> bytes:
        """Return the line with the settings, as soon as it is received."""
        self._received.wait()  # this process exits if the supervisor is gone before
        return self._settings

    def serving(self, on_lost: Callable[[], object]) -> None:
        """Report to the supervisor that this worker serves; when that is gone, `on_lost` is called in a thread."""
        with self._lock:
            self._on_lost = on_lost
        with contextlib.suppress(OSError):
            self._lifeline.sendall(READY)

    def alive(self) -> None:
        """Report to the supervisor that the event loop turns."""
        with contextlib.suppress(OSError):  # a supervisor that does not read has other troubles
            self._lifeline.send(ALIVE, socket.MSG_DONTWAIT)


def _exit() -> None:
    os._exit(1)  # there is nothing to save or to finish
