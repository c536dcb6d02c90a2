"""What is counted: dispatches lost, doubled and out of order, and their times."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ticker.load.counting import Count, Listener
from ticker.load.frames import Beat, Dispatch, Snapshot


def received(*numbers: int) -> tuple[Count, Listener]:
    count, reader = Count(), Listener()
    count.record(reader, [Dispatch(0, number) for number in numbers], 100)
    return count, reader


def test_dispatches_once_and_in_order_are_just_counted() -> None:
    count, reader = received(1, 2, 3)
    assert (count.marks, count.doubled, count.disordered, reader.missing(3)) == (3, 0, 0, 0)


def test_a_dispatch_that_is_skipped_is_missing() -> None:
    _, reader = received(1, 4)
    assert reader.missing(4) == 2
    assert reader.missing(6) == 4


def test_a_dispatch_that_comes_late_is_out_of_order() -> None:
    count, reader = received(1, 3, 2)
    assert (count.marks, count.disordered, count.doubled, reader.missing(3)) == (3, 1, 0, 0)


def test_a_dispatch_that_comes_again_is_doubled() -> None:
    count, reader = received(1, 2, 2, 1)
    assert (count.marks, count.doubled, reader.missing(2)) == (2, 2, 0)


@given(st.lists(st.integers(1, 12), max_size=30))
def test_each_dispatch_is_counted_once_in_any_order(numbers: list[int]) -> None:
    count, reader = received(*numbers)
    assert count.marks == len(set(numbers))
    assert count.doubled == len(numbers) - len(set(numbers))
    assert reader.missing(12) == 12 - len(set(numbers))


def test_times_are_kept_to_one_per_cent() -> None:
    count, reader = Count(), Listener()
    count.record(reader, [Dispatch(1_000, 1), Dispatch(2_000_000, 2)], 4_000_100)
    assert count.last_at == 4_000_100
    for kept, true in zip(sorted(count.delays), (2_000_100, 3_999_100), strict=True):
        assert true * 0.99 < kept <= true


def test_a_snapshot_is_a_fresh_start() -> None:
    count, reader = received(1, 3)
    count.record(reader, [Snapshot(frozenset({2, 5, 6}), reset=True)], 100)
    # It had 1 and 3; 2, 5 and 6 are in the snapshot; 4 left it before, which was announced.
    assert (count.marks, count.skipped, count.resets, reader.missing(6)) == (5, 1, 1, 0)


def test_a_snapshot_without_dispatches_of_the_run_changes_nothing() -> None:
    count, reader = received(1, 2)
    count.record(reader, [Snapshot(frozenset(), reset=False)], 100)
    assert (count.marks, count.skipped, count.resets, reader.missing(2)) == (2, 0, 0, 0)


def test_a_reader_has_caught_up_with_the_first_beat_or_snapshot_after_it_could_reconnect() -> None:
    count = Count()
    for event in (Beat(), Snapshot(frozenset(), reset=False)):
        reader = Listener()
        count.record(reader, [event], 50)
        reader.back = 40
        count.record(reader, [Dispatch(0, 1)], 60)
        count.record(reader, [event], 100)
        count.record(reader, [event], 200)
    assert count.catch_up_times == [60, 60]
