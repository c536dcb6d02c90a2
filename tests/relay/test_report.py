"""Which reports of a relay's readers are due, and that each stays within what a request may have."""

from __future__ import annotations

import orjson
import pytest

from ticker.dispatch import MAX_BODY
from ticker.relay.report import FEEDS, INTERVAL, Reports, reports


def test_few_feeds_are_one_report() -> None:
    assert list(reports("a1", {"sport": 2, "breaking": 1})) == [
        {"relay": "a1-0", "watching": {"breaking": 1, "sport": 2}}
    ]


def test_many_feeds_are_several_each_of_which_fits() -> None:
    watching = {f"{number:064}": 100_000_000 for number in range(2 * FEEDS + 1)}
    found = list(reports("5f2c9a0b", watching))
    assert [report["relay"] for report in found] == ["5f2c9a0b-0", "5f2c9a0b-1", "5f2c9a0b-2"]
    assert {name for report in found for name in report["watching"]} == watching.keys()
    assert max(len(orjson.dumps(report)) for report in found) < MAX_BODY


def test_everything_is_due_at_first_every_ten_seconds_and_for_another_upstream() -> None:
    due, watching = Reports("a1"), {"breaking": 1000}
    report = [{"relay": "a1-0", "watching": watching}]
    assert due.due(watching, 5.0) == report
    assert due.due(watching, 5.0 + INTERVAL - 0.1) == []
    assert due.due(watching, 5.0 + INTERVAL) == report
    due.restart()
    assert due.due(watching, 5.0 + INTERVAL + 0.1) == report


@pytest.mark.parametrize(
    ("before", "after", "notable"),
    [(0, 1, True), (1, 0, True), (-1, 0, True), (9, 10, True), (1000, 1100, False), (1000, 1101, True), (7, 7, False)],
)
def test_a_change_that_shows_is_due_at_once(before: int, after: int, *, notable: bool) -> None:
    due = Reports("a1")
    due.due({"breaking": before, "sport": 5}, 0.0)
    now_due = [{"relay": "a1-0", "watching": {"breaking": after, "sport": 5}}] if notable else []
    assert due.due({"breaking": after, "sport": 5}, 1.0) == now_due
    assert due.due({"breaking": after, "sport": 5}, 2.0) == []


def test_changes_that_do_not_show_add_up_until_they_do() -> None:
    due = Reports("a1")
    due.due({"breaking": 1000}, 0.0)
    assert [bool(due.due({"breaking": 1000 + count}, 1.0)) for count in (50, 100, 150)] == [False, False, True]


def test_of_many_feeds_only_the_report_with_a_change_is_due() -> None:
    due, watching = Reports("a1"), {f"{number:04}": 3 for number in range(3 * FEEDS)}
    due.due(watching, 0.0)
    assert [each["relay"] for each in due.due(watching | {f"{FEEDS:04}": 4}, 1.0)] == ["a1-1"]


def test_a_feed_that_moves_to_another_report_is_counted_once() -> None:
    due, feeds = Reports("a1"), {f"{number:04}": 3 for number in range(FEEDS + 1)}
    known = {each["relay"]: each["watching"] for each in due.due(feeds, 0.0)}
    del feeds["0000"]
    known |= {each["relay"]: each["watching"] for each in due.due(feeds, 1.0)}
    assert known == {"a1-0": feeds, "a1-1": {}}
    assert [each["relay"] for each in due.due(feeds, INTERVAL)] == ["a1-0"], "it is told once"
