"""The labels of a feed, and what a kill does to them: by this version, by an import, and by version 0.1.0."""

from __future__ import annotations

import pytest

from tests.journal.test_append import MONA, filing, opened
from ticker import changes
from ticker.changes import Correct
from ticker.journal import labels, names
from ticker.journal.feed_settings import FeedSettings
from ticker.journal.history import Filter
from ticker.journal.log import Journal
from ticker.journal.redis import Redis
from ticker.journal.transfer import export_feed, import_feed

pytestmark = pytest.mark.anyio

FIELDS = {"text": "one", "urgency": "normal", "language": "en", "sections": ["Fire", "أخبار: عاجل"], "story": "fire"}
MORE = FIELDS | {"text": "two", "sections": ["Fire"], "places": ["Washington, D.C."]}
BOTH = {"section": {"Fire": 2, "أخبار: عاجل": 1}, "place": {"Washington, D.C.": 1}, "story": {"fire": 2}}
NONE: dict[str, dict[str, int]] = {"section": {}, "place": {}, "story": {}}


async def filed(redis: Redis) -> tuple[Journal, FeedSettings, list[str]]:
    journal, settings = await opened(redis)
    receipts = [await journal.append("breaking", filing(fields=fields)) for fields in (FIELDS, MORE)]
    return journal, settings, [receipt.body["id"] for receipt in receipts]


async def counted(journal: Journal, feed: str) -> dict[str, dict[str, int]]:
    return {kind: dict(ranked) for kind, ranked in (await journal.labels(feed)).items()}


async def found(journal: Journal, feed: str) -> list[str]:
    page = await journal.search(feed, None, 10, Filter({"section": ("Fire",), "story": ("fire",)}))
    return [dispatch["status"] for dispatch in page.dispatches]


async def test_a_kill_takes_a_dispatch_out_of_the_labels_that_it_has_then(redis: Redis) -> None:
    journal, _, (one, two) = await filed(redis)
    assert await counted(journal, "breaking") == BOTH
    fields = FIELDS | {"sections": ["Flood", "Fire"], "story": "flood"}
    await journal.append("breaking", Correct(MONA, one, fields, previous=FIELDS, revision=1))
    await journal.append("breaking", changes.Kill(MONA, one, "false"))
    assert await counted(journal, "breaking") == {
        "section": {"Fire": 1},
        "place": {"Washington, D.C.": 1},
        "story": {"fire": 1},
    }
    await journal.append("breaking", changes.Kill(MONA, two, "false"))
    assert await counted(journal, "breaking") == NONE
    assert await redis("KEYS", "*:order:*") == [], "no index is left in which it could be looked up"
    page = await journal.search("breaking", None, 10, Filter({"section": ("Flood", "Fire")}))
    assert [dispatch["status"] for dispatch in page.dispatches] == ["killed", "killed"]


async def test_an_import_takes_out_what_was_killed(redis: Redis) -> None:
    journal, settings, ids = await filed(redis)
    await journal.append("breaking", changes.Kill(MONA, ids[0], "false"))
    lines = [line async for line, _ in export_feed(redis, settings)]
    async for _ in import_feed(redis, lines, name="copy"):
        pass
    assert await counted(journal, "copy") == await counted(journal, "breaking")
    assert await found(journal, "copy") == ["usable", "killed"]


async def _as_0_1_0_left_it(redis: Redis, id: str, score: int, *kept: str) -> None:
    """Undo what that version did not do with a kill."""
    await redis("ZREM", names.killed("breaking"), id)
    for name in kept:
        kind, _, label = name.partition(":")
        await redis("ZREM", names.withdrawn("breaking", kind, label), id)
        await redis("ZADD", names.index("breaking", kind, label), score, id)
        await redis("HINCRBY", names.labels("breaking"), name, 1)


@pytest.mark.parametrize("page", [1, 2, 512])
async def test_what_an_older_version_killed_is_taken_out_whenever_it_did(
    redis: Redis, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(labels, "PAGE", page)
    journal, _, (one, two) = await filed(redis)
    await journal.append("breaking", changes.Kill(MONA, one, "false"))
    await _as_0_1_0_left_it(redis, one, 1, "section:Fire", "section:أخبار: عاجل", "story:fire")
    for _ in range(2):
        assert await found(journal, "breaking") == ["usable", "killed"]
        assert await counted(journal, "breaking") == {
            "section": {"Fire": 1},
            "place": {"Washington, D.C.": 1},
            "story": {"fire": 1},
        }
    # One of 0.1.0 runs beside this one, and kills the other.
    await journal.append("breaking", changes.Kill(MONA, two, "false"))
    await _as_0_1_0_left_it(redis, two, 2, "section:Fire", "place:Washington, D.C.", "story:fire")
    assert await counted(journal, "breaking") == NONE
    assert await counted(journal, "breaking") == NONE
    assert await found(journal, "breaking") == ["killed", "killed"]


async def test_a_kill_that_is_counted_costs_no_look_at_the_labels(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, _, (one, _) = await filed(redis)
    await journal.append("breaking", changes.Kill(MONA, one, "false"))
    monkeypatch.setattr(Redis, "run", None)
    assert (await counted(journal, "breaking"))["section"] == {"Fire": 1}


async def test_a_feed_that_is_not_there_has_none(redis: Redis) -> None:
    assert await counted(Journal(redis), "nothing") == NONE
