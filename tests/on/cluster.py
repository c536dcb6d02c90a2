"""A service on a Redis Cluster of three shards. What its tests do to `valkey-server` is done to the shards.

`TICKER_TEST_CLUSTER=valkey` takes Valkey 9 instead of the system's Redis 7.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from tests.service import Service
from tests.shards import Shards

LOG = "valkey-server"
"""What tests call the server of the log."""


class ClusterService(Service):
    """A service, and the cluster that it runs on."""

    shards: Shards

    def children(self, program: str) -> list[int]:
        if program != LOG:
            return super().children(program)
        return [server.process.pid for server in self.shards.servers]

    def kill_child(self, program: str) -> int:
        """`kill -9` the shard of the feed `breaking`, and start it again, as an init system does."""
        if program != LOG:
            return super().kill_child(program)
        server = self.shards.owner("breaking")
        pid = server.process.pid
        server.kill()
        server.start()
        return pid

    @contextlib.contextmanager
    def frozen(self, program: str) -> Iterator[None]:
        """Suspend all shards, or another child."""
        if program != LOG:
            with super().frozen(program):
                yield
            return
        for server in self.shards.servers:
            server.freeze()
        try:
            yield
        finally:
            for server in self.shards.servers:
                server.thaw()


@contextlib.contextmanager
def service(data: Path) -> Iterator[ClusterService]:
    """Give the service."""
    with Shards(data / "cluster", program=os.environ.get("TICKER_TEST_CLUSTER", "redis-server")) as shards:
        running = ClusterService(data, redis_url=shards.url)
        running.shards = shards
        with running:
            yield running
