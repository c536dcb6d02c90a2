"""Long-poll: from response to response."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client.frames import dispatch, filed, snapshot
from tests.client.world import CLOSED, Line
from ticker.client.dial import Transport

WEBSOCKET, EVENTS, POLL = Transport


def changes(after: str) -> str:
    return f"/v1/feeds/f/changes?after={after}&wait=10"


def polled() -> Line:
    """A connection whose first poll brought a snapshot and a proof."""
    line = Line((POLL,))
    line.respond(200, {"frames": [snapshot("1-a")], "position": "1-a", "at": line.at})
    return line


def test_polls_begin_with_a_snapshot_and_go_on_from_position_to_position() -> None:
    line = polled()
    assert line.events == ["polling", snapshot("1-a"), {"type": "beat", "position": "1-a", "at": line.at}]
    line.move(3)
    line.respond(200, {"frames": [filed("2-b", dispatch("a"))], "position": "2-b", "at": line.at})
    assert line.paths == ["/v1/feeds/f/changes", changes("1-a"), changes("2-b")]
    assert line.events[-1] == {"type": "beat", "position": "2-b", "at": line.at}


def test_without_a_proof_a_snapshot_is_asked_for_though_the_position_is_known() -> None:
    assert Line((POLL,), after="1-a").last.path == "/v1/feeds/f/changes"
    line = polled()
    line.drop()
    line.passes(1)
    assert line.last.path == changes("1-a"), "a proof is there: the estimate of the clocks continues"


def test_nothing_new_is_a_beat_too() -> None:
    line = polled()
    line.passes(10)
    line.respond(204, ticker_at=line.at)
    assert line.events[-1] == {"type": "beat", "position": "1-a", "at": line.at}


def test_the_same_url_is_not_asked_for_twice_within_a_second() -> None:
    line = polled()
    line.passes(0.4)
    line.respond(204, ticker_at=line.at)
    assert line.connection.wanted is None
    assert line.wait() == pytest.approx(0.6)
    line.passes(0.6)
    assert line.paths[1:] == [changes("1-a")] * 2


def test_the_pace_is_kept_from_connection_to_connection() -> None:
    line = Line((POLL,))
    line.dice = 0
    line.drop()
    line.passes(0.9)
    assert len(line.dialled) == 1
    line.passes(0.1)
    assert len(line.dialled) == 2


def test_a_response_without_a_proof_breaks_the_silence_and_proves_nothing() -> None:
    line = polled()
    line.move(12)
    line.respond(204)
    line.move(2)
    delayed = {"type": "delayed", "since": line.at}
    line.respond(200, {"frames": [delayed], "position": "1-a", "at": line.at})
    assert line.events[-1] == delayed
    line.passes(12)
    assert line.connection.state == "open"


@pytest.mark.parametrize("body", [{}, [], {"frames": 7}, {"frames": [{}], "position": "1-a", "at": None}])
def test_a_poll_with_a_malformed_response_fails(body: Any) -> None:
    line = polled()
    line.respond(200, body)
    assert (line.connection.state, line.connection.faults) == ("waiting", 1)


def test_a_poll_with_a_malformed_frame_keeps_what_came_before_it() -> None:
    line = polled()
    frames = [filed("2-b", dispatch("a")), {"type": "kill"}, filed("3-c", dispatch("b"))]
    line.respond(200, {"frames": frames, "position": "3-c", "at": line.at})
    assert (line.connection.after, line.connection.state) == ("2-b", "waiting")


def test_a_poll_with_the_last_snapshot_of_a_closed_feed_is_the_last_one() -> None:
    line = polled()
    line.respond(200, {"frames": [CLOSED], "position": "9-z", "at": line.at})
    assert (line.connection.state, line.connection.wanted) == ("closed", None)


def test_a_poll_that_is_not_answered_is_given_up() -> None:
    line = polled()
    line.passes(13.1)
    assert line.connection.state == "waiting"
