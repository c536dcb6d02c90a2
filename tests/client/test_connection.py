"""The connection: what it opens, when it gives up, when it comes back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client.frames import beat, dispatch, filed, snapshot
from tests.client.world import Peer
from ticker.client.attempt import Transport
from ticker.client.connection import MAX_FAILURES
from ticker.client.problems import Forbidden, NotFound, Unauthorized

WEBSOCKET, EVENTS, POLL = Transport
LIVE = "/v1/feeds/f/live"


def problem(slug: str) -> dict[str, str]:
    return {"type": f"urn:ticker:problem:{slug}", "title": "T", "detail": "D"}


# Beginning and resuming


def test_it_begins_with_a_websocket_and_a_snapshot() -> None:
    peer = Peer()
    assert (peer.last.transport, peer.last.path, peer.connection.state) == (WEBSOCKET, LIVE, "connecting")
    peer.open()
    assert peer.connection.state == "open"
    assert peer.events == ["connecting", snapshot("1-a"), beat("1-a", peer.at)]


def test_it_begins_after_a_position_that_is_known() -> None:
    assert Peer(after="1-a b").last.path == LIVE + "?after=1-a+b"


def test_after_a_loss_it_waits_a_random_time_and_resumes() -> None:
    peer = Peer()
    peer.open()
    peer.send(filed("2-b", dispatch("a")))
    peer.drop()
    assert (peer.connection.wanted, peer.connection.state, peer.events[-1]) == (None, "waiting", "lost")
    peer.passes(0.249)
    assert len(peer.attempts) == 1
    peer.passes(0.001)
    assert peer.last.path == LIVE + "?after=2-b"


def test_the_waits_grow_with_failures_and_a_beat_resets_them() -> None:
    peer = Peer((WEBSOCKET,))
    for wait in (0.25, 0.5, 1, 2, 4, 8, 15, 15):
        peer.drop()
        peer.passes(wait - 0.001)
        assert peer.connection.wanted is None
        peer.passes(0.001)
        assert peer.connection.wanted is not None
    peer.open()
    peer.drop()
    peer.passes(0.25)
    assert peer.connection.wanted is not None


def test_a_503_is_left_alone_as_long_as_it_asks() -> None:
    peer = Peer()
    peer.respond(503, problem("unavailable"), retry_after="5")
    peer.passes(5.2)
    assert peer.connection.wanted is None
    peer.passes(0.05)
    assert peer.connection.wanted is not None


# Transports


def test_a_transport_that_failed_twice_and_never_worked_gives_way_to_the_next() -> None:
    peer = Peer()
    peer.dice = 0
    for _ in range(6):
        peer.drop()
        peer.passes(1)
    assert [attempt.transport for attempt in peer.attempts] == [WEBSOCKET] * 2 + [EVENTS] * 2 + [POLL] * 2 + [WEBSOCKET]


def test_a_transport_that_worked_once_is_kept() -> None:
    peer = Peer()
    peer.open()
    for _ in range(5):
        peer.drop()
        peer.passes(30)
    assert {attempt.transport for attempt in peer.attempts} == {WEBSOCKET}


def test_a_stream_that_gets_a_response_without_a_stream_has_failed() -> None:
    peer = Peer((EVENTS,))
    peer.respond(204)
    assert peer.connection.state == "waiting"


# Silence


def test_thirteen_seconds_of_silence_are_a_dead_connection() -> None:
    peer = Peer()
    peer.open()
    peer.passes(12.9)
    assert peer.connection.state == "open"
    peer.passes(0.3)
    assert (peer.connection.state, peer.connection.wanted) == ("waiting", None)
    peer.passes(0.25)
    assert peer.last.path == LIVE + "?after=1-a"


def test_a_connection_that_never_opens_is_dead_after_the_same_time() -> None:
    peer = Peer()
    peer.passes(13.1)
    assert peer.connection.state == "waiting"


def test_any_frame_breaks_the_silence() -> None:
    peer = Peer()
    peer.open()
    for _ in range(4):
        peer.passes(12)
        peer.raw('{"type": "weather"}')
    assert peer.connection.state == "open"
    assert len(peer.attempts) == 1


def test_a_frame_on_its_way_to_us_when_the_silence_ends_counts() -> None:
    peer = Peer()
    peer.open()
    peer.passes(13)
    peer.beat()
    peer.passes(1)
    assert peer.connection.state == "open"


def test_a_program_that_was_away_reads_what_came_before_it_judges() -> None:
    peer = Peer()
    peer.open()
    peer.hangs(60)
    peer.passes(0.9)
    assert peer.connection.state == "open"
    peer.beat()
    peer.passes(5)
    assert len(peer.attempts) == 1


def test_a_program_that_was_away_and_finds_nothing_reconnects_at_once() -> None:
    peer = Peer()
    peer.open()
    peer.hangs(60)
    peer.passes(1)
    assert (peer.connection.state, len(peer.attempts)) == ("connecting", 2)


# Sleep


def test_a_machine_that_slept_says_so_and_a_waiting_connection_is_dialled_at_once() -> None:
    peer = Peer((WEBSOCKET,))
    for _ in range(7):
        peer.drop()
        peer.passes(15)
    peer.drop()
    peer.passes(1)
    attempts = len(peer.attempts)
    peer.move(3600, asleep=True)
    peer.passes(1)
    assert peer.events[-2:] == ["slept", "connecting"]
    assert len(peer.attempts) == attempts + 1
    peer.drop()
    assert peer.wait() == 0.25, "the failures before do not count any more"


def test_a_sleep_is_noticed_with_the_next_frame_before_the_frame() -> None:
    peer = Peer()
    peer.open()
    peer.move(3600, asleep=True)
    peer.beat()
    assert peer.events[-2:] == ["slept", beat("1-a", peer.at)]


# Malformed frames


@pytest.mark.parametrize("message", ["<html>", '{"type": "kill", "position": "2-b"}', '{"type": 7}'])
def test_a_malformed_frame_costs_the_connection_and_not_the_position(message: str) -> None:
    peer = Peer()
    peer.open()
    peer.raw(message)
    assert (peer.connection.state, peer.connection.faults) == ("waiting", 1)
    peer.passes(1)
    assert peer.last.path == LIVE + "?after=1-a"


def test_a_beat_at_another_position_proves_that_a_frame_was_lost() -> None:
    peer = Peer()
    peer.open()
    peer.send(beat("2-b", peer.at))
    assert peer.connection.state == "waiting"


@pytest.mark.parametrize("transport", Transport)
def test_after_two_malformed_frames_in_a_row_it_begins_from_a_snapshot(transport: Transport) -> None:
    peer = Peer((transport,), after="1-a")
    for _ in range(MAX_FAILURES):
        peer.raw("<html>")
        peer.passes(30)
    assert "after" not in peer.last.path


def test_a_beat_ends_the_row_of_malformed_frames() -> None:
    peer = Peer()
    peer.open()
    peer.raw("<html>")
    peer.passes(1)
    peer.beat()
    assert peer.connection.faults == 0


# Moving


def test_a_node_that_stops_is_left_at_a_random_time() -> None:
    peer = Peer()
    peer.open()
    peer.send({"type": "move", "within": 8_000})
    peer.passes(3.9)
    assert (peer.connection.state, len(peer.attempts)) == ("open", 1)
    peer.send(filed("2-b", dispatch("a")))
    peer.passes(0.1)
    assert peer.last.path == LIVE + "?after=2-b"
    assert len(peer.attempts) == 2


def test_a_node_that_stops_before_the_time_came_is_replaced_as_ever() -> None:
    peer = Peer()
    peer.open()
    peer.send({"type": "move", "within": 30_000})
    peer.drop()
    peer.passes(0.25)
    assert len(peer.attempts) == 2
    peer.passes(12)
    assert len(peer.attempts) == 2, "the time of the move does not count any more"


# Refusals


@pytest.mark.parametrize(
    ("status", "slug", "kind"),
    [(401, "unauthorized", Unauthorized), (403, "forbidden", Forbidden), (404, "not-found", NotFound)],
)
@pytest.mark.parametrize("transport", Transport)
def test_what_no_waiting_mends_is_raised(transport: Transport, status: int, slug: str, kind: Any) -> None:
    peer = Peer((transport,))
    with pytest.raises(kind):
        peer.respond(status, problem(slug))


@pytest.mark.parametrize("status", [301, 403, 404, 426, 500, 502])
def test_what_something_between_says_is_waited_out(status: int) -> None:
    peer = Peer()
    peer.respond(status, "<html>")
    assert peer.connection.state == "waiting"
