"""The law of delivery reports notices each way in which one can be untrue, and excuses what nobody can know."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.checker import check
from tests.faults.history import Fault, History
from tests.faults.honest import BEGAN, at, change, honest


def laws(history: History) -> list[str]:
    return [violation.law for violation in check(history)]


@pytest.mark.parametrize(
    "untrue",
    [
        {"kept": None},
        {"kept": at(0.5)},  # before it was filed
        {"nodes": 0},
        {"unreported": None},
        {"unreported": 1},
        {"kept_exact": False},
    ],
    ids=str,
)
def test_nothing_had_happened(untrue: dict[str, Any]) -> None:
    history = honest()
    history.reports["a"] |= untrue
    assert laws(history) == ["report"]


def test_a_report_is_not_there() -> None:
    history = honest()
    history.reports["a"] = {"status": 404}
    assert laws(history) == ["report"]


def test_a_fault_does_not_excuse_that_nobody_knows_whether_it_is_kept() -> None:
    history = honest()
    history.reports["b"] |= {"kept": None}
    history.faults.append(Fault("worker_killed", "", BEGAN + 2.1, BEGAN + 2.4))
    assert laws(history) == ["report"]


@pytest.mark.parametrize(
    "known",
    [
        {"nodes": 0, "unreported": 2},
        {"nodes": 1, "unreported": 1},
        {"nodes": 0, "unreported": None},
        {"nodes": 0, "unreported": 0},
        {"kept_exact": False},
    ],
    ids=str,
)
def test_a_report_may_say_that_something_is_not_known_after_a_fault(known: dict[str, Any]) -> None:
    history = honest()
    history.reports["b"] |= known
    history.faults.append(Fault("worker_killed", "", BEGAN + 2.1, BEGAN + 2.4))
    assert check(history) == []


def test_times_of_a_log_whose_clock_was_set_are_not_compared_with_ours() -> None:
    history = honest()
    history.reports["a"] |= {"kept": None, "kept_exact": False}
    assert laws(history) == ["report", "report"]
    history.faults.append(Fault("redis_clock_stepped", "", BEGAN + 8, BEGAN + 9))
    assert check(history) == []


@pytest.mark.parametrize(("revoked", "broken"), [(5.5, ["held"]), (None, []), (6.5, [])])
def test_what_a_revoked_key_held_stays_held(revoked: float | None, broken: list[str]) -> None:
    history = honest()
    history.changes[4] = change(4, "hold_revoked", None, 5, due=6)
    history.changes[4].revoked = None if revoked is None else BEGAN + revoked
    assert laws(history) == broken
    assert all(violation.situation == "revoked" for violation in check(history))
