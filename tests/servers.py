"""Servers of a log under test: real processes that can be killed, suspended and started again."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final

from redis.exceptions import RedisError

TIMEOUT: Final = 60.0
"""Seconds that anything here may take on a busy machine."""


class LogServer(ABC):
    """One server."""

    @property
    @abstractmethod
    def pid(self) -> int:
        """Its process, while it runs."""

    @abstractmethod
    def start(self) -> None:
        """Start it, on the same port and files as before."""

    @abstractmethod
    def kill(self) -> None:
        """`kill -9` it."""

    def freeze(self) -> None:
        """Suspend it: it keeps its connections and responds to nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)


def free_ports(count: int) -> list[int]:
    """Return ports that are free now, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def until(true: Callable[[], Any]) -> None:
    """Wait until `true` returns something true; a server that does not respond yet counts as false."""
    deadline = time.monotonic() + TIMEOUT
    while True:
        with contextlib.suppress(RedisError, OSError):
            if true():
                return
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)
