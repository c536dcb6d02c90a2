"""What arrived together: one event for each run of entries that chain, whatever came between."""

from __future__ import annotations

from tests.hub.world import Log
from ticker.arrivals import Arrivals
from ticker.entry import Entry
from ticker.follow import Arrived


def gathered(*arrived: tuple[str, Entry]) -> list[Arrived]:
    arrivals = Arrivals()
    for feed, entry in arrived:
        arrivals.add(feed, entry)
    return list(arrivals)


def test_nothing_arrived() -> None:
    assert gathered() == []


def test_entries_that_chain_are_one_event_for_each_feed() -> None:
    log, other = Log(), Log("1" * 40)
    mine, theirs = [log.file() for _ in range(3)], [other.file() for _ in range(2)]
    arrived = [("a", mine[0]), ("b", theirs[0]), ("a", mine[1]), ("b", theirs[1]), ("a", mine[2])]
    assert gathered(*arrived) == [Arrived("a", mine), Arrived("b", theirs)]


def test_an_entry_that_does_not_chain_begins_another_event() -> None:
    log = Log()
    first, _, third, fourth = (log.file() for _ in range(4))
    arrived = [("a", first), ("a", third), ("a", fourth), ("a", third)]
    assert gathered(*arrived) == [Arrived("a", [first]), Arrived("a", [third, fourth]), Arrived("a", [third])]
