"""Requests that are too large, too slow, or not valid HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import orjson
import pytest

from tests.server.test_hand_off import UPGRADE, Connection, connect_to, reader
from tests.server.test_reader import until
from tests.server.test_waiter import Waiters
from tests.service import TICKER, Service
from ticker.dispatch import MAX_BODY
from ticker.server.lingering_close import LINGER_TIMEOUT
from ticker.server.requests import BODY_TIMEOUT, HEAD_TIMEOUT, MAX_HEAD_SIZE, MAX_HEADERS
from ticker.web.faults import HEAD_TOO_LARGE, TOO_SLOW

POST = b"POST /v1/feeds/breaking/dispatches HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture
async def house() -> AsyncIterator[Waiters]:
    async with Waiters() as house:
        yield house


class Clock:
    """A clock that is moved by the test."""

    def __init__(self, house: Waiters) -> None:
        self.now = 1000.0
        self._acceptor = house.acceptor
        house.acceptor.readiness.clock = lambda: self.now

    def go(self, seconds: float) -> None:
        self.now += seconds
        self._acceptor.readiness.deadlines.check()


def ended(connection: Connection) -> tuple[int, dict[str, str], bytes]:
    """Return the last response of a connection, and check that nothing follows it."""
    status, headers = connection.head()
    return status, headers, connection.file.read()


def is_problem(status: int, found: tuple[int, dict[str, str], bytes]) -> None:
    got, headers, body = found
    assert got == status, body
    assert headers["connection"] == "close"
    assert headers["content-type"] == "application/problem+json"
    assert orjson.loads(body)["status"] == status


@pytest.mark.parametrize(
    "start",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * MAX_HEAD_SIZE,
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * (MAX_HEAD_SIZE // 6),
        b"GET /" + b"a" * MAX_HEAD_SIZE,
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a" * MAX_HEAD_SIZE,
        POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n" + b"a: b\r\n" * (MAX_HEAD_SIZE // 6),
        POST + b"Transfer-Encoding: chunked\r\n\r\n2;" + b"a" * 2 * MAX_HEAD_SIZE,
    ],
    ids=["value", "many", "url", "name", "trailers", "extension"],
)
@pytest.mark.parametrize("kept", [False, True])
def test_a_head_without_end_is_refused(service: Service, start: bytes, *, kept: bool) -> None:
    # Without a key, the response could be a 401 that is sent before the rest is read.
    start = start.replace(b"Host: x\r\n", b"Host: x\r\nAuthorization: Bearer %b\r\n" % service.key.encode())
    with connect_to(service) as connection:
        if kept:
            _, headers = connection.ask("/healthz", {})
            connection.file.read(int(headers["content-length"]))
        connection.socket.sendall(start if b";a" in start else start + b"a: b\r\n" * 2000)
        refused = ended(connection)
        is_problem(431, refused)
        assert HEAD_TOO_LARGE.error.detail.encode() in refused[2]


def test_a_complete_head_that_is_too_large_is_refused_and_one_below_the_limit_is_not(service: Service) -> None:
    for size, expected in [(MAX_HEAD_SIZE - 200, 200), (MAX_HEAD_SIZE + 1, 431)]:
        with connect_to(service) as connection:
            assert connection.ask("/healthz", {"Cookie": "c" * size})[0] == expected


def test_a_head_with_more_headers_than_the_limit_is_refused(service: Service) -> None:
    """A header of one letter takes thirty times its bytes in memory."""
    trailers = b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
    for start, before in ((b"GET /healthz HTTP/1.1\r\nHost: x\r\n", 1), (POST + trailers, 2)):
        for number, refused in ((MAX_HEADERS, False), (MAX_HEADERS + 1, True)):
            with connect_to(service) as connection:
                connection.socket.sendall(start + b"a: b\r\n" * (number - before) + b"\r\n")
                assert (connection.head()[0] == 431) == refused


def test_a_handshake_with_a_large_head_is_answered(service: Service) -> None:
    feed = service.open_feed()
    service.http.patch(f"/v1/feeds/{feed}", json={"visibility": "private"})
    headers = UPGRADE | {"Authorization": f"Bearer {service.key}"}
    with connect_to(service) as connection:
        status, _ = connection.ask(f"/v1/feeds/{feed}/live", headers | {"Cookie": "c" * 20_000})
        assert status == 400
        assert connection.file.read()


def test_heads_without_end_take_no_memory(service: Service) -> None:
    [worker] = service.children("ticker.server.worker")

    def resident() -> int:
        return int(Path(f"/proc/{worker}/statm").read_text().split()[1]) * 4096

    before = resident()
    for _ in range(10):
        with connect_to(service) as connection, contextlib.suppress(OSError):
            connection.socket.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
            for _ in range(64):
                connection.socket.sendall(b"a: b\r\n" * 11_000)
    assert resident() - before < 16 * 1024 * 1024


@pytest.mark.anyio
@pytest.mark.parametrize("start", [b"G", b"GET / HTTP/1.1\r\nHost: x\r\n", b"\r\n"])
async def test_a_head_that_does_not_come_is_answered_with_408(house: Waiters, start: bytes) -> None:
    clock = Clock(house)
    client = await house.client()
    client.mine.sendall(start)
    await until(lambda: len(house.acceptor.readiness.deadlines) == 1)
    clock.go(HEAD_TIMEOUT - 1)
    client.mine.sendall({b"G": b"E", b"\r\n": b"\r\n"}.get(start, b"X"))  # a byte now and then gives it no more time
    await asyncio.sleep(0.05)
    clock.go(2)
    response = await client.response()
    assert (response.status, response.headers["connection"], response.content["type"]) == (
        408,
        "close",
        "urn:ticker:problem:too-slow",
    )
    assert await client.more() == b""
    clock.go(LINGER_TIMEOUT + 1)
    await until(lambda: len(house.acceptor.readiness.deadlines) == 0)


@pytest.mark.anyio
async def test_on_a_used_connection_a_heads_time_counts_from_its_first_byte(house: Waiters) -> None:
    clock = Clock(house)
    client = await house.client()
    for _ in range(2):
        client.ask("?wait=x")
        assert (await client.response()).status == 422
        clock.go(HEAD_TIMEOUT + 1)
    client.mine.sendall(b"GET ")
    await until(lambda: len(house.acceptor.readiness.deadlines) == 1)
    clock.go(HEAD_TIMEOUT - 1)
    await asyncio.sleep(0.01)
    assert len(house.acceptor.readiness.deadlines) == 1
    clock.go(2)
    assert (await client.response()).status == 408


@pytest.mark.anyio
async def test_a_connection_on_which_a_head_has_begun_is_not_idle(house: Waiters) -> None:
    """It began while the request before it was still being answered."""
    clock = Clock(house)
    house.acceptor._for_uvicorn[0].timeout_keep_alive = 0
    client = await house.client()
    client.mine.sendall(b"GET /v1/feeds/f/changes?wait=x HTTP/1.1\r\nHost: x\r\n\r\nGE")
    assert (await client.response()).status == 422
    await until(lambda: len(house.acceptor.readiness.deadlines) == 1)
    later = asyncio.Event()
    asyncio.get_running_loop().call_later(0, later.set)  # behind the timer of idle connections, if one is set
    await later.wait()
    clock.go(HEAD_TIMEOUT + 1)
    assert (await client.response()).status == 408


@pytest.mark.anyio
async def test_a_waiter_whose_next_head_does_not_come_is_answered_with_408(house: Waiters) -> None:
    clock = Clock(house)
    client = await house.waiter()
    clock.go(100)
    house.file("one")
    assert (await client.response()).status == 200
    client.mine.sendall(b"GET ")
    await until(lambda: len(house.acceptor.readiness.deadlines) == 1)
    clock.go(HEAD_TIMEOUT - 1)
    assert len(house.acceptor.readiness.deadlines) == 1
    clock.go(2)
    assert (await client.response()).status == 408


@pytest.mark.anyio
@pytest.mark.parametrize("framing", [b"Content-Length: 10\r\n\r\n12345", b"Transfer-Encoding: chunked\r\n\r\n5\r\n123"])
async def test_a_body_that_does_not_come_is_answered_with_408(
    house: Waiters, framing: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock(house)
    client = await house.client()

    async def reads(scope: object, receive: object, send: object) -> None:
        while (await receive())["type"] != "http.disconnect":  # type: ignore[operator]
            pass

    config = house.acceptor._for_uvicorn[0]
    config.loaded_app = reads
    client.mine.sendall(POST + framing)
    await until(lambda: len(house.acceptor.readiness.deadlines) == 1)
    clock.go(BODY_TIMEOUT - 1)
    client.mine.sendall(b"4")
    await asyncio.sleep(0.05)
    assert len(house.acceptor.readiness.deadlines) == 1
    clock.go(2)
    response = await client.response()
    assert (response.status, response.content["detail"]) == (408, TOO_SLOW.error.detail)
    assert await client.more() == b""
    assert not caplog.records


@pytest.mark.anyio
async def test_streams_and_waits_have_no_deadline(house: Waiters) -> None:
    clock = Clock(house)
    waiter, stream = await house.waiter(), await house.client()
    stream.ask(path="live", headers="Accept: text/event-stream\r\n")
    await until(lambda: house.channel.streaming == 1)
    clock.go(1000)
    house.acceptor.check_deadlines()
    house.file("one")
    assert (await waiter.response()).status == 200
    said = b""
    while b'"text":"one"' not in said:
        said += await stream.more()


def test_silent_and_slow_connections_leave_descriptors_for_writers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.service.TICKER", ["sh", "-c", 'ulimit -n 256; exec "$0" "$@"', *TICKER])
    with Service(tmp_path) as service, contextlib.ExitStack() as stack:
        honest = stack.enter_context(reader(service, "breaking"))
        honest.json(), honest.json()
        for number in range(400):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", service.port)))
            slow.sendall(b"G" if number % 2 else POST + b"Content-Length: 9\r\n\r\n")
            if number % 50 == 49:
                time.sleep(0.05)
                # Its kept connection may give way just when the next request is sent, as on any server.
                receipt = service.file_patiently("breaking", f"dispatch {number}")
                assert httpx.get(f"{service.url}/healthz", timeout=20).status_code == 200
                while (frame := honest.json())["type"] != "dispatch":
                    pass
                assert frame["position"] == receipt["position"]


# Invalid HTTP, and what looks like it


def posted(service: Service, feed: str, headers: str, *pieces: bytes) -> int:
    """Post by a connection of its own, in pieces, and return the status."""
    authorization = f"Host: x\r\nAuthorization: Bearer {service.key}\r\n"
    with connect_to(service) as connection:
        head = f"POST /v1/feeds/{feed}/dispatches HTTP/1.1\r\n{authorization}{headers}\r\n".encode()
        connection.socket.sendall(head + pieces[0])
        for piece in pieces[1:]:
            time.sleep(0.03)
            connection.socket.sendall(piece)
        return connection.head()[0]


@pytest.mark.parametrize("upgrade", ["h2c", "websocket", "TLS/1.0, HTTP/2.0", "WebSocket"])
@pytest.mark.parametrize("apart", [False, True])
def test_an_upgrade_to_another_protocol_is_ignored_and_the_body_is_read(
    service: Service, upgrade: str, *, apart: bool
) -> None:
    feed = service.open_feed()
    body = b'{"text": "as Java sends it"}'
    headers = (
        f"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: {upgrade}\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n"
        f"Content-Length: {len(body)}\r\n"
    )
    pieces = (b"", body[:5], body[5:]) if apart else (body,)
    assert posted(service, feed, headers, *pieces) == 201
    assert service.snapshot(feed)["dispatches"][0]["text"] == "as Java sends it"


def test_a_chunked_body_with_an_upgrade_is_read_and_the_connection_is_kept(service: Service) -> None:
    feed = service.open_feed()
    headers = "Connection: keep-alive\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n"
    assert posted(service, feed, headers, b'e\r\n{"text": "in"}\r\n0\r\n\r\n') == 201
    with connect_to(service) as kept:
        for _ in range(3):
            status, answered = kept.ask("/healthz", {"Connection": "Upgrade", "Upgrade": "h2c"})
            assert status == 200
            kept.file.read(int(answered["content-length"]))


@pytest.mark.parametrize(
    ("request_line", "expected"),
    [
        ("POST /v1/feeds/breaking/live HTTP/1.1", 405),
        ("HEAD /v1/feeds/breaking/live HTTP/1.1", 200),
        ("GET /v1/feeds/breaking/live HTTP/1.0", 426),
    ],
)
def test_only_a_get_of_http_1_1_is_a_handshake(service: Service, request_line: str, expected: int) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in UPGRADE.items())
    with connect_to(service) as connection:
        connection.socket.sendall(f"{request_line}\r\nHost: x\r\n{lines}\r\n".encode())
        assert connection.head()[0] == expected


@pytest.mark.parametrize(
    "headers",
    [
        "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n",
        "Connection: keep-alive\r\nConnection: UPGRADE\r\nUpgrade: WebSocket\r\n",
        "Connection: upgrade\r\nUpgrade: h2c, websocket\r\n",
        "Connection: upgrade\r\nUpgrade: h2c\r\nUpgrade: websocket\r\n",
    ],
)
@pytest.mark.parametrize("private", [False, True])
def test_connection_and_upgrade_are_lists(service: Service, headers: str, *, private: bool) -> None:
    feed = service.open_feed()
    if private:
        service.http.patch(f"/v1/feeds/{feed}", json={"visibility": "private"})
        headers += f"Authorization: Bearer {service.key}\r\n"
    key = f"Sec-WebSocket-Key: {UPGRADE['Sec-WebSocket-Key']}\r\nSec-WebSocket-Version: 13\r\n"
    with connect_to(service) as connection:
        connection.socket.sendall(f"GET /v1/feeds/{feed}/live HTTP/1.1\r\nHost: x\r\n{headers}{key}\r\n".encode())
        assert connection.head()[0] == 101
        assert connection.json()["type"] == "snapshot"


@pytest.mark.parametrize("hosts", ["", "Host: x\r\nHost: x\r\n", "Host: x\r\nhost: y\r\n"])
@pytest.mark.parametrize("path", ["/healthz", "/v1/feeds/breaking/live", "/v1/feeds/breaking/changes"])
def test_a_request_must_have_one_host(service: Service, hosts: str, path: str) -> None:
    with connect_to(service) as connection:
        connection.socket.sendall(f"GET {path} HTTP/1.1\r\n{hosts}Accept: text/event-stream\r\n\r\n".encode())
        is_problem(400, ended(connection))


@pytest.mark.parametrize("host", ["a b", '"><script>', "a/b", "a@b", "a:b", "[::1", "\u0431.example", "a,b:80:80", "#"])
@pytest.mark.parametrize("path", ["/healthz", "/v1/feeds/breaking/live", "/v1/feeds/breaking/changes"])
def test_a_host_that_is_not_valid_is_refused(service: Service, host: str, path: str) -> None:
    with connect_to(service) as connection:
        connection.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n\r\n".encode())
        status, headers = connection.head()
        assert status == 400  # before the rest is read: a stream would not end
        is_problem(400, (status, headers, connection.file.read()))


@pytest.mark.parametrize(
    "host", ["", "x", "X.Example:80", "[::1]:8000", "127.0.0.1:", "a_b.example.", "xn--bcher-kva.example"]
)
@pytest.mark.parametrize("path", ["/healthz", "/v1/feeds/breaking/live"])
def test_a_valid_host_is_accepted(service: Service, host: str, path: str) -> None:
    with connect_to(service) as connection:
        connection.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n\r\n".encode())
        assert connection.head()[0] == 200


@pytest.mark.parametrize("before", ["http://x", "HTTP://x:80", "https://news.example"])
def test_a_target_in_absolute_form_is_the_path_in_it(service: Service, before: str) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in UPGRADE.items())
    for path, headers, expected in (
        ("/healthz", "", 200),
        ("", "", 200),
        ("?feed=breaking", "", 200),
        ("/v1/feeds/breaking/live", lines, 101),
        ("/v1/feeds/breaking/live", "Accept: text/event-stream\r\n", 200),
    ):
        with connect_to(service) as connection:
            connection.socket.sendall(f"GET {before}{path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode())
            assert connection.head()[0] == expected, path


def test_a_body_that_is_too_large_by_its_head_is_refused_before_it_comes(service: Service) -> None:
    head = f"{POST.decode()}Authorization: Bearer {service.key}\r\nContent-Length: {{}}\r\n{{}}\r\n"
    for length in (MAX_BODY + 1, 10**9, 10**18):
        with connect_to(service) as connection:
            connection.socket.sendall(head.format(length, "").encode())
            assert connection.head()[0] == 413
    with connect_to(service) as connection:
        connection.socket.sendall(head.format(MAX_BODY + 1, "Expect: 100-continue\r\n").encode())
        assert connection.head()[0] == 413  # and not 100 first


def test_a_body_that_may_not_come_after_a_refusal_is_not_waited_for(service: Service) -> None:
    # Otherwise the next request would be taken for the body.
    with connect_to(service) as connection:
        connection.socket.sendall(POST + b"Expect: 100-continue\r\nContent-Length: 20\r\n\r\n")
        status, headers = connection.head()
        assert status == 401
        connection.file.read(int(headers["content-length"]))
        connection.socket.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.file.read() == b""


@pytest.mark.parametrize(
    "sent",
    [b"\x16\x03\x01\x02\x00\x01\x00", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"],
)
def test_invalid_requests_are_refused_with_a_problem(service: Service, sent: bytes) -> None:
    with connect_to(service) as connection:
        connection.socket.sendall(sent)
        is_problem(405 if sent.startswith(b"CONNECT") else 400, ended(connection))


def test_a_refusal_comes_after_the_responses_before_it(service: Service) -> None:
    with connect_to(service) as connection:
        connection.socket.sendall(b"GET /v1/feeds HTTP/1.1\r\nHost: x\r\n\r\n" * 2 + b"nonsense\r\n\r\n")
        for _ in range(2):
            status, headers = connection.head()
            assert status == 200
            connection.file.read(int(headers["content-length"]))
        is_problem(400, ended(connection))


def test_a_handshake_behind_an_unanswered_request_is_refused_after_its_response(service: Service) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in UPGRADE.items())
    for path in ("/healthz", "/v1/feeds", "/"):
        with connect_to(service) as connection:
            ask = (
                f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/feeds/breaking/live HTTP/1.1\r\nHost: x\r\n{lines}\r\n"
            )
            connection.socket.sendall(ask.encode())
            status, headers = connection.head()
            assert status == 200
            connection.file.read(int(headers["content-length"]))
            is_problem(400, ended(connection))


def test_incomplete_requests_leave_no_traceback_and_the_worker_stops_cleanly(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.start()
    open_still = []
    for headers in (
        "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n",
        "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\n",
    ):
        for method, path in (("GET", "/v1/feeds/breaking/live"), ("POST", "/v1/feeds/breaking/dispatches")):
            for leaves in (True, False):
                connection = Connection(service)
                authorization = f"Authorization: Bearer {service.key}\r\n"
                head = f"{method} {path} HTTP/1.1\r\nHost: x\r\n{authorization}{headers}\r\n"
                connection.socket.sendall(head.encode() + b"1")
                if leaves:
                    time.sleep(0.02)
                    connection.socket.close()
                    connection.file.close()
                else:
                    open_still.append(connection)
    assert [each.head()[0] for each in open_still if open_still.index(each) % 2 == 0] == [426] * 4
    assert service.file("breaking", "through")["position"]
    assert service.stop() == 0
    assert service.errors == []
    for each in open_still:
        each.file.close()
        each.socket.close()
