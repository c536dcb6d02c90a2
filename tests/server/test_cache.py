"""A cache in front of the service, nginx or Varnish, by the configurations in docs/caching.md."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import orjson
import pytest
from websockets.sync.client import connect

from tests.nginx import nginx
from tests.proxy import proxy
from tests.server.test_nginx import of_manual
from tests.servers import free_port
from tests.service import Service
from tests.varnish import MANUAL, Varnish
from tests.web.desk.desk import signed_in
from tests.web.test_visibility import feed_that_is
from ticker.web.assets import asset

READERS = 40
GONE_WITHIN = {"varnish": 1.5, "nginx": 5.0}
"""Seconds after which nothing is served that was killed: nginx counts a second of `max-age` as up to two."""


class Cache:
    """A cache, and how many requests it has sent to the service."""

    def __init__(self, name: str, port: int) -> None:
        self.name = name
        self.url = f"http://127.0.0.1:{port}"
        limits = httpx.Limits(max_connections=READERS)
        self.http = httpx.Client(base_url=self.url, timeout=30, limits=limits)
        self.requests = 0
        self.sent: list[str] = []
        """The requests that were sent to the cache, whatever became of them."""

    def count(self, piece: bytes) -> bytes:
        """Count what passes to the service: each request is one piece."""
        self.requests += piece.startswith(b"GET ")
        return piece

    def get(self, path: str, **headers: str) -> httpx.Response:
        def trace(event: str, _: object) -> None:
            if event == "http11.send_request_body.complete":
                self.sent.append(path)

        return self.http.get(path, headers=headers, extensions={"trace": trace})

    def up(self) -> bool:
        try:
            return self.get("/healthz").status_code == 200
        except httpx.HTTPError:
            return False


@contextmanager
def caching(name: str, service: Service, folder: Path, *, counted: bool = True) -> Iterator[Cache]:
    """Run a cache in front of a service, with a proxy between them that counts unless the service is to fail."""
    port = free_port()
    cache = Cache(name, port)
    folder.mkdir(exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(cache.http)
        upstream = stack.enter_context(proxy(service, ask=cache.count)) if counted else service.port
        if name == "nginx":
            stack.enter_context(nginx(folder, port, of_manual(MANUAL, port, upstream)))
        else:
            varnish = stack.enter_context(Varnish(upstream, folder))
            cache.http.base_url = cache.url = f"http://127.0.0.1:{varnish.port}"
        service.until(cache.up)
        yield cache


@pytest.fixture(params=["varnish", "nginx"])
def cache(request: pytest.FixtureRequest, service: Service, tmp_path: Path) -> Iterator[Cache]:
    with caching(request.param, service, tmp_path) as running:
        yield running


@pytest.fixture
def varnish(service: Service, tmp_path: Path) -> Iterator[Cache]:
    with caching("varnish", service, tmp_path) as running:
        yield running


def waiting(service: Service, feed: str) -> int:
    lines = service.http.get("/metrics").text.splitlines()
    return next(int(line.split()[-1]) for line in lines if line.startswith(f'ticker_waiting{{feed="{feed}"}}'))


def test_a_change_is_requested_once_however_many_wait_for_it(service: Service, cache: Cache) -> None:
    feed = service.open_feed()
    position = service.snapshot(feed)["position"]
    with ThreadPoolExecutor(READERS) as crowd:
        for number in range(5):
            before = cache.requests
            address = f"/v1/feeds/{feed}/changes?after={position}&wait=10"
            futures = [crowd.submit(cache.get, address) for _ in range(READERS)]
            service.until(lambda address=address: cache.sent.count(address) == READERS)
            service.until(lambda: waiting(service, feed) == 1)
            time.sleep(0.3)  # until the cache has taken all of them, which it counts late or not at all
            receipt = service.file(feed, f"dispatch {number}")
            responses = [future.result() for future in futures]
            assert {response.status_code for response in responses} == {200}
            assert len({response.content for response in responses}) == 1
            assert responses[0].json()["frames"][0]["dispatch"]["text"] == f"dispatch {number}"
            assert cache.requests == before + 1
            assert waiting(service, feed) == 0
            position = receipt["position"]


def until_gone(cache: Cache, address: str) -> None:
    """Request it until it is not served any more. What counts is when a request is made, however late it is taken."""
    limit = time.monotonic() + GONE_WITHIN[cache.name]
    while True:
        asked = time.monotonic()
        if "SECRET" not in cache.get(address).text:
            return
        assert asked < limit, "it is still served"
        time.sleep(0.01)


def test_nothing_is_served_after_one_second(service: Service, cache: Cache) -> None:
    feed = service.open_feed()
    position = service.snapshot(feed)["position"]
    changes = f"/v1/feeds/{feed}/changes?after={position}&wait=10"
    id = service.file(feed, "SECRET")["id"]
    one = f"/v1/feeds/{feed}/dispatches/{id}"
    addresses = [changes, f"/v1/feeds/{feed}", one, f"/feeds/{feed}", f"/feeds/{feed}/{id}", f"/embed/feeds/{feed}"]
    for address in addresses:
        service.until(lambda address=address: "SECRET" in cache.get(address).text)
    service.http.post(f"{one}/kill", json={"reason": "wrong"})
    for address in addresses:
        until_gone(cache, address)
    assert [frame["type"] for frame in cache.get(changes).json()["frames"]] == ["kill", "kill"]
    assert cache.get(one).status_code == 410


def test_a_crowd_is_one_request(service: Service, cache: Cache) -> None:
    feed = service.open_feed()
    service.file(feed, "a line")
    for path in (
        f"/v1/feeds/{feed}",
        f"/feeds/{feed}",
        f"/embed/feeds/{feed}",
        asset("reader.js"),
        "/embed/v1/ticker.js",
    ):
        before = cache.requests
        with ThreadPoolExecutor(READERS) as crowd:
            cookies = [{"cookie": f"of-another-service={number}"} for number in range(READERS)]
            responses = list(crowd.map(lambda headers, path=path: cache.get(path, **headers), cookies))
        assert {response.status_code for response in responses} == {200}
        # One, or one for each second that it took.
        assert 1 <= cache.requests - before <= READERS / 8, path


def test_requests_that_clients_do_not_send_bypass_varnish(varnish: Cache) -> None:
    for path in ("/v1/feeds/breaking/changes", "/v1/feeds/breaking/changes?after=x&wait=0"):
        before = varnish.requests
        assert {varnish.get(path).status_code for _ in range(2)} == {200}
        assert varnish.requests == before + 2


def test_requests_after_a_wait_has_ended_wait_together_again(service: Service, varnish: Cache) -> None:
    feed = service.open_feed()
    position = service.snapshot(feed)["position"]
    address = f"/v1/feeds/{feed}/changes?after={position}&wait=10"
    before = varnish.requests

    first: list[int] = []

    def wait_twice() -> int:
        first.append(varnish.get(address).status_code)
        return varnish.get(address).status_code

    with ThreadPoolExecutor(READERS) as crowd:
        futures = [crowd.submit(wait_twice) for _ in range(READERS)]
        service.until(lambda: varnish.sent.count(address) == 2 * READERS)
        service.until(lambda: waiting(service, feed) == 1)
        time.sleep(0.3)  # until the cache has taken all of them
        assert waiting(service, feed) == 1
        service.file(feed, "line")
        second = [future.result() for future in futures]
    assert (set(first), set(second)) == ({204}, {200})
    assert varnish.requests == before + 2


def test_each_stream_is_one_of_its_own(service: Service, cache: Cache) -> None:
    feed = service.open_feed()
    before, address, events = cache.requests, f"/v1/feeds/{feed}/live", {"accept": "text/event-stream"}
    websocket = f"{cache.url.replace('http', 'ws')}{address}"
    with ExitStack() as stack:
        streams = [stack.enter_context(cache.http.stream("GET", address, headers=events)) for _ in range(3)]
        socket = stack.enter_context(connect(websocket))
        assert orjson.loads(socket.recv(timeout=20))["type"] == "snapshot"
        lines = [stream.iter_lines() for stream in streams]
        for each in lines:
            assert "event: snapshot" in (next(each), next(each))
        assert cache.requests == before + 4
        service.file(feed, "for all of them")
        for each in lines:
            assert next(line for line in each if "for all of them" in line).startswith("data: ")
        while orjson.loads(socket.recv(timeout=20))["type"] != "dispatch":
            pass


def test_what_is_for_a_key_or_a_session_is_shared_with_nobody(service: Service, cache: Cache) -> None:
    feed = feed_that_is(service, "private")
    service.file(feed, "SECRET")
    paths = ["/v1/feeds", *(path.format(feed) for path in ("/v1/feeds/{}", "/v1/feeds/{}/dispatches", "/feeds/{}"))]
    with signed_in(service.url, key=service.key) as browser:
        credentials = (service.authorization, browser.cookie | {"sec-fetch-site": "same-origin"})
        for path in paths:
            for _ in range(2):
                before = cache.requests
                assert [feed in cache.get(path, **headers).text for headers in credentials] == [True, True], path
                assert cache.requests == before + 2, path
                nobody = cache.get(path)
                assert "SECRET" not in nobody.text
                assert nobody.status_code == (200 if path == "/v1/feeds" else 404)
                assert nobody.status_code == 404 or feed not in nobody.text


@pytest.mark.parametrize("name", ["varnish", "nginx"])
def test_nothing_stale_is_served_while_the_service_is_away(own_service: Service, tmp_path: Path, name: str) -> None:
    feed = own_service.open_feed()
    with caching(name, own_service, tmp_path / "cache", counted=False) as cache:
        path = f"/v1/feeds/{feed}"
        assert cache.get(path).status_code == 200
        own_service.kill()
        own_service.until(lambda: cache.get(path).status_code in (502, 503, 504))
        own_service.start()
        own_service.until(lambda: cache.get(path).status_code == 200)
