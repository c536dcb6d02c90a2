"""The delivery report: when a dispatch was kept and published, to how many readers it was written, and how fast."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from websockets.sync.client import ClientConnection

from tests.service import READY_TIMEOUT, Service

WORKERS = 2


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of two nodes."""
    with Service(tmp_path_factory.mktemp("two"), "--workers", str(WORKERS)) as running:
        yield running


def _receipt(service: Service, feed: str, id: str) -> dict[str, Any]:
    """The report of a dispatch, once every node has reported what it measured and one of them when it was kept."""
    found: dict[str, Any] = {}

    def whole() -> bool:
        answer = service.http.get(f"/v1/feeds/{feed}/dispatches/{id}/receipt")
        assert answer.status_code == 200, answer.text
        found.update(answer.json())
        return bool(found["nodes"] == WORKERS and found["kept_exact"])

    service.until(whole)
    return found


def _reads(reader: ClientConnection, id: str) -> None:
    """Read until a dispatch arrives."""
    while orjson.loads(reader.recv(timeout=READY_TIMEOUT)).get("dispatch", {}).get("id") != id:
        pass


def test_a_delivery_report_has_when_a_dispatch_was_kept_and_how_it_reached_every_reader(two: Service) -> None:
    feed = two.open_feed()
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(two.websocket(feed)) for _ in range(10)]
        for reader in readers:
            assert orjson.loads(reader.recv(timeout=READY_TIMEOUT))["type"] == "snapshot"
        filed = two.file(feed, "Bridge closed")
        for reader in readers:
            _reads(reader, filed["id"])
        receipt = _receipt(two, feed, filed["id"])
    members = {"id", "filed", "published", "kept", "nodes", "readers", "set_aside", "fan_out_ms"}
    assert receipt.keys() == members | {"kept_exact", "unreported"}
    assert (receipt["kept_exact"], receipt["unreported"]) == (True, 0)
    assert (receipt["id"], receipt["filed"], receipt["published"]) == (filed["id"], filed["filed"], filed["filed"])
    assert receipt["kept"] >= receipt["filed"]
    assert (receipt["nodes"], receipt["readers"] + receipt["set_aside"]) == (WORKERS, len(readers))
    assert receipt["set_aside"] == 0
    assert 0 <= receipt["fan_out_ms"]["p50"] <= receipt["fan_out_ms"]["p99"]


def test_a_dispatch_without_readers_has_a_delivery_report_without_times(two: Service) -> None:
    feed = two.open_feed()
    receipt = _receipt(two, feed, two.file(feed, "Bridge closed")["id"])
    assert (receipt["nodes"], receipt["readers"], receipt["set_aside"]) == (WORKERS, 0, 0)
    assert receipt["fan_out_ms"] == {"p50": None, "p99": None}


def test_a_repeated_request_does_not_move_the_moment_of_keeping(two: Service) -> None:
    feed, key = two.open_feed(), {"idempotency-key": "once"}
    filed = two.http.post(f"/v1/feeds/{feed}/dispatches", json={"text": "Bridge closed"}, headers=key).json()
    before = _receipt(two, feed, filed["id"])
    for _ in range(2 * WORKERS):  # each node, most likely
        again = two.http.post(f"/v1/feeds/{feed}/dispatches", json={"text": "Bridge closed"}, headers=key)
        assert again.headers["idempotent-replayed"] == "true"
    _receipt(two, feed, two.file(feed, "All nodes have told what they know when they tell of this")["id"])
    assert _receipt(two, feed, filed["id"]) == before


def test_a_killed_dispatch_still_has_its_delivery_report_and_none_of_its_text(two: Service) -> None:
    feed = two.open_feed()
    filed = two.file(feed, "A libel", source="Nobody")
    before = _receipt(two, feed, filed["id"])
    kill = two.http.post(f"/v1/feeds/{feed}/dispatches/{filed['id']}/kill", json={"reason": "untrue"})
    assert kill.status_code == 200
    answer = two.http.get(f"/v1/feeds/{feed}/dispatches/{filed['id']}/receipt")
    assert answer.json() == before
    assert "libel" not in answer.text
    assert "Nobody" not in answer.text


def test_a_receipt_is_for_the_desk_and_never_cached(two: Service) -> None:
    feed = two.open_feed()
    address = f"/v1/feeds/{feed}/dispatches/{two.file(feed, 'one')['id']}/receipt"
    assert two.http.get(address).headers["cache-control"] == "no-store"
    refused = two.http.get(address, headers={"authorization": ""})
    assert (refused.status_code, "Bearer" in refused.headers["www-authenticate"]) == (401, True)
    key = two.http.post("/v1/keys", json={"name": "x", "role": "correspondent", "feeds": ["breaking"]}).json()["key"]
    assert two.http.get(address, headers={"authorization": f"Bearer {key}"}).status_code == 403
    key = two.http.post("/v1/keys", json={"name": "x", "role": "correspondent", "feeds": [feed]}).json()["key"]
    assert two.http.get(address, headers={"authorization": f"Bearer {key}"}).status_code == 200


def test_a_dispatch_that_was_never_filed_has_no_delivery_report(two: Service) -> None:
    feed = two.open_feed()
    assert two.http.get(f"/v1/feeds/{feed}/dispatches/nothing/receipt").status_code == 404
    assert two.http.get("/v1/feeds/nowhere/dispatches/nothing/receipt").status_code == 404
