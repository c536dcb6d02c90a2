"""What systemd is told: by the notifier, the watchdog, and a service that starts, reloads and stops."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.test_supervisor import WORKER, suspended
from tests.service import Service
from ticker.server.lifeline import ALIVE
from ticker.server.systemd import Systemd
from ticker.server.watchdog import Watchdog


class Manager:
    """A service manager that keeps what it is told."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address.replace("@", "\0", 1))
        self.socket.settimeout(30)

    def told(self) -> dict[str, str]:
        """Return the next notification."""
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines())

    def until(self, name: str) -> dict[str, str]:
        """Return the next notification that sets a variable."""
        while name not in (told := self.told()):
            pass
        return told


@pytest.fixture(params=["path", "abstract"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "notify") if request.param == "path" else f"@ticker-test-{os.getpid()}"


@pytest.fixture
def manager(address: str) -> Iterator[Manager]:
    manager = Manager(address)
    yield manager
    manager.socket.close()


def test_each_notification_is_one_datagram(manager: Manager, address: str) -> None:
    environment = {"NOTIFY_SOCKET": address, "HOME": "/"}
    systemd = Systemd(environment)
    assert environment == {"HOME": "/"}
    systemd.ready("serving")
    systemd.reloading()
    systemd.stopping()
    systemd.alive()
    assert manager.told() == {"READY": "1", "STATUS": "serving"}
    reloading = manager.told()
    assert (reloading["RELOADING"], reloading["MONOTONIC_USEC"].isdigit()) == ("1", True)
    assert manager.told() == {"STOPPING": "1", "STATUS": "draining"}
    assert manager.told() == {"WATCHDOG": "1"}


def test_without_a_manager_or_with_one_that_is_away_nothing_happens(tmp_path: Path) -> None:
    for environment in ({}, {"NOTIFY_SOCKET": str(tmp_path / "nobody")}):
        Systemd(environment).ready("serving")


@pytest.mark.parametrize(
    ("environment", "interval"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
    ],
)
def test_the_watchdog_is_that_of_this_process(environment: dict[str, str], interval: float | None) -> None:
    assert Systemd(environment).watchdog == interval


@pytest.mark.anyio
async def test_systemd_hears_nothing_while_a_worker_is_silent(manager: Manager, address: str) -> None:
    now = 0.0
    watchdog = Watchdog(Systemd({"NOTIFY_SOCKET": address}), lambda: now)
    assert watchdog.check(10.0)
    assert manager.told() == {"WATCHDOG": "1"}
    ours, worker = socket.socketpair()
    reader, writer = await asyncio.open_unix_connection(sock=ours)
    watchdog.listen(reader)
    now = 10.0
    assert not watchdog.check(10.0)
    worker.send(ALIVE)
    async with asyncio.timeout(30):
        while not watchdog.check(10.0):
            await asyncio.sleep(0)
        assert manager.told() == {"WATCHDOG": "1"}
        now = 20.0
        assert not watchdog.check(10.0)
        worker.close()  # it is gone: the supervisor starts another one
        while not watchdog.check(10.0):
            await asyncio.sleep(0)
    writer.close()


def test_a_service_reports_that_it_is_ready_reloads_is_alive_and_stops(
    manager: Manager, address: str, tmp_path: Path
) -> None:
    variables = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "2000000"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        service = Service(tmp_path / "data", drain="0")
        service.start()
    try:
        assert manager.until("READY")["STATUS"] == f"serving on {service.url}"
        assert manager.until("WATCHDOG") == {"WATCHDOG": "1"}
        for pid in service.children("ticker.server.worker"):
            assert b"NOTIFY_SOCKET" not in Path(f"/proc/{pid}/environ").read_bytes()
        service.process.send_signal(signal.SIGHUP)
        manager.until("RELOADING")
        assert manager.until("READY")["STATUS"] == "serving"
        service.process.terminate()
        manager.until("STOPPING")
    finally:
        service.stop()
    assert [line for line in service.errors if "reloaded: 1 of 1 workers replaced" in line]


def test_a_signal_to_every_process_at_once_stops_a_service_cleanly(tmp_path: Path) -> None:
    service = Service(tmp_path, "--workers", "2", drain="0")
    service.start()
    processes = [service.process.pid, *service.children("")]
    assert len(processes) >= 5  # two workers, Valkey and its watcher
    with suspended(service):  # which need not be the first to do something about it
        for pid in processes:
            os.kill(pid, signal.SIGTERM)
        service.until(lambda: not service.children(WORKER))
    assert service.process.wait(30) == 0
    service.stop()
    assert service.errors == []
