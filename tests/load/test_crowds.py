"""Crowds of readers against a real service."""

from __future__ import annotations

import socket
import threading

import pytest

from tests.service import Service
from ticker.errors import TickerError
from ticker.load.crowds import Crowds, Target


def crowds_of(service: Service, readers: int, *, sse: bool = False, feed: str = "") -> Crowds:
    return Crowds(Target.of(service.url, f"/v1/feeds/{feed}/live", sse=sse), readers, 2)


@pytest.mark.parametrize("sse", [False, True])
def test_readers_who_were_cut_off_come_back_with_nothing_lost_or_doubled(service: Service, *, sse: bool) -> None:
    feed = service.open_feed()
    with crowds_of(service, 40, sse=sse, feed=feed) as crowds:
        crowds.until_open(20)
        for _ in range(3):
            service.file(feed, crowds.line())
        crowds.until_level(10)
        crowds.ask("cut", down=0.1, within=0.1)
        for _ in range(3):
            service.file(feed, crowds.line(200))
        service.until(lambda: len(crowds.ask("report").levels) == 40)
        tally = crowds.until_level(10)
    assert (tally.open, tally.reconnects, tally.resets) == (40, 40, 0)
    assert (tally.marks, tally.lost, tally.doubled, tally.disordered) == (240, 0, 0, 0)
    assert len(tally.times) == 240
    assert min(tally.levels) > 0


def test_readers_come_back_after_the_service_was_away_and_cut_again_meanwhile(own_service: Service) -> None:
    feed = own_service.open_feed()
    with crowds_of(own_service, 20, feed=feed) as crowds:
        crowds.until_open(20)
        own_service.file(feed, crowds.line())
        crowds.until_level(10)
        own_service.stop()
        own_service.until(lambda: crowds.ask("report").open == 0)
        crowds.ask("cut", down=0.0, within=0.1)
        crowds.ask("cut", down=0.0, within=0.1)
        own_service.start()
        own_service.until(lambda: crowds.ask("report").open == 20)
        own_service.file(feed, crowds.line())
        tally = crowds.until_level(10)
    assert (tally.marks, tally.lost, tally.doubled, tally.refusal) == (40, 0, 0, "")


def test_a_handshake_of_tls_that_fails_is_said_in_one_line() -> None:
    def hang_up() -> None:
        listener.accept()[0].close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        answering = threading.Thread(target=hang_up)
        answering.start()
        target = Target.of(f"https://127.0.0.1:{listener.getsockname()[1]}", "/v1/feeds/x/live", sse=False)
        with (
            Crowds(target, 1, 1) as crowds,
            pytest.raises(TickerError, match=r"not let in: 127\.0\.0\.1:"),
        ):
            crowds.until_open(20)
        answering.join()


def test_counting_begins_anew_and_what_was_seen_stays_known(service: Service) -> None:
    feed = service.open_feed()
    with crowds_of(service, 4, feed=feed) as crowds:
        crowds.until_open(20)
        service.file(feed, crowds.line())
        crowds.until_level(10)
        assert crowds.ask("clear").marks == 0
        service.file(feed, crowds.line())
        tally = crowds.until_level(10)
    assert (tally.marks, tally.lost, tally.doubled) == (4, 0, 0)


def test_a_refusal_is_said_in_one_line(service: Service) -> None:
    with crowds_of(service, 4, feed="nowhere") as crowds, pytest.raises(TickerError, match="404"):
        crowds.until_open(20)


def test_a_crowd_that_died_is_said_in_one_line(service: Service) -> None:
    with crowds_of(service, 2, feed=service.open_feed()) as crowds:
        crowds.until_open(20)
        for process in crowds._processes:
            process.kill()
            process.wait()
        with pytest.raises(TickerError, match="a process of readers died"):
            crowds.ask("report")
