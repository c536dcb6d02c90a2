"""Servers of a log under test: real processes that can be killed, suspended and started again."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
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


PORTS: Final = range(20_000, 32_000)
"""Below those that Linux gives out by itself, which another process could get while a server is down or starting."""

BLOCK: Final = 200
"""Ports that one process of the tests has for itself."""


def _block() -> Iterator[int]:
    """Give the ports of a block that no other process has, over and over."""
    for first in PORTS[::BLOCK]:
        with socket.socket(socket.AF_UNIX) as claim:  # whose name is free again when this process ends, however it ends
            with contextlib.suppress(OSError):
                claim.bind(f"\0ticker-tests-{first}")
                yield from itertools.cycle(range(first, first + BLOCK))
    raise AssertionError("all blocks of ports are taken")


_ports: Final = _block()
_turn: Final = threading.Lock()


def free_ports(count: int) -> list[int]:
    """Return ports that are free now, all different, and that no other test gets for as long as this one may run."""
    found: list[int] = []
    with _turn:
        for port in itertools.islice(_ports, BLOCK):
            with contextlib.suppress(OSError), socket.socket() as lone:
                lone.bind(("127.0.0.1", port))
                found.append(port)
            if len(found) == count:
                return found
    raise AssertionError("too few ports are free")


def free_port() -> int:
    """Return one such port."""
    return free_ports(1)[0]


def until(true: Callable[[], Any]) -> None:
    """Wait until `true` returns something true; a server that does not respond yet counts as false."""
    deadline = time.monotonic() + TIMEOUT
    while True:
        with contextlib.suppress(RedisError, OSError):
            if true():
                return
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)
