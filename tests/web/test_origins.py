"""Which sites' pages a browser lets read a feed: the feed's list or the service's, and always its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.service import Service
from tests.web.test_feeds import edited
from tests.web.test_live import WAYS, HandedOver, Node, Plain
from tests.web.test_visibility import end
from ticker.dispatch import BREAKING
from ticker.entry import Tail
from ticker.feed import Feed
from ticker.settings import Settings
from ticker.web.admission import frame_ancestors
from ticker.web.same_origin import foreign_origin
from ticker.wire import CloseCode

ALLOWED, FOREIGN = "https://a.example", "https://elsewhere.example"


@pytest.fixture(scope="module", params=[HandedOver, Plain], ids=["handed over", "plain"])
def node(service: Service, request: pytest.FixtureRequest) -> Iterator[Node]:
    with request.param(service) as running:
        yield running


@pytest.fixture(scope="module")
def choosy(service: Service) -> Iterator[Node]:
    """A node whose service lets the pages of one site read it."""
    with HandedOver(service, origins=ALLOWED) as running:
        yield running


def varies(headers: Mapping[str, str]) -> list[str]:
    """What a response varies by, but for its compression."""
    names = [name.strip().lower() for name in headers.get("vary", "").split(",")]
    return [name for name in names if name not in ("", "accept-encoding")]


def by_credential(path: str) -> list[str]:
    """What the response of a path varies by because those with a key are shown more."""
    shows_more = path == "/v1/feeds" or re.search("/dispatches/.", path)
    return ["authorization", "cookie"] if shows_more else []


def reads(service: Service, feed: str) -> list[str]:
    line = service.file(feed, "a line")["id"]
    service.until(lambda: service.snapshot(feed)["dispatches"])
    under = ["", "/dispatches", f"/dispatches/{line}", "/labels"]
    return [f"/v1/feeds/{feed}{path}" for path in under]


def test_a_page_of_another_site_is_refused_what_a_list_does_not_allow(node: Node) -> None:
    service, feed = node.service, node.knows(node.service.open_feed())
    edited(service, feed, origins=[ALLOWED])
    paths = reads(service, feed)
    service.until(lambda: node.http.get(paths[0], headers={"origin": FOREIGN}).status_code == 403)
    for path in paths:
        refused = node.http.get(path, headers={"origin": FOREIGN})
        assert (refused.status_code, refused.json()["field"], varies(refused.headers)) == (403, "Origin", ["origin"])
        assert "access-control-allow-origin" not in refused.headers
        for headers in ({}, {"origin": ALLOWED}, {"origin": f"http://127.0.0.1:{node.port}"}):
            answer = node.http.get(path, headers=headers)
            assert (answer.status_code, varies(answer.headers)) == (200, ["origin", *by_credential(path)]), path
            allowed = answer.headers.get("access-control-allow-origin")
            assert allowed == (ALLOWED if headers.get("origin") == ALLOWED else None)
    known = node.http.get(paths[0]).headers["etag"]
    for path, headers, status in (
        (paths[0], {"if-none-match": known, "origin": ALLOWED}, 304),
        (f"{paths[1]}/{'0' * 26}", {"origin": ALLOWED}, 404),
        (f"/v1/feeds/{feed}/live", {"origin": ALLOWED}, 426),
    ):
        answer = node.http.get(path, headers=headers)
        assert (answer.status_code, varies(answer.headers)) == (status, ["origin"])
        assert answer.headers["access-control-allow-origin"] == ALLOWED


@pytest.mark.parametrize("way", WAYS)
def test_a_stream_goes_by_the_list_of_its_feed(node: Node, way: str) -> None:
    service, feed = node.service, node.knows(node.service.open_feed())
    edited(service, feed, origins=[ALLOWED])
    service.until(lambda: node.http.get(f"/v1/feeds/{feed}", headers={"origin": FOREIGN}).status_code == 403)
    for headers in ({}, {"origin": ALLOWED}, {"origin": f"http://127.0.0.1:{node.port}"}):
        with node.follow(feed, way, **headers) as frames:
            assert next(frames)["type"] == "snapshot"
    if way == "sse":
        sent = {"accept": "text/event-stream", "origin": FOREIGN}
        answer = node.http.get(f"/v1/feeds/{feed}/live", headers=sent)
        assert (answer.status_code, varies(answer.headers)) == (403, ["origin"])
        with node.http.stream("GET", f"/v1/feeds/{feed}/live", headers=sent | {"origin": ALLOWED}) as stream:
            assert (stream.headers["access-control-allow-origin"], varies(stream.headers)) == (ALLOWED, ["origin"])
        return
    with pytest.raises(InvalidStatus) as refused:
        connect(f"ws://127.0.0.1:{node.port}/v1/feeds/{feed}/live", additional_headers={"origin": FOREIGN})
    assert (refused.value.response.status_code, varies(dict(refused.value.response.headers))) == (403, ["origin"])


@pytest.mark.parametrize("way", WAYS)
def test_when_an_origin_is_withdrawn_its_pages_are_let_go_at_once_and_no_others(node: Node, way: str) -> None:
    service, feed = node.service, node.knows(node.service.open_feed())
    own = f"http://127.0.0.1:{node.port}"
    with (
        node.follow(feed, way, origin=FOREIGN) as theirs,
        node.follow(feed, way, origin=own) as ours,
        node.follow(feed, way, origin=ALLOWED) as allowed,
    ):
        for frames in (theirs, ours, allowed):
            next(frames)
        edited(service, feed, origins=[ALLOWED])
        code, _ = end(theirs)
        assert code == (None if way == "sse" else CloseCode.POLICY_VIOLATION)
        service.file(feed, "for the others")
        for frames in (ours, allowed):
            assert next(frame for frame in frames if frame["type"] == "dispatch")


def test_the_service_itself_may_always_read_what_it_serves(choosy: Node) -> None:
    for origin in (f"http://127.0.0.1:{choosy.port}", f"https://127.0.0.1:{choosy.port}", ALLOWED):
        for path in ("/v1/feeds", "/v1/feeds/breaking"):
            assert choosy.http.get(path, headers={"origin": origin}).status_code == 200
        with choosy.follow(BREAKING, "websocket", origin=origin) as frames:
            assert next(frames)["type"] == "snapshot"
    for origin in (FOREIGN, "http://127.0.0.1", "null", ""):
        for path in ("/v1/feeds", "/v1/feeds/breaking"):
            refused = choosy.http.get(path, headers={"origin": origin})
            assert (refused.status_code, varies(refused.headers)) == (403, ["origin"])
    unknown = choosy.http.get("/v1/feeds/nowhere", headers={"origin": FOREIGN})
    assert (unknown.status_code, varies(unknown.headers)) == (404, ["origin"])


def test_the_list_of_a_feed_goes_before_that_of_the_service(choosy: Node) -> None:
    service = choosy.service
    feed = service.open_feed()
    edited(service, feed, origins=["*"])
    service.until(lambda: choosy.http.get(f"/v1/feeds/{feed}", headers={"origin": FOREIGN}).status_code == 200)
    answer = choosy.http.get(f"/v1/feeds/{feed}", headers={"origin": FOREIGN})
    assert (answer.headers["access-control-allow-origin"], varies(answer.headers)) == ("*", [])
    edited(service, feed, origins=[])
    service.until(lambda: choosy.http.get(f"/v1/feeds/{feed}", headers={"origin": ALLOWED}).status_code == 403)
    edited(service, feed, origins=None)
    service.until(lambda: choosy.http.get(f"/v1/feeds/{feed}", headers={"origin": ALLOWED}).status_code == 200)


def test_where_every_site_may_read_no_response_varies(service: Service) -> None:
    for path in [*reads(service, service.open_feed()), "/v1/feeds", "/v1/feeds/nowhere"]:
        answer = httpx.get(service.url + path, headers={"origin": FOREIGN})
        assert (answer.headers["access-control-allow-origin"], varies(answer.headers)) == ("*", by_credential(path))


@pytest.mark.parametrize(
    ("public_url", "host", "origin", "foreign"),
    [
        (None, "news.example", None, False),
        (None, "news.example", "https://news.example", False),
        (None, "News.Example:443", "https://news.example", False),
        (None, "news.example:80", "http://news.example", False),
        (None, "news.example:8000", "http://news.example:8000", False),
        (None, "news.example", "https://news.example:8443", True),
        (None, "news.example", "https://other.example", True),
        (None, "", "http://", True),
        (None, "a b", "http://a b", True),
        ("https://news.example/ticker", "10.0.0.7:8000", "https://news.example", False),
        ("https://news.example/ticker", "10.0.0.7:8000", "http://news.example", True),
        ("https://news.example/ticker", "rebound.example", "http://rebound.example", True),
    ],
)
def test_a_page_is_recognised_by_its_origin(
    public_url: str | None, host: str, origin: str | None, *, foreign: bool
) -> None:
    settings = Settings.read(public_url=public_url)
    headers = {"host": host} | ({} if origin is None else {"origin": origin})
    assert foreign_origin(settings, headers) == (origin if foreign else None)


@pytest.mark.parametrize(
    ("service", "feed", "ancestors"),
    [
        ("*", None, "*"),
        ("*", (ALLOWED,), f"'self' {ALLOWED}"),
        (f"{ALLOWED}, https://b.example", None, f"'self' {ALLOWED} https://b.example"),
        (ALLOWED, ("*",), "*"),
        (ALLOWED, (), "'self'"),
    ],
)
def test_who_may_read_a_feed_may_frame_it(service: str, feed: tuple[str, ...] | None, ancestors: str) -> None:
    shown = Feed(BREAKING, "", "en", Tail(0, ""), origins=feed)
    assert frame_ancestors(Settings.read(origins=service), shown) == ancestors
