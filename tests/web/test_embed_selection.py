"""Which dispatches a widget shows: attributes read from a query, and the rules of clients/widget/view.js."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.datastructures import QueryParams

from ticker.dispatch import rfc3339
from ticker.errors import Invalid
from ticker.web.embed.attributes import CARD, FRAGMENT, Attributes, read, written
from ticker.web.embed.selection import arranged, effective, visible
from ticker.web.embed.zone import clock_time

NOW = datetime(2026, 3, 11, 14, 30, tzinfo=UTC)


def filed(id: str, ago: float, **fields: Any) -> dict[str, Any]:
    """A dispatch filed so many seconds ago."""
    at = rfc3339(NOW - timedelta(seconds=ago))
    said = {"id": id, "text": "a", "urgency": "normal", "language": "en", "status": "usable", "revision": 1}
    return said | {"filed": at, "updated": at} | fields


def killed(id: str, ago: float, killed_ago: float) -> dict[str, Any]:
    """A tombstone: filed and killed so many seconds ago."""
    at, then = (rfc3339(NOW - timedelta(seconds=each)) for each in (ago, killed_ago))
    return {"id": id, "filed": at, "updated": then, "status": "killed", "revision": 2, "reason": "wrong"}


def shown(dispatches: list[dict[str, Any]], now: datetime | None = NOW, **attributes: Any) -> str:
    """Ids of what is visible, in order."""
    return "".join(each["id"] for each in visible(dispatches, effective(Attributes(**attributes)), now))


def test_the_newest_stand_first() -> None:
    assert shown([filed("a", 9), filed("c", 1), filed("b", 5)]) == "cba"


def test_what_is_younger_than_the_hold_is_not_shown() -> None:
    every = [filed("a", 31), filed("b", 30), filed("c", 29.999)]
    assert shown(every, hold=30) == "ba"
    assert shown(every) == "cba"


def test_what_was_killed_during_its_hold_never_shows_and_what_was_killed_after_it_leaves_a_tombstone() -> None:
    every = [killed("a", 100, 71), killed("b", 100, 70), killed("c", 100, 2), killed("d", 10, 5)]
    assert shown(every, hold=30) == "cb"
    assert shown(every) == "dcba"


def test_without_a_proof_of_the_logs_time_nothing_shows_that_depends_on_it() -> None:
    assert shown([filed("a", 1000)], None, hold=1) == ""
    assert shown([filed("a", 10, urgency="flash")], None, layout="line") == ""
    assert shown([filed("a", 10)], None) == "a"


@pytest.mark.parametrize(
    ("least", "expected"), [("normal", "dcba"), ("urgent", "cba"), ("bulletin", "ba"), ("flash", "a")]
)
def test_less_urgent_ones_are_left_out(least: str, expected: str) -> None:
    urgencies = {"a": "flash", "b": "bulletin", "c": "urgent", "d": "normal"}
    assert shown([filed(id, 5, urgency=urgency) for id, urgency in urgencies.items()], min_urgency=least) == expected


def test_one_label_of_each_kind_that_is_asked_for_is_enough() -> None:
    every = [
        filed("a", 5, sections=["Politics"], places=["MENA"]),
        filed("b", 5, sections=["Sport", "Politics"]),
        filed("c", 5, places=["MENA"]),
        filed("d", 5),
    ]
    assert shown(every, sections=("Politics",)) == "ba"
    assert shown(every, sections=("Transport", "Sport")) == "b"
    assert shown(every, sections=("Politics",), places=("MENA",)) == "a"


@pytest.mark.parametrize("attributes", [{"min_urgency": "urgent"}, {"sections": ("Politics",)}, {"places": ("MENA",)}])
def test_a_tombstone_passes_no_filter(attributes: dict[str, Any]) -> None:
    assert shown([killed("a", 100, 2)]) == "a"
    assert shown([killed("a", 100, 2)], **attributes) == ""


def test_the_layout_line_shows_flashes_and_bulletins_for_thirty_minutes() -> None:
    every = [filed("a", 1800, urgency="flash"), filed("b", 1799, urgency="bulletin"), filed("c", 5, urgency="urgent")]
    assert shown(every, layout="line") == "b"
    assert shown(every, layout="line", min_urgency="flash") == ""
    assert effective(Attributes(layout="line", limit=5)).limit == 1


def test_a_pinned_one_is_first_unless_it_was_killed() -> None:
    every = [filed("c", 1), killed("b", 5, 2), filed("a", 9)]
    assert [each["id"] for each in arranged(every, "a", 2)] == ["a", "c"]
    assert [each["id"] for each in arranged(every, "b", 9)] == ["c", "b", "a"]
    assert [each["id"] for each in arranged(every, None, 1)] == ["c"]


# Attributes in a query


def attributes(query: str, known: tuple[str, ...] = FRAGMENT) -> Attributes:
    return read(QueryParams(query), "breaking", known)


def test_a_query_has_the_attributes_of_the_element() -> None:
    query = (
        "layout=strip&limit=50&hold=300&min-urgency=urgent&sections=Politics,%20Sport&places=MENA&lang=ar&theme=dark"
        "&schema=always&script=no&page=https://news.example/live&feed=breaking"
    )
    assert attributes(query) == Attributes(
        "strip",
        50,
        300,
        "urgent",
        ("Politics", "Sport"),
        ("MENA",),
        "ar",
        "dark",
        "always",
        False,
        "https://news.example/live",
    )
    assert attributes("") == Attributes()


def test_attributes_are_written_as_they_are_read() -> None:
    query = "layout=strip&limit=50&hold=300&min-urgency=urgent&sections=Politics,Sport&lang=ar&theme=dark&schema=always"
    assert written(attributes(query)) == dict(pair.split("=") for pair in query.split("&"))
    assert written(Attributes()) == {}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("layout=grid", "layout"),
        ("limit=0", "limit"),
        ("limit=51", "limit"),
        ("limit=1.5", "limit"),
        ("limit=%D9%A3", "limit"),
        ("hold=301", "hold"),
        ("hold=-1", "hold"),
        ("min-urgency=high", "min-urgency"),
        ("min_urgency=urgent", "min_urgency"),
        ("sections=" + ",".join("x" * 21), "sections"),
        ("places=" + "x" * 61, "places"),
        ("lang=english%20please", "lang"),
        ("theme=blue", "theme"),
        ("schema=yes", "schema"),
        ("script=maybe", "script"),
        ("page=javascript:alert(1)", "page"),
        ("colour=red", "colour"),
        ("limit=1&limit=2", "limit"),
        ("feed=sports", "feed"),
    ],
)
def test_what_is_wrong_in_a_query_is_named(query: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        attributes(query)
    assert [name for name, _ in refused.value.faults] == [field]


def test_every_fault_of_a_query_is_named_and_a_card_takes_less() -> None:
    with pytest.raises(Invalid) as refused:
        attributes("limit=3&theme=blue&lang=en", CARD)
    assert [name for name, _ in refused.value.faults] == ["limit", "theme"]


# Times


@pytest.mark.parametrize(
    ("iso", "timezone", "expected"),
    [
        ("2026-03-11T14:12:00.250Z", "UTC", "14:12 UTC"),
        ("2026-03-11T14:12:00.250Z", "Europe/Berlin", "15:12 CET"),
        ("2026-07-11T14:12:00.250Z", "Europe/Berlin", "2026-07-11 16:12 CEST"),
        ("2026-03-11T14:12:00.250Z", "Asia/Riyadh", "17:12 UTC+03"),
        ("2026-03-11T23:59:00.000Z", "Asia/Riyadh", "2026-03-12 02:59 UTC+03"),
        ("2026-03-10T23:59:00.000Z", "UTC", "2026-03-10 23:59 UTC"),
    ],
)
def test_a_time_is_in_the_feeds_zone_with_its_name_and_with_the_date_unless_it_is_today(
    iso: str, timezone: str, expected: str
) -> None:
    assert clock_time(iso, timezone, NOW) == expected


def test_without_a_today_the_date_is_always_there() -> None:
    assert clock_time("2026-03-11T14:12:00.250Z", "UTC", None) == "2026-03-11 14:12 UTC"
