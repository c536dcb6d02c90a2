"""The HTTP client of commands: what is wrong with its settings, and with what responds."""

from __future__ import annotations

import json
import re
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.cli.command import Here, at
from tests.service import Service


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"key": ""}, "TICKER_KEY"),
        ({"key": "tk_never_issued"}, "TICKER_KEY"),
        ({"key": "tk_“smart”"}, "TICKER_KEY"),
        ({"url": "localhost:8000"}, "TICKER_URL"),
        ({"url": "http://127.0.0.1:1"}, "http://127.0.0.1:1"),
        ({"url": "http://[::1"}, "TICKER_URL"),
    ],
)
def test_a_client_that_is_set_up_wrongly_is_told_what(
    service: Service, here: Here, settings: dict[str, str], word: str
) -> None:
    assert word in here(at(service) | settings, "file", "x").complaint


def test_an_address_of_another_service_is_named(here: Here) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, ThreadPoolExecutor(1) as pool:
        other.settimeout(30)

        def respond() -> None:
            connection, _ = other.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n<h1>Hello</h1>")

        responding = pool.submit(respond)
        url = f"http://127.0.0.1:{other.getsockname()[1]}"
        assert url in here({"url": url, "key": "tk_x"}, "feeds", "list").complaint
        responding.result()


def test_what_a_proxy_lost_track_of_is_sent_again_with_its_key_as_the_client_does(here: Here) -> None:
    kept = json.dumps({"id": "01K", "position": "1-a", "revision": 1, "filed": "2026-03-11T14:02:11.000Z"}).encode()
    responses = [
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 5\r\nConnection: close\r\n\r\nsorry",
        b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(kept), kept),
    ]
    keys: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as other, ThreadPoolExecutor(1) as pool:
        other.settimeout(30)

        def respond() -> None:
            for response in responses:
                connection, _ = other.accept()
                with connection:
                    keys.extend(re.findall(rb"idempotency-key: (\S+)", connection.recv(65536).lower()))
                    connection.sendall(response)

        responding = pool.submit(respond)
        url = f"http://127.0.0.1:{other.getsockname()[1]}"
        assert json.loads(here({"url": url, "key": "tk_x"}, "file", "x").printed)["id"] == "01K"
        responding.result()
    assert len(keys) == 2
    assert len(set(keys)) == 1
