"""The report of a relay's readers stays within what a request may have."""

from __future__ import annotations

import orjson

from ticker.dispatch import MAX_BODY
from ticker.relay.report import FEEDS, reports


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
