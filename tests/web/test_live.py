"""Live streams both ways: handed over at the door of `ticker serve`, and the plain ASGI way under an ordinary uvicorn.

The node under test shares the Redis of a real service, so lines are filed with the one and read with the other.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import httpx
import orjson
import pytest
import uvicorn
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect

from tests.service import Service
from ticker.settings import Settings
from ticker.web.app import application
from ticker.wire import CloseCode

WAYS = ["websocket", "deflated", "sse"]
ALLOWED = "https://a.example"


class Node:
    """A node beside a service, on the same log."""

    port: int
    http: httpx.Client

    def __init__(self, service: Service, **settings: str) -> None:
        self.service = service
        self.settings = {"redis_url": service.log_url, **settings}

    def __enter__(self) -> Self:
        raise NotImplementedError

    def __exit__(self, *_: object) -> None:
        raise NotImplementedError

    def knows(self, feed: str) -> str:
        """Wait until this node has heard of a feed and return its name."""
        self.service.until(lambda: self.http.get(f"/v1/feeds/{feed}").status_code == 200)
        return feed

    def watching(self, feed: str, readers: int) -> bool:
        return f'ticker_readers{{feed="{feed}"}} {readers}' in self.http.get("/metrics").text.splitlines()

    @contextmanager
    def follow(self, feed: str, way: str, query: str = "", **headers: str) -> Iterator[Iterator[dict[str, Any]]]:
        """Give the frames of a feed as they come."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        path = f"127.0.0.1:{self.port}/v1/feeds/{feed}/live{query}"
        if way != "sse":
            compression = "deflate" if way == "deflated" else None
            with connect(f"ws://{path}", additional_headers=sent, compression=compression) as connection:
                yield iter(lambda: orjson.loads(connection.recv(timeout=30)), None)
            return
        sent["accept"] = "text/event-stream"
        with httpx.stream("GET", f"http://{path}", headers=sent, timeout=30) as answer:
            assert answer.status_code == 200, answer.read()
            assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
            yield (orjson.loads(event["data"]) for event in _events(answer.iter_lines()) if "data" in event)


def _events(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    """Read Server-Sent Events as the WHATWG's HTML standard says."""
    event: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if line:
            event[name] = value
        elif event:
            yield event
            event = {}


class HandedOver(Node):
    """`ticker serve`, whose door hands readers over."""

    def __enter__(self) -> Self:
        self._running = Service(self.service.data, admin_key=self.service.key, **self.settings)
        self._running.start()
        self.port, self.http = self._running.port, self._running.http
        return self

    def __exit__(self, *_: object) -> None:
        self._running.stop()


class Plain(Node):
    """uvicorn as it comes, in a thread, with the application of one node."""

    def application(self) -> Any:
        return application(Settings.read(**self.settings))

    def __enter__(self) -> Self:
        config = uvicorn.Config(
            self.application(), port=0, lifespan="on", log_config=None, ws="websockets-sansio", access_log=False
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        self.service.until(lambda: self._server.started or not self._thread.is_alive())
        self.port = self._server.servers[0].sockets[0].getsockname()[1]
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30.0)
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self._server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive(), "it stops when told to"


@pytest.fixture(scope="module", params=[HandedOver, Plain], ids=["handed over", "plain"])
def node(service: Service, request: pytest.FixtureRequest) -> Iterator[Node]:
    with request.param(service, origins=ALLOWED) as running:
        yield running


def _refusal(node: Node, way: str, feed: str, **headers: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Status, headers and problem of a reader who is not let in."""
    if way != "sse":
        with pytest.raises(InvalidStatus) as refused:
            connect(f"ws://127.0.0.1:{node.port}/v1/feeds/{feed}/live", additional_headers=headers)
        answer = refused.value.response
        assert answer.body is not None
        return (
            answer.status_code,
            {name.lower(): value for name, value in answer.headers.items()},
            orjson.loads(answer.body),
        )
    got = node.http.get(f"/v1/feeds/{feed}/live", headers={"accept": "text/event-stream", **headers})
    return got.status_code, dict(got.headers), got.json()


@pytest.mark.parametrize("way", WAYS)
def test_a_reader_gets_a_snapshot_then_a_beat_then_each_entry(node: Node, way: str) -> None:
    service, feed = node.service, node.knows(node.service.open_feed())
    first = service.file(feed, "one")
    service.until(lambda: node.http.get(f"/v1/feeds/{feed}").json()["position"] == first["position"])
    with node.follow(feed, way) as frames:
        snapshot = next(frames)
        assert snapshot | {"at": ""} == node.http.get(f"/v1/feeds/{feed}").json() | {"at": ""}
        beat = next(frames)
        assert (beat["type"], beat["position"]) == ("beat", first["position"])
        second = service.file(feed, "two")
        filed = next(frame for frame in frames if frame["type"] != "beat")
        assert (filed["type"], filed["position"]) == ("dispatch", second["position"])
        assert filed["dispatch"]["text"] == "two"
        killed = service.http.post(f"/v1/feeds/{feed}/dispatches/{first['id']}/kill", json={"reason": "wrong"}).json()
        kill = next(frame for frame in frames if frame["type"] != "beat")
        assert (kill["type"], kill["position"], kill["id"]) == ("kill", killed["position"], first["id"])


@pytest.mark.parametrize("way", WAYS)
def test_a_reader_who_returns_gets_what_it_missed_then_a_beat(node: Node, way: str) -> None:
    service, feed = node.service, node.knows(node.service.open_feed())
    seen = service.file(feed, "one")["position"]
    missed = [service.file(feed, text)["position"] for text in ("two", "three")]
    service.until(lambda: node.http.get(f"/v1/feeds/{feed}").json()["position"] == missed[-1])
    with node.follow(feed, way, f"?after={seen}") as frames:
        got = [next(frames) for _ in range(3)]
    assert [frame["type"] for frame in got] == ["dispatch", "dispatch", "beat"]
    assert [frame["position"] for frame in got] == [*missed, missed[-1]]


@pytest.mark.parametrize("way", WAYS)
def test_a_reader_who_missed_nothing_gets_a_beat_alone(node: Node, way: str) -> None:
    feed = node.knows(node.service.open_feed())
    position = node.http.get(f"/v1/feeds/{feed}").json()["position"]
    with node.follow(feed, way, f"?after={position}") as frames:
        beat = next(frames)
    assert (beat["type"], beat["position"]) == ("beat", position)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("after", ["1-000000000000", "999-0123456789ab"])
def test_a_position_ahead_of_the_log_is_answered_with_a_reset_after_the_next_proof(
    node: Node, way: str, after: str
) -> None:
    feed = node.knows("breaking")
    node.service.until(lambda: node.http.get(f"/v1/feeds/{feed}").json()["at"] is not None)
    with node.follow(feed, way, f"?after={after}") as frames:
        delayed, snapshot, beat = next(frames), next(frames), next(frames)
        assert delayed["type"] == "delayed"
        assert (snapshot["type"], snapshot["reset"]) == ("snapshot", True)
        assert snapshot["at"] > delayed["since"]
        assert (beat["type"], beat["at"]) == ("beat", snapshot["at"])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("after", ["0-000000000000", "0-zzz", "nonsense", "-1", "%00", "1" * 500])
def test_a_position_that_is_not_in_the_log_is_answered_with_a_reset(node: Node, way: str, after: str) -> None:
    feed = node.knows("breaking")
    with node.follow(feed, way, f"?after={after}") as frames:
        snapshot = next(frames)
        assert (snapshot["type"], snapshot["reset"]) == ("snapshot", True)
        assert next(frames)["type"] == "beat"
    with node.follow(feed, way) as frames:
        assert next(frames)["reset"] is False


def test_what_a_browser_saw_last_goes_before_what_its_page_began_with(node: Node) -> None:
    service, feed = node.service, node.knows(node.service.open_feed())
    positions = [service.file(feed, text)["position"] for text in ("one", "two", "three")]
    service.until(lambda: node.http.get(f"/v1/feeds/{feed}").json()["position"] == positions[-1])
    with node.follow(feed, "sse", f"?after={positions[0]}", last_event_id=positions[1]) as frames:
        assert next(frames)["position"] == positions[2]
    with node.follow(feed, "sse", f"?after={positions[0]}", last_event_id="") as frames:
        assert next(frames)["position"] == positions[1]


@pytest.mark.parametrize("way", WAYS)
def test_of_several_positions_in_a_query_the_last_counts(node: Node, way: str) -> None:
    service, feed = node.service, node.knows(node.service.open_feed())
    positions = [service.file(feed, text)["position"] for text in ("one", "two", "three")]
    service.until(lambda: node.http.get(f"/v1/feeds/{feed}").json()["position"] == positions[-1])
    with node.follow(feed, way, f"?after={positions[0]}&after={positions[1]}") as frames:
        assert next(frames)["position"] == positions[2]


def test_an_event_has_the_type_of_its_frame_and_the_position_as_id(node: Node) -> None:
    feed = node.knows(node.service.open_feed())
    headers = {"accept": "text/event-stream"}
    with node.http.stream("GET", f"/v1/feeds/{feed}/live", headers=headers) as answer:
        assert answer.headers["cache-control"] == "no-store, no-transform"
        assert answer.headers["x-accel-buffering"] == "no"
        events = _events(answer.iter_lines())
        for type in ("snapshot", "beat"):
            event = next(events)
            assert ("retry" in event) is (type == "snapshot"), "it belongs to the first event"
            assert int(event.get("retry", "1")) > 0
            frame = orjson.loads(event["data"])
            assert (event["event"], event["id"]) == (type, frame["position"])
            assert frame["type"] == type


@pytest.mark.parametrize("way", WAYS)
def test_a_feed_that_is_not_there_is_not_found(node: Node, way: str) -> None:
    status, headers, problem = _refusal(node, way, "nowhere")
    assert (status, headers["content-type"]) == (404, "application/problem+json")
    assert "nowhere" in problem["detail"]


@pytest.mark.parametrize("way", WAYS)
def test_a_page_of_another_site_is_refused_and_one_of_an_allowed_site_is_not(node: Node, way: str) -> None:
    status, headers, problem = _refusal(node, way, "breaking", origin="https://evil.example")
    assert (status, headers["content-type"], problem["field"]) == (403, "application/problem+json", "Origin")
    assert "www-authenticate" not in headers, "no key would help"
    with node.follow("breaking", way, origin=ALLOWED) as frames:
        assert next(frames)["type"] == "snapshot"


def test_a_page_of_an_allowed_site_may_read_the_events(node: Node) -> None:
    headers = {"accept": "text/event-stream", "origin": ALLOWED}
    with node.http.stream("GET", "/v1/feeds/breaking/live", headers=headers) as answer:
        assert answer.headers["access-control-allow-origin"] == ALLOWED
        assert answer.headers["vary"] == "Origin"


def test_a_request_for_no_stream_gets_426(node: Node) -> None:
    for accept in ("application/json", "*/*"):
        answer = node.http.get("/v1/feeds/breaking/live", headers={"accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (426, "application/problem+json")
        assert "text/event-stream" in answer.json()["detail"]
        assert answer.headers["upgrade"] == "websocket"  # RFC 9110 section 15.5.22: a 426 must say to what


@pytest.mark.parametrize("way", WAYS)
def test_a_full_node_sends_retry_after(node: Node, way: str) -> None:
    with type(node)(node.service, readers="1") as small:
        with small.follow("breaking", way) as frames:
            assert next(frames)["type"] == "snapshot"
            status, headers, _ = _refusal(small, way, "breaking")
            assert status == 503
            assert int(headers["retry-after"]) > 0
        small.service.until(lambda: small.watching("breaking", 0))
        with small.follow("breaking", way) as frames:
            assert next(frames)["type"] == "snapshot"


@pytest.mark.parametrize("way", WAYS)
def test_a_reader_who_goes_leaves_the_hub(node: Node, way: str) -> None:
    feed = node.knows(node.service.open_feed())
    with node.follow(feed, way) as one:
        next(one)
        with node.follow(feed, way) as two:
            next(two)
            assert node.watching(feed, 2)
        node.service.until(lambda: node.watching(feed, 1))
        node.service.file(feed, "one")
        assert next(frame for frame in one if frame["type"] == "dispatch")["dispatch"]["text"] == "one"
    node.service.until(lambda: node.watching(feed, 0))


@pytest.mark.parametrize(
    "said", ["hello", '{"type":"dispatch"}', b"\x00\xff", ""], ids=["text", "json", "bytes", "empty"]
)
def test_what_a_reader_sends_is_ignored(node: Node, said: str | bytes) -> None:
    service, feed = node.service, node.knows(node.service.open_feed())
    with connect(f"ws://127.0.0.1:{node.port}/v1/feeds/{feed}/live", compression=None) as connection:
        assert orjson.loads(connection.recv(timeout=30))["type"] == "snapshot"
        connection.send(said)
        assert connection.ping().wait(30), "it is still listening"
        service.file(feed, "one")
        types = (orjson.loads(connection.recv(timeout=30))["type"] for _ in range(10))
        assert "dispatch" in types
    service.until(lambda: [line["text"] for line in service.snapshot(feed)["dispatches"]] == ["one"])


def test_a_reader_who_sends_too_much_is_dismissed(node: Node) -> None:
    feed = node.knows(node.service.open_feed())
    with connect(f"ws://127.0.0.1:{node.port}/v1/feeds/{feed}/live", compression=None) as connection:
        with pytest.raises(ConnectionClosedError) as closed:
            for _ in range(17):
                connection.send("x" * 1000)
            while True:
                connection.recv(timeout=30)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == CloseCode.POLICY_VIOLATION
    node.service.until(lambda: node.watching(feed, 0))


def test_messages_without_a_byte_count_too(node: Node) -> None:
    feed = node.knows(node.service.open_feed())
    with connect(f"ws://127.0.0.1:{node.port}/v1/feeds/{feed}/live", compression=None) as connection:
        with pytest.raises(ConnectionClosedError) as closed:
            for _ in range(70):
                connection.send("")
            while True:
                connection.recv(timeout=30)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == CloseCode.POLICY_VIOLATION
