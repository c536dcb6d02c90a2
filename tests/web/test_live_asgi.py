"""Live streams the plain ASGI way: the application under an ordinary uvicorn, as anybody may run it.

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
from ticker.wire import Close

WAYS = ["websocket", "sse"]
ALLOWED = "https://a.example"


class Plain(threading.Thread):
    """uvicorn as it comes, in a thread, with the application of one node."""

    def __init__(self, service: Service, **settings: Any) -> None:
        super().__init__(daemon=True)
        self.service = service
        read = Settings.read(redis_url=f"unix://{service.data}/valkey.sock", **settings)
        self.server = uvicorn.Server(
            uvicorn.Config(
                application(read), port=0, lifespan="on", log_config=None, ws="websockets-sansio", access_log=False
            )
        )

    def __enter__(self) -> Self:
        self.start()
        self.service.until(lambda: self.server.started or not self.is_alive())
        self.port: int = self.server.servers[0].sockets[0].getsockname()[1]
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=10.0)
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self.server.should_exit = True
        self.join(20)
        assert not self.is_alive(), "it stops when told to"

    def run(self) -> None:
        self.server.run()

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
        if way == "websocket":
            with connect(f"ws://{path}", additional_headers=sent, compression=None) as connection:
                yield iter(lambda: orjson.loads(connection.recv(timeout=15)), None)
            return
        sent["accept"] = "text/event-stream"
        with httpx.stream("GET", f"http://{path}", headers=sent, timeout=15) as answer:
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


@pytest.fixture(scope="module")
def plain(service: Service) -> Iterator[Plain]:
    with Plain(service, origins=ALLOWED) as node:
        yield node


def _refusal(node: Plain, way: str, feed: str, **headers: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Status, headers and problem of a reader who is not let in."""
    if way == "websocket":
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
def test_a_reader_gets_a_snapshot_then_a_beat_then_each_entry(plain: Plain, way: str) -> None:
    service, feed = plain.service, plain.knows(plain.service.open_feed())
    first = service.file(feed, "one")
    service.until(lambda: plain.http.get(f"/v1/feeds/{feed}").json()["position"] == first["position"])
    with plain.follow(feed, way) as frames:
        snapshot = next(frames)
        assert snapshot == plain.http.get(f"/v1/feeds/{feed}").json()
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
def test_a_reader_who_returns_gets_what_it_missed_then_a_beat(plain: Plain, way: str) -> None:
    service, feed = plain.service, plain.knows(plain.service.open_feed())
    seen = service.file(feed, "one")["position"]
    missed = [service.file(feed, text)["position"] for text in ("two", "three")]
    service.until(lambda: plain.http.get(f"/v1/feeds/{feed}").json()["position"] == missed[-1])
    with plain.follow(feed, way, f"?after={seen}") as frames:
        got = [next(frames) for _ in range(3)]
    assert [frame["type"] for frame in got] == ["dispatch", "dispatch", "beat"]
    assert [frame["position"] for frame in got] == [*missed, missed[-1]]


@pytest.mark.parametrize("way", WAYS)
def test_a_reader_who_missed_nothing_gets_a_beat_alone(plain: Plain, way: str) -> None:
    feed = plain.knows(plain.service.open_feed())
    position = plain.http.get(f"/v1/feeds/{feed}").json()["position"]
    with plain.follow(feed, way, f"?after={position}") as frames:
        beat = next(frames)
    assert (beat["type"], beat["position"]) == ("beat", position)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("after", ["1-000000000000", "999-0123456789ab", "0-zzz", "nonsense", "-1", "%00", "1" * 500])
def test_a_position_that_is_not_in_the_log_is_answered_with_a_reset(plain: Plain, way: str, after: str) -> None:
    feed = plain.knows("breaking")
    with plain.follow(feed, way, f"?after={after}") as frames:
        snapshot = next(frames)
        assert (snapshot["type"], snapshot["reset"]) == ("snapshot", True)
        assert next(frames)["type"] == "beat"
    with plain.follow(feed, way) as frames:
        assert next(frames)["reset"] is False


def test_what_a_browser_saw_last_goes_before_what_its_page_began_with(plain: Plain) -> None:
    service, feed = plain.service, plain.knows(plain.service.open_feed())
    positions = [service.file(feed, text)["position"] for text in ("one", "two", "three")]
    service.until(lambda: plain.http.get(f"/v1/feeds/{feed}").json()["position"] == positions[-1])
    with plain.follow(feed, "sse", f"?after={positions[0]}", last_event_id=positions[1]) as frames:
        assert next(frames)["position"] == positions[2]
    with plain.follow(feed, "sse", f"?after={positions[0]}", last_event_id="") as frames:
        assert next(frames)["position"] == positions[1]


def test_an_event_has_the_type_of_its_frame_and_the_position_as_id(plain: Plain) -> None:
    feed = plain.knows(plain.service.open_feed())
    headers = {"accept": "text/event-stream"}
    with plain.http.stream("GET", f"/v1/feeds/{feed}/live", headers=headers) as answer:
        assert "no-cache" in answer.headers["cache-control"]
        assert "no-transform" in answer.headers["cache-control"]
        assert answer.headers["x-accel-buffering"] == "no"
        events = _events(answer.iter_lines())
        assert int(next(events)["retry"]) > 0
        for type in ("snapshot", "beat"):
            event = next(events)
            frame = orjson.loads(event["data"])
            assert (event["event"], event["id"]) == (type, frame["position"])
            assert frame["type"] == type


@pytest.mark.parametrize("way", WAYS)
def test_a_feed_that_is_not_there_is_not_found(plain: Plain, way: str) -> None:
    status, headers, problem = _refusal(plain, way, "nowhere")
    assert (status, headers["content-type"]) == (404, "application/problem+json")
    assert "nowhere" in problem["detail"]


@pytest.mark.parametrize("way", WAYS)
def test_a_page_of_another_site_is_refused_and_one_of_an_allowed_site_is_not(plain: Plain, way: str) -> None:
    status, headers, problem = _refusal(plain, way, "breaking", origin="https://evil.example")
    assert (status, headers["content-type"], problem["field"]) == (403, "application/problem+json", "Origin")
    assert "www-authenticate" not in headers, "no key would help"
    with plain.follow("breaking", way, origin=ALLOWED) as frames:
        assert next(frames)["type"] == "snapshot"


def test_a_page_of_an_allowed_site_may_read_the_events(plain: Plain) -> None:
    headers = {"accept": "text/event-stream", "origin": ALLOWED}
    with plain.http.stream("GET", "/v1/feeds/breaking/live", headers=headers) as answer:
        assert answer.headers["access-control-allow-origin"] == ALLOWED
        assert answer.headers["vary"] == "Origin"


def test_who_asks_for_no_stream_is_told_how_to(plain: Plain) -> None:
    for accept in ("application/json", "*/*"):
        answer = plain.http.get("/v1/feeds/breaking/live", headers={"accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (426, "application/problem+json")
        assert "text/event-stream" in answer.json()["detail"]
        assert answer.headers["upgrade"] == "websocket"  # RFC 9110 section 15.5.22: a 426 must say to what


@pytest.mark.parametrize("way", WAYS)
def test_a_full_node_says_when_to_come_again(plain: Plain, way: str) -> None:
    with Plain(plain.service, readers=1) as small:
        with small.follow("breaking", way) as frames:
            assert next(frames)["type"] == "snapshot"
            status, headers, _ = _refusal(small, way, "breaking")
            assert status == 503
            assert int(headers["retry-after"]) > 0
        small.service.until(lambda: small.watching("breaking", 0))
        with small.follow("breaking", way) as frames:
            assert next(frames)["type"] == "snapshot"


@pytest.mark.parametrize("way", WAYS)
def test_a_reader_who_goes_leaves_the_hub(plain: Plain, way: str) -> None:
    feed = plain.knows(plain.service.open_feed())
    with plain.follow(feed, way) as one:
        next(one)
        with plain.follow(feed, way) as two:
            next(two)
            assert plain.watching(feed, 2)
        plain.service.until(lambda: plain.watching(feed, 1))
        plain.service.file(feed, "one")
        assert next(frame for frame in one if frame["type"] == "dispatch")["dispatch"]["text"] == "one"
    plain.service.until(lambda: plain.watching(feed, 0))


@pytest.mark.parametrize(
    "said", ["hello", '{"type":"dispatch"}', b"\x00\xff", ""], ids=["text", "json", "bytes", "empty"]
)
def test_what_a_reader_says_is_ignored(plain: Plain, said: str | bytes) -> None:
    service, feed = plain.service, plain.knows(plain.service.open_feed())
    with connect(f"ws://127.0.0.1:{plain.port}/v1/feeds/{feed}/live", compression=None) as connection:
        assert orjson.loads(connection.recv(timeout=10))["type"] == "snapshot"
        connection.send(said)
        assert connection.ping().wait(10), "it is still listening"
        service.file(feed, "one")
        types = (orjson.loads(connection.recv(timeout=10))["type"] for _ in range(10))
        assert "dispatch" in types
    service.until(lambda: [line["text"] for line in service.snapshot(feed)["dispatches"]] == ["one"])


def test_who_says_too_much_is_shown_out(plain: Plain) -> None:
    feed = plain.knows(plain.service.open_feed())
    with connect(f"ws://127.0.0.1:{plain.port}/v1/feeds/{feed}/live", compression=None) as connection:
        for _ in range(17):
            connection.send("x" * 1000)
        with pytest.raises(ConnectionClosedError) as closed:
            while True:
                connection.recv(timeout=5)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == Close.POLICY
    plain.service.until(lambda: plain.watching(feed, 0))
