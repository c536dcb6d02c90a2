"""Readers that follow by long-poll."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from tests.load.test_crowds import file_and_cut
from tests.service import Service
from ticker.load.crowds import Crowds, Target
from ticker.load.frames import Beat, Dispatch, PollResponses, Snapshot, mark
from ticker.load.polling import REQUEST_INTERVAL, Response, read

HOST = "127.0.0.1"
POSITIONS = 30
CHANGES = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-length: 14\r\n\r\n{"frames": []}'
NOTHING = b"HTTP/1.1 204 No Content\r\nTicker-At: x\r\n\r\n"


def test_a_response_is_read_once_it_is_complete() -> None:
    for cut in range(len(CHANGES)):
        assert read(CHANGES[:cut]) is None
    assert read(CHANGES) == Response("200 OK", b'{"frames": []}', closes=False, rest=b"")
    assert read(CHANGES + NOTHING) == Response("200 OK", b'{"frames": []}', closes=False, rest=NOTHING)
    assert read(NOTHING) == Response("204 No Content", b"", closes=False, rest=b"")


def test_a_response_may_end_its_connection() -> None:
    closing = NOTHING.replace(b"Ticker-At: x", b"Connection: close")
    assert read(closing) == Response("204 No Content", b"", closes=True, rest=b"")


def test_changes_have_dispatches_and_the_position_to_continue_from() -> None:
    frames = ",".join(
        f'{{"type":"dispatch","position":"{number}-a","dispatch":{{"text":"{mark("ab", 5, number)}"}}}}'
        for number in (7, 8)
    )
    piece = PollResponses("ab").read(f'{{"frames":[{frames}],"position":"9-b","at":null}}'.encode())
    assert piece.events == (Dispatch(5, 7), Dispatch(5, 8), Beat())
    assert piece.position == "9-b"


@pytest.mark.parametrize("reset", [True, False])
def test_changes_may_be_a_snapshot(*, reset: bool) -> None:
    text = f"{mark('ab', 5, 2)} {mark('ab', 6, 3)} {mark('other', 7, 4)}"
    start = f'{{"type":"snapshot","position":"3-a","reset":{str(reset).lower()},"dispatches":"{text}"}}'
    piece = PollResponses("ab").read(f'{{"frames":[{start}],"position":"3-b","at":null}}'.encode())
    assert piece.events == (Snapshot(frozenset({2, 3}), reset),)
    assert piece.position == "3-b"


def test_readers_by_long_poll_lose_and_double_nothing(service: Service) -> None:
    feed = service.open_feed()
    position = service.snapshot(feed)["position"]
    with Crowds(Target.polled(HOST, service.port, feed, position), 40, 2) as crowds:
        file_and_cut(service, feed, crowds)


@contextlib.contextmanager
def answering(response: Callable[[int], bytes], asked: list[tuple[float, bytes]]) -> Iterator[int]:
    """A server that notes when each request came; `response` gives what it sends to the first, the second and so on."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):  # the crowd is killed at the end
            while data := connection.recv(4096):
                asked.append((time.monotonic(), data))
                connection.sendall(response(len(asked)))

    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


def test_the_same_url_is_not_requested_twice_within_a_second(service: Service) -> None:
    asked: list[tuple[float, bytes]] = []
    with answering(lambda _: NOTHING, asked) as port:
        with Crowds(Target.polled(HOST, port, "f", "1-a"), 1, 1):
            service.until(lambda: len(asked) == 3)
    assert {request for _, request in asked} == {
        b"GET /v1/feeds/f/changes?after=1-a&wait=10 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % port
    }
    times = [at for at, _ in asked]
    assert all(
        later - at > REQUEST_INTERVAL / 2e9 for at, later in pairwise(times)
    )  # each is noted a little after it was sent


def test_a_new_position_is_requested_at_once(service: Service) -> None:
    asked: list[tuple[float, bytes]] = []

    def moved_on(number: int) -> bytes:
        body = b'{"frames":[],"position":"%d-a","at":null}' % (number + 1)
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)

    with answering(moved_on, asked) as port, Crowds(Target.polled(HOST, port, "f", "1-a"), 1, 1):
        service.until(lambda: len(asked) > POSITIONS)
    times, requests = zip(*asked[: POSITIONS + 1], strict=True)
    assert [b"after=%d-a&" % number in request for number, request in enumerate(requests, 1)] == [True] * len(requests)
    # A busy machine may be late with some of them, but not for as long as it would take to wait before each.
    assert times[-1] - times[0] < POSITIONS * REQUEST_INTERVAL / 1e9 / 2


def test_a_refused_reader_reconnects(service: Service) -> None:
    asked: list[tuple[float, bytes]] = []
    with answering(lambda _: b"HTTP/1.1 503 Service Unavailable\r\n\r\n", asked) as port:
        with Crowds(Target.polled(HOST, port, "f", "1-a"), 1, 1) as crowds:
            service.until(lambda: crowds.ask("report").reconnects > 0)
