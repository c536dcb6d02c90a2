"""A service on a primary with two replicas and three Sentinels; killing the server of the log causes a failover."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from tests.on_servers import OnServers
from tests.sentinels import Process, Sentinels
from tests.servers import LogServer


class OnSentinels(OnServers):
    """The service. The primary that was killed comes back as a replica once another one is promoted."""

    def __init__(self, data: Path, sentinels: Sentinels) -> None:
        super().__init__(data, redis_url=sentinels.url, replicas="2")
        self._sentinels = sentinels
        self._returning: list[threading.Thread] = []

    def log_servers(self) -> list[Process]:
        return [self._sentinels.primary]

    def bring_back(self, killed: LogServer) -> None:
        self._returning.append(threading.Thread(target=self._sentinels.replace, args=[killed]))
        self._returning[-1].start()

    def unnoticed(self) -> AbstractContextManager[None]:
        return self._sentinels.unnoticed()

    def settle(self) -> None:
        """Wait until what was killed is back."""
        for thread in self._returning:
            thread.join()


@contextlib.contextmanager
def service(data: Path) -> Iterator[OnSentinels]:
    """Give the running service."""
    folder = data / "sentinels"
    folder.mkdir()
    with Sentinels(folder) as sentinels, OnSentinels(data, sentinels) as running:
        try:
            yield running
        finally:
            running.settle()
