"""The connection: what it opens, when it gives up, when it comes back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client.frames import beat, dispatch, filed, snapshot
from tests.client.world import Line
from ticker.client.connection import MAX_FAILURES
from ticker.client.dial import Transport
from ticker.client.problems import Forbidden, NotFound, Unauthorized

WEBSOCKET, EVENTS, POLL = Transport
LIVE = "/v1/feeds/f/live"


def problem(slug: str) -> dict[str, str]:
    return {"type": f"urn:ticker:problem:{slug}", "title": "T", "detail": "D"}


# Beginning and resuming


def test_it_begins_with_a_websocket_and_a_snapshot() -> None:
    line = Line()
    assert (line.last.transport, line.last.path, line.connection.state) == (WEBSOCKET, LIVE, "connecting")
    line.open()
    assert line.connection.state == "open"
    assert line.events == ["connecting", snapshot("1-a"), beat("1-a", line.at)]


def test_it_begins_after_a_position_that_is_known() -> None:
    assert Line(after="1-a b").last.path == LIVE + "?after=1-a+b"


def test_after_a_loss_it_waits_a_random_time_and_resumes() -> None:
    line = Line()
    line.open()
    line.send(filed("2-b", dispatch("a")))
    line.drop()
    assert (line.connection.wanted, line.connection.state, line.events[-1]) == (None, "waiting", "lost")
    line.passes(0.249)
    assert len(line.dialled) == 1
    line.passes(0.001)
    assert line.last.path == LIVE + "?after=2-b"


def test_the_waits_grow_with_failures_and_a_beat_resets_them() -> None:
    line = Line((WEBSOCKET,))
    for wait in (0.25, 0.5, 1, 2, 4, 8, 15, 15):
        line.drop()
        line.passes(wait - 0.001)
        assert line.connection.wanted is None
        line.passes(0.001)
        assert line.connection.wanted is not None
    line.open()
    line.drop()
    line.passes(0.25)
    assert line.connection.wanted is not None


def test_a_503_is_left_alone_as_long_as_it_asks() -> None:
    line = Line()
    line.respond(503, problem("unavailable"), retry_after="5")
    line.passes(5.2)
    assert line.connection.wanted is None
    line.passes(0.05)
    assert line.connection.wanted is not None


# Transports


def test_a_transport_that_failed_twice_and_never_worked_gives_way_to_the_next() -> None:
    line = Line()
    line.dice = 0
    for _ in range(6):
        line.drop()
        line.passes(1)
    assert [dial.transport for dial in line.dialled] == [WEBSOCKET] * 2 + [EVENTS] * 2 + [POLL] * 2 + [WEBSOCKET]


def test_a_transport_that_worked_once_is_kept() -> None:
    line = Line()
    line.open()
    for _ in range(5):
        line.drop()
        line.passes(30)
    assert {dial.transport for dial in line.dialled} == {WEBSOCKET}


def test_a_stream_that_gets_a_response_without_a_stream_has_failed() -> None:
    line = Line((EVENTS,))
    line.respond(204)
    assert line.connection.state == "waiting"


# Silence


def test_thirteen_seconds_of_silence_are_a_dead_connection() -> None:
    line = Line()
    line.open()
    line.passes(12.9)
    assert line.connection.state == "open"
    line.passes(0.3)
    assert (line.connection.state, line.connection.wanted) == ("waiting", None)
    line.passes(0.25)
    assert line.last.path == LIVE + "?after=1-a"


def test_a_connection_that_never_opens_is_dead_after_the_same_time() -> None:
    line = Line()
    line.passes(13.1)
    assert line.connection.state == "waiting"


def test_any_frame_breaks_the_silence() -> None:
    line = Line()
    line.open()
    for _ in range(4):
        line.passes(12)
        line.raw('{"type": "weather"}')
    assert line.connection.state == "open"
    assert len(line.dialled) == 1


def test_a_frame_on_its_way_to_us_when_the_silence_ends_counts() -> None:
    line = Line()
    line.open()
    line.passes(13)
    line.beat()
    line.passes(1)
    assert line.connection.state == "open"


def test_a_program_that_was_away_reads_what_came_before_it_judges() -> None:
    line = Line()
    line.open()
    line.hangs(60)
    line.passes(0.9)
    assert line.connection.state == "open"
    line.beat()
    line.passes(5)
    assert len(line.dialled) == 1


def test_a_program_that_was_away_and_finds_nothing_reconnects_at_once() -> None:
    line = Line()
    line.open()
    line.hangs(60)
    line.passes(1)
    assert (line.connection.state, len(line.dialled)) == ("connecting", 2)


# Sleep


def test_a_machine_that_slept_says_so_and_a_waiting_connection_is_dialled_at_once() -> None:
    line = Line((WEBSOCKET,))
    for _ in range(7):
        line.drop()
        line.passes(15)
    line.drop()
    line.passes(1)
    dialled = len(line.dialled)
    line.move(3600, asleep=True)
    line.passes(1)
    assert line.events[-2:] == ["slept", "connecting"]
    assert len(line.dialled) == dialled + 1


def test_a_sleep_is_noticed_with_the_next_frame_before_the_frame() -> None:
    line = Line()
    line.open()
    line.move(3600, asleep=True)
    line.beat()
    assert line.events[-2:] == ["slept", beat("1-a", line.at)]


# Malformed frames


@pytest.mark.parametrize("message", ["<html>", '{"type": "kill", "position": "2-b"}', '{"type": 7}'])
def test_a_malformed_frame_costs_the_connection_and_not_the_position(message: str) -> None:
    line = Line()
    line.open()
    line.raw(message)
    assert (line.connection.state, line.connection.faults) == ("waiting", 1)
    line.passes(1)
    assert line.last.path == LIVE + "?after=1-a"


def test_a_beat_at_another_position_proves_that_a_frame_was_lost() -> None:
    line = Line()
    line.open()
    line.send(beat("2-b", line.at))
    assert line.connection.state == "waiting"


@pytest.mark.parametrize("transport", Transport)
def test_after_two_malformed_frames_in_a_row_it_begins_from_a_snapshot(transport: Transport) -> None:
    line = Line((transport,), after="1-a")
    for _ in range(MAX_FAILURES):
        line.raw("<html>")
        line.passes(30)
    assert "after" not in line.last.path


def test_a_beat_ends_the_row_of_malformed_frames() -> None:
    line = Line()
    line.open()
    line.raw("<html>")
    line.passes(1)
    line.beat()
    assert line.connection.faults == 0


# Moving


def test_a_node_that_stops_is_left_at_a_random_time() -> None:
    line = Line()
    line.open()
    line.send({"type": "move", "within": 8_000})
    line.passes(3.9)
    assert (line.connection.state, len(line.dialled)) == ("open", 1)
    line.send(filed("2-b", dispatch("a")))
    line.passes(0.1)
    assert line.last.path == LIVE + "?after=2-b"
    assert len(line.dialled) == 2


def test_a_node_that_stops_before_the_time_came_is_replaced_as_ever() -> None:
    line = Line()
    line.open()
    line.send({"type": "move", "within": 30_000})
    line.drop()
    line.passes(0.25)
    assert len(line.dialled) == 2
    line.passes(12)
    assert len(line.dialled) == 2, "the time of the move does not count any more"


# Refusals


@pytest.mark.parametrize(
    ("status", "slug", "kind"),
    [(401, "unauthorized", Unauthorized), (403, "forbidden", Forbidden), (404, "not-found", NotFound)],
)
@pytest.mark.parametrize("transport", Transport)
def test_what_no_waiting_mends_is_raised(transport: Transport, status: int, slug: str, kind: Any) -> None:
    line = Line((transport,))
    with pytest.raises(kind):
        line.respond(status, problem(slug))


@pytest.mark.parametrize("status", [301, 403, 404, 426, 500, 502])
def test_what_something_between_says_is_waited_out(status: int) -> None:
    line = Line()
    line.respond(status, "<html>")
    assert line.connection.state == "waiting"
