"""A held line comes out once, at its time, with three nodes running and one restarted at that moment."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.service import Reader, Service
from ticker.dispatch import rfc3339

LINES = 8


def test_held_lines_come_out_once_at_their_time_whoever_restarts(tmp_path: Path) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(Service(tmp_path))
        shared = {"redis_url": f"unix://{tmp_path}/valkey.sock", "admin_key": first.key}
        second = stack.enter_context(Service(tmp_path, **shared))
        third = Service(tmp_path, **shared)
        third.start()
        readers = [
            stack.enter_context(Reader(node, "breaking", way=way))
            for node, way in ((first, "sse"), (second, "websocket"))
        ]
        due = datetime.now(UTC) + timedelta(seconds=3)
        for number in range(LINES):
            answer = third.http.post(
                "/v1/feeds/breaking/dispatches", json={"text": f"held {number}", "release_at": rfc3339(due)}
            )
            assert answer.status_code == 201
        # One node is killed just before the moment, and comes back in the middle of it.
        first.until(lambda: datetime.now(UTC) > due - timedelta(seconds=0.3))
        third.kill()
        third.start()
        stack.callback(third.stop)
        for reader in readers:
            reader.until(lambda page: len(page.lines) == LINES)
        first.file("breaking", "the next line")
        for reader in readers:
            reader.until(lambda page: page.texts and page.texts[-1] == "the next line")
            assert sorted(reader.page.texts[:-1]) == [f"held {number}" for number in range(LINES)]
            assert reader.page.offsets[-1] == LINES + 1, "no line came out twice"
        for line in readers[0].page.newest[1:]:
            late = datetime.fromisoformat(line["filed"]) - due
            assert timedelta(0) <= late <= timedelta(seconds=1), late


def test_what_fell_due_while_nobody_was_there_comes_out_at_the_next_start(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.start()
    due = datetime.now(UTC) + timedelta(seconds=0.5)
    answer = service.http.post("/v1/feeds/breaking/dispatches", json={"text": "held", "release_at": rfc3339(due)})
    assert answer.status_code == 201
    service.kill()
    while datetime.now(UTC) < due:
        pass
    with service, Reader(service, "breaking") as reader:
        reader.until(lambda page: page.texts == ["held"])
