"""Readers that are handed off: correct HTTP and RFC 6455, tested over bare sockets."""

import base64
import hashlib
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import orjson
import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from tests.service import Page, Service
from ticker.server.hand_off import plain_head

KEY = base64.b64encode(b"0123456789abcdef").decode()
ACCEPT = base64.b64encode(hashlib.sha1((KEY + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}


BEAT = b'"type":"beat"'


def read_text(opcode: int, payload: bytes) -> dict[str, Any]:
    assert opcode == 1
    frame: dict[str, Any] = orjson.loads(payload)
    return frame


class Connection:
    """A bare connection to the service."""

    def __init__(self, service: Service, buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(20)
        self.socket.connect(("127.0.0.1", service.port))
        self.file = self.socket.makefile("rb")

    def ask(self, path: str, headers: dict[str, str], method: str = "GET") -> tuple[int, dict[str, str]]:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.socket.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
        return self.head()

    def head(self) -> tuple[int, dict[str, str]]:
        status = int(self.file.readline().split()[1])
        found = {}
        while (line := self.file.readline().strip()) != b"":
            name, _, value = line.decode().partition(": ")
            found[name.lower()] = value
        return status, found

    def frame(self) -> tuple[int, bytes]:
        """Read one WebSocket frame: opcode and payload. The service never fragments or masks."""
        first, second = self.file.read(2)
        assert first & 0x80, "fragmented"
        assert not second & 0x80, "masked"
        length = second
        if second == 126:
            (length,) = struct.unpack("!H", self.file.read(2))
        elif second == 127:
            (length,) = struct.unpack("!Q", self.file.read(8))
        return first & 0x0F, self.file.read(length)

    def reply(self) -> tuple[int, bytes]:
        """Read the next frame that is no beat: the service sends all readers one every ten seconds, at any moment."""
        while BEAT in (frame := self.frame())[1]:
            pass
        return frame

    def json(self) -> dict[str, Any]:
        """Read a frame with JSON, which may be a beat."""
        return read_text(*self.frame())

    def news(self) -> dict[str, Any]:
        """Read the next frame with JSON that is no beat."""
        return read_text(*self.reply())

    def send(self, opcode: int, payload: bytes = b"", *, fin: bool = True, masked: bool = True, times: int = 1) -> None:
        """Send a frame, or at once so many: the service may hang up after one of them."""
        mask = os.urandom(4)
        length = len(payload)
        head = bytes([(0x80 if fin else 0) | opcode])
        flag = 0x80 if masked else 0
        head += bytes([flag | length]) if length < 126 else bytes([flag | 126]) + struct.pack("!H", length)
        if masked:
            payload = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        self.socket.sendall((head + (mask if masked else b"") + payload) * times)

    def closed_with(self) -> int | None:
        """Return the close code of the service, once the connection has ended."""
        code = None
        while True:
            try:
                opcode, payload = self.frame()
            except (ValueError, ConnectionError):  # nothing more to read
                return code
            if opcode == 8:
                code = struct.unpack("!H", payload[:2])[0] if payload else None


@contextmanager
def connect_to(service: Service, **options: Any) -> Iterator[Connection]:
    connection = Connection(service, **options)
    try:
        yield connection
    finally:
        connection.file.close()
        connection.socket.close()


@contextmanager
def reader(service: Service, feed: str, **options: Any) -> Iterator[Connection]:
    with connect_to(service, **options) as connection:
        status, headers = connection.ask(f"/v1/feeds/{feed}/live", UPGRADE)
        assert status == 101
        assert headers["sec-websocket-accept"] == ACCEPT
        yield connection


def readers(service: Service, feed: str) -> int:
    text = service.http.get("/metrics").text
    return int(text.split(f'ticker_readers{{feed="{feed}"}} ')[1].split()[0])


def without_proof(snapshot: dict[str, Any]) -> dict[str, Any]:
    """Return a snapshot without the time of its proof, which is another one every second."""
    return {name: value for name, value in snapshot.items() if name != "at"}


def test_the_first_frames_are_a_snapshot_and_a_beat(service: Service) -> None:
    feed = service.open_feed()
    service.file(feed, "one")
    with reader(service, feed) as connection:
        snapshot, beat = connection.json(), connection.json()
        assert without_proof(snapshot) == without_proof(service.snapshot(feed))
        assert beat["type"] == "beat"
        assert beat["position"] == snapshot["position"]
        receipt = service.file(feed, "two")
        frame = connection.news()
        assert (frame["type"], frame["position"]) == ("dispatch", receipt["position"])
        assert readers(service, feed) == 1
    service.until(lambda: readers(service, feed) == 0)


def test_a_reader_resumes_after_its_position_and_is_sent_a_beat(service: Service) -> None:
    feed = service.open_feed()
    positions = [service.file(feed, str(n))["position"] for n in range(4)]
    with connect_to(service) as connection:
        assert connection.ask(f"/v1/feeds/{feed}/live?after={positions[1]}", UPGRADE)[0] == 101
        assert [connection.json()["position"] for _ in range(2)] == positions[2:]
        assert connection.json()["type"] == "beat"


@pytest.mark.parametrize("after", ["", "nonsense", "1-000000000000", "999-0123456789ab", "%00", "-1-abcdefabcdef"])
def test_a_position_that_cannot_be_resumed_starts_the_reader_again(service: Service, after: str) -> None:
    feed = service.open_feed()
    service.file(feed, "one")
    service.until(lambda: service.snapshot(feed)["at"] is not None)
    with connect_to(service) as connection:
        connection.ask(f"/v1/feeds/{feed}/live?after={after}", UPGRADE)
        snapshot = connection.json()
        if after.startswith("999-"):  # which another node may know, until the next proof
            assert snapshot["type"] == "delayed"
            snapshot = connection.json()
        assert snapshot["type"] == "snapshot"
        assert snapshot["reset"] is (after != "")


def test_an_event_stream_has_its_headers_and_events(service: Service) -> None:
    feed = service.open_feed()
    position = service.file(feed, "خبر عاجل")["position"]
    with connect_to(service) as connection:
        status, headers = connection.ask(f"/v1/feeds/{feed}/live", {"Accept": "text/event-stream"})
        assert status == 200
        assert headers["content-type"].startswith("text/event-stream")
        assert headers["x-accel-buffering"] == "no"
        assert "no-transform" in headers["cache-control"]
        assert headers["access-control-allow-origin"] == "*"
        assert connection.file.readline().startswith(b"retry: ")
        assert connection.file.readline() == b"event: snapshot\n"
        assert connection.file.readline() == f"id: {position}\n".encode()
        data = connection.file.readline()
        snapshot = orjson.loads(data.removeprefix(b"data: "))
        assert without_proof(snapshot) == without_proof(service.snapshot(feed))
        assert connection.file.readline() == b"\n"
        assert connection.file.readline() == b"event: beat\n"


def test_last_event_id_takes_precedence_over_after(service: Service) -> None:
    feed = service.open_feed()
    positions = [service.file(feed, str(n))["position"] for n in range(3)]
    with connect_to(service) as connection:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": positions[1]}
        connection.ask(f"/v1/feeds/{feed}/live?after={positions[0]}", headers)
        text = b"".join(connection.file.readline() for _ in range(3)).decode()
        assert f"id: {positions[2]}\n" in text


VERSION, SECRET = "Sec-WebSocket-Version", "Sec-WebSocket-Key"


@pytest.mark.parametrize(
    ("expected", "feed", "headers", "field"),
    [
        (404, "nosuch", UPGRADE, None),
        (404, "nosuch", {"Accept": "text/event-stream"}, None),
        (426, "breaking", {}, "Accept"),
        (400, "breaking", UPGRADE | {SECRET: "short"}, SECRET),
        (400, "breaking", UPGRADE | {SECRET: ""}, SECRET),
        (400, "breaking", UPGRADE | {SECRET: KEY + ", " + KEY}, SECRET),
        (426, "breaking", UPGRADE | {VERSION: "8"}, VERSION),
        (426, "breaking", UPGRADE | {VERSION: "12, 13"}, VERSION),
        (426, "breaking", UPGRADE | {VERSION: ""}, VERSION),
        (426, "nosuch", UPGRADE | {VERSION: "14"}, VERSION),
        (400, "nosuch", UPGRADE | {"Sec-WebSocket-Protocol": "a b"}, None),
    ],
)
def test_refusals_are_problem_documents(
    service: Service, expected: int, feed: str, headers: dict[str, str], field: str | None
) -> None:
    messages = len(service.errors)
    with connect_to(service) as connection:
        status, answered = connection.ask(f"/v1/feeds/{feed}/live", headers)
        assert status == expected
        assert answered["content-type"] == "application/problem+json"
        assert answered.get("sec-websocket-version") == ("13" if expected == 426 else None)
        problem = orjson.loads(connection.file.read(int(answered["content-length"])))
        assert (problem["status"], problem.get("field")) == (expected, field)
    assert service.http.get("/healthz").status_code == 200
    assert service.errors[messages:] == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/healthz", 200), ("/nowhere", 404), ("/", 200), ("/v1/feeds/breaking", 200), ("/v1/feeds/a/b/live", 404)],
)
def test_a_handshake_for_what_is_no_stream_is_an_ordinary_request(service: Service, path: str, expected: int) -> None:
    with connect_to(service) as connection:
        for _ in range(2):
            status, headers = connection.ask(path, UPGRADE)
            assert status == expected
            assert connection.file.read(int(headers["content-length"]))


def test_what_a_client_sends_behind_its_handshake_is_refused(service: Service) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in UPGRADE.items())
    with connect_to(service) as connection:
        head = f"GET /v1/feeds/breaking/live HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode()
        connection.socket.sendall(head + b"\x89\x80\0\0\0\0")
        status, answered = connection.head()
        assert (status, answered["content-type"]) == (400, "application/problem+json")


def test_a_connection_that_had_a_request_may_become_a_reader(service: Service) -> None:
    feed = service.open_feed()
    with connect_to(service) as connection:
        _, headers = connection.ask("/healthz", {})
        connection.file.read(int(headers["content-length"]))
        assert connection.ask(f"/v1/feeds/{feed}/live", UPGRADE)[0] == 101
        assert connection.json()["type"] == "snapshot"


def test_a_head_in_pieces_is_understood(service: Service) -> None:
    feed = service.open_feed()
    head = f"GET /v1/feeds/{feed}/live HTTP/1.1\r\nHost: x\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in UPGRADE.items()) + "\r\n"
    with connect_to(service) as connection:
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in head.encode():
            connection.socket.sendall(bytes([byte]))
        assert connection.head()[0] == 101
        assert connection.json()["type"] == "snapshot"


def test_a_ping_is_answered_with_its_payload(service: Service) -> None:
    with reader(service, "breaking") as connection:
        connection.json(), connection.json()
        connection.send(9, b"are you there")
        assert connection.reply() == (10, b"are you there")
        connection.send(10, b"unasked")  # an unsolicited pong is ignored
        connection.send(9)
        assert connection.reply() == (10, b"")


def test_a_close_is_answered_with_its_code_and_ends_the_connection(service: Service) -> None:
    with reader(service, "breaking") as connection:
        connection.send(8, struct.pack("!H", 1000) + b"bye")
        assert connection.closed_with() == 1000
    with reader(service, "breaking") as connection:
        connection.json(), connection.json()
        connection.send(8)  # no code is one too (section 7.1.5)
        assert connection.reply() == (8, b"")


@pytest.mark.parametrize(
    ("code", "opcode", "payload", "options"),
    [
        (1002, 1, b"x", {"masked": False}),
        (1002, 3, b"", {}),
        (1002, 0x41, b"", {}),
        (1002, 9, b"x" * 126, {}),
        (1002, 9, b"", {"fin": False}),
        (1002, 0, b"x", {}),
        (1002, 8, b"\x03", {}),
        (1002, 8, struct.pack("!H", 1005), {}),
        (1002, 8, struct.pack("!H", 0), {}),
        (1002, 8, struct.pack("!H", 999), {}),
        (1002, 8, struct.pack("!H", 1004), {}),
        (1002, 8, struct.pack("!H", 1006), {}),
        (1002, 8, struct.pack("!H", 1015), {}),
        (1002, 8, struct.pack("!H", 2000), {}),
        (1002, 8, struct.pack("!H", 5000), {}),
        (1002, 8, b"", {"fin": False}),
        (1002, 8, struct.pack("!H", 1000) + b"x" * 124, {}),
        (1002, 10, b"", {"fin": False}),
        (1002, 10, b"x" * 126, {}),
        (1002, 11, b"", {}),
        (1002, 15, b"", {}),
        (1002, 0x21, b"", {}),
        (1002, 0x11, b"", {}),
        (1002, 0x49, b"", {}),
        (1002, 9, b"x", {"masked": False}),
        (1007, 8, struct.pack("!H", 1000) + b"\xff", {}),
        (1007, 1, b"\xff", {}),
        (1007, 1, "no end \N{ARABIC LETTER SEEN}".encode()[:-1], {}),
        (1009, 1, b"x" * 5000, {}),
    ],
)
def test_what_rfc_6455_forbids_ends_the_connection_with_its_code(
    service: Service, code: int, opcode: int, payload: bytes, options: dict[str, bool]
) -> None:
    with reader(service, "breaking") as connection:
        connection.send(opcode, payload, **options)
        assert connection.closed_with() == code


@pytest.mark.parametrize("private", [False, True], ids=["handed off", "with uvicorn"])
@pytest.mark.parametrize("payload", [struct.pack("!H", 1000), struct.pack("!H", 3000) + b"bye", b""])
def test_a_close_between_fragments_is_answered_as_any_other(service: Service, payload: bytes, *, private: bool) -> None:
    feed = service.open_feed()
    if private:
        service.http.patch(f"/v1/feeds/{feed}", json={"visibility": "private"})
    with connect_to(service) as connection:
        connection.ask(f"/v1/feeds/{feed}/live", UPGRADE | service.authorization)
        connection.json(), connection.json()
        connection.send(1, b"the first of two", fin=False)
        connection.send(8, payload)
        assert connection.reply() == (8, payload)
        assert connection.file.read() == b""


@pytest.mark.parametrize("private", [False, True], ids=["handed off", "with uvicorn"])
@pytest.mark.parametrize(
    ("code", "frames"),
    [
        (1002, [(1, b"x", False), (1, b"y", True)]),  # a new message within a fragmented one
        (1002, [(2, b"x", False), (2, b"y", False)]),
        (1002, [(0, b"", True)]),
        (1002, [(0, b"", False)]),
        (1002, [(1, b"x", True), (0, b"y", True)]),
        (1007, [(1, b"\xce", False), (0, b"x", True)]),
        (1007, [(1, b"\xed\xa0\x80", True)]),  # a surrogate
        (1007, [(1, b"\xf4\x90\x80\x80", True)]),  # beyond U+10FFFF
        (1009, [(1, b"x" * 3000, False), (0, b"x" * 2000, True)]),
    ],
)
def test_fragments_follow_rfc_6455(
    service: Service, code: int, frames: list[tuple[int, bytes, bool]], *, private: bool
) -> None:
    feed = service.open_feed()
    if private:
        service.http.patch(f"/v1/feeds/{feed}", json={"visibility": "private"})
    messages = len(service.errors)
    with connect_to(service) as connection:
        connection.ask(f"/v1/feeds/{feed}/live", UPGRADE | service.authorization)
        for opcode, payload, fin in frames:
            connection.send(opcode, payload, fin=fin)
        assert connection.closed_with() == code
    assert service.errors[messages:] == []


DEFLATE = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"


@pytest.mark.parametrize(
    ("offer", "agreed"),
    [
        ("permessage-deflate; client_max_window_bits", DEFLATE),  # what browsers offer
        ("permessage-deflate", DEFLATE),
        ("x-unknown, permessage-deflate; server_no_context_takeover", DEFLATE),
        ("permessage-deflate; server_max_window_bits=10, permessage-deflate", DEFLATE),
        ("permessage-deflate; server_max_window_bits=10", None),
        ("permessage-deflate; server_max_window_bits=15", DEFLATE + "; server_max_window_bits=15"),
        ("permessage-deflate; server_no_context_takeover; server_no_context_takeover", None),
        ("x-webkit-deflate-frame", None),
        ("permessage-deflate;;;", None),
        (",", None),
    ],
)
def test_compression_is_agreed_on_only_without_context(service: Service, offer: str, agreed: str | None) -> None:
    feed = service.open_feed()
    service.file(feed, "a dispatch that is long enough to be deflated, long enough to be deflated " * 3)
    with connect_to(service) as connection:
        status, headers = connection.ask(f"/v1/feeds/{feed}/live", UPGRADE | {"Sec-WebSocket-Extensions": offer})
        assert status == 101
        assert headers.get("sec-websocket-extensions") == agreed
        if agreed is None:
            assert connection.json()["type"] == "snapshot"
        else:
            assert connection.file.peek(1)[0] == 0xC1  # final, text, compressed (RFC 7692 section 6)


def test_a_reader_may_compress_its_messages(service: Service) -> None:
    url = f"ws://127.0.0.1:{service.port}/v1/feeds/breaking/live"
    with connect(url, compression="deflate") as connection:
        connection.send("hello " * 100)
        connection.send("hello " * 100)
        assert connection.ping().wait(20)
        with pytest.raises(ConnectionClosedError) as closed:
            connection.send("a bomb " * 100_000)  # a few kilobytes on the way
            while True:
                connection.recv(timeout=20)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


def test_messages_of_readers_are_ignored_up_to_a_limit(service: Service) -> None:
    with reader(service, "breaking") as connection:
        connection.json(), connection.json()
        letter = "\N{ARABIC LETTER SEEN}".encode()
        connection.send(1, b"hello" + letter[:1], fin=False)
        connection.send(9, b"between fragments")
        assert connection.reply() == (10, b"between fragments")
        connection.send(0, letter[1:] + b" there")
        connection.send(2, b"\x00\xff")
        connection.send(9, b"still here")
        assert connection.reply() == (10, b"still here")
        connection.send(1, b"x" * 4000, times=5)
        assert connection.closed_with() == 1008


def test_a_reader_that_disconnects_without_a_close_is_removed(service: Service) -> None:
    feed = service.open_feed()
    with reader(service, feed) as connection:
        connection.json()
        assert readers(service, feed) == 1
        connection.socket.shutdown(socket.SHUT_WR)
        assert connection.closed_with() is None
        service.until(lambda: readers(service, feed) == 0)
    with reader(service, feed) as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    service.until(lambda: readers(service, feed) == 0)


def test_a_reader_that_does_not_read_lags_and_catches_up(service: Service) -> None:
    feed = service.open_feed()
    page = Page()
    with reader(service, feed, buffer=4096) as slow:
        page.take(slow.json())
        count = 0

        def lags() -> bool:
            nonlocal count
            for _ in range(50):
                service.file(feed, "🔥" * 1000)
            count += 50
            return f'ticker_readers_set_aside{{feed="{feed}"}} 1' in service.http.get("/metrics").text

        # The kernel's buffers take a few megabytes first.
        service.until(lags, within=60)
        while not page.offsets or page.offsets[-1] != count:
            page.take(slow.json())  # which checks that nothing is missing or doubled
        service.until(lambda: f'ticker_readers_set_aside{{feed="{feed}"}} 0' in service.http.get("/metrics").text)
        service.file(feed, "after")
        while page.offsets[-1] != count + 1:
            page.take(slow.json())
        assert page.lines[max(page.lines)]["text"] == "after"


@pytest.mark.parametrize(
    "head",
    [
        b"A: b\r\n" * 60 + b"X",
        b"A:          b\r\n" * 30 + b"\xff",
        b"A: " + b" " * 8000 + b"\x01",
    ],
)
def test_a_head_made_for_backtracking_costs_no_time(head: bytes) -> None:
    # With a pattern that can match one byte in two ways, each of these would take practically for ever.
    assert plain_head().fullmatch(b"GET /v1/feeds/breaking/live HTTP/1.1\r\n" + head) is None


def test_a_stream_requested_behind_an_unread_response_comes_after_it(service: Service) -> None:
    feed = service.open_feed()
    for _ in range(60):
        service.file(feed, "🔥" * 1000)
    with connect_to(service, buffer=4096) as connection:
        request = f"GET /v1/feeds/{feed}/dispatches?limit=100 HTTP/1.1\r\nHost: x\r\n\r\n"
        connection.socket.sendall(request.encode())
        status, headers = connection.head()
        assert status == 200
        ask = f"GET /v1/feeds/{feed}/live HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n"
        connection.socket.sendall(ask.encode())
        body = orjson.loads(connection.file.read(int(headers["content-length"])))
        assert len(body["dispatches"]) == 60
        assert connection.head()[0] == 200


def test_other_paths_stay_with_uvicorn(service: Service) -> None:
    with httpx.Client(base_url=service.url, timeout=20) as client:
        for path in ("/v1/feeds/breaking/live/", "/v1/feeds//live", "/v1/feeds/a/b/live"):
            assert client.get(path, headers={"accept": "text/event-stream"}).status_code in (404, 307)
        assert client.post("/v1/feeds/breaking/live", json={}).status_code == 405


def test_origins_that_are_not_allowed_get_a_403(tmp_path_factory: pytest.TempPathFactory) -> None:
    with Service(tmp_path_factory.mktemp("o"), origins="https://news.example, https://other.example") as service:
        for origin, expected in [("https://news.example", 101), ("https://evil.example", 403), ("null", 403)]:
            with connect_to(service) as connection:
                assert connection.ask("/v1/feeds/breaking/live", UPGRADE | {"Origin": origin})[0] == expected
        with connect_to(service) as connection:
            assert connection.ask("/v1/feeds/breaking/live", UPGRADE)[0] == 101
        with connect_to(service) as connection:
            headers = {"Origin": "https://other.example", "Accept": "text/event-stream"}
            _, answered = connection.ask("/v1/feeds/breaking/live", headers)
            assert answered["access-control-allow-origin"] == "https://other.example"


def test_a_full_node_refuses_and_recovers(tmp_path_factory: pytest.TempPathFactory) -> None:
    with Service(tmp_path_factory.mktemp("f"), readers="1") as service:
        with reader(service, "breaking"), connect_to(service) as refused:
            status, headers = refused.ask("/v1/feeds/breaking/live", UPGRADE)
            assert status == 503
            assert int(headers["retry-after"]) > 0
        service.until(lambda: readers(service, "breaking") == 0)
        with reader(service, "breaking") as admitted:
            assert admitted.json()["type"] == "snapshot"
