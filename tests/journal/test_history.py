"""Searching history: the same as a plain list filtered, page by page, and never more work than a request may cost."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.journal.test_append import MONA, filing, opened
from ticker import changes
from ticker.errors import NotFound
from ticker.journal import history, names
from ticker.journal.history import Filter, at_least
from ticker.journal.log import Journal
from ticker.journal.redis import Redis

pytestmark = pytest.mark.anyio

SECTIONS, PLACES, STORIES = ("Politics", "Sport", "أخبار: عاجل"), ("MENA", "Washington, D.C."), ("storm", "match")
URGENCIES = ("normal", "urgent", "bulletin", "flash")
EVERY = {name: frozenset(values) for name, values in (("section", SECTIONS), ("place", PLACES), ("story", STORIES))}


async def written(redis: Redis) -> tuple[Journal, list[dict[str, Any]]]:
    """A feed of 60 dispatches of all kinds, some of them killed; and what is known of each, newest first."""
    journal, _ = await opened(redis)
    known = []
    for number in range(60):
        fields: dict[str, Any] = {"text": f"{number}", "urgency": URGENCIES[number % 7 % 4], "language": "en"}
        if number % 2:
            fields["sections"] = [SECTIONS[number % 3]]
        if number % 3:
            fields["places"] = [PLACES[number % 2]]
        if number % 5:
            fields["story"] = STORIES[number // 7 % 2]
        receipt = await journal.append("breaking", filing(fields=fields))
        known.append({**fields, "id": receipt.body["id"], "killed": number % 11 == 3})
        if known[-1]["killed"]:
            await journal.append("breaking", changes.Kill(MONA, receipt.body["id"], "false"))
    return journal, known[::-1]


def passes(dispatch: dict[str, Any], wanted: Filter) -> bool:
    has = {"section": dispatch.get("sections", []), "place": dispatch.get("places", [])}
    has["story"] = [dispatch["story"]] if "story" in dispatch else []
    labelled = all(set(labels) & set(has[name]) for name, labels in wanted.labels.items())
    urgent = wanted.urgencies is None or (not dispatch["killed"] and dispatch["urgency"] in wanted.urgencies)
    return labelled and urgent


async def everything(journal: Journal, wanted: Filter, limit: int) -> list[str]:
    """Ids of all pages, as a program gets them that follows the link to the end."""
    found, before = list[str](), None
    for _ in range(1000):
        page = await journal.search("breaking", before, limit, wanted)
        assert len(page.dispatches) <= limit
        found += [dispatch["id"] for dispatch in page.dispatches]
        if page.before is None:
            return found
        before = page.before
    raise AssertionError("it never ends")


FILTERS = [
    Filter({}),
    Filter({"section": ("Politics",)}),
    Filter({"section": ("Politics", "Sport")}),
    Filter({"section": SECTIONS, "place": ("MENA",)}),
    Filter({"section": ("Sport", "أخبار: عاجل"), "place": PLACES, "story": ("storm",)}),
    Filter({"place": ("Washington, D.C.", "Washington", "D.C.")}),
    Filter({"story": ("nobody",)}),
    Filter({"section": ("nobody",), "place": PLACES}),
    Filter({}, at_least("urgent")),
    Filter({}, at_least("flash")),
    Filter({"section": SECTIONS}, at_least("bulletin")),
    Filter({"section": SECTIONS, "story": ("match",)}, at_least("urgent")),
]


async def test_pages_of_a_search_are_the_filtered_history(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    journal, known = await written(redis)
    for wanted in FILTERS:
        expected = [dispatch["id"] for dispatch in known if passes(dispatch, wanted)]
        for limit in (1, 7, 100):
            assert await everything(journal, wanted, limit) == expected, (wanted, limit)
    monkeypatch.setattr(history, "MAX_SCAN", 9)
    monkeypatch.setattr(history, "SCAN_BATCH", 4)
    for wanted in FILTERS:  # however often a request stops before its end, nothing is lost and nothing comes twice
        expected = [dispatch["id"] for dispatch in known if passes(dispatch, wanted)]
        assert await everything(journal, wanted, 5) == expected, wanted


async def test_a_full_page_that_is_the_last_one_has_no_next(redis: Redis) -> None:
    journal, known = await written(redis)
    flashes = [each["id"] for each in known if passes(each, Filter({}, at_least("flash")))]
    page = await journal.search("breaking", None, len(flashes), Filter({}, at_least("flash")))
    assert (len(page.dispatches), page.before) == (len(flashes), None)


async def test_before_a_dispatch_that_never_was_is_not_found(redis: Redis) -> None:
    journal, _ = await opened(redis)
    with pytest.raises(NotFound):
        await journal.search("breaking", "nothing", 10, Filter({}))


async def test_what_finds_nothing_among_many_stops_and_says_where(redis: Redis) -> None:
    journal, _ = await opened(redis)
    many = 5000
    dispatch = {"urgency": "normal", "status": "usable", "text": "x", "revision": 1}
    for first in range(0, many, 1000):
        ids = [f"{number:08}" for number in range(first, first + 1000)]
        bodies = [orjson.dumps({**dispatch, "id": id}) for id in ids]
        await redis(
            "HSET", names.dispatches("breaking"), *(part for pair in zip(ids, bodies, strict=True) for part in pair)
        )
        await redis("ZADD", names.order("breaking"), *(part for id in ids for part in (int(id) + 1, id)))
    asked = 0
    real = Redis.__call__

    async def count(self: Redis, *command: Any) -> Any:
        nonlocal asked
        asked += len(command) - 2 if command[0] == "HMGET" else 0
        return await real(self, *command)

    with pytest.MonkeyPatch.context() as counted:
        counted.setattr(Redis, "__call__", count)
        page = await journal.search("breaking", None, 20, Filter({}, at_least("flash")))
    assert (page.dispatches, page.before) == ([], f"{many - history.MAX_SCAN:08}")
    assert asked == history.MAX_SCAN
    assert await everything(journal, Filter({}, at_least("flash")), 20) == []


async def test_a_dispatch_that_is_lost_between_two_reads_is_left_out(redis: Redis) -> None:
    journal, known = await written(redis)
    await redis("HDEL", names.dispatches("breaking"), known[1]["id"])
    expected = [known[0]["id"], known[2]["id"]]
    assert [each["id"] for each in await journal.history("breaking", None, 3)] == expected
    page = await journal.search("breaking", None, 2, Filter({}, None))
    assert [each["id"] for each in page.dispatches] == expected
