"""What a plan runs on: nodes, servers and the paths between them, all on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import AsyncExitStack
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import httpx
import orjson
from redis.exceptions import RedisError

from tests.faults.clocks import Clock, can_set_clocks
from tests.faults.history import Entry, Log
from tests.faults.network import Network, can_unplug
from tests.faults.processes import Node, Server, client, command, send
from tests.faults.proxy import Mode, Proxy

FEED: Final = "breaking"
HEAL_TIMEOUT: Final = 60.0
"""Seconds after the last fault in which everything must be in sync again."""

DISK: Final = 24 * 1024 * 1024
"""Bytes of the small disk of a topology that can be full."""


class Kind(StrEnum):
    """The topologies."""

    EMBEDDED = "embedded"
    SHARED = "shared"
    REPLICAS = "replicas"


class Topology(NamedTuple):
    """What a plan asks for.

    Attributes:
        workers: of each node.
        program: `valkey` or `redis-server`, where it is not embedded.
        replicas: TICKER_REPLICAS.
        ring: TICKER_RING; a small one makes readers who come late start from a snapshot.
        small_disk: whether the log is on a disk that can be full.
        clocks: whether each node and Redis have clocks of their own, which can be set.
        network: whether Redis is in a network of its own, which nodes reach without a proxy, and which can be down.
    """

    kind: Kind
    nodes: int = 1
    workers: int = 1
    program: str = "valkey"
    replicas: int = 0
    ring: int = 1024
    small_disk: bool = False
    clocks: bool = False
    network: bool = False


class Machine(NamedTuple):
    """What this machine can do, apart from processes and connections; where it cannot, a plan has other faults."""

    small_disk: bool = False
    clocks: bool = False
    network: bool = False


PLAIN: Final = Machine()


def machine() -> Machine:
    """Return what this machine can do."""
    return Machine(can_mount(), can_set_clocks(), can_unplug())


def can_mount() -> bool:
    """Return True if this machine lets us have a small disk of our own."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        done = _mounted(Path(folder))
        if done:
            _unmount(Path(folder))
        return done


def _mounted(folder: Path) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _unmount(folder: Path) -> None:
    subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)


class World:
    """A topology that runs. Faults are done to it; `heal` undoes them."""

    def __init__(self, topology: Topology, extra: dict[str, str] | None = None) -> None:
        """`extra` is added to the environment of every node."""
        self.topology = topology
        self.key = "tk_" + secrets.token_hex(16)
        self.nodes: list[Node] = []
        self.servers: list[Server] = []
        self.paths: list[Proxy] = []
        """From each node to Redis; none where Redis is embedded."""
        self.primary = 0
        """Which of the servers is the primary."""
        self.folder = Path()
        self.network: Network | None = None
        self.redis_clock: Clock | None = None
        self.node_clocks: list[Clock] = []
        """Where Redis is embedded, it has that of its node."""
        self._extra = extra or {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="faults"))
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        try:
            if self.topology.small_disk and _mounted(self.folder):
                self._stack.callback(_unmount, self.folder)
            await self._start_servers()
            await self._start_nodes()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _start_servers(self) -> None:
        if self.topology.network:
            self.network = Network()
            self._stack.callback(self.network.end)
            self.network.up()
        if self.topology.clocks:
            self.redis_clock = Clock(self.folder / "redis.clock")
        wanted = {Kind.EMBEDDED: 0, Kind.SHARED: 1, Kind.REPLICAS: 2}[self.topology.kind]
        for number in range(wanted):
            folder = self.folder / f"redis{number}"
            server = Server(
                f"server {number}", self.topology.program, folder, clock=self.redis_clock, network=self.network
            )
            await self._stack.enter_async_context(server.link)
            self._stack.push_async_callback(server.end)
            self.servers.append(server)
            await server.start()
        if wanted > 1:
            await self.replicate()

    async def _start_nodes(self) -> None:
        for number in range(self.topology.nodes):
            settings = {"drain": "1", "admin_key": self.key, "ring": str(self.topology.ring)}
            extra = dict(self._extra)
            if self.redis_clock is not None:
                clock = Clock(self.folder / f"node{number}.clock") if self.servers else self.redis_clock
                self.node_clocks.append(clock)
                extra |= clock.environment
            if self.network is not None:
                settings["redis_url"] = self.servers[0].address
            elif self.servers:
                path = await self._stack.enter_async_context(Proxy(self.servers[0].port))
                self.paths.append(path)
                settings["redis_url"] = f"redis://127.0.0.1:{path.port}"
            if self.topology.replicas:
                settings |= {"replicas": str(self.topology.replicas), "replica_timeout": "1.0"}
            node = Node(number, self.folder / f"node{number}", self.topology.workers, settings, extra)
            await self._stack.enter_async_context(node.front)
            self._stack.push_async_callback(node.end)
            self.nodes.append(node)
        await asyncio.gather(*(node.start() for node in self.nodes))

    # Redis

    @property
    def address(self) -> str:
        """Where the primary is reached, past all proxies."""
        return self.servers[self.primary].address if self.servers else f"unix://{self.nodes[0].data}/valkey.sock"

    @property
    def disk(self) -> Path:
        """The folder that has the log."""
        return self.servers[self.primary].folder if self.servers else self.nodes[0].data

    async def redis(self, *words: Any) -> Any:
        """Send a command to the primary."""
        return await command(self.address, *words)

    def redis_pids(self) -> list[int]:
        """Process id of the primary, if it runs."""
        return self.servers[self.primary].pids if self.servers else self.nodes[0].redis_pids()

    async def replicate(self) -> None:
        """Make every server but the primary its replica, and wait until they are in sync."""
        primary = self.servers[self.primary]
        for server in self.servers:
            if server is not primary:
                await server("REPLICAOF", "127.0.0.1", primary.link.port)
        async with asyncio.timeout(HEAL_TIMEOUT):
            for server in self.servers:
                while server is not primary:
                    with contextlib.suppress(RedisError, OSError):
                        if (await server("INFO", "replication"))["master_link_status"] == "up":
                            break
                    await asyncio.sleep(0.05)

    async def read_log(self, *more: Any) -> Log:
        """Return the log as the primary holds it, in one transaction with another command if one is given."""
        async with client(self.address) as one, one.pipeline(transaction=True) as together:
            together.execute_command("TIME")
            together.execute_command("HGET", f"ticker:{{{FEED}}}:state", "origin")
            together.execute_command("XRANGE", f"ticker:{{{FEED}}}:log", "-", "+")
            if more:
                together.execute_command(*more)
            now, origin, found, *_ = await together.execute()
        entries = [
            Entry(int(id.split(b"-")[0]), kept[b"hash"].decode(), kept[b"entry"], orjson.loads(kept[b"entry"]))
            for id, kept in found
        ]
        return Log(_seconds(now), (origin or b"").decode(), entries)

    async def read_held(self) -> dict[str, dict[str, Any]]:
        """Return all held dispatches, as they are now."""
        found = await self.redis("HGETALL", f"ticker:{{{FEED}}}:held")
        return {id.decode(): orjson.loads(record) for id, record in found.items()}

    # Whole again

    async def heal(self) -> None:
        """Undo every fault and wait until each node is in sync."""
        for path in [*self.paths, *(node.front for node in self.nodes), *(server.link for server in self.servers)]:
            path.mode = Mode.PASS
        if self.network is not None:
            self.network.plug(into=True)
        for clock in [*self.node_clocks, *([self.redis_clock] if self.redis_clock else [])]:
            clock.set(0.0)
        for node in self.nodes:
            send(signal.SIGCONT, node.family())
        for number, server in enumerate(self.servers):
            send(signal.SIGCONT, server.pids)
            await server.start(*self.following(number))
        for node in self.nodes:
            if not node.running:
                await node.start()
        for node in self.nodes:
            await self._ready(node)

    def following(self, number: int) -> list[str]:
        """Return the flags that make a server what it is to be when it starts."""
        if number == self.primary:
            return []
        return ["--replicaof", "127.0.0.1", str(self.servers[self.primary].link.port)]

    async def _ready(self, node: Node) -> None:
        """Wait until all workers of a node are in sync: each connection reaches one of them."""
        good, last, limits = 0, "", httpx.Limits(max_keepalive_connections=0)
        deadline = time.monotonic() + HEAL_TIMEOUT
        async with httpx.AsyncClient(timeout=5.0, trust_env=False, verify=False, limits=limits) as http:
            while good < 3 * node.workers:
                try:
                    response = await http.get(f"{node.url}/readyz")
                    good, last = good + 1 if response.status_code == 200 else 0, response.text
                except httpx.HTTPError as error:
                    good, last = 0, repr(error)
                if time.monotonic() > deadline:
                    raise AssertionError(f"node {node.number} is not ready: {last}")
                await asyncio.sleep(0.05)


def _seconds(time: Any) -> float:
    seconds, micros = time
    return int(seconds) + int(micros) / 1e6
