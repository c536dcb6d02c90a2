"""What the load counts: lines lost, doubled and out of order, and their times."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ticker.load.frames import Beat, Line, Snapshot
from ticker.load.hearing import Count, Listener


def heard(*numbers: int, who: Listener | None = None) -> tuple[Count, Listener]:
    count, who = Count(), who or Listener()
    count.hear(who, [Line(0, number) for number in numbers], 100)
    return count, who


def test_lines_once_and_in_order_are_just_counted() -> None:
    count, who = heard(1, 2, 3)
    assert (count.marks, count.doubled, count.disordered, who.missing(3)) == (3, 0, 0, 0)


def test_a_line_that_is_passed_over_is_missing() -> None:
    _, who = heard(1, 4)
    assert who.missing(4) == 2
    assert who.missing(6) == 4


def test_a_line_that_comes_late_is_out_of_order() -> None:
    count, who = heard(1, 3, 2)
    assert (count.marks, count.disordered, count.doubled, who.missing(3)) == (3, 1, 0, 0)


def test_a_line_that_comes_again_is_doubled() -> None:
    count, who = heard(1, 2, 2, 1)
    assert (count.marks, count.doubled, who.missing(2)) == (2, 2, 0)


@given(st.lists(st.integers(1, 12), max_size=30))
def test_whatever_comes_each_line_is_counted_once(numbers: list[int]) -> None:
    count, who = heard(*numbers)
    assert count.marks == len(set(numbers))
    assert count.doubled == len(numbers) - len(set(numbers))
    assert who.missing(12) == 12 - len(set(numbers))


def test_times_are_kept_to_one_per_cent() -> None:
    count, who = Count(), Listener()
    count.hear(who, [Line(1_000, 1), Line(2_000_000, 2)], 4_000_100)
    assert count.last_at == 4_000_100
    for kept, true in zip(sorted(count.delays), (2_000_100, 3_999_100), strict=True):
        assert true * 0.99 < kept <= true


def test_a_snapshot_is_a_fresh_start() -> None:
    count, who = heard(1, 3)
    count.hear(who, [Snapshot(frozenset({2, 5, 6}), reset=True)], 100)
    # It had 1 and 3; 2, 5 and 6 stand in it; 4 fell out before, which was announced.
    assert (count.marks, count.skipped, count.resets, who.missing(6)) == (5, 1, 1, 0)


def test_a_snapshot_without_lines_of_the_run_changes_nothing() -> None:
    count, who = heard(1, 2)
    count.hear(who, [Snapshot(frozenset(), reset=False)], 100)
    assert (count.marks, count.skipped, count.resets, who.missing(2)) == (2, 0, 0, 0)


def test_a_reader_is_level_with_the_first_beat_or_snapshot_after_it_could_come_back() -> None:
    count = Count()
    for news in (Beat(), Snapshot(frozenset(), reset=False)):
        who = Listener()
        count.hear(who, [news], 50)
        who.back = 40
        count.hear(who, [Line(0, 1)], 60)
        count.hear(who, [news], 100)
        count.hear(who, [news], 200)
    assert count.levels == [60, 60]
