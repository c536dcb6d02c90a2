"""Clients that close their side, or leave: the responses they get, and that nothing of them stays."""

from __future__ import annotations

import re
import socket
import struct

import orjson
import pytest

from tests.server.test_hand_off import connect_to
from tests.service import Service

POST = b"POST /v1/feeds/breaking/dispatches HTTP/1.1\r\nHost: x\r\n"


def half_closed(service: Service, request: bytes) -> bytes:
    """Send a request, close this side, and return everything that the service sends."""
    with connect_to(service) as connection:
        connection.socket.sendall(request)
        connection.socket.shutdown(socket.SHUT_WR)
        return connection.file.read()


def get(path: str, headers: str = "", version: str = "1.1") -> bytes:
    return f"GET {path} HTTP/{version}\r\nHost: x\r\n{headers}\r\n".encode()


@pytest.mark.parametrize(
    ("requests", "expected"),
    [
        ([get("/healthz")], [200]),
        ([get("/")], [200]),
        ([get("/v1/feeds/breaking")], [200]),
        ([get("/v1/feeds/breaking/changes")], [200]),
        ([get("/nowhere", version="1.0")], [404]),
        ([get("/v1/feeds/breaking/live")], [426]),
        ([get("/healthz"), get("/v1/feeds"), get("/healthz")], [200, 200, 200]),
        ([get("/v1/feeds/breaking/changes"), get("/v1/feeds"), get("/v1/feeds/breaking/changes")], [200, 200, 200]),
        ([get("/healthz"), b"GET / HTT"], [200]),
        ([get("/healthz"), POST + b"Content-Length: 9\r\n\r\n{"], [200]),
        ([get("/healthz"), get("/v1/feeds"), POST + b"Content-Length: 9\r\n\r\n{"], [200, 200]),
        ([POST + b"Content-Length: 2\r\n\r\n{}"], [401]),
        ([POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"], [401]),
    ],
)
def test_a_client_that_closes_its_side_gets_the_responses_to_its_requests(
    service: Service, requests: list[bytes], expected: list[int]
) -> None:
    for _ in range(20):
        received = half_closed(service, b"".join(requests))
        found = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+) ", received)]
        # A request without a key may be refused before the rest of it is known to be missing.
        assert found == expected or found == [*expected, 401][: len(requests)]


def test_a_post_whose_client_closes_its_side_is_filed_and_gets_its_receipt(service: Service) -> None:
    feed = service.open_feed()
    body = b'{"text": "half"}'
    head = f"POST /v1/feeds/{feed}/dispatches HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {service.key}\r\n".encode()
    for number in range(20):
        received = half_closed(service, head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        assert received.startswith(b"HTTP/1.1 201 "), received
        assert orjson.loads(received.partition(b"\r\n\r\n")[2])["position"].startswith(f"{number + 1}-")


@pytest.mark.parametrize("handed_off", [True, False])
def test_a_wait_ends_at_once_when_its_client_closes_its_side(service: Service, *, handed_off: bool) -> None:
    feed = service.open_feed()
    position = service.snapshot(feed)["position"]
    path = f"/v1/feeds/{feed}/changes?after={position}&wait={20 if handed_off else 1}"
    expect = "" if handed_off else "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 0\r\n"
    for _ in range(5):
        assert half_closed(service, get(path, expect)).startswith(b"HTTP/1.1 204 ")
    service.until(lambda: f'ticker_waiting{{feed="{feed}"}} 0' in service.http.get("/metrics").text)


def test_a_reader_of_events_that_closes_its_side_gets_the_first_frames_and_is_removed(service: Service) -> None:
    for headers in ("Accept: text/event-stream\r\n", "Accept: text/event-stream\r\nContent-Length: 0\r\n"):
        feed = service.open_feed()
        assert b"event: snapshot" in half_closed(service, get(f"/v1/feeds/{feed}/live", headers))
        service.until(lambda feed=feed: f'ticker_readers{{feed="{feed}"}} 0' in service.http.get("/metrics").text)


@pytest.mark.parametrize(
    "behind", [b"", get("/healthz"), get("/healthz") * 3, POST + b"Content-Length: 9\r\n\r\n{", b"nonsense\r\n"]
)
def test_a_reader_of_a_private_feed_is_removed_whatever_it_sent_behind_its_request(
    service: Service, behind: bytes
) -> None:
    feed = service.open_feed()
    service.http.patch(f"/v1/feeds/{feed}", json={"visibility": "private"})
    headers = f"Accept: text/event-stream\r\nAuthorization: Bearer {service.key}\r\n"
    with connect_to(service) as connection:
        connection.socket.sendall(get(f"/v1/feeds/{feed}/live", headers) + behind)
        assert connection.head()[0] == 200
        service.until(lambda: f'ticker_readers{{feed="{feed}"}} 1' in service.http.get("/metrics").text)
    service.until(
        lambda: [
            service.file(feed, "another"),
            f'ticker_readers{{feed="{feed}"}} 0' in service.http.get("/metrics").text,
        ][1]
    )


def test_clients_that_leave_within_a_body_leave_no_message(service: Service) -> None:
    messages = len(service.errors)
    authorization = f"Authorization: Bearer {service.key}\r\n".encode()
    for number in range(60):
        framing = b"Content-Length: 90\r\n\r\n{" if number % 2 else b"Transfer-Encoding: chunked\r\n\r\n9\r\n{"
        with connect_to(service) as connection:
            connection.socket.sendall(POST + authorization + framing)
            if number % 3 == 0:
                connection.socket.shutdown(socket.SHUT_WR)
                assert connection.file.read() == b""
            elif number % 3 == 1:
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    service.file("breaking", "through")
    assert service.errors[messages:] == []


def test_what_a_client_asked_for_that_is_gone_already_is_not_begun(service: Service) -> None:
    """Its address is not known any more, so it would count for none, and any number would be worked on at a time."""

    def responses() -> int:
        found = re.search(r'ticker_responses_total{status="404"} (\d+)', service.http.get("/metrics").text)
        return int(found[1]) if found else 0

    before = responses()
    with service.frozen("ticker.server.worker"):
        for _ in range(50):
            with socket.create_connection(("127.0.0.1", service.port)) as client:
                client.sendall(get("/v1/nowhere"))
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert half_closed(service, get("/v1/nowhere")).startswith(b"HTTP/1.1 404 ")  # it was accepted after them
    assert responses() == before + 1
