"""The clock of Redis, as a node knows it."""

from __future__ import annotations

from ticker.redis_clock import RedisClock

AT = "2026-03-11T14:00:00.000Z"
AT_SECONDS = 1_773_237_600.0


def test_a_clock_that_was_never_measured_is_the_nodes_own() -> None:
    assert RedisClock(lambda: AT_SECONDS).now() == AT


def test_the_offset_is_measured_from_the_middle_of_the_round_trip() -> None:
    now = AT_SECONDS + 60.0
    clock = RedisClock(lambda: now)
    asked, now = now, now + 0.5  # it took half a second, so Redis looked at its clock a quarter after it was asked
    clock.measure(asked, AT)
    assert clock.redis_clock_offset == 60.25
    assert clock.time() == AT_SECONDS + 0.25
    assert clock.now() == "2026-03-11T14:00:00.250Z"
    now += 10
    assert clock.now() == "2026-03-11T14:00:10.250Z"
