"""Who may know of a feed: a private one does not exist for those without a key, an unlisted one is listed nowhere."""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from starlette.routing import Route, WebSocketRoute
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.changes.test_kind import feed_of
from tests.service import Service
from tests.web.test_feeds import edited, key
from tests.web.test_live import WAYS, HandedOver, Node, Plain
from ticker.hub import Hub
from ticker.journal.holder import Role
from ticker.metrics import MOST_FEEDS
from ticker.web.admission import Admission
from ticker.web.app import OPERATIONS, ROUTES
from ticker.web.live import AsgiReader
from ticker.wire import CloseCode

UNDER_A_FEED = sorted(
    {
        (method, route.path)
        for route in ROUTES
        # The page of the desk is the same for every name; what it shows is fetched by requests that are among these.
        if isinstance(route, Route) and "{feed}" in route.path and route.path != "/desk/{feed}"
        for method in route.methods or ()
    }
)
ROLES: dict[tuple[str, str], Role | None] = {
    (operation.method, operation.path): operation.role for operation in OPERATIONS
}
READS = [path for method, path in UNDER_A_FEED if method == "GET"]


@pytest.fixture(scope="module", params=[HandedOver, Plain], ids=["handed over", "plain"])
def node(service: Service, request: pytest.FixtureRequest) -> Iterator[Node]:
    with request.param(service) as running:
        yield running


def feed_that_is(service: Service, visibility: str, **plan: Any) -> str:
    name = "t" + secrets.token_hex(6)
    opened = service.http.post("/v1/feeds", json={"name": name, "visibility": visibility, **plan})
    assert opened.status_code == 201, opened.text
    service.until(lambda: service.http.get(f"/v1/feeds/{name}").status_code == 200)
    return name


def told(answer: httpx.Response, feed: str) -> tuple[int, dict[str, str], str]:
    """All that a response says, but for the name of the feed and the time."""
    headers = {name: value for name, value in answer.headers.items() if name not in ("date", "x-request-id")}
    return answer.status_code, headers, answer.text.replace(feed, "{feed}")


@pytest.mark.parametrize("who", ["nobody", "wrong key", "key of another feed", "page of another site"])
@pytest.mark.parametrize(("method", "path"), UNDER_A_FEED)
def test_without_a_key_a_private_feed_is_the_same_as_none(service: Service, method: str, path: str, who: str) -> None:
    feed = feed_that_is(service, "private", origins=["https://a.example"])
    filed = service.file(feed, "not for everybody", story="a-story")["id"]
    never = "t" + secrets.token_hex(6)
    headers = {
        "nobody": {},
        "wrong key": {"authorization": "Bearer tk_never_issued_here"},
        "key of another feed": key(service, "editor", "breaking"),
        "page of another site": {"origin": "https://elsewhere.example"},
    }[who]
    headers |= {"accept": "text/event-stream"} if path.endswith("/live") else {}
    answers = []
    for name in (feed, never):
        where = path.replace("{feed}", name).replace("{id}", filed).replace("{story}", "a-story")
        answers.append(told(httpx.request(method, service.url + where, headers=headers), name))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404 or (answers[0][0] in (401, 403) and ROLES["GET" if method == "HEAD" else method, path])


@pytest.mark.parametrize("path", ["/v1/feeds/{feed}", "/v1/feeds/{feed}/dispatches", "/feeds/{feed}"])
def test_a_private_feed_is_the_same_as_none_while_redis_is_away_too(own_service: Service, path: str) -> None:
    feed = feed_that_is(own_service, "private")
    never = "t" + secrets.token_hex(6)
    with own_service.frozen("valkey"):
        answers = [told(httpx.get(own_service.url + path.format(feed=name)), name) for name in (feed, never)]
    assert answers[0] == answers[1]
    assert answers[0][0] == 503


def test_with_a_key_that_reaches_it_a_private_feed_is_read_and_no_cache_keeps_it(service: Service) -> None:
    feed = feed_that_is(service, "private")
    filed = service.file(feed, "not for everybody", story="a-story")["id"]
    service.until(lambda: service.snapshot(feed)["dispatches"])
    with httpx.Client(base_url=service.url, headers=key(service, "correspondent", feed)) as holder:
        for path in READS:
            where = path.replace("{feed}", feed).replace("{id}", filed).replace("{story}", "a-story")
            if re.search(r"/(live|audit|held/.*)$", where):
                continue
            answer = holder.get(where)
            assert answer.status_code == 200, (where, answer.text)
            assert answer.headers["cache-control"] == "no-store", where
        again = holder.get(f"/v1/feeds/{feed}", headers={"if-none-match": answer.headers.get("etag", "*")})
        assert again.headers["cache-control"] == "no-store"
        (shown,) = [one for one in holder.get("/v1/feeds").json()["feeds"] if one["name"] == feed]
        assert shown["visibility"] == "private"
        assert holder.get("/v1/feeds").headers["cache-control"] == "no-store"
    assert feed not in httpx.get(service.url + "/v1/feeds").text
    assert httpx.get(service.url + "/v1/feeds").headers["cache-control"] == "public, max-age=1"


@pytest.mark.parametrize("way", WAYS)
def test_a_private_feed_is_followed_with_a_key_alone(node: Node, way: str) -> None:
    service = node.service
    feed = feed_that_is(service, "private")
    holder = key(service, "correspondent", feed)["authorization"]
    service.until(lambda: node.http.get(f"/v1/feeds/{feed}", headers={"authorization": holder}).status_code == 200)
    with node.follow(feed, way, authorization=holder) as frames:
        assert next(frames)["type"] == "snapshot"
        service.file(feed, "one")
        assert next(frame for frame in frames if frame["type"] == "dispatch")["dispatch"]["text"] == "one"
    if way != "sse":
        with pytest.raises(InvalidStatus) as refused:
            connect(f"ws://127.0.0.1:{node.port}/v1/feeds/{feed}/live")
        assert refused.value.response.status_code == 404
    address = f"http://127.0.0.1:{node.port}/v1/feeds/{feed}/live"
    with httpx.stream("GET", address, headers={"accept": "text/event-stream"}) as stream:
        assert stream.status_code == 404
    headers = {"accept": "text/event-stream", "authorization": holder}
    with node.http.stream("GET", f"/v1/feeds/{feed}/live", headers=headers) as stream:
        assert "no-store" in stream.headers["cache-control"]


@pytest.mark.parametrize("way", WAYS)
def test_when_a_feed_becomes_private_those_without_a_key_are_let_go_at_once(node: Node, way: str) -> None:
    service, feed = node.service, node.knows(node.service.open_feed())
    with node.follow(feed, way) as frames:
        next(frames)
        edited(service, feed, visibility="private")
        code, seen = end(frames)
    assert code == (None if way == "sse" else CloseCode.GOING_AWAY)
    assert {frame["type"] for frame in seen} <= {"beat"}


def test_of_those_who_come_while_a_feed_becomes_private_elsewhere_none_stays(node: Node) -> None:
    service, feed = node.service, node.knows(node.service.open_feed())
    private = threading.Event()

    def come(number: int) -> None:
        way = WAYS[number % len(WAYS)]
        address = f"http://127.0.0.1:{node.port}/v1/feeds/{feed}"
        while httpx.get(address).status_code == 200:
            try:
                with node.follow(feed, way) as frames:
                    next(frames)
                    if private.is_set():
                        end(frames)  # it must come to one
            except (InvalidStatus, ConnectionClosed, AssertionError, StopIteration):
                continue  # let go or refused; is it private here by now?

    with ThreadPoolExecutor(9) as hands:
        coming = [hands.submit(come, number) for number in range(9)]
        time.sleep(0.2)
        edited(service, feed, visibility="private")
        private.set()
        for each in coming:
            each.result(timeout=60)
    counts = re.compile(r"^ticker_readers(?:{.*})? (.*)$", re.MULTILINE)
    service.until(lambda: set(counts.findall(told_to(service, node))) == {"0"})


def told_to(service: Service, node: Node) -> str:
    """A node's metrics, as an admin gets them."""
    return httpx.get(f"http://127.0.0.1:{node.port}/metrics", headers=service.authorization).text


@pytest.mark.parametrize("way", WAYS)
def test_when_its_key_is_revoked_a_reader_of_a_private_feed_is_let_go_at_once(node: Node, way: str) -> None:
    service = node.service
    feed = feed_that_is(service, "private")
    issued = service.http.post("/v1/keys", json={"name": "Mona", "role": "editor", "feeds": [feed]}).json()
    holder = f"Bearer {issued['key']}"
    service.until(lambda: node.http.get(f"/v1/feeds/{feed}", headers={"authorization": holder}).status_code == 200)
    with node.follow(feed, way, authorization=holder) as frames:
        next(frames)
        edited(service, feed, title="An edit lets nobody go who has a key")
        service.file(feed, "one")
        next(frame for frame in frames if frame["type"] == "dispatch")
        assert service.http.delete(f"/v1/keys/{issued['id']}").status_code == 204
        code, _ = end(frames)
    assert code == (None if way == "sse" else CloseCode.POLICY_VIOLATION)


@pytest.mark.anyio
@pytest.mark.parametrize("revoked", [True, False])
async def test_a_reader_whose_key_is_revoked_before_it_has_joined_is_let_go(*, revoked: bool) -> None:
    """Nobody dismisses a reader who is not there yet."""
    hub = Hub(capacity=64, limit=10, clock=time.monotonic)
    feed = feed_of(visibility="private")
    hub.open(feed, [], feed.tail)
    channel = hub.channels[feed.name]
    reader = AsgiReader("sse")

    async def still_valid() -> bool:
        assert list(channel.readers) == [reader], "it has joined by then"
        return not revoked

    chunks = reader.chunks(Admission(channel, "sse", None, None, "mona"), still_valid)
    first = await anext(chunks, b"")
    assert (b"snapshot" in first, len(channel)) == ((False, 0) if revoked else (True, 1))


def end(frames: Iterator[dict[str, Any]]) -> tuple[int | None, list[dict[str, Any]]]:
    """Read a stream to its end; return its close code, if it has one, and what came before."""
    seen: list[dict[str, Any]] = []
    try:
        seen.extend(frames)
    except ConnectionClosed as closed:
        assert closed.rcvd is not None
        return closed.rcvd.code, seen
    return None, seen


def test_an_unlisted_feed_is_read_by_everybody_who_knows_its_name_and_named_nowhere(service: Service) -> None:
    feed = feed_that_is(service, "unlisted")
    original = service.file("breaking", "a line")["id"]
    filed = service.file(feed, "una línea", edition_of=f"breaking/{original}")["id"]
    service.until(lambda: service.snapshot(feed)["dispatches"])
    with (
        httpx.Client(base_url=service.url) as anybody,
        anybody.stream("GET", f"/v1/feeds/{feed}/live", headers={"accept": "text/event-stream"}) as stream,
    ):
        assert stream.status_code == 200
        for path in (f"/v1/feeds/{feed}", f"/v1/feeds/{feed}/dispatches/{filed}", f"/feeds/{feed}"):
            answer = anybody.get(path)
            assert (answer.status_code, answer.headers["cache-control"]) == (200, "public, max-age=1")
        for path in ("/v1/feeds", "/", "/feeds/breaking", f"/v1/feeds/breaking/dispatches/{original}", "/metrics"):
            assert feed not in anybody.get(path).text, path
        assert anybody.get(f"/v1/feeds/{feed}/dispatches/{filed}").json()["editions"] == [f"breaking/{original}"]
    assert feed in service.http.get("/v1/feeds").text
    if len(service.http.get("/v1/feeds").json()["feeds"]) <= MOST_FEEDS:
        service.until(lambda: f'feed="{feed}"' in service.http.get("/metrics").text)


@pytest.mark.parametrize("visibility", ["unlisted", "private"])
def test_editions_name_no_feed_that_is_not_public(service: Service, visibility: str) -> None:
    hidden = feed_that_is(service, visibility)
    first, second = (feed_that_is(service, "public", edition_of=hidden, language=each) for each in ("ar", "es"))
    line = service.file(first, "a line")["id"]
    secret = service.file(hidden, "the same", edition_of=f"{first}/{line}")["id"]
    address = f"/v1/feeds/{first}/dispatches/{line}"
    with httpx.Client(base_url=service.url) as anybody:
        feeds = {feed["name"]: feed for feed in anybody.get("/v1/feeds").json()["feeds"]}
        assert (feeds[first]["edition_of"], [each["name"] for each in feeds[first]["editions"]]) == (None, [second])
        assert anybody.get(address).json()["editions"] == []
        bound = key(service, "editor", first)
        assert anybody.get(address, headers=bound).json()["editions"] == []
        seen = anybody.get(address, headers=key(service, "editor", first, hidden))
        assert seen.json()["editions"] == [f"{hidden}/{secret}"]
        assert seen.headers["cache-control"] == "no-store"
        killed = anybody.post(f"{address}/kill", json={"reason": "wrong"}, headers=bound)
        assert killed.json()["editions"] == []
    feeds = {feed["name"]: feed for feed in service.http.get("/v1/feeds").json()["feeds"]}
    assert feeds[first]["edition_of"] == hidden


def test_a_key_reads_the_numbers_of_a_private_feed_and_those_of_others_while_redis_is_away(
    own_service: Service,
) -> None:
    feed = feed_that_is(own_service, "private")
    row = f'ticker_readers{{feed="{feed}"}} 0'
    assert row in own_service.http.get("/metrics").text
    with own_service.frozen("valkey"):
        for headers in ({}, own_service.authorization):
            shown = httpx.get(own_service.url + "/metrics", headers=headers).text
            assert 'ticker_readers{feed="breaking"} 0' in shown
            assert feed not in shown


def test_every_way_to_read_is_among_these() -> None:
    live = [route for route in ROUTES if isinstance(route, WebSocketRoute)]
    assert {route.path for route in live} == {"/v1/feeds/{feed}/live", "/v1/feeds/{feed}/desk/live"}
    assert len(READS) > 10
