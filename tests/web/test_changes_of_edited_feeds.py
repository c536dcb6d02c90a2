"""The long-poll while its feed is edited: closed, made private, or taken from a site. Who waits is told at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.service import Service
from tests.web.test_changes import asked, changes, crowd, tail
from tests.web.test_live import ALLOWED, HandedOver, Node, Plain

__all__ = ["crowd"]


@pytest.fixture(scope="module", params=[HandedOver, Plain], ids=["handed over", "plain"])
def node(service: Service, request: pytest.FixtureRequest) -> Iterator[Node]:
    with request.param(service, origins=ALLOWED) as running:
        yield running


def test_who_waits_while_a_feed_closes_gets_a_last_snapshot_and_later_requests_are_gone(
    node: Node, crowd: ThreadPoolExecutor
) -> None:
    service, feed = node.service, node.knows(node.service.open_feed())
    service.file(feed, "the last one")
    futures = asked(node, feed, crowd, f"?after={tail(node, feed)}&wait=20", 3)
    closed = service.http.delete(f"/v1/feeds/{feed}").json()["closed"]
    for future in futures:
        (frame,) = future.result().json()["frames"]
        assert (frame["type"], frame["closed"], frame["reset"]) == ("snapshot", closed, False)
        assert [each["text"] for each in frame["dispatches"]] == ["the last one"]
    gone = changes(node, feed, f"?after={frame['position']}&wait=20")
    assert (gone.status_code, gone.json()["type"]) == (410, "urn:ticker:problem:closed")
    assert service.http.patch(f"/v1/feeds/{feed}", json={"closed": None}).status_code == 200
    service.until(lambda: changes(node, feed, f"?after={frame['position']}").status_code == 204)


def test_who_waits_while_a_feed_becomes_private_learns_nothing_of_it(node: Node, crowd: ThreadPoolExecutor) -> None:
    service, feed = node.service, node.knows(node.service.open_feed())
    position = tail(node, feed)
    futures = asked(node, feed, crowd, f"?after={position}&wait=20", 3)
    assert service.http.patch(f"/v1/feeds/{feed}", json={"visibility": "private"}).status_code == 200
    service.file(feed, "UNSAID")
    for future in futures:
        assert future.result().status_code == 204
    assert changes(node, feed, f"?after={position}&wait=20").status_code == 404
    allowed = changes(node, feed, f"?after={position}&wait=20", **service.authorization)  # it may come just now
    assert [frame["dispatch"]["text"] for frame in allowed.json()["frames"]] == ["UNSAID"]
    assert allowed.headers["cache-control"] == "no-store"


def test_a_revoked_key_waits_no_longer(node: Node, crowd: ThreadPoolExecutor) -> None:
    service, feed = node.service, node.knows(node.service.open_feed())
    position = tail(node, feed)
    service.http.patch(f"/v1/feeds/{feed}", json={"visibility": "private"})
    issued = service.http.post("/v1/keys", json={"name": "Mona", "role": "editor", "feeds": [feed]}).json()
    key = {"authorization": f"Bearer {issued['key']}"}
    service.until(lambda: changes(node, feed, f"?after={position}", **key).status_code == 204)
    future = crowd.submit(changes, node, feed, f"?after={position}&wait=20", **key)
    numbers = f"http://127.0.0.1:{node.port}/metrics"
    waits = f'ticker_waiting{{feed="{feed}"}} 1'
    service.until(lambda: waits in httpx.get(numbers, headers=service.authorization).text)
    assert service.http.delete(f"/v1/keys/{issued['id']}").status_code == 204
    service.file(feed, "UNSAID")
    assert future.result().status_code == 204
    assert changes(node, feed, f"?after={position}", **key).status_code == 404


def test_a_poll_goes_by_the_list_of_its_feed(node: Node) -> None:
    service, feed = node.service, node.knows(node.service.open_feed())
    assert changes(node, feed, origin=ALLOWED).status_code == 200
    service.http.patch(f"/v1/feeds/{feed}", json={"origins": ["https://other.example"]})
    service.until(lambda: changes(node, feed, origin=ALLOWED).status_code == 403)
    mine = changes(node, feed, f"?after={tail(node, feed)}&wait=1", origin="https://other.example")
    assert mine.headers["access-control-allow-origin"] == "https://other.example"
    assert "retry-after" in mine.headers["access-control-expose-headers"]
    assert changes(node, feed, origin=ALLOWED).headers["vary"] == "Origin"
