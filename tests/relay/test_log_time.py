"""When a proof was made, whatever the clocks say and however long it was on its way."""

from __future__ import annotations

import pytest

from ticker.relay.log_time import LogTime, seconds


def at(second: float) -> str:
    return f"2026-03-11T14:30:{second:06.3f}Z"


def test_seconds_are_those_of_unix_time() -> None:
    assert seconds("1970-01-01T00:00:01.250Z") == 1.25
    with pytest.raises(ValueError, match="Invalid"):
        seconds("yesterday")


def test_without_a_measurement_nothing_is_known() -> None:
    assert LogTime().made(at(0), 100.0) == float("-inf")


def test_a_proof_is_as_old_as_it_says_where_the_path_is_short() -> None:
    time = LogTime()
    time.measure(at(0), 0.5, 100.0)
    assert time.made(at(0), 100.0) == pytest.approx(99.5)


def test_the_fastest_proof_tells_the_difference_of_the_clocks() -> None:
    time = LogTime()
    time.measure(at(0), 0.0, 105.0)
    time.measure(at(10), 0.0, 110.0)
    assert time.made(at(20), 125.0) == pytest.approx(120.0)


def test_no_proof_was_made_later_than_now() -> None:
    time = LogTime()
    time.measure(at(0), 0.0, 100.0)
    assert time.made(at(50), 110.0) == 110.0
