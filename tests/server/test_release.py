"""A held dispatch is released once, at its time, with three nodes running and one restarted at that moment."""

from __future__ import annotations

import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.service import Reader, Service
from ticker.dispatch import rfc3339

DISPATCHES = 8


def test_held_dispatches_are_released_once_and_not_before_their_time_whichever_node_restarts(tmp_path: Path) -> None:
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
        due = datetime.fromisoformat(rfc3339(datetime.now(UTC) + timedelta(seconds=8)))  # in whole milliseconds
        for number in range(DISPATCHES):
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
            reader.until(lambda page: len(page.lines) == DISPATCHES)
        first.file("breaking", "the next one")
        for reader in readers:
            reader.until(lambda page: page.texts and page.texts[-1] == "the next one")
            assert sorted(reader.page.texts[:-1]) == [f"held {number}" for number in range(DISPATCHES)]
            assert reader.page.offsets[-1] == DISPATCHES + 1, "none was released twice"
        # How late they may be is tested in tests/test_release.py, where the time does not depend on the machine.
        assert all(datetime.fromisoformat(released["filed"]) >= due for released in readers[0].page.newest[1:])


def test_what_fell_due_while_no_node_ran_is_released_at_the_next_start(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.start()
    due = datetime.now(UTC) + timedelta(seconds=4)  # in which the request has to come
    answer = service.http.post("/v1/feeds/breaking/dispatches", json={"text": "held", "release_at": rfc3339(due)})
    assert answer.status_code == 201
    service.kill()
    time.sleep(max((due - datetime.now(UTC)).total_seconds(), 0.0))
    with service, Reader(service, "breaking") as reader:
        reader.until(lambda page: page.texts == ["held"])
