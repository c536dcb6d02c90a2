"""The numbers of all workers of a node, whichever of them is asked, and of those that died."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bench import kernel
from tests.service import Service
from ticker.metrics import DIRECTORY
from ticker.server.metric_files import MetricFiles


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with Service(tmp_path, "--workers", "2") as service:
        yield service


READERS = 24
"""So many that each worker has some of them: the kernel throws a coin for each."""


def numbers(service: Service) -> dict[str, float]:
    """What a worker says, on a connection of its own: the kernel chooses which worker that is."""
    text = httpx.get(f"{service.url}/metrics", headers=service.authorization, timeout=30).text
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line[0] != "#"}


def workers(service: Service) -> set[int]:
    """The process ids of the workers that run."""
    found = set()
    for pid in kernel.family(service.process.pid):
        with contextlib.suppress(OSError):  # it has just ended
            if b"ticker.server.worker" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.add(pid)
    return found


def directory(service: Service) -> Path:
    """The directory of the files."""
    variables = Path(f"/proc/{min(workers(service))}/environ").read_bytes().split(b"\0")
    [found] = [each.partition(b"=")[2] for each in variables if each.startswith(DIRECTORY.encode() + b"=")]
    return Path(found.decode())


def owners(folder: Path) -> set[int]:
    """The process ids in the names of the files."""
    return {int(file.stem.rpartition("_")[2]) for file in folder.glob("*.db")}


def test_the_numbers_of_two_workers_add_up_and_outlive_them(service: Service) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(READERS):
            connection = stack.enter_context(service.websocket("breaking"))
            connection.recv(timeout=20)
        for number in range(5):
            service.file("breaking", f"dispatch {number}")
        service.until(lambda: numbers(service)['ticker_readers{feed="breaking"}'] == READERS)
        service.until(lambda: numbers(service)["ticker_entries_total"] == 5)
        service.until(lambda: numbers(service)["ticker_publish_seconds_count"] == 10)  # once by each worker
        # Each worker writes its numbers once a second, the last of these after the others.
        service.until(lambda: numbers(service)["ticker_relay_sessions_total"] == 2)
        before = numbers(service)
        assert before["ticker_workers"] == 2
        assert before['ticker_transport_readers{transport="websocket"}'] == READERS
        assert before["ticker_post_seconds_count"] >= 5
        assert before['ticker_level{feed="breaking"}'] == 1
        folder = directory(service)
        assert owners(folder) == workers(service)
        killed = min(owners(folder))
        os.kill(killed, signal.SIGKILL)
        service.until(lambda: killed not in owners(folder))
        service.until(lambda: numbers(service)["ticker_workers"] == 2)
        service.until(lambda: numbers(service)["ticker_relay_sessions_total"] == 3)
        after = numbers(service)
        assert after['ticker_readers{feed="breaking"}'] < READERS, "its readers are gone with it"
        for name in ("ticker_entries_total", "ticker_publish_seconds_count"):
            assert after[name] >= before[name], "what it counted is not"
        assert owners(folder) == {*workers(service), 0}
    service.stop()
    assert not folder.exists()
    service.start()


def test_what_is_left_of_a_worker_that_wrote_nothing_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DIRECTORY, "/nowhere")
    with MetricFiles() as files:
        folder = Path(os.environ[DIRECTORY])
        assert list(folder.iterdir()) == []
        files.bury(4_000_000)
        (folder / "counter_4000000.db").write_bytes(b"cut short")
        files.bury(4_000_000)
        assert [path.name for path in folder.iterdir() if "4000000" in path.name] == []
    assert not folder.exists()
