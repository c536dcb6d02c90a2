"""Event streams as strict parsers read them, and as a client of another house does."""

from __future__ import annotations

import asyncio
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import httpx_sse
import orjson
import pytest

from tests.event_stream import blocks
from tests.server.test_hand_off import connect_to
from tests.server.test_reader import EVENTS, House
from tests.service import Service
from ticker.web.admission import RETRY

TYPES = ["snapshot", "beat", "dispatch"]


def private(service: Service) -> str:
    """Open a feed whose streams stay with uvicorn."""
    feed = service.open_feed()
    assert service.http.patch(f"/v1/feeds/{feed}", json={"visibility": "private"}).status_code == 200
    return feed


@pytest.mark.parametrize("handed_off", [True, False])
def test_every_block_of_a_stream_is_an_event_with_data(service: Service, *, handed_off: bool) -> None:
    feed = service.open_feed() if handed_off else private(service)
    with connect_to(service) as connection:
        headers = {"Accept": "text/event-stream", **service.authorization}
        status, answered = connection.ask(f"/v1/feeds/{feed}/live", headers)
        assert status == 200
        assert parsedate_to_datetime(answered["date"])
        stream = b""
        while b"event: beat" not in stream or not stream.endswith(b"\n\n"):
            stream += unchunked(connection.file.readline())
        receipt = service.file(feed, "one")
        while b"event: dispatch" not in stream or not stream.endswith(b"\n\n"):
            stream += unchunked(connection.file.readline())
    found = blocks(stream)
    assert in_order([block.event for block in found]) == TYPES
    assert all(orjson.loads(block.data)["type"] == block.event for block in found)
    assert found[-1].id == receipt["position"]
    first, *others = found
    assert first.fields[0] == "retry"
    assert first.retry is not None
    assert RETRY[0] <= first.retry <= RETRY[1]
    assert all(block.retry is None for block in others)


def in_order(types: list[str]) -> list[str]:
    """Return types of events without the beats after the first: one comes every ten seconds, at any moment."""
    return [type for number, type in enumerate(types) if type != "beat" or "beat" not in types[:number]]


def streams(service: Service) -> dict[str, Any]:
    """Return the paths of /openapi.json that respond with Server-Sent Events."""
    paths = service.http.get("/openapi.json").json()["paths"]
    return {
        path: operation
        for path, operations in paths.items()
        for operation in operations.values()
        if "responses" in operation and "text/event-stream" in operation["responses"].get("200", {}).get("content", {})
    }


def test_every_stream_of_the_service_begins_with_one_event_that_has_a_retry(service: Service) -> None:
    feed, found = service.open_feed(), streams(service)
    assert found.keys() >= {"/v1/feeds/{feed}/live", "/v1/feeds/{feed}/desk/live", "/v1/relay"}
    for path, operation in found.items():
        example = operation["responses"]["200"]["content"]["text/event-stream"]["example"]
        assert example.startswith("retry: "), path
        with connect_to(service) as connection:
            headers = {"Accept": "text/event-stream", **service.authorization}
            status, answered = connection.ask(path.format(feed=feed), headers)
            assert (status, answered["content-type"]) == (200, "text/event-stream; charset=utf-8"), path
            assert parsedate_to_datetime(answered["date"])
            stream = b""
            while stream.count(b"\n\n") < 3:
                stream += unchunked(connection.file.readline())
        first, *others = blocks(stream)
        assert (first.fields[0], bool(first.data)) == ("retry", True), path
        assert first.retry is not None
        assert RETRY[0] <= first.retry <= RETRY[1]
        assert all(block.data and block.retry is None for block in others), path


def unchunked(line: bytes) -> bytes:
    """Return a line of a stream, and nothing for the lines around a chunk (RFC 9112 section 7.1)."""
    assert line
    return b"" if line.endswith(b"\r\n") else line


def test_httpx_sse_gives_out_no_empty_event(service: Service) -> None:
    feed = service.open_feed()
    with (
        httpx.Client(timeout=20) as client,
        httpx_sse.connect_sse(client, "GET", f"{service.url}/v1/feeds/{feed}/live") as source,
    ):
        events = source.iter_sse()
        seen = [next(events), next(events)]
        service.file(feed, "one")
        while seen[-1].event != "dispatch":
            seen.append(next(events))
    assert in_order([event.event for event in seen]) == TYPES
    assert in_order([event.json()["type"] for event in seen]) == TYPES


@pytest.mark.anyio
async def test_readers_come_back_at_different_times_and_share_every_other_byte(house: House) -> None:
    mine = []
    for _ in range(40):
        connection = await house.connect()
        connection.sendall(b"GET /v1/feeds/f/live " + EVENTS)
        stream = b""
        while not stream.endswith(b"\n\n"):
            stream += await asyncio.get_running_loop().sock_recv(connection, 65536)
        mine.append(stream.partition(b"\r\n\r\n")[2])
    retries = {blocks(stream)[0].retry for stream in mine}
    assert len(retries) > 20
    assert len({stream.partition(b"\n")[2] for stream in mine}) == 1


@pytest.mark.parametrize("handed_off", [True, False])
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("Accept: TEXT/Event-Stream\r\n", 200),
        ("Accept: text/html\r\nAccept: text/event-stream;q=0.5\r\n", 200),
        ("Accept: text/html, text/event-stream;charset=utf-8\r\n", 200),
        ("Accept: text/event-stream;q=0\r\n", 426),
        ("Accept: text/event-streams\r\n", 426),
        ("Accept: x/text/event-stream\r\n", 426),
        ("Accept: */*\r\n", 426),
    ],
)
def test_accept_is_a_list(service: Service, lines: str, expected: int, *, handed_off: bool) -> None:
    feed = service.open_feed() if handed_off else private(service)
    with connect_to(service) as connection:
        head = f"GET /v1/feeds/{feed}/live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {service.key}\r\n{lines}\r\n"
        connection.socket.sendall(head.encode())
        status, headers = connection.head()
        assert status == expected
        assert expected == 200 or headers["sec-websocket-version"] == "13"
