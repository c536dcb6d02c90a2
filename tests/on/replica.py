"""A service that writes at a primary and follows its feeds at a replica; what tests kill or suspend is the primary."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from tests.on_servers import OnServers
from tests.sentinels import Process
from tests.servers import free_ports, until
from ticker.journal.embedded import binary

KEEP = ("--appendonly", "yes", "--appendfsync", "always", "--save", "", "--repl-diskless-sync-delay", "0")


class Pair:
    """A primary and its replica, for as long as this context is open."""

    def __init__(self, folder: Path) -> None:
        ports = free_ports(2)
        self.primary, self.replica = (
            Process(folder / name, port, binary(), "--port", str(port), "--bind", "127.0.0.1", *KEEP)
            for name, port in zip(("primary", "replica"), ports, strict=True)
        )

    def __enter__(self) -> Self:
        self.primary.start()
        self.replica.start("--replicaof", "127.0.0.1", str(self.primary.port))
        self.until_in_sync()
        return self

    def __exit__(self, *_: object) -> None:
        for process in (self.primary, self.replica):
            process.kill()

    def until_in_sync(self) -> None:
        until(lambda: self.replica.info().get("master_link_status") == "up")

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a service on it."""
        urls = (f"redis://127.0.0.1:{process.port}" for process in (self.primary, self.replica))
        return dict(zip(("redis_url", "redis_read_url"), urls, strict=True))


class OnReplica(OnServers):
    """The service."""

    def __init__(self, data: Path, pair: Pair) -> None:
        super().__init__(data, **pair.settings)
        self._primary = pair.primary

    def log_servers(self) -> list[Process]:
        return [self._primary]


@contextlib.contextmanager
def service(data: Path) -> Iterator[OnReplica]:
    """Give the running service."""
    folder = data / "pair"
    folder.mkdir()
    with Pair(folder) as pair, OnReplica(data, pair) as running:
        yield running
