"""Durations, counted by how long they were."""

from __future__ import annotations

from ticker.durations import BOUNDS, Durations


def test_durations_are_counted_by_bound_and_forgotten_once_taken() -> None:
    durations = Durations()
    for seconds in (0.0, BOUNDS[0], BOUNDS[0] + 1e-6, BOUNDS[-1], BOUNDS[-1] + 1):
        durations.add(seconds)
    counts, total = durations.take()
    assert counts == [2, 1, *[0] * (len(BOUNDS) - 3), 1, 1]
    assert total == sum((0.0, BOUNDS[0], BOUNDS[0] + 1e-6, BOUNDS[-1], BOUNDS[-1] + 1))
    assert durations.take() == ([0] * (len(BOUNDS) + 1), 0.0)
