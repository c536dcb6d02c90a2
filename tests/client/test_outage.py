"""An outage: why a feed is not connected, how often that was tried, and when it is tried again."""

from __future__ import annotations

import pytest

from tests.client.frames import snapshot
from tests.client.test_connection import problem
from tests.client.world import CLOSED, Desk, Peer
from ticker.client.attempt import Transport
from ticker.client.outage import Outage, reason_of
from ticker.client.problems import Unavailable, UnexpectedResponse

WEBSOCKET, EVENTS, POLL = Transport


def test_there_is_none_before_an_attempt_has_failed_and_once_something_came() -> None:
    peer = Peer()
    assert peer.outage is None
    peer.open()
    assert peer.outage is None
    peer.drop("Cut")
    assert peer.outage == Outage("Cut", attempts=1, retry_in=0.25)
    peer.passes(0.1)
    assert peer.outage == Outage("Cut", attempts=1, retry_in=0.15)
    peer.passes(0.15)
    assert peer.outage == Outage("Cut", attempts=1, retry_in=0), "the next attempt is being made"
    peer.open()
    assert peer.outage is None


def test_attempts_are_counted_until_a_beat_comes() -> None:
    peer = Peer((WEBSOCKET,))
    for attempts in (1, 2, 3):
        peer.drop(f"Cut {attempts}")
        assert peer.outage is not None
        assert (peer.outage.reason, peer.outage.attempts) == (f"Cut {attempts}", attempts)
        peer.passes(4)
    peer.send(snapshot("1-a"))
    assert peer.outage is None
    peer.drop("Cut again")
    assert peer.outage is not None
    assert peer.outage.attempts == 4, "a service that sends a snapshot and then fails has not recovered"
    peer.passes(4)
    peer.open()
    peer.drop("Cut")
    assert peer.outage is not None
    assert peer.outage.attempts == 1


@pytest.mark.parametrize("transport", Transport)
def test_a_refusal_is_its_reason_and_how_long_it_asks_us_to_wait_counts(transport: Transport) -> None:
    peer = Peer((transport,))
    peer.respond(503, problem("unavailable") | {"detail": "The log cannot be reached"}, retry_after="5")
    assert peer.outage is not None
    assert (peer.outage.reason, peer.outage.retry_in) == ("The log cannot be reached", 5.25)
    assert isinstance(peer.outage.error, Unavailable)


@pytest.mark.parametrize("transport", Transport)
def test_a_response_of_something_else_is_its_reason(transport: Transport) -> None:
    peer = Peer((transport,))
    peer.respond(404, "<html>")
    assert peer.outage is not None
    assert peer.outage.reason == "The response (404) is not one of a ticker service"
    assert isinstance(peer.outage.error, UnexpectedResponse)
    assert peer.outage.error.status == 404


def test_other_reasons() -> None:
    peer = Peer((EVENTS,))
    peer.respond(204)
    assert peer.outage == Outage("The response (204) is not a stream", attempts=1, retry_in=0.25)
    peer = Peer((POLL,))
    peer.respond(200, {"frames": 7})
    assert peer.outage == Outage("A long-poll's response has no frames", attempts=1, retry_in=0.25)
    peer = Peer()
    peer.open()
    peer.raw("[]")
    assert peer.outage == Outage("A frame is not an object with a type", attempts=1, retry_in=0.25)


def test_it_ends_when_the_feed_turns_out_to_be_closed_and_when_the_machine_slept() -> None:
    peer = Peer()
    peer.drop()
    peer.passes(1)
    peer.send(CLOSED)
    assert peer.connection.state == "closed"
    assert peer.outage is None
    peer = Peer()
    peer.drop()
    peer.passes(1)
    peer.respond(410, problem("closed"))
    assert peer.connection.state == "closed"
    assert peer.outage is None
    peer = Peer((WEBSOCKET,))
    for _ in range(8):
        peer.drop()
        peer.passes(14)
    peer.drop()
    assert peer.outage is not None
    peer.move(3600, asleep=True)
    peer.passes(1)
    assert peer.connection.state == "connecting"
    assert peer.outage is None


def test_each_failed_attempt_is_a_change() -> None:
    desk = Desk()
    desk.send(snapshot("1-a"))
    desk.beat()
    outages = []
    for _ in range(3):
        (change,) = desk.drop("Cut")
        assert change.frame is None
        outages.append(change.status.outage)
        desk.passes(4)
    assert outages == [Outage("Cut", 1, 0.25), Outage("Cut", 2, 0.5), Outage("Cut", 3, 1.0)]
    (change,) = desk.beat()
    assert change.status.outage is None


def test_an_error_without_words_is_named() -> None:
    assert reason_of(ConnectionResetError("reset by peer")) == "reset by peer"
    assert reason_of(TimeoutError()) == "TimeoutError"
