"""A closed feed: it is left, and asked for once in a while."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client.frames import snapshot
from tests.client.test_connection import LIVE, problem
from tests.client.world import CLOSED, Peer
from ticker.client.attempt import Transport
from ticker.client.connection import SILENCE
from ticker.client.problems import Closed, NotFound

WEBSOCKET, EVENTS, POLL = Transport


def test_a_closed_feed_is_left_and_asked_for_once_in_a_while() -> None:
    peer = Peer()
    peer.open()
    peer.send(CLOSED)
    assert (peer.connection.state, peer.connection.wanted, peer.events[-2:]) == ("closed", None, [CLOSED, "closed"])
    peer.passes(89)
    assert len(peer.attempts) == 1
    peer.passes(1)
    assert (peer.last.transport, peer.last.path) == (POLL, "/v1/feeds/f")
    peer.respond(200, CLOSED)
    assert (peer.connection.state, peer.connection.wanted) == ("closed", None)
    peer.passes(90)
    assert len(peer.attempts) == 3


def test_after_a_410_the_last_snapshot_is_asked_for_at_once() -> None:
    peer = Peer()
    peer.respond(410, problem("closed"))
    assert peer.connection.state == "closed"
    assert peer.wait() == 0
    peer.passes(0)
    assert peer.last.path == "/v1/feeds/f"
    peer.respond(200, CLOSED)
    assert peer.events == ["connecting", "closed", CLOSED, "closed"]


def test_a_feed_that_is_known_to_be_closed_is_not_dialled() -> None:
    peer = Peer(closed=True, after="9-z")
    assert (peer.attempts, peer.events) == ([], ["closed"])


def test_a_feed_that_was_reopened_is_followed_again() -> None:
    peer = Peer(closed=True, after="9-z")
    peer.passes(90)
    peer.respond(200, snapshot("9-z"))
    assert peer.events == ["closed", snapshot("9-z"), "connecting"]
    assert (peer.last.transport, peer.last.path) == (WEBSOCKET, LIVE + "?after=9-z")
    peer.passes(13.1)
    assert peer.connection.state == "waiting", "its silence is watched again"


@pytest.mark.parametrize("body", [{"type": "snapshot"}, [], 7])
def test_a_response_about_a_closed_feed_that_is_none_leaves_it_closed(body: Any) -> None:
    peer = Peer(closed=True)
    peer.passes(90)
    peer.respond(200, body)
    assert peer.connection.state == "closed"
    peer.passes(90)
    assert len(peer.attempts) == 2


def test_a_question_about_a_closed_feed_that_fails_is_asked_again_later() -> None:
    peer = Peer(closed=True)
    peer.passes(90)
    peer.drop()
    peer.passes(90)
    peer.respond(503, problem("unavailable"))
    assert peer.connection.state == "closed"
    peer.passes(90)
    peer.respond(410, problem("closed"))
    assert peer.connection.wanted is None
    peer.passes(90)
    assert len(peer.attempts) == 4
    assert peer.connection.state == "closed"


def test_a_question_about_a_closed_feed_that_gets_no_response_is_given_up() -> None:
    peer = Peer(closed=True)
    peer.passes(90 + SILENCE / 1000)
    assert peer.connection.wanted is None
    peer.passes(90)
    assert len(peer.attempts) == 2


def test_a_closed_feed_that_is_gone_is_raised() -> None:
    peer = Peer(closed=True)
    peer.passes(90)
    with pytest.raises(NotFound):
        peer.respond(404, problem("not-found"))


@pytest.mark.parametrize("transport", Transport)
def test_without_waiting_for_it_a_closed_feed_is_raised(transport: Transport) -> None:
    peer = Peer((transport,), wait_while_closed=False)
    with pytest.raises(Closed) as raised:
        peer.respond(410, problem("closed") | {"closed": "T"})
    assert (raised.value.status, raised.value.closed) == (410, "T")


def test_without_waiting_for_it_the_last_snapshot_of_a_feed_that_closes_is_given_out_before() -> None:
    peer = Peer(wait_while_closed=False)
    peer.open()
    peer.send(CLOSED)
    assert (peer.connection.state, peer.events[-1]) == ("open", CLOSED)
    peer.drop()
    peer.passes(1)
    assert peer.last.path == LIVE + "?after=9-z"
    with pytest.raises(Closed):
        peer.respond(410, problem("closed"))


def test_without_waiting_for_it_a_feed_that_was_closed_is_asked_for_at_once() -> None:
    peer = Peer(closed=True, after="9-z", wait_while_closed=False)
    assert peer.last.path == LIVE + "?after=9-z"
