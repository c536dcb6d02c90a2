"""Elapsed time by two clocks."""

from __future__ import annotations

import pytest

from ticker.client.clock import TOLERANCE, Instant, elapsed, slept, system_clock, unix_time


def test_elapsed_is_by_the_clock_that_says_more_and_never_negative() -> None:
    then = Instant(1_000, 1_000)
    assert elapsed(then, Instant(3_000, 2_000)) == 2_000
    assert elapsed(then, Instant(0, 2_000)) == 1_000
    assert elapsed(then, Instant(0, 0)) == 0


def test_a_wall_clock_that_outran_the_other_means_a_sleep() -> None:
    then = Instant(0, 0)
    assert not slept(then, Instant(10_000 + TOLERANCE, 10_000))
    assert slept(then, Instant(10_001 + TOLERANCE, 10_000))
    assert not slept(then, Instant(0, 10_000))


def test_the_clocks_of_this_machine_run() -> None:
    before = system_clock()
    assert elapsed(before, system_clock()) >= 0
    assert before.wall > unix_time("2026-01-01T00:00:00Z")


@pytest.mark.parametrize("moment", ["1970-01-01T00:00:01.250Z", "1970-01-01T03:00:01.250+03:00"])
def test_times_are_read_as_milliseconds(moment: str) -> None:
    assert unix_time(moment) == 1_250


@pytest.mark.parametrize("moment", ["", "soon", "1970-01-01T00:00:00"])
def test_what_is_no_time_with_an_offset_is_refused(moment: str) -> None:
    with pytest.raises(ValueError):
        unix_time(moment)
