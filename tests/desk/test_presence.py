"""Who is at the desk: notes of nodes, renewed or not."""

from __future__ import annotations

from ticker.desk.presence import GONE_AFTER, RENEWAL_INTERVAL, Attendant, notes, present

NOW = 1_800_000_000.0
EIGHT, NINE = "2027-01-15T08:00:00.000Z", "2027-01-15T09:00:00.000Z"


def test_a_node_notes_each_person_once_since_their_oldest_stream() -> None:
    streams = [("p1", "Mona", NINE), ("p1", "Mona", EIGHT), ("p2", "Lena", EIGHT), ("p1", "Mona", NINE)]
    assert notes("n1", streams) == {Attendant("n1", "p1", "Mona", EIGHT), Attendant("n1", "p2", "Lena", EIGHT)}
    assert notes("n1", []) == set()


def test_a_person_on_several_nodes_is_there_once_and_who_came_first_is_first() -> None:
    mona, again = Attendant("n1", "p1", "Mona", NINE), Attendant("n2", "p1", "Mona", EIGHT)
    lena, omar = Attendant("n2", "p3", "Lena", NINE), Attendant("n2", "p2", "Omar", NINE)
    found = present([(each.stored, NOW) for each in (mona, lena, omar, again, mona)], NOW)
    assert found == [again, omar, lena]


def test_a_note_that_is_not_renewed_counts_no_more() -> None:
    mona = Attendant("n1", "p1", "Mona", EIGHT)
    assert RENEWAL_INTERVAL * 3 <= GONE_AFTER
    assert present([(mona.stored, NOW - GONE_AFTER + 0.1)], NOW) == [mona]
    assert present([(mona.stored, NOW - GONE_AFTER)], NOW) == []


def test_a_note_of_a_later_version_is_read() -> None:
    assert Attendant.read(b'["n1", "p1", "Mona", "2027-01-15T08:00:00.000Z", "desktop"]').name == "Mona"
