"""How many readers all nodes have together."""

from __future__ import annotations

from ticker.node_counts import NODE_TIMEOUT, RELAY_TIMEOUT, NodeCounts


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


def test_relays_report_less_often_and_are_forgotten_later() -> None:
    relays = NodeCounts(RELAY_TIMEOUT)
    assert not relays
    relays.report("one", {"breaking": 1}, 0.0)
    assert (len(relays), "one" in relays, "two" in relays) == (1, True, False)
    relays.forget_silent(RELAY_TIMEOUT - 0.1)
    assert relays.watching("breaking") == 1
    relays.forget_silent(RELAY_TIMEOUT)
    assert len(relays) == 0


def test_the_feeds_of_which_some_node_has_readers() -> None:
    counts = NodeCounts()
    assert counts.feeds() == set()
    counts.report("one", {"breaking": 1, "sport": 2}, 0.0)
    counts.report("two", {"sport": 2, "weather": 1}, 0.0)
    assert counts.feeds() == {"breaking", "sport", "weather"}
