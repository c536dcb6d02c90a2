"""How many readers all nodes have together."""

from __future__ import annotations

from ticker.node_counts import NODE_TIMEOUT, RELAY_TIMEOUT, NodeCounts, RelayCounts


def test_the_last_reports_of_all_nodes_are_added_up() -> None:
    counts = NodeCounts()
    assert counts.watching("breaking") == 0
    counts.report("one", {"breaking": 7, "sport": 1}, 0.0)
    counts.report("two", {"breaking": 4}, 0.0)
    counts.report("one", {"breaking": 3}, 1.0)
    assert (counts.watching("breaking"), counts.watching("sport")) == (7, 0)


def test_a_node_that_is_silent_is_forgotten() -> None:
    counts = NodeCounts()
    counts.report("one", {"breaking": 1}, 0.0)
    counts.report("two", {"breaking": 2}, 1.0)
    counts.forget_silent(NODE_TIMEOUT - 0.1)
    assert counts.watching("breaking") == 3
    counts.forget_silent(NODE_TIMEOUT)
    assert counts.watching("breaking") == 2
    counts.forget_silent(NODE_TIMEOUT + 1.0)
    assert counts.watching("breaking") == 0


def test_what_is_reported_of_no_feed_leaves_nothing_behind() -> None:
    counts = NodeCounts()
    counts.report("one", {"breaking": 2, "sport": -1}, 0.0)
    counts.report("two", {"breaking": -1}, 0.0)
    assert (counts.watching("breaking"), counts.watching("sport")) == (1, -1)
    counts.report("one", {}, 0.0)
    counts.report("two", {"breaking": 5}, 0.0)
    assert (counts.watching("breaking"), counts.watching("sport")) == (5, 0)


def test_relays_report_less_often_and_are_forgotten_later() -> None:
    relays = RelayCounts()
    relays.report("one", {"breaking": 1}, 0.0)
    relays.forget_silent(RELAY_TIMEOUT - 0.1)
    assert relays.watching("breaking") == 1
    relays.forget_silent(RELAY_TIMEOUT)
    assert relays.watching("breaking") == 0


def test_no_more_relays_are_counted_than_there_is_room_for() -> None:
    relays = RelayCounts()
    assert relays.has_room("one", 2)
    relays.report("one", {"breaking": 1}, 0.0)
    relays.came("two", {"breaking": 1})
    assert [relays.has_room(name, 2) for name in ("one", "two", "three")] == [True, True, False]


def test_the_report_of_a_relay_is_published_once_and_counts_as_soon_as_it_is() -> None:
    relays = RelayCounts()
    relays.came("one", {"breaking": 7})
    relays.came("one", {"breaking": 8})
    assert relays.watching("breaking") == 0
    assert relays.take_unpublished() == {"one": {"breaking": 8}}
    assert relays.take_unpublished() == {}
