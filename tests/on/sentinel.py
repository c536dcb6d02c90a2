"""A service on a primary with two replicas and three Sentinels; what kills the server of the log is a failover."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.sentinels import Sentinels
from tests.service import Service

LOG = "valkey-server"
"""The program that tests harm where they mean the server of the log."""


class OnSentinels(Service):
    """The service. The primary that was killed comes back as a replica once another one is promoted."""

    def __init__(self, data: Path, sentinels: Sentinels) -> None:
        super().__init__(data, redis_url=sentinels.url, replicas="2")
        self._sentinels = sentinels
        self._returning: list[threading.Thread] = []

    def kill_child(self, program: str) -> int:
        if program != LOG:
            return super().kill_child(program)
        primary = self._sentinels.primary
        assert primary.started is not None
        pid = primary.started.pid
        primary.kill()
        self._returning.append(threading.Thread(target=self._bring_back))
        self._returning[-1].start()
        return pid

    def _bring_back(self) -> None:
        [killed] = [server for server in self._sentinels.servers if not server.runs]
        self._sentinels.until_replaced(killed)
        self._sentinels.bring_back(killed)

    @contextlib.contextmanager
    def frozen(self, program: str) -> Iterator[None]:
        if program != LOG:
            with super().frozen(program):
                yield
            return
        primary = self._sentinels.primary
        with self._sentinels.unnoticed():
            primary.send(signal.SIGSTOP)
            try:
                yield
            finally:
                primary.send(signal.SIGCONT)

    def settle(self) -> None:
        """Wait until what was killed is back."""
        for thread in self._returning:
            thread.join()


@contextlib.contextmanager
def service(data: Path) -> Iterator[Service]:
    """Give the running service."""
    folder = data / "sentinels"
    folder.mkdir()
    with Sentinels(folder) as sentinels, OnSentinels(data, sentinels) as running:
        try:
            yield running
        finally:
            running.settle()
