"""Crowds of readers against a real service."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading

import httpx
import pytest

from tests.proxy import proxy
from tests.service import Service
from tests.web.test_live import Plain
from ticker.errors import TickerError
from ticker.load.crowds import Crowds, Target


def crowds_of(service: Service, readers: int, *, sse: bool = False, feed: str = "", url: str = "") -> Crowds:
    return Crowds(Target.of(url or service.url, f"/v1/feeds/{feed}/live", sse=sse), readers, 2)


def in_sevens(piece: bytes) -> bytes:
    """Rewrite a response into chunks of seven bytes: each mark and each position spans several."""
    head, end, body = piece.partition(b"\r\n\r\n") if piece.startswith(b"HTTP/1.1 ") else (b"", b"", piece)
    parts = [body[at : at + 7] for at in range(0, len(body), 7)]
    coding = b"\r\ntransfer-encoding: chunked" if head else b""
    return head + coding + end + b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)


def file_and_cut(service: Service, feed: str, crowds: Crowds) -> None:
    """File before and after 40 readers are cut off: each gets every dispatch once and in order."""
    crowds.until_open(30)
    for _ in range(3):
        service.file(feed, crowds.next_text())
    crowds.until_caught_up(30)
    crowds.ask("cut", down=0.1, within=0.1)
    for _ in range(3):
        service.file(feed, crowds.next_text(200))
    service.until(lambda: len(crowds.ask("report").catch_up_times) == 40)
    tally = crowds.until_caught_up(30)
    assert (tally.open, tally.reconnects, tally.resets) == (40, 40, 0)
    assert (tally.marks, tally.lost, tally.doubled, tally.disordered) == (240, 0, 0, 0)
    assert len(tally.times) == 240
    assert min(tally.catch_up_times) > 0


@pytest.mark.parametrize("sse", [False, True])
def test_readers_that_were_cut_off_reconnect_with_nothing_lost_or_doubled(service: Service, *, sse: bool) -> None:
    feed = service.open_feed()
    with crowds_of(service, 40, sse=sse, feed=feed) as crowds:
        file_and_cut(service, feed, crowds)


@pytest.mark.parametrize("chunks", ["as uvicorn sends them", "of seven bytes"])
def test_chunked_events_are_read_and_resumed_as_others_are(service: Service, chunks: str) -> None:
    feed = service.open_feed()
    with contextlib.ExitStack() as stack:
        if chunks == "of seven bytes":
            port = stack.enter_context(proxy(service, answer=in_sevens))
        else:
            node = stack.enter_context(Plain(service))
            node.knows(feed)
            port = node.port
        url = f"http://127.0.0.1:{port}"
        live, events = f"{url}/v1/feeds/{feed}/live", {"accept": "text/event-stream"}
        with httpx.stream("GET", live, headers=events, timeout=20) as response:
            assert response.headers["transfer-encoding"] == "chunked"
        crowds = stack.enter_context(crowds_of(service, 40, sse=True, feed=feed, url=url))
        file_and_cut(service, feed, crowds)


def test_readers_reconnect_after_the_service_was_away_and_they_were_cut_again_meanwhile(own_service: Service) -> None:
    feed = own_service.open_feed()
    with crowds_of(own_service, 20, feed=feed) as crowds:
        crowds.until_open(30)
        own_service.file(feed, crowds.next_text())
        crowds.until_caught_up(30)
        own_service.stop()
        own_service.until(lambda: crowds.ask("report").open == 0)
        crowds.ask("cut", down=0.0, within=0.1)
        crowds.ask("cut", down=0.0, within=0.1)
        own_service.start()
        own_service.until(lambda: crowds.ask("report").open == 20)
        own_service.file(feed, crowds.next_text())
        tally = crowds.until_caught_up(30)
    assert (tally.marks, tally.lost, tally.doubled, tally.refusal) == (40, 0, 0, "")


def test_a_failed_tls_handshake_is_one_line() -> None:
    def hang_up() -> None:
        listener.accept()[0].close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        answering = threading.Thread(target=hang_up, daemon=True)
        answering.start()
        target = Target.of(f"https://127.0.0.1:{listener.getsockname()[1]}", "/v1/feeds/x/live", sse=False)
        with (
            Crowds(target, 1, 1) as crowds,
            pytest.raises(TickerError, match=r"was refused: 127\.0\.0\.1:"),
        ):
            crowds.until_open(30)
        answering.join()


def test_counting_starts_again_and_what_was_received_stays_known(service: Service) -> None:
    feed = service.open_feed()
    with crowds_of(service, 4, feed=feed) as crowds:
        crowds.until_open(30)
        service.file(feed, crowds.next_text())
        crowds.until_caught_up(30)
        assert crowds.ask("clear").marks == 0
        service.file(feed, crowds.next_text())
        tally = crowds.until_caught_up(30)
    assert (tally.marks, tally.lost, tally.doubled) == (4, 0, 0)


def test_a_refusal_is_one_line(service: Service) -> None:
    with crowds_of(service, 4, feed="nowhere") as crowds, pytest.raises(TickerError, match="404"):
        crowds.until_open(30)


def test_a_crowd_that_died_is_one_line(service: Service) -> None:
    with crowds_of(service, 2, feed=service.open_feed()) as crowds:
        crowds.until_open(30)
        for pid in crowds.pids:
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(TickerError, match="a process that runs readers exited"):
            crowds.ask("report")
