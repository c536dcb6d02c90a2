"""Long-poll: from response to response."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client.frames import dispatch, filed, snapshot
from tests.client.world import CLOSED, Peer
from ticker.client.attempt import Transport

WEBSOCKET, EVENTS, POLL = Transport


def changes(after: str) -> str:
    return f"/v1/feeds/f/changes?after={after}&wait=10"


def polled() -> Peer:
    """A connection whose first poll brought a snapshot and a proof."""
    peer = Peer((POLL,))
    peer.respond(200, {"frames": [snapshot("1-a")], "position": "1-a", "at": peer.at})
    return peer


def test_polls_begin_with_a_snapshot_and_go_on_from_position_to_position() -> None:
    peer = polled()
    assert peer.events == ["polling", snapshot("1-a"), {"type": "beat", "position": "1-a", "at": peer.at}]
    peer.move(3)
    peer.respond(200, {"frames": [filed("2-b", dispatch("a"))], "position": "2-b", "at": peer.at})
    assert peer.paths == ["/v1/feeds/f/changes", changes("1-a"), changes("2-b")]
    assert peer.events[-1] == {"type": "beat", "position": "2-b", "at": peer.at}


def test_without_a_proof_a_snapshot_is_asked_for_though_the_position_is_known() -> None:
    assert Peer((POLL,), after="1-a").last.path == "/v1/feeds/f/changes"
    peer = polled()
    peer.drop()
    peer.passes(1)
    assert peer.last.path == changes("1-a"), "a proof is there: the estimate of the clocks continues"


def test_nothing_new_is_a_beat_too() -> None:
    peer = polled()
    peer.passes(10)
    peer.respond(204, ticker_at=peer.at)
    assert peer.events[-1] == {"type": "beat", "position": "1-a", "at": peer.at}


def test_the_same_url_is_not_asked_for_twice_within_a_second() -> None:
    peer = polled()
    peer.passes(0.4)
    peer.respond(204, ticker_at=peer.at)
    assert peer.connection.wanted is None
    assert peer.wait() == pytest.approx(0.6)
    peer.passes(0.6)
    assert peer.paths[1:] == [changes("1-a")] * 2


def test_the_pace_is_kept_from_connection_to_connection() -> None:
    peer = Peer((POLL,))
    peer.dice = 0
    peer.drop()
    peer.passes(0.9)
    assert len(peer.attempts) == 1
    peer.passes(0.1)
    assert len(peer.attempts) == 2


def test_a_response_without_a_proof_breaks_the_silence_and_proves_nothing() -> None:
    peer = polled()
    peer.move(12)
    peer.respond(204)
    peer.move(2)
    delayed = {"type": "delayed", "since": peer.at}
    peer.respond(200, {"frames": [delayed], "position": "1-a", "at": peer.at})
    assert peer.events[-1] == delayed
    peer.passes(12)
    assert peer.connection.state == "open"


@pytest.mark.parametrize("body", [{}, [], {"frames": 7}, {"frames": [{}], "position": "1-a", "at": None}])
def test_a_poll_with_a_malformed_response_fails(body: Any) -> None:
    peer = polled()
    peer.respond(200, body)
    assert (peer.connection.state, peer.connection.faults) == ("waiting", 1)


def test_a_poll_with_a_malformed_frame_keeps_what_came_before_it() -> None:
    peer = polled()
    frames = [filed("2-b", dispatch("a")), {"type": "kill"}, filed("3-c", dispatch("b"))]
    peer.respond(200, {"frames": frames, "position": "3-c", "at": peer.at})
    assert (peer.connection.after, peer.connection.state) == ("2-b", "waiting")


def test_a_poll_with_the_last_snapshot_of_a_closed_feed_is_the_last_one() -> None:
    peer = polled()
    peer.respond(200, {"frames": [CLOSED], "position": "9-z", "at": peer.at})
    assert (peer.connection.state, peer.connection.wanted) == ("closed", None)


def test_a_poll_that_is_not_answered_is_given_up() -> None:
    peer = polled()
    peer.passes(13.1)
    assert peer.connection.state == "waiting"
