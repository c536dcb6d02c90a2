"""The promises of the service, tested on all of it: real processes, real sockets, real failures."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.service import Reader, Service


def _offsets(receipts: list[dict[str, Any]]) -> list[int]:
    return sorted(int(receipt["position"].split("-")[0]) for receipt in receipts)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_two_hundred_posts_at_once_are_one_dense_run_for_every_reader(tmp_path: Path, workers: str) -> None:
    with ExitStack() as stack:
        service = stack.enter_context(Service(tmp_path, "--workers", workers))
        first = stack.enter_context(Reader(service, "breaking"))
        second = stack.enter_context(Reader(service, "breaking", way="sse"))
        for reader in (first, second):
            reader.until(lambda page: page.frames)
        with ThreadPoolExecutor(20) as writers:
            filing = [writers.submit(service.file, "breaking", f"dispatch {n}") for n in range(200)]
            third = stack.enter_context(Reader(service, "breaking"))
            receipts = [future.result() for future in filing]
        assert _offsets(receipts) == list(range(1, 201))
        for reader in (first, second, third):
            reader.until(lambda page: page.offsets and page.offsets[-1] == 200)
        assert len(first.page.lines) == 200
        assert first.page.newest == second.page.newest
        # The third came midway, so it has the last dispatches; of these it has exactly what the others have.
        assert third.page.newest == first.page.newest[: len(third.page.newest)]
        assert len(third.page.newest) >= 20
        # Ids sort as the feed does, and the snapshot agrees with all readers.
        by_offset = [receipt["id"] for receipt in sorted(receipts, key=lambda r: int(r["position"].split("-")[0]))]
        assert by_offset == sorted(by_offset)
        service.until(lambda: service.snapshot("breaking")["position"] == first.page.position)  # of any worker
        assert service.snapshot("breaking")["dispatches"] == first.page.newest[:20]


def test_one_idempotency_key_fifty_times_at_once_files_one_dispatch(service: Service) -> None:
    feed = service.open_feed()
    headers = service.authorization | {"idempotency-key": '"the-same"'}

    def post(_: int) -> httpx.Response:
        return httpx.post(
            f"{service.url}/v1/feeds/{feed}/dispatches", json={"text": "once"}, headers=headers, timeout=20
        )

    with ThreadPoolExecutor(50) as writers:
        responses = list(writers.map(post, range(50)))
    assert {response.status_code for response in responses} == {201}
    assert len({response.text for response in responses}) == 1
    assert sum("idempotent-replayed" in response.headers for response in responses) == 49
    assert [line["text"] for line in service.snapshot(feed)["dispatches"]] == ["once"]


def _file_while(service: Service, feed: str, harm: Any, lines: int = 60) -> list[dict[str, Any]]:
    """File one dispatch after the other and do `harm` in the middle; return all receipts."""
    receipts = []
    for number in range(lines):
        if number == lines // 3:
            harm()
        receipts.append(service.file_patiently(feed, f"dispatch {number}"))
    return receipts


@pytest.mark.parametrize("way", ["websocket", "sse"])
@pytest.mark.parametrize("victim", ["valkey-server", "ticker.server.worker"])
def test_kill_minus_nine_midstream_loses_and_doubles_nothing(own_service: Service, victim: str, way: str) -> None:
    service = own_service
    with Reader(service, "breaking", way=way) as reader:
        reader.until(lambda page: page.frames)
        receipts = _file_while(service, "breaking", lambda: service.kill_child(victim))
        assert _offsets(receipts) == list(range(1, 61))
        reader.until(lambda page: page.offsets and page.offsets[-1] == 60)
        assert reader.page.texts == [f"dispatch {n}" for n in range(60)]
        assert reader.page.resets == 0
        harm = next(n for n, frame in enumerate(reader.page.frames) if frame.get("position", "").startswith("20-"))
        reader.until(lambda page: any(frame["type"] == "beat" for frame in page.frames[harm:]))
        assert reader.connections == (2 if victim == "ticker.server.worker" and not service.keeps_readers else 1)


def test_kill_minus_nine_of_the_whole_service_loses_nothing(own_service: Service) -> None:
    service = own_service
    with Reader(service, "breaking") as reader:
        receipts = [service.file("breaking", f"before {n}") for n in range(5)]
        reader.until(lambda page: len(page.lines) == 5)
        service.kill()
        service.start()
        receipts += [service.file("breaking", f"after {n}") for n in range(5)]
        reader.until(lambda page: len(page.lines) == 10)
        assert _offsets(receipts) == list(range(1, 11))
        assert reader.page.resets == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_forked_log_resets_every_reader(tmp_path: Path, workers: str) -> None:
    """Entries are lost and others filed at the same offsets, as after a failover to a lagging replica."""
    with ExitStack() as stack:
        service = stack.enter_context(Service(tmp_path, "--workers", workers))
        service.file("breaking", "kept")
        log = tmp_path / "appendonlydir"
        service.stop()
        kept = {path.name: path.read_bytes() for path in log.iterdir()}
        service.start()
        readers = [stack.enter_context(Reader(service, "breaking", way=way)) for way in ("websocket", "sse")]
        for number in range(3):
            service.file("breaking", f"lost {number}")
        for reader in readers:
            reader.until(lambda page: page.offsets and page.offsets[-1] == 4)
        service.stop()
        for path in log.iterdir():
            path.unlink()
        for name, content in kept.items():
            (log / name).write_bytes(content)
        service.start()
        for number in range(5):
            service.file("breaking", f"instead {number}")
        for reader in readers:
            reader.until(lambda page: page.offsets and page.offsets[-1] == 6)
            assert reader.page.resets >= 1
            assert reader.page.texts == ["kept", *(f"instead {n}" for n in range(5))]


def test_without_the_log_a_post_is_refused_and_readers_are_delayed(own_service: Service) -> None:
    service = own_service
    key = {"idempotency-key": "again"}
    with Reader(service, "breaking") as reader:
        reader.until(lambda page: any(frame["type"] == "beat" for frame in page.frames))
        with service.frozen("valkey-server"):
            reader.until(lambda page: page.frames[-1]["type"] == "delayed")
            answer = service.http.post("/v1/feeds/breaking/dispatches", json={"text": "once"}, headers=key)
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
            assert answer.headers["content-type"] == "application/problem+json"
            assert service.http.get("/readyz").status_code == 503
            assert service.http.get("/healthz").status_code == 200
            assert service.http.get("/v1/feeds/breaking").status_code == 200
        reader.until(lambda page: page.frames[-1]["type"] in ("beat", "dispatch"))
        assert service.file_patiently("breaking", "another")
        answer = service.http.post("/v1/feeds/breaking/dispatches", json={"text": "once"}, headers=key)
        assert answer.status_code == 201
        reader.until(lambda page: sorted(page.texts) == ["another", "once"])
