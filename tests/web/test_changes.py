"""Following by long-poll both ways: at the door of `ticker serve`, and the plain ASGI way under an ordinary uvicorn."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.service import Page, Service
from tests.web.test_live import ALLOWED, HandedOver, Node, Plain

WAYS = [HandedOver, Plain]


@pytest.fixture(scope="module", params=WAYS, ids=["handed over", "plain"])
def node(service: Service, request: pytest.FixtureRequest) -> Iterator[Node]:
    with request.param(service, origins=ALLOWED) as running:
        yield running


@pytest.fixture
def crowd() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(20) as pool:
        yield pool


def changes(node: Node, feed: str, query: str = "", **headers: str) -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{node.port}/v1/feeds/{feed}/changes{query}", headers=headers, timeout=60)


def tail(node: Node, feed: str) -> str:
    """Where the node is, which it has proven."""
    node.service.until(lambda: node.http.get(f"/v1/feeds/{feed}").json()["at"])
    position: str = node.http.get(f"/v1/feeds/{feed}").json()["position"]
    return position


def waiting(node: Node, feed: str) -> int:
    lines = node.http.get("/metrics").text.splitlines()
    return next(int(line.split()[-1]) for line in lines if line.startswith(f'ticker_waiting{{feed="{feed}"}}'))


def asked(
    node: Node, feed: str, crowd: ThreadPoolExecutor, query: str, readers: int = 1
) -> list[Future[httpx.Response]]:
    """Requests that wait."""
    futures = [crowd.submit(changes, node, feed, query) for _ in range(readers)]
    node.service.until(lambda: waiting(node, feed) == readers)
    return futures


def test_a_follower_by_long_poll_has_the_whole_feed_in_order(node: Node) -> None:
    service, feed = node.service, node.knows(node.service.open_feed())
    page, stop = Page(), threading.Event()

    def follow() -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{node.port}", timeout=20) as http:
            query = ""
            while not stop.is_set():
                got = http.get(f"/v1/feeds/{feed}/changes{query}")
                if got.status_code == 200:
                    for frame in got.json()["frames"]:
                        page.take(frame)
                    assert got.json()["position"] == page.position
                    query = f"?after={page.position}&wait=1"

    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(follow)
        try:
            service.until(lambda: page.position)  # a snapshot has only the newest 20
            for number in range(30):
                receipt = service.file(feed, f"line {number}")
            service.http.post(f"/v1/feeds/{feed}/dispatches/{receipt['id']}/kill", json={"reason": "wrong"})
            service.until(lambda: following.done() or any(f["type"] == "kill" for f in page.frames))
        finally:
            stop.set()
        following.result(20)
    assert page.texts == [*(f"line {number}" for number in range(29)), ""]
    assert page.resets == 0


def test_all_who_wait_get_the_same_when_something_is_filed(node: Node, crowd: ThreadPoolExecutor) -> None:
    feed = node.knows(node.service.open_feed())
    futures = asked(node, feed, crowd, f"?after={tail(node, feed)}&wait=20", 8)
    assert node.watching(feed, 8)
    receipt = node.service.file(feed, "one")
    responses = [future.result() for future in futures]
    assert {response.status_code for response in responses} == {200}
    assert len({response.content for response in responses}) == 1
    said = responses[0].json()
    assert [frame["dispatch"]["text"] for frame in said["frames"]] == ["one"]
    assert said["position"] == receipt["position"]
    assert said["at"] == responses[0].headers["ticker-at"]
    assert node.watching(feed, 0)


def test_a_wait_that_ends_with_nothing_is_204_with_the_time_of_a_proof_made_meanwhile(node: Node) -> None:
    feed = node.knows(node.service.open_feed())
    position = tail(node, feed)
    before = node.http.get(f"/v1/feeds/{feed}").headers["ticker-at"]
    got = changes(node, feed, f"?after={position}&wait=4")
    assert (got.status_code, got.content) == (204, b"")
    assert got.headers["ticker-at"] > before
    assert got.headers["cache-control"] == "public, max-age=1"

    def at_once() -> bool:
        without = changes(node, feed, f"?after={position}")
        assert without.status_code == 204
        return without.elapsed.total_seconds() < 1

    node.service.until(at_once)  # this machine may be slow now and then; a wait would take its time each time


@pytest.mark.parametrize("after", ["1-000000000000", "0-zzz", "nonsense", "", "%00", "1" * 500])
def test_a_position_that_is_not_in_the_log_gets_a_reset_at_once(node: Node, after: str) -> None:
    feed = node.knows(node.service.open_feed())
    node.service.file(feed, "one")
    node.service.until(lambda: tail(node, feed).startswith("1-"))
    got = changes(node, feed, f"?after={after}&wait=20")
    [snapshot] = got.json()["frames"]
    assert (snapshot["type"], snapshot["reset"]) == ("snapshot", True)
    assert got.elapsed.total_seconds() < 15, "it does not wait"


def test_nothing_in_the_response_depends_on_the_client(node: Node) -> None:
    feed = node.knows(node.service.open_feed())
    query = f"?after={tail(node, feed)}"
    node.service.file(feed, "one")
    node.service.until(lambda: changes(node, feed, query).status_code == 200)
    one = changes(node, feed, query, accept="text/html", cookie="a=b", accept_language="ar")
    two = changes(node, feed, query, user_agent="another", authorization="Bearer x")
    assert one.json()["frames"] == two.json()["frames"]
    for got in (one, two):
        assert got.headers["cache-control"] == "public, max-age=1"
        vary = set(got.headers["vary"].split(", ")) - {"Accept-Encoding"}
        assert vary == {"Origin"}, "since this service names the sites that may read"
        assert got.headers.get_list("x-content-type-options") == ["nosniff"]
        assert "set-cookie" not in got.headers
        assert got.headers["content-type"] == "application/json"


def test_an_allowed_site_may_read_it_and_the_time_and_another_may_not(node: Node) -> None:
    feed = node.knows(node.service.open_feed())
    got = changes(node, feed, origin=ALLOWED)
    assert got.headers["access-control-allow-origin"] == ALLOWED
    assert "ticker-at" in got.headers["access-control-expose-headers"].lower()
    refused = changes(node, feed, origin="https://evil.example")
    assert (refused.status_code, refused.json()["field"]) == (403, "Origin")


@pytest.mark.parametrize("wait", ["-1", "31", "1.5", "ten", "", "٣", "1_0", "99999999999999999999", "010 "])
def test_a_wait_is_a_whole_number_from_0_to_30(node: Node, wait: str) -> None:
    got = changes(node, "breaking", f"?wait={wait}")
    assert (got.status_code, got.json()["field"]) == (422, "wait")
    assert got.headers["cache-control"] == "no-store"


def test_a_parameter_that_is_not_there_is_refused_by_name(node: Node) -> None:
    got = changes(node, "breaking", "?wiat=5&aftr=x&wait=40")
    assert got.status_code == 422
    assert {fault["field"] for fault in got.json()["errors"]} == {"wiat", "aftr", "wait"}


def test_a_feed_that_is_not_there_is_not_found(node: Node) -> None:
    assert changes(node, "nowhere").status_code == 404


def test_head_never_waits(node: Node) -> None:
    feed = node.knows(node.service.open_feed())
    address = f"/v1/feeds/{feed}/changes"
    head = node.http.head(address, params={"after": tail(node, feed), "wait": "20"})
    assert (head.status_code, head.elapsed.total_seconds() < 15) == (204, True)
    head = node.http.head(address)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == node.http.get(address).headers["content-length"]
    assert waiting(node, feed) == 0


def test_who_goes_while_waiting_leaves_the_hub(node: Node) -> None:
    feed = node.knows(node.service.open_feed())
    address = f"http://127.0.0.1:{node.port}/v1/feeds/{feed}/changes?after={tail(node, feed)}&wait=30"
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(address, timeout=0.5)
    node.service.until(lambda: waiting(node, feed) == 0, within=20)


def test_a_full_node_sends_retry_after(node: Node, crowd: ThreadPoolExecutor) -> None:
    with type(node)(node.service, readers="1") as small:
        feed = small.knows(small.service.open_feed())
        position = tail(small, feed)
        [first] = asked(small, feed, crowd, f"?after={position}&wait=30")
        got = changes(small, feed, f"?after={position}&wait=3")
        assert got.status_code == 503
        assert int(got.headers["retry-after"]) > 0
        small.service.file(feed, "one")
        assert [frame["dispatch"]["text"] for frame in first.result().json()["frames"]] == ["one"]
        assert changes(small, feed).status_code == 200


@pytest.mark.parametrize("way", WAYS)
def test_waiting_requests_get_delayed_when_redis_freezes_and_204_when_it_returns(
    own_service: Service, way: type[Node], crowd: ThreadPoolExecutor
) -> None:
    with way(own_service) as node:
        position = tail(node, "breaking")
        [first] = asked(node, "breaking", crowd, f"?after={position}&wait=30")
        with own_service.frozen("valkey"):
            [delayed] = first.result().json()["frames"]
            assert delayed["type"] == "delayed"
            assert first.result().headers["ticker-at"] <= delayed["since"]
            began = time.monotonic()
            got = changes(node, "breaking", f"?after={position}&wait=1")
            assert time.monotonic() - began > 0.9, "it waits although the node is delayed"
            assert [frame["type"] for frame in got.json()["frames"]] == ["delayed"]
            assert got.json()["position"] == position
            [last] = asked(node, "breaking", crowd, f"?after={position}&wait=30")
        assert last.result().status_code == 204
        assert last.result().elapsed.total_seconds() < 25
        assert last.result().headers["ticker-at"] > got.headers["ticker-at"]


@pytest.mark.parametrize("way", WAYS)
def test_a_stop_ends_with_a_response_to_those_who_wait(
    service: Service, way: type[Node], crowd: ThreadPoolExecutor
) -> None:
    with way(service) as node:
        position = tail(node, "breaking")
        # uvicorn as it comes lets them wait to their end, and is stopped by nobody who is in a hurry.
        wait = 30 if way is HandedOver else 10
        futures = asked(node, "breaking", crowd, f"?after={position}&wait={wait}", 5)
    responses = [future.result() for future in futures]
    assert {response.status_code for response in responses} == {204}
    assert way is Plain or max(response.elapsed.total_seconds() for response in responses) < 25


def test_who_is_counted_as_watching_does_not_depend_on_the_moment(service: Service, crowd: ThreadPoolExecutor) -> None:
    feed, stop = service.open_feed(), threading.Event()

    def follow() -> None:
        with httpx.Client(base_url=service.url, timeout=20) as http:
            position = http.get(f"/v1/feeds/{feed}").json()["position"]
            while not stop.is_set():
                got = http.get(f"/v1/feeds/{feed}/changes?after={position}&wait=1")
                position = got.json()["position"] if got.status_code == 200 else position

    def watching() -> Any:
        listed = service.http.get("/v1/feeds").json()["feeds"]
        return sum(each["watching"] for each in listed if each["name"] == feed)

    followers = [crowd.submit(follow) for _ in range(6)]
    try:
        service.until(lambda: watching() == 6)
        seen = set()
        for number in range(30):
            service.file(feed, f"line {number}")
            seen.add(watching())
            time.sleep(0.1)
        assert seen == {6}
    finally:
        stop.set()
    for follower in followers:
        follower.result(20)
    service.until(lambda: watching() == 0)
