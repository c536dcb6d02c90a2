"""A service on a Redis Cluster of three shards.

`TICKER_TEST_CLUSTER=valkey` takes Valkey 9 instead of the system's Redis 7.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from tests.on_servers import OnServers
from tests.shards import Server, Shards


class ClusterService(OnServers):
    """A service, and the cluster that it runs on."""

    def __init__(self, data: Path, shards: Shards) -> None:
        super().__init__(data, redis_url=shards.url)
        self.shards = shards

    def log_servers(self) -> list[Server]:
        first = self.shards.owner("breaking")
        return [first, *(server for server in self.shards.servers if server is not first)]


@contextlib.contextmanager
def service(data: Path) -> Iterator[ClusterService]:
    """Give the running service."""
    program = os.environ.get("TICKER_TEST_CLUSTER", "redis-server")
    with Shards(data / "cluster", program=program) as shards, ClusterService(data, shards) as running:
        yield running
