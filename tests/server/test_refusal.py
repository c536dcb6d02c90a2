"""Refusals of what never becomes a request: problem documents, each of which the metrics count."""

from __future__ import annotations

import re
import socket
from collections import Counter
from contextlib import closing

import orjson
import pytest

from tests.service import Service

HANDSHAKE = b"GET /v1/feeds/breaking/live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"


def counted(service: Service) -> Counter[int]:
    found = re.findall(r'ticker_responses_total\{status="(\d+)"\} (\d+)', service.http.get("/metrics").text)
    return Counter({int(status): int(number) for status, number in found})


def sent(service: Service, data: bytes) -> bytes:
    """Send bytes; return the response to them, up to the end of the connection."""
    with closing(socket.create_connection(("127.0.0.1", service.port), timeout=20)) as connection:
        connection.sendall(data)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 40_000, 431),
        (HANDSHAKE + b"Sec-WebSocket-Version: 12\r\n\r\n", 426),
        (HANDSHAKE + b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n\r\n", 400),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_mistake_of_a_stranger_is_a_problem_document_and_counted(service: Service, data: bytes, status: int) -> None:
    before = counted(service)
    response = sent(service, data)
    assert response.startswith(b"HTTP/1.1 %d " % status)
    assert orjson.loads(response.partition(b"\r\n\r\n")[2])["status"] == status
    assert (counted(service) - before)[status] == 1
    assert not [line for line in service.errors if "raceback" in line]


def test_a_client_that_leaves_before_its_request_is_complete_got_no_response(service: Service) -> None:
    before = counted(service)
    with closing(socket.create_connection(("127.0.0.1", service.port), timeout=20)) as connection:
        connection.sendall(
            f"POST /v1/feeds/breaking/dispatches HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {service.key}\r\n"
            "Content-Length: 90\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        assert connection.recv(4096).startswith(b"HTTP/1.1 100 "), "its body is waited for"
    assert sent(service, b"GET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    for _ in range(3):
        assert service.http.get("/healthz").status_code == 200
    assert (counted(service) - before)[400] == 1
