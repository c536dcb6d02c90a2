"""Workers on one port: readers are spread over them; they are restarted, reloaded and stopped."""

from __future__ import annotations

import contextlib
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.load.test_crowds import crowds_of
from tests.server.test_hand_off import UPGRADE, connect_to, reader
from tests.servers import free_port
from tests.service import Reader, Service, environment
from ticker.settings import Settings

WORKER = "ticker.server.worker"
READERS = 200
ESTABLISHED = "01"
FILING = "0100007F:"
"""127.0.0.1, from where the tests file dispatches; each of a crowd's processes has other addresses."""


def held(service: Service) -> dict[int, int]:
    """How many connections of a crowd each worker has, as the kernel reports."""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    sockets = {
        f"socket:[{inode}]"
        for _, local, remote, state, *_, inode in (row[:10] for row in rows)
        if state == ESTABLISHED and local.endswith(f":{service.port:04X}") and not remote.startswith(FILING)
    }
    counts = {}
    for pid in service.children(WORKER):
        counts[pid] = 0
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                counts[pid] += str(descriptor.readlink()) in sockets
    return counts


def test_readers_are_spread_over_all_workers(tmp_path: Path) -> None:
    with Service(tmp_path, "--workers", "2") as service, crowds_of(service, READERS, feed="breaking") as crowds:
        crowds.until_open(30)
        shares = held(service)
    assert (len(shares), sum(shares.values())) == (2, READERS)
    assert min(shares.values()) >= READERS / 5


def test_no_secret_is_in_the_environment_or_the_command_line_of_a_child(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        everyone = service.children("")
        assert len(everyone) == 3, "a worker, Valkey and its watcher"
        for pid in everyone:
            for name in ("environ", "cmdline"):
                assert service.key.encode() not in Path(f"/proc/{pid}/{name}").read_bytes()
            assert b"TICKER_" not in Path(f"/proc/{pid}/environ").read_bytes()
        service.process.send_signal(signal.SIGHUP)
        service.until(lambda: not set(service.children(WORKER)) & set(everyone) and service.children(WORKER))
        assert service.http.get("/v1/keys").status_code == 200


def test_an_admin_key_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("tk_a_key_that_is_in_a_file\n")
    with Service(tmp_path / "d", admin_key="", admin_key_file=str(tmp_path / "key")) as service:
        assert httpx.get(f"{service.url}/v1/keys", timeout=20).status_code == 401
        headers = {"authorization": "Bearer tk_a_key_that_is_in_a_file"}
        assert httpx.get(f"{service.url}/v1/keys", headers=headers, timeout=20).status_code == 200
        assert b"tk_a_key" not in Path(f"/proc/{service.process.pid}/environ").read_bytes()


def test_kill_minus_nine_of_one_worker_in_two_loses_and_doubles_nothing(tmp_path: Path) -> None:
    with Service(tmp_path, "--workers", "2") as service, crowds_of(service, READERS, feed="breaking") as crowds:
        crowds.until_open(30)
        before = held(service)
        victim = 0
        for number in range(60):
            if number == 20:
                victim = service.kill_child(WORKER)
            service.file_patiently("breaking", crowds.next_text())
        crowds.until_caught_up(30)
        service.file("breaking", crowds.next_text())
        tally = crowds.until_caught_up(30)
        after = held(service)
    assert (tally.open, tally.reconnects, tally.resets) == (READERS, before[victim], 0)
    assert (tally.marks, tally.lost, tally.doubled, tally.disordered) == (READERS * 61, 0, 0, 0)
    assert (len(after), sum(after.values())) == (2, READERS)
    (stayed,) = before.keys() & after.keys()
    assert before[stayed] < after[stayed] < READERS


def test_a_stopping_service_asks_readers_to_move_and_then_closes(tmp_path_factory: pytest.TempPathFactory) -> None:
    service = Service(tmp_path_factory.mktemp("m"), drain="6")  # half of it is for readers to move
    service.start()
    with reader(service, "breaking") as stays, reader(service, "breaking") as goes:
        for connection in (stays, goes):
            assert [connection.json()["type"] for _ in range(2)] == ["snapshot", "beat"]
        service.process.terminate()
        for connection in (stays, goes):
            assert connection.news() == {"type": "move", "within": 3000}
        goes.send(8, struct.pack("!H", 1000))
        assert goes.closed_with() == 1000
        assert stays.closed_with() == 1012
    assert service.stop() == 0


@pytest.mark.parametrize("at", ["first", "later"])
def test_a_worker_that_is_starting_when_its_supervisor_dies_gives_up_its_port(tmp_path: Path, at: str) -> None:
    with socket.socket() as listener, socket.socket(socket.AF_UNIX) as redis:
        redis.bind(str(tmp_path / "redis.sock"))  # which never responds, so that the worker waits for it
        redis.listen()
        listener.bind(("127.0.0.1", free_port()))
        listener.listen()
        address = listener.getsockname()
        supervisor, worker = socket.socketpair()
        with worker:
            descriptors = (listener.fileno(), worker.fileno())
            process = subprocess.Popen(
                [sys.executable, "-m", WORKER, *map(str, descriptors)],
                env=environment(),
                pass_fds=descriptors,
            )
        listener.close()
        try:
            if at == "later":
                settings = Settings.read(redis_url=f"unix://{tmp_path}/redis.sock")
                supervisor.sendall(settings.handed_over() + b"\n")
                redis.settimeout(30)
                redis.accept()[0].close()  # all is imported, and the node starts
            supervisor.close()
            assert process.wait(30) == 1, "it exits without having served"
        finally:
            process.kill()
            process.wait(30)
        with socket.socket() as again:
            again.bind(address)


def test_the_port_of_a_killed_supervisor_is_free_at_once_with_readers_on_it(tmp_path: Path) -> None:
    service = Service(tmp_path / "one", "--workers", "2", drain="10")
    service.start()
    with reader(service, "breaking") as one, reader(service, "breaking") as other:
        for connection in (one, other):
            assert [connection.json()["type"] for _ in range(2)] == ["snapshot", "beat"]
        service.http.close()
        service.process.kill()
        service.process.wait(30)
        for connection in (one, other):
            while connection.json()["type"] != "move":  # its worker drains, and has stopped to accept
                pass
        with Service(tmp_path / "two", "--port", str(service.port)) as following:
            assert following.port == service.port
            assert following.file("breaking", "after")["position"]
    service._close()


def test_a_stop_during_a_reload_waits_for_both_processes(tmp_path: Path) -> None:
    with Service(tmp_path, drain="6") as service, connect_to(service) as stays:
        stays.ask("/v1/feeds/breaking/live", UPGRADE)
        service.process.send_signal(signal.SIGHUP)
        while stays.json()["type"] != "move":  # the old process was replaced, and drains
            pass
        processes = service.children(WORKER)
        assert len(processes) == 2
        assert service.stop() == 0
        assert stays.closed_with() == 1012
    assert not [pid for pid in processes if Path(f"/proc/{pid}").exists()]


@contextlib.contextmanager
def suspended(service: Service) -> Iterator[None]:
    """Suspend the supervisor."""
    service.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        service.process.send_signal(signal.SIGCONT)


def test_a_dead_worker_that_is_reloaded_at_once_is_replaced_once(tmp_path: Path) -> None:
    with Service(tmp_path, drain="0.3") as service:
        with suspended(service):  # so that it learns of both at once, before the dead one is restarted
            service.kill_child(WORKER)
            service.process.send_signal(signal.SIGHUP)
        service.until(lambda: any("exited (status" in message for message in service.errors))
        service.file_patiently("breaking", "after")
        seen = set()
        for number in range(50):  # longer than a second start would take
            service.file_patiently("breaking", str(number))
            seen |= set(service.children(WORKER))
        assert len(seen) == 1


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sighup_reloads_the_workers_and_no_dispatch_is_lost(tmp_path: Path, workers: str) -> None:
    with (
        Service(tmp_path, "--workers", workers, drain="0.3") as service,
        Reader(service, "breaking") as one,
        Reader(service, "breaking", way="sse") as other,
    ):
        before = set(service.children(WORKER))
        receipts = [service.file_patiently("breaking", "before")]
        service.process.send_signal(signal.SIGHUP)
        number = 0
        while before & set(service.children(WORKER)):
            number += 1
            receipts.append(service.file_patiently("breaking", f"dispatch {number}"))
        receipts.append(service.file_patiently("breaking", "after"))
        for reader in (one, other):
            reader.until(lambda page: page.texts and page.texts[-1] == "after")
            assert reader.page.offsets[-1] == len(receipts)  # and the page saw every one on the way
            assert reader.page.resets == 0
        assert len(service.children(WORKER)) == int(workers)
