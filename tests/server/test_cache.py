"""A cache in front of many readers who follow by long-poll: the configuration in the manual."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.service import Service
from tests.varnish import Varnish

READERS = 40


@pytest.fixture
def varnish(service: Service, tmp_path: Path) -> Iterator[Varnish]:
    with Varnish(service.port, tmp_path, READERS) as running:
        service.until(running.up)
        yield running


def waiting(service: Service, feed: str) -> int:
    lines = service.http.get("/metrics").text.splitlines()
    return next(int(line.split()[-1]) for line in lines if line.startswith(f'ticker_waiting{{feed="{feed}"}}'))


def test_a_change_is_requested_once_however_many_wait_for_it(service: Service, varnish: Varnish) -> None:
    feed = service.open_feed()
    position = service.snapshot(feed)["position"]
    with ThreadPoolExecutor(READERS) as crowd:
        for number in range(5):
            before = varnish.asked()
            address = f"/v1/feeds/{feed}/changes?after={position}&wait=10"
            futures = [crowd.submit(varnish.get, address) for _ in range(READERS)]
            service.until(lambda: waiting(service, feed) == 1)
            time.sleep(0.3)  # until all of them have come to Varnish, whose own counters lag behind
            receipt = service.file(feed, f"dispatch {number}")
            responses = [future.result() for future in futures]
            assert {response.status_code for response in responses} == {200}
            assert len({response.content for response in responses}) == 1
            assert responses[0].json()["frames"][0]["dispatch"]["text"] == f"dispatch {number}"
            assert varnish.asked() == before + 1
            assert waiting(service, feed) == 0
            position = receipt["position"]


def test_nothing_is_served_after_one_second(service: Service, varnish: Varnish) -> None:
    feed = service.open_feed()
    position = service.snapshot(feed)["position"]
    address = f"/v1/feeds/{feed}/changes?after={position}&wait=10"
    id = service.file(feed, "SECRET")["id"]
    service.until(lambda: "SECRET" in varnish.get(address).text)
    service.http.post(f"/v1/feeds/{feed}/dispatches/{id}/kill", json={"reason": "wrong"})
    service.until(lambda: "SECRET" not in varnish.get(address).text, within=1.5)
    assert [frame["type"] for frame in varnish.get(address).json()["frames"]] == ["kill", "kill"]


def test_requests_that_clients_do_not_send_bypass_the_cache(service: Service, varnish: Varnish) -> None:
    for path in ("/v1/feeds/breaking", "/v1/feeds/breaking/changes", "/v1/feeds/breaking/changes?after=x&wait=0"):
        before = varnish.asked()
        assert {varnish.get(path).status_code for _ in range(2)} == {200}
        assert varnish.asked() == before + 2


def test_requests_after_a_wait_has_ended_wait_together_again(service: Service, varnish: Varnish) -> None:
    feed = service.open_feed()
    position = service.snapshot(feed)["position"]
    address = f"/v1/feeds/{feed}/changes?after={position}&wait=10"
    before = varnish.asked()

    first: list[int] = []

    def wait_twice() -> int:
        first.append(varnish.get(address).status_code)
        return varnish.get(address).status_code

    with ThreadPoolExecutor(READERS) as crowd:
        futures = [crowd.submit(wait_twice) for _ in range(READERS)]
        service.until(lambda: len(first) == READERS)
        time.sleep(0.3)
        assert waiting(service, feed) == 1
        service.file(feed, "line")
        second = [future.result() for future in futures]
    assert (set(first), set(second)) == ({204}, {200})
    assert varnish.asked() == before + 2
