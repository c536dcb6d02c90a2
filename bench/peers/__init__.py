"""Servers that fan dispatches out to readers, each behind the same small interface."""

from __future__ import annotations

import importlib
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path
from typing import ClassVar, Self

from bench import kernel
from ticker.load.crowds import Crowds, Target, request

HERE = Path(__file__).parent
NAMES = (
    "floor",
    "ticker",
    "nchan",
    "node_ws",
    "websockets_broadcast",
    "socketio",
    "starlette_naive",
    "centrifuge",
    "mercure",
)
SIZE = 300
"""Bytes of a message, frame header included where the peer lets us say."""
HISTORY = 20
"""Dispatches a reader gets when it joins."""


class Missing(Exception):
    """This peer cannot run here; the message says why."""


class Peer:
    """A server under load. Used as a context: it runs inside, on the cores it was given.

    Attributes:
        title: as the report names it.
        about: how it was set up, one line.
        sse: whether it serves Server-Sent Events.
    """

    title: ClassVar[str]
    about: ClassVar[str]
    websocket: ClassVar[bool] = True
    sse: ClassVar[bool] = False

    def __init__(self, cores: set[int]) -> None:
        self.cores = cores
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="bench-"))
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """Return the command line that starts it."""
        raise NotImplementedError

    def publish(self, text: str) -> None:
        """Bring a message to all readers."""
        raise NotImplementedError

    def target(self, *, sse: bool = False) -> Target:
        """Return where its readers go."""
        return Target("127.0.0.1", self.port, request("/", "bench", sse=sse), sse=sse, resume=False)

    def start(self) -> None:
        """Start it."""
        with kernel.on(self.cores):
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=self.folder
            )
        wait_for(self.port, self.process)

    def stop(self) -> None:
        """End it, and what it started."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> Self:
        try:
            self.start()
            for number in range(HISTORY):
                self.publish(f"{number:03d} ".ljust(SIZE - 8, "h"))
            time.sleep(0.5)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def pids(self) -> list[int]:
        """All its processes."""
        assert self.process is not None
        return kernel.family(self.process.pid)

    def publish_next(self, crowds: Crowds) -> None:
        """Publish the crowds' next dispatch."""
        self.publish(crowds.next_text(SIZE - 8))

    def publish_burst(self, crowds: Crowds, dispatches: int, writers: int) -> list[float]:
        """Publish so many dispatches at once, by as many writers as it can have.

        Returns:
            How long each of the writers' requests took, in milliseconds; none where there are no requests.
        """
        del writers  # one pipe takes them all at once
        for _ in range(dispatches):
            self.publish_next(crowds)
        return []


class Piped(Peer):
    """A small server of ours around a library: messages come on its standard input, each behind its length."""

    def publish(self, text: str) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        data = text.encode()
        self.process.stdin.write(struct.pack("!I", len(data)) + data)
        self.process.stdin.flush()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as lone:
        lone.bind(("127.0.0.1", 0))
        port: int = lone.getsockname()[1]
        return port


def wait_for(port: int, process: subprocess.Popen[bytes], within: float = 20.0) -> None:
    """Wait until a server accepts connections."""
    deadline = time.monotonic() + within
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise Missing(f"it did not start (status {process.poll()})") from None
            time.sleep(0.05)
        else:
            return


def peer(name: str) -> type[Peer]:
    """Return a peer by the name of its file."""
    found: type[Peer] = importlib.import_module(f"bench.peers.{name}").Server
    return found
