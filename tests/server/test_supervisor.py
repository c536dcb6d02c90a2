"""Two workers on one port: the readers are spread over them, and one of them may die."""

from __future__ import annotations

import contextlib
from pathlib import Path

from tests.load.test_crowds import crowds_of
from tests.service import Service

WORKER = "ticker.server.worker"
READERS = 200
ESTABLISHED = "01"
FILING = "0100007F:"
"""127.0.0.1, from where the tests file lines; each of a crowd's processes has other addresses."""


def held(service: Service) -> dict[int, int]:
    """How many connections of a crowd each worker has, as the kernel tells it."""
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
        crowds.until_open(20)
        shares = held(service)
    assert (len(shares), sum(shares.values())) == (2, READERS)
    assert min(shares.values()) >= READERS / 5


def test_kill_minus_nine_of_one_worker_in_two_loses_and_doubles_nothing(tmp_path: Path) -> None:
    with Service(tmp_path, "--workers", "2") as service, crowds_of(service, READERS, feed="breaking") as crowds:
        crowds.until_open(20)
        before = held(service)
        victim = 0
        for number in range(60):
            if number == 20:
                victim = service.kill_child(WORKER)
            service.file_patiently("breaking", crowds.line())
        crowds.until_level(20)
        service.file("breaking", crowds.line())
        tally = crowds.until_level(10)
        after = held(service)
    assert (tally.open, tally.reconnects, tally.resets) == (READERS, before[victim], 0)
    assert (tally.marks, tally.lost, tally.doubled, tally.disordered) == (READERS * 61, 0, 0, 0)
    assert (len(after), sum(after.values())) == (2, READERS)
    (stayed,) = before.keys() & after.keys()
    assert before[stayed] < after[stayed] < READERS
