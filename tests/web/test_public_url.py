"""The public URL: every URL that the service gives out begins with it, and its prefix may be there or not."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import httpx
import orjson
import pytest
from starlette.routing import Route, WebSocketRoute
from websockets.sync.client import connect

from tests.service import Service
from tests.web.test_live import HandedOver, Node, Plain
from ticker.errors import BadSetting
from ticker.settings import OWN_PATHS, Settings
from ticker.web.app import FILES, ROUTES

BASE = "https://news.example/ticker"


@pytest.fixture(scope="module", params=[HandedOver, Plain], ids=["handed over", "plain"])
def node(service: Service, request: pytest.FixtureRequest) -> Iterator[Node]:
    with request.param(service, public_url=BASE + "/") as running:
        running.http.headers.update(service.authorization)
        yield running


def test_every_url_in_a_response_begins_with_it(node: Node) -> None:
    feed = node.http.post("/v1/feeds", json={"name": node.service.open_feed() + "-x"})
    assert feed.headers["location"].startswith(f"{BASE}/v1/feeds/t")
    address = f"/v1/feeds/{feed.json()['name']}"
    filed = [node.http.post(f"{address}/dispatches", json={"text": text, "story": "s"}) for text in ("one", "two")]
    assert filed[0].headers["location"] == f"{BASE}{address}/dispatches/{filed[0].json()['id']}"
    held = node.http.post(f"{address}/dispatches", json={"text": "a", "release_at": "2027-01-01T00:00:00Z"})
    assert held.headers["location"] == f"{BASE}{address}/held/{held.json()['id']}"
    released = node.http.post(held.headers["location"].removeprefix(BASE) + "/release")
    assert released.headers["location"].startswith(f"{BASE}{address}/dispatches/")
    page = node.http.get(f"{address}/dispatches?limit=1")
    assert page.links["next"]["url"].startswith(f"{BASE}{address}/dispatches?before=")
    assert node.http.get(f"/ticker{address}/dispatches?limit=1").links == page.links
    assert node.http.get("/openapi.json").json()["servers"] == [{"url": BASE}]
    servers = node.http.get("/asyncapi.json").json()["servers"]
    assert {(server["host"], server["pathname"]) for server in servers.values()} == {("news.example", "/ticker")}
    assert node.http.get("/asyncapi.json").headers["cache-control"] == "public, max-age=60"


def test_every_link_of_a_page_begins_with_it(node: Node) -> None:
    service, feed = node.service, node.knows(node.service.open_feed())
    line = service.file(feed, "a line", story="a-story", link="https://elsewhere.example/a")["id"]
    service.until(lambda: node.http.get(f"/v1/feeds/{feed}").json()["dispatches"])
    html = {"accept": "text/html"}
    paths = [
        "/",
        f"/feeds/{feed}",
        f"/feeds/{feed}/{line}",
        f"/feeds/{feed}/stories/a-story",
        "/docs",
        "/feeds/nowhere",
    ]
    for path in paths:
        page = node.http.get(path, headers=html).text
        links = re.findall(r'(?:href|src)="([^"#]+)"', page)
        assert links
        ours = [link for link in links if link != "https://elsewhere.example/a"]
        assert [link for link in ours if not link.startswith(BASE + "/")] == [], path
        if (block := re.search(r'id="page-data">(.*?)</script>', page)) is not None:
            assert orjson.loads(block[1])["base"] == BASE
        for link in ours:
            assert node.http.get("/ticker" + link.removeprefix(BASE)).status_code == 200, link
    assert 'id="page-data"' in node.http.get(f"/feeds/{feed}").text


@pytest.mark.parametrize("prefix", ["", "/ticker"])
@pytest.mark.parametrize("way", ["websocket", "sse"])
def test_the_prefix_may_be_there_or_not(node: Node, prefix: str, way: str) -> None:
    for path in ("/", "/v1/feeds", "/v1/feeds/breaking", "/feeds/breaking", "/healthz"):
        assert node.http.get(prefix + path).status_code == 200, prefix + path
    path = f"{prefix}/v1/feeds/breaking/live"
    if way == "websocket":
        with connect(f"ws://127.0.0.1:{node.port}{path}") as connection:
            assert orjson.loads(connection.recv(timeout=30))["type"] == "snapshot"
        return
    for _ in range(2):  # the second goes by a connection that has served a page already
        with node.http.stream("GET", path, headers={"accept": "text/event-stream"}) as stream:
            assert stream.status_code == 200
            assert next(stream.iter_lines()).startswith("retry: ")
        node.http.get("/healthz")


def test_only_the_prefix_is_taken_away(node: Node) -> None:
    assert node.http.get("/ticker").status_code == 200
    for path in ("/tickers/v1/feeds", "/ticker/ticker/v1/feeds", "/other/v1/feeds", "/v1/ticker/feeds"):
        assert node.http.get(path).status_code == 404, path


def test_without_it_urls_are_relative_to_the_root(service: Service) -> None:
    feed = service.open_feed()
    service.file(feed, "one"), service.file(feed, "two")
    assert service.http.get(f"/v1/feeds/{feed}/dispatches?limit=1").links["next"]["url"].startswith("/v1/feeds/")
    page = service.http.get(f"/feeds/{feed}").text
    assert f'href="/v1/feeds/{feed}"' in page
    assert orjson.loads(re.search(r'id="page-data">(.*?)</script>', page)[1])["base"] == ""  # type: ignore[index]
    assert service.http.get("/openapi.json").json()["servers"] == [{"url": "/"}]
    assert service.http.get("/ticker/v1/feeds").status_code == 404


@pytest.mark.parametrize(
    "host", ["a/b", "a b", 'a"b', "<script>", "user@host", "host:port", "", "a,b", "[::1", "evil.example/?x=", "a..b"]
)
def test_a_host_that_is_none_gets_into_no_response(service: Service, host: str) -> None:
    with socket.create_connection(("127.0.0.1", service.port)) as connection:
        connection.sendall(f"GET /asyncapi.json HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    assert answer.startswith("HTTP/1.1 400 ")
    assert host == "" or host not in answer.partition("\r\n\r\n")[2]


@pytest.mark.parametrize(
    "host", ["news.example", "NEWS.example:8443", "127.0.0.1", "[::1]:8000", "localhost", "my_host"]
)
def test_an_absolute_url_is_made_of_the_host_that_was_asked_and_no_shared_cache_keeps_it(
    service: Service, host: str
) -> None:
    answer = httpx.get(service.url + "/asyncapi.json", headers={"host": host})
    assert answer.json()["servers"]["plain"]["host"] == host.lower()
    assert answer.headers["cache-control"] == "private, max-age=60"


@pytest.mark.parametrize(
    ("given", "base", "prefix", "origin"),
    [
        ("https://news.example", "https://news.example", "", "https://news.example"),
        ("https://news.example/", "https://news.example", "", "https://news.example"),
        ("https://News.Example:443/ticker/", "https://news.example/ticker", "/ticker", "https://news.example"),
        ("http://[::1]:8080/a/b", "http://[::1]:8080/a/b", "/a/b", "http://[::1]:8080"),
        ("http://127.0.0.1:80", "http://127.0.0.1", "", "http://127.0.0.1"),
    ],
)
def test_it_is_read_once_in_one_form(given: str, base: str, prefix: str, origin: str) -> None:
    settings = Settings.read(public_url=given)
    assert (settings.public_url, settings.prefix, settings.public_origin) == (base, prefix, origin)
    assert Settings.read(public_url=base) == settings


@pytest.mark.parametrize(
    "wrong",
    [
        "news.example",
        "//news.example",
        "ftp://news.example",
        "https://",
        "https:///ticker",
        "https://me:secret@news.example",
        "https://me@news.example",
        "https://news.example?x=1",
        "https://news.example/ticker?",
        "https://news.example/#top",
        "https://news.example:port",
        "https://news.example:70000",
        "https://news example",
        "https://news.example/a b",
        "https://news.example/../x",
        "https://news.example//x",
        "https://news.example/%2e",
        "https://خبر.example",
        "https://news.example\n.evil.example",
        'https://news.example/"><script>',
        "https://news.example/v1",
        "https://news.example/feeds/x",
    ],
)
def test_what_is_no_base_is_refused_at_start_in_one_line(wrong: str) -> None:
    with pytest.raises(BadSetting) as refused:
        Settings.read(public_url=wrong)
    message = str(refused.value)
    assert message.startswith("--public-url: ")
    assert "\n" not in message
    assert "secret" not in message


def test_no_prefix_can_be_taken_for_a_path_of_the_services_own() -> None:
    firsts = {route.path.split("/")[1] for route in ROUTES if isinstance(route, Route | WebSocketRoute)} - {""}
    firsts |= {route.path.split("/")[1] for route in FILES if isinstance(route, Route)}
    assert firsts <= OWN_PATHS
