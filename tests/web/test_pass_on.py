"""What a relay passes on: whole requests and responses, in both directions, or a redirect."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import orjson
import pytest
from starlette.requests import Request
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.proxy import Switch
from tests.relay.tree import Relay
from tests.service import Service
from ticker.web.pass_on import forwarded, returned


@pytest.fixture(scope="module")
def relay(service: Service) -> Iterator[Relay]:
    with Relay(service) as running:
        running.until(running.level)
        yield running


@pytest.fixture(scope="module")
def redirecting(service: Service) -> Iterator[Relay]:
    with Relay(service, flags=("--pass-on", "redirect")) as running:
        running.until(running.level)
        yield running


def request(headers: list[tuple[bytes, bytes]], client: tuple[str, int] | None = ("192.0.2.7", 4)) -> Request:
    return Request({"type": "http", "method": "GET", "path": "/", "headers": headers, "client": client})


def test_headers_of_one_connection_are_not_passed_on_and_the_client_is_named() -> None:
    given = [
        (b"host", b"news.example"),
        (b"connection", b"keep-alive, X-Once"),
        (b"x-once", b"1"),
        (b"te", b"trailers"),
        (b"accept", b"text/html"),
        (b"x-forwarded-for", b"198.51.100.1"),
    ]
    assert forwarded(request(given)) == [
        ("host", "news.example"),
        ("accept", "text/html"),
        ("x-forwarded-for", "198.51.100.1, 192.0.2.7"),
    ]
    assert forwarded(request([], None)) == [("x-forwarded-for", "")]


def test_headers_of_a_response_lose_what_is_of_its_connection_or_ours() -> None:
    given = [
        ("Connection", "close, x-once"),
        ("X-Once", "1"),
        ("Date", "now"),
        ("ETag", '"1"'),
        ("Link", "a"),
        ("Link", "b"),
    ]
    assert returned(given) == [(b"etag", b'"1"'), (b"link", b"a"), (b"link", b"b")]


def test_a_change_goes_to_the_log_and_can_be_read_at_the_relay_at_once(service: Service, relay: Relay) -> None:
    for number in range(20):
        receipt = relay.file("breaking", f"through a relay {number}")
        assert relay.snapshot("breaking")["position"] == receipt["position"] == service.snapshot("breaking")["position"]
    answer = relay.http.get(f"/v1/feeds/breaking/dispatches/{receipt['id']}")
    theirs = service.http.get(f"/v1/feeds/breaking/dispatches/{receipt['id']}")
    assert answer.json() == theirs.json()
    assert answer.headers["etag"] == theirs.headers["etag"]
    assert [name for name in answer.headers.multi_items() if name[0] == "date"].__len__() == 1
    again = relay.http.get(
        f"/v1/feeds/breaking/dispatches/{receipt['id']}", headers={"if-none-match": answer.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    page = relay.http.get("/v1/feeds/breaking/dispatches?limit=5")
    assert page.links["next"]["url"].startswith("/v1/feeds/")


def test_problems_are_the_upstreams(relay: Relay) -> None:
    assert relay.http.post("/v1/feeds/breaking/dispatches", json={"text": ""}).status_code == 422
    assert relay.http.post("/v1/feeds/breaking/dispatches", content=b"x" * 20_000).status_code == 413
    unknown = {"authorization": "Bearer tk_unknown"}
    assert httpx.post(f"{relay.url}/v1/feeds/breaking/dispatches", json={}, headers=unknown).status_code == 401
    assert httpx.get(f"{relay.url}/v1/feeds/nowhere").status_code == 404


@pytest.mark.parametrize("stream", ["live", "desk/live"])
def test_a_websocket_is_refused_as_the_upstream_refuses_it(service: Service, relay: Relay, stream: str) -> None:
    refusals = []
    for node in (service, relay):
        with pytest.raises(InvalidStatus) as refused, connect(f"ws://127.0.0.1:{node.port}/v1/feeds/nowhere/{stream}"):
            pass
        response = refused.value.response
        refusals.append((response.status_code, response.headers["content-type"], bytes(response.body or b"")))
    assert refusals[0] == refusals[1]
    assert refusals[0][0] == (404 if stream == "live" else 401)


def test_a_relay_offers_the_upgrade_that_is_required(service: Service, relay: Relay) -> None:
    feed = service.open_feed()
    for stream in ("nowhere/desk/live", f"{feed}/desk/live"):
        theirs, ours = (node.http.get(f"/v1/feeds/{stream}") for node in (service, relay))
        assert theirs.status_code == ours.status_code
        for name in ("upgrade", "sec-websocket-version"):
            assert theirs.headers.get(name) == ours.headers.get(name)
    assert (ours.status_code, ours.headers["connection"]) == (426, "upgrade")


def test_what_a_key_covers_is_listed_by_the_upstream(service: Service, relay: Relay) -> None:
    feed = service.open_feed()
    assert service.http.patch(f"/v1/feeds/{feed}", json={"visibility": "private"}).status_code == 200

    def names(headers: dict[str, str]) -> set[str]:
        return {each["name"] for each in httpx.get(f"{relay.url}/v1/feeds", headers=headers).json()["feeds"]}

    assert feed in names(relay.authorization)
    relay.until(lambda: feed not in names({}))


def test_a_session_and_the_stream_of_the_desk_work_through_a_relay(service: Service, relay: Relay) -> None:
    with httpx.Client(base_url=relay.url) as browser:
        begun = browser.post("/desk/session", json={"key": service.key}, headers={"sec-fetch-site": "same-origin"})
        assert begun.status_code == 201
        cookie = begun.headers["set-cookie"].partition(";")[0]
        assert browser.get("/desk/session").status_code == 200
    url = f"{relay.url.replace('http', 'ws')}/v1/feeds/breaking/desk/live"
    headers = {"cookie": cookie}
    with connect(url, additional_headers=headers, origin=Origin(relay.url), compression=None) as desk:
        kinds: set[str] = set()
        while not {"presence", "held", "flash", "filed"} <= kinds:
            kinds.add(orjson.loads(desk.recv(timeout=20)).get("kind", ""))
    with pytest.raises(InvalidStatus) as refused, connect(url, compression=None):
        pass
    assert refused.value.response.status_code == 401


def test_private_feeds_are_streamed_by_the_upstream(service: Service, relay: Relay) -> None:
    feed = service.open_feed()
    assert service.http.patch(f"/v1/feeds/{feed}", json={"visibility": "private"}).status_code == 200
    relay.until(lambda: httpx.get(f"{relay.url}/v1/feeds/{feed}").status_code == 404)
    url = f"{relay.url.replace('http', 'ws')}/v1/feeds/{feed}/live"
    with connect(url, additional_headers=relay.authorization, compression=None) as stream:
        assert orjson.loads(stream.recv(timeout=20))["type"] == "snapshot"
        service.file(feed, "for those who may know")
        while orjson.loads(stream.recv(timeout=20))["type"] != "dispatch":
            pass
    headers = relay.authorization | {"accept": "text/event-stream"}
    with httpx.stream("GET", f"{relay.url}/v1/feeds/{feed}/live", headers=headers, timeout=20) as events:
        assert events.status_code == 200
        assert any(line == "event: beat" for line in events.iter_lines())


def test_a_redirecting_relay_sends_reads_away_and_refuses_changes(service: Service, redirecting: Relay) -> None:
    read = redirecting.http.get("/v1/feeds/breaking/dispatches?limit=5")
    assert (read.status_code, read.headers["location"]) == (307, f"{service.url}/v1/feeds/breaking/dispatches?limit=5")
    change = redirecting.http.post("/v1/feeds/breaking/dispatches", json={"text": "no"})
    assert change.status_code == 421
    assert change.json()["type"] == "urn:ticker:problem:misdirected"
    assert change.json()["upstream"] == f"{service.url}/v1/feeds/breaking/dispatches"
    assert redirecting.http.get("/v1/feeds/breaking").status_code == 200
    with pytest.raises(InvalidStatus) as refused:
        connect(
            f"{redirecting.url.replace('http', 'ws')}/v1/feeds/breaking/desk/live",
            additional_headers=redirecting.authorization,
        )
    assert refused.value.response.status_code == 421


def test_what_comes_back_to_the_relay_is_passed_on_no_more(service: Service) -> None:
    switch = Switch(service.port)
    with switch.standing() as port, Relay(service, flags=("--upstream", f"http://127.0.0.1:{port}")) as relay:
        relay.until(relay.level)
        switch.target = relay.port  # as if the name of the node now stood for the relay
        refused = relay.http.get("/v1/feeds/breaking/dispatches?limit=5", timeout=60)
        assert refused.status_code == 503
        assert "leads back to the relay itself" in refused.json()["detail"]
        with pytest.raises(InvalidStatus) as denied:
            connect(
                f"{relay.url.replace('http', 'ws')}/v1/feeds/breaking/desk/live",
                additional_headers=relay.authorization,
                open_timeout=60,
            )
        assert denied.value.response.status_code == 503
        assert b"leads back" in denied.value.response.body
        relay.until(lambda: any("leads back to this relay; name an upstream" in line for line in relay.errors))


def test_a_request_that_came_by_way_of_others_is_passed_on(relay: Relay) -> None:
    headers = {"via": "1.1 ticker-0123abcd, 2 cdn.example (fast), x"}
    assert relay.http.get("/v1/feeds/breaking/dispatches?limit=5", headers=headers).status_code == 200
