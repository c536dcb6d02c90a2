"""A feed, followed: what a consumer gets, and what it is told about it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client.frames import dispatch, filed, kill, pin, snapshot, tombstone
from tests.client.world import Desk
from ticker.client.following import Following, Status
from ticker.client.outage import Outage

AIR_OFF: Any = {"type": "air", "position": "2-b", "air": {"on": False, "label": None, "url": None}}


def test_from_connecting_to_live() -> None:
    desk = Desk()
    assert (desk.status, desk.changes) == ("connecting", [])
    (first,) = desk.send(snapshot("1-a", dispatch("a")))
    assert (first.status.name, first.previous.position, first.state.position) == ("catching-up", None, "1-a")
    (second,) = desk.beat()
    assert (second.status, second.watching) == (Status("live", 0), 7)


def test_without_a_proof_it_is_delayed_after_five_seconds() -> None:
    desk = Desk()
    changes = desk.passes(6)
    assert [(change.frame, change.status.name) for change in changes] == [(None, "delayed")]


def test_a_silent_connection_is_delayed_and_the_consumer_is_told_without_a_frame() -> None:
    desk = Desk()
    desk.send(snapshot("1-a"))
    desk.beat()
    first, second = desk.passes(30)
    assert [(change.frame, change.status.name) for change in (first, second)] == [(None, "delayed")] * 2
    assert first.status.outage == Outage("Nothing came for 13 seconds", attempts=1, retry_in=0.25)
    assert second.status.outage == Outage("Nothing came for 13 seconds", attempts=2, retry_in=0.5)
    assert desk.following.status(desk.now).age == 30


def test_a_node_that_lost_the_log_is_delayed_at_once_and_a_beat_ends_it() -> None:
    desk = Desk()
    desk.send(snapshot("1-a"))
    desk.beat()
    (change,) = desk.send({"type": "delayed", "since": desk.at})
    assert (change.status.name, change.watching) == ("delayed", None)
    (change,) = desk.beat()
    assert change.status.name == "live"


def test_a_feed_off_the_air_is_not_live() -> None:
    desk = Desk()
    desk.send(snapshot("1-a"))
    desk.beat()
    assert [change.status.name for change in desk.send(AIR_OFF)] == ["off-air"]
    assert desk.following.state.air["on"] is False


def test_a_lost_connection_is_catching_up_until_it_is_proven_again() -> None:
    desk = Desk()
    desk.send(snapshot("1-a"))
    desk.beat()
    assert [change.status.name for change in desk.drop()] == ["catching-up"]
    desk.passes(1)
    assert desk.following.wanted is not None
    assert "after=1-a" in desk.following.wanted.path
    assert [change.status.name for change in desk.beat()] == ["live"]


def test_a_closed_feed_is_closed_until_it_is_reopened() -> None:
    desk = Desk()
    (last,) = desk.send(snapshot("1-a", closed="T"))
    assert (last.status.name, last.state.closed) == ("closed", "T")
    desk.passes(91)
    first, *_ = desk.respond(200, snapshot("1-a"))
    assert (first.status.name, first.state.closed) == ("delayed", None), "of this feed there never was a proof"


def test_a_feed_that_refuses_because_it_is_closed_is_closed_before_its_snapshot_comes() -> None:
    desk = Desk()
    (change,) = desk.respond(410, {"type": "urn:ticker:problem:closed", "closed": "T"})
    assert (change.frame, change.status.name) == (None, "closed")


def test_three_malformed_frames_in_a_row_are_reported() -> None:
    desk = Desk()
    desk.send(snapshot("1-a"))
    reported = []
    for _ in range(3):
        broken: Any = {"type": "kill"}
        desk.send(broken)
        reported.append(desk.following.status(desk.now).malformed)
        desk.passes(30)
    assert reported == [False, False, True]
    assert any(change.frame is None and change.status.malformed for change in desk.changes)


# What is news


def news(desk: Desk, *frames: Any) -> list[Any]:
    return [dispatch for change in desk.send(*frames) for dispatch in change.dispatches]


def test_each_revision_is_news_once_in_the_order_of_filing() -> None:
    desk = Desk()
    assert news(desk, snapshot("1-a", dispatch("b"), dispatch("a"))) == [dispatch("a"), dispatch("b")]
    assert news(desk, filed("2-b", dispatch("c"))) == [dispatch("c")]
    assert news(desk, filed("3-c", dispatch("c"))) == []
    assert news(desk, filed("4-d", dispatch("c", 2))) == [dispatch("c", 2)]
    assert news(desk, kill("5-e", "a")) == [tombstone("a")]
    assert news(desk, kill("6-f", "a"), filed("7-g", dispatch("a", 9))) == []
    assert news(desk, pin("8-h", "b"), AIR_OFF) == []
    assert desk.beat()[0].dispatches == ()


def test_a_fresh_snapshot_brings_only_what_was_missed() -> None:
    desk = Desk()
    desk.send(snapshot("1-a", dispatch("b"), dispatch("a")))
    fresh = snapshot("9-z", dispatch("d"), dispatch("b", 2), tombstone("a"), reset=True)
    assert news(desk, fresh) == [tombstone("a"), dispatch("b", 2), dispatch("d")]


def test_a_kill_of_a_dispatch_that_was_never_shown_is_news_too() -> None:
    desk = Desk()
    desk.send(snapshot("1-a", dispatch("b")))
    assert news(desk, kill("2-b", "a")) == [tombstone("a")]


def test_a_status_alone_has_no_news() -> None:
    desk = Desk()
    (change,) = desk.passes(6)
    assert change.dispatches == ()


# Beginning with what is known


def test_it_goes_on_from_a_state_that_was_stored() -> None:
    desk = Desk()
    desk.send(snapshot("1-a", dispatch("b"), dispatch("a")))
    later = Desk(start=desk.following.state.as_snapshot())
    assert later.status == "catching-up"
    assert later.following.wanted is not None
    assert later.following.wanted.path.endswith("?after=1-a")
    assert news(later, filed("2-b", dispatch("c"))) == [dispatch("c")]


def test_it_begins_closed_with_the_state_of_a_closed_feed() -> None:
    desk = Desk(start=snapshot("1-a", closed="T"))
    assert (desk.status, desk.following.wanted) == ("closed", None)


def test_the_pinned_dispatch_is_learned() -> None:
    desk = Desk()
    desk.send(snapshot("1-a", dispatch("b"), pinned="a"))
    desk.following.learn(dispatch("a"))
    assert desk.following.state.pinned_dispatch == dispatch("a")


@pytest.mark.parametrize(
    "options",
    [
        {"limit": 0},
        {"transports": ()},
        {"start": snapshot("1-a", feed="sport")},
        {"start": {"type": "snapshot", "feed": "breaking"}},
        {"start": kill("1-a", "a")},
        {"start": {"type": "weather"}},
    ],
)
def test_what_cannot_be_followed_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Desk(**options)


def test_a_closed_feed_known_from_the_start_asks_once_a_minute_or_two() -> None:
    desk = Desk(start=snapshot("1-a", closed="T"))
    assert isinstance(desk.following, Following)
    assert desk.following.wait(desk.now) == 90


@pytest.mark.parametrize("dice", [0.0, 0.5, 0.999])
def test_a_log_whose_clock_is_set_back_has_the_connection_made_again_once_at_a_random_moment(dice: float) -> None:
    desk = Desk()
    desk.dice = dice
    desk.send(snapshot("1-a"))
    desk.beat()
    first = desk.following.wanted
    desk.set_back = 15
    for _ in range(2):
        desk.passes(10)
        assert desk.following.wanted is first
        desk.beat()
        assert desk.status == "delayed"
    until = 30 * dice
    while until > 10:  # beats go on, and do not put it off
        desk.passes(10)
        desk.beat()
        until -= 10
    desk.passes(until - 0.01)
    assert desk.following.wanted is first
    desk.passes(0.02)
    second = desk.following.wanted
    assert second is not first
    desk.beat()
    for _ in range(10):
        assert desk.status == "live"
        desk.passes(9.9)
        assert desk.status == "live"
        desk.passes(0.1)
        desk.beat()
    assert desk.following.wanted is second
