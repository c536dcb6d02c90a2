"""A closed feed: it is left, and asked for once in a while."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client.frames import snapshot
from tests.client.test_connection import LIVE, problem
from tests.client.world import CLOSED, Line
from ticker.client.connection import SILENCE
from ticker.client.dial import Transport
from ticker.client.problems import NotFound

WEBSOCKET, EVENTS, POLL = Transport


def test_a_closed_feed_is_left_and_asked_for_once_in_a_while() -> None:
    line = Line()
    line.open()
    line.send(CLOSED)
    assert (line.connection.state, line.connection.wanted, line.events[-2:]) == ("closed", None, [CLOSED, "closed"])
    line.passes(89)
    assert len(line.dialled) == 1
    line.passes(1)
    assert (line.last.transport, line.last.path) == (POLL, "/v1/feeds/f")
    line.respond(200, CLOSED)
    assert (line.connection.state, line.connection.wanted) == ("closed", None)
    line.passes(90)
    assert len(line.dialled) == 3


def test_after_a_410_the_last_snapshot_is_asked_for_at_once() -> None:
    line = Line()
    line.respond(410, problem("closed"))
    assert line.connection.state == "closed"
    assert line.wait() == 0
    line.passes(0)
    assert line.last.path == "/v1/feeds/f"
    line.respond(200, CLOSED)
    assert line.events == ["connecting", "closed", CLOSED, "closed"]


def test_a_feed_that_is_known_to_be_closed_is_not_dialled() -> None:
    line = Line(closed=True, after="9-z")
    assert (line.dialled, line.events) == ([], ["closed"])


def test_a_feed_that_was_reopened_is_followed_again() -> None:
    line = Line(closed=True, after="9-z")
    line.passes(90)
    line.respond(200, snapshot("9-z"))
    assert line.events == ["closed", snapshot("9-z"), "connecting"]
    assert (line.last.transport, line.last.path) == (WEBSOCKET, LIVE + "?after=9-z")
    line.passes(13.1)
    assert line.connection.state == "waiting", "its silence is watched again"


@pytest.mark.parametrize("body", [{"type": "snapshot"}, [], 7])
def test_a_response_about_a_closed_feed_that_is_none_leaves_it_closed(body: Any) -> None:
    line = Line(closed=True)
    line.passes(90)
    line.respond(200, body)
    assert line.connection.state == "closed"
    line.passes(90)
    assert len(line.dialled) == 2


def test_a_question_about_a_closed_feed_that_fails_is_asked_again_later() -> None:
    line = Line(closed=True)
    line.passes(90)
    line.drop()
    line.passes(90)
    line.respond(503, problem("unavailable"))
    line.passes(90)
    line.respond(410, problem("closed"))
    assert line.connection.wanted is None
    line.passes(90)
    assert len(line.dialled) == 4
    assert line.connection.state == "closed"


def test_a_question_about_a_closed_feed_that_gets_no_response_is_given_up() -> None:
    line = Line(closed=True)
    line.passes(90 + SILENCE / 1000)
    assert line.connection.wanted is None
    line.passes(90)
    assert len(line.dialled) == 2


def test_a_closed_feed_that_is_gone_is_raised() -> None:
    line = Line(closed=True)
    line.passes(90)
    with pytest.raises(NotFound):
        line.respond(404, problem("not-found"))
