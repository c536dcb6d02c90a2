"""The audit: every change with before and after, also of a log that was damaged."""

from typing import Any

import pytest

from tests.journal.test_append import FIELDS, MONA, filing, opened
from tests.journal.walked import LOG, life, rewrite
from ticker import changes
from ticker.journal.audit import Audit
from ticker.journal.redis import Redis
from ticker.journal.registry import Registry

pytestmark = pytest.mark.anyio

anywhere = pytest.mark.usefixtures("pages")


def _told(change: dict[str, Any]) -> tuple[Any, ...]:
    def brief(what: Any) -> Any:
        return what.get("text") or what.get("reason") or what.get("on") if isinstance(what, dict) else what

    position = change["position"]
    return (
        int(position.split("-")[0]) if position else None,
        change["kind"],
        *map(brief, (change["before"], change["after"])),
    )


@anywhere
async def test_every_change_is_told_with_whose_key_and_what_stood_before_and_after(redis: Redis) -> None:
    journal, settings = await opened(redis)
    first, _, third = await life(journal)
    audited = [change async for change in Audit(redis, "breaking").changes()]
    assert [_told(change) for change in audited] == [
        (1, "file", None, "one"),
        (2, "file", None, "two"),
        (3, "correct", "one", "one, corrected"),
        (4, "pin", None, first),
        (5, "correct", "one, corrected", "one, corrected again"),
        (6, "kill", "two", "false"),
        (7, "air", True, False),
        (8, "file", None, "three"),
        (9, "pin", first, None),
    ]
    assert {change["by"] for change in audited} == {MONA.name}
    assert [change["at"] for change in audited] == sorted(change["at"] for change in audited)
    feed = await journal.read_state(settings)
    assert feed is not None
    assert audited[-1]["position"] == str(feed.tail.position)
    assert audited[7]["after"] == feed.dispatches[0]
    assert audited[7]["after"]["id"] == third
    assert audited[5]["after"] == feed.dispatches[1]


@anywhere
async def test_changes_of_held_dispatches_are_told_among_the_others_by_time(redis: Redis) -> None:
    journal, _ = await opened(redis)
    soon = (await Registry(redis)._redis("TIME"))[0] * 1000 + 3_600_000
    await journal.append("breaking", filing())
    held = [
        (await journal.append("breaking", changes.Hold(MONA, FIELDS | {"text": text}, soon))).body["id"]
        for text in ("embargoed", "spiked")
    ]
    await journal.append("breaking", changes.Edit(MONA, held[0], FIELDS | {"text": "edited"}, soon))
    await journal.append("breaking", filing())
    await journal.append("breaking", changes.Spike(MONA, held[1], "no"))
    await journal.append("breaking", changes.Release(MONA, held[0], FIELDS | {"text": "edited"}))
    await journal.append("breaking", changes.Hold(MONA, FIELDS | {"text": "waits"}, soon))
    audited = [change async for change in Audit(redis, "breaking").changes()]
    told = {_told(change) for change in audited}
    assert {change["by"] for change in audited} == {MONA.name}
    assert told >= {
        (None, "hold", None, "embargoed"),
        (None, "hold", None, "spiked"),
        (None, "edit", "embargoed", "edited"),
        (None, "spike", "spiked", "no"),
        (None, "release", "edited", None),
        (None, "hold", None, "waits"),
        (3, "file", None, "edited"),
    }
    assert [change["at"] for change in audited] == sorted(change["at"] for change in audited)
    of_first = [change["kind"] for change in audited if (change["after"] or {}).get("id") == held[0]]
    assert of_first == ["hold", "edit", "release"]
    released = next(change for change in audited if change["kind"] == "release")
    # Where both fall into one millisecond, either may be told first.
    [filed] = [change for change in audited if (change["position"] or "").startswith("3-")]
    assert released["after"]["dispatch"] == filed["after"]["id"]


@anywhere
async def test_a_damaged_log_is_audited_as_far_as_it_can_be_read(redis: Redis) -> None:
    journal, _ = await opened(redis)
    await life(journal)
    await redis("XDEL", LOG, "3-0")
    await rewrite(redis, 6, entry=b'{"kind":')
    audited = [change async for change in Audit(redis, "breaking").changes()]
    assert [(change.get("kind"), change.get("fault")) for change in audited] == [
        ("file", None),
        ("file", None),
        ("pin", "entry 3 is missing"),
        ("correct", None),
        (None, "entry 6 cannot be read"),
        ("air", None),
        ("file", None),
        ("pin", None),
    ]


async def test_a_feed_without_entries_has_nothing_to_tell(redis: Redis) -> None:
    await opened(redis)
    assert [change async for change in Audit(redis, "breaking").changes()] == []
