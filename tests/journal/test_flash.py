"""Requests to confirm a flash, in the script: what they mean, whom they bar, and how those of version 0.1 are read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journal.test_append import FIELDS, LUIS, MONA, filing, opened, shown
from ticker import changes
from ticker.dispatch import milliseconds
from ticker.errors import Conflict, Forbidden, StaleRevision
from ticker.journal import names, transfer
from ticker.journal.feed_settings import FeedSettings
from ticker.journal.holder import Holder
from ticker.journal.log import Journal
from ticker.journal.redis import Redis
from ticker.journal.registry import Registry

pytestmark = pytest.mark.anyio

FLASH = FIELDS | {"urgency": "flash"}
NORA = Holder("nora", "Nora", "editor", "2026-01-01T00:00:00.000Z")
ASK = changes.RequestConfirmation()
REWRITES, LABELS = changes.KeepConfirmation(rewrites=True), changes.KeepConfirmation(rewrites=False)


async def asked(redis: Redis) -> tuple[Journal, dict[str, Any]]:
    """A dispatch for which Mona asked."""
    journal, _ = await opened(redis)
    return journal, (await journal.append("breaking", filing(confirmation=ASK))).body


async def confirm(journal: Journal, id: str, key: Holder, revision: int, *, seen: bool = False) -> dict[str, Any]:
    change = changes.Correct(key, id, FLASH, revision=revision, confirmation=changes.GiveConfirmation(seen))
    return (await journal.append("breaking", change)).body


async def as_version_0_1_asked(redis: Redis, id: str, by: int) -> None:
    """Replace a request by what version 0.1 stores."""
    await redis("DEL", names.flashes("breaking"))
    await redis("HSET", names.flashes("breaking"), id, f"{by} mona")


async def test_a_request_of_version_0_1_means_the_current_revision(redis: Redis) -> None:
    journal, receipt = await asked(redis)
    await as_version_0_1_asked(redis, receipt["id"], milliseconds(receipt["confirm_by"]))
    with pytest.raises(Forbidden):
        await confirm(journal, receipt["id"], MONA, 1)
    assert (await confirm(journal, receipt["id"], LUIS, 1))["revision"] == 2


async def test_a_request_of_version_0_1_is_bound_once_it_is_rewritten(redis: Redis) -> None:
    journal, receipt = await asked(redis)
    id = receipt["id"]
    await as_version_0_1_asked(redis, id, milliseconds(receipt["confirm_by"]))
    await journal.append("breaking", changes.Correct(LUIS, id, FIELDS | {"text": "b"}, confirmation=REWRITES))
    for key in (MONA, LUIS):
        with pytest.raises(Forbidden):
            await confirm(journal, id, key, 2, seen=True)
    with pytest.raises(StaleRevision):
        await confirm(journal, id, NORA, 2)
    await confirm(journal, id, NORA, 2, seen=True)


async def test_a_request_that_version_0_1_replaced_is_not_mixed_with_the_one_before(redis: Redis) -> None:
    journal, receipt = await asked(redis)
    id = receipt["id"]
    await journal.append("breaking", changes.Correct(LUIS, id, FIELDS | {"text": "b"}, confirmation=REWRITES))
    await redis("HSET", names.flashes("breaking"), id, f"{milliseconds(receipt['confirm_by']) + 5} mona")
    assert (await confirm(journal, id, LUIS, 2))["revision"] == 3


async def test_version_0_1_still_finds_until_when_and_who_asked(redis: Redis) -> None:
    journal, receipt = await asked(redis)
    expected = f"{milliseconds(receipt['confirm_by'])} mona".encode()
    assert await redis("HGET", names.flashes("breaking"), receipt["id"]) == expected
    await journal.append("breaking", changes.Correct(LUIS, receipt["id"], FIELDS, confirmation=REWRITES))
    assert await redis("HGET", names.flashes("breaking"), receipt["id"]) == expected


async def test_a_correction_says_until_when_a_flash_still_waits(redis: Redis) -> None:
    journal, receipt = await asked(redis)
    id = receipt["id"]
    for confirmation in (REWRITES, LABELS):
        corrected = await journal.append("breaking", changes.Correct(MONA, id, FIELDS, confirmation=confirmation))
        assert corrected.body["confirm_by"] == receipt["confirm_by"], "it does not begin again"
    await redis("HSET", names.state("breaking"), "at", milliseconds(receipt["confirm_by"]) + 1)
    late = await journal.append("breaking", changes.Correct(MONA, id, FIELDS, confirmation=REWRITES))
    assert "confirm_by" not in late.body


@pytest.mark.parametrize("how", ["confirmed", "lowered", "killed"])
async def test_nothing_is_left_of_a_request_that_ended(redis: Redis, how: str) -> None:
    journal, receipt = await asked(redis)
    id = receipt["id"]
    if how == "confirmed":
        await confirm(journal, id, LUIS, 1)
    elif how == "lowered":
        await journal.append("breaking", changes.Correct(MONA, id, FIELDS, confirmation=changes.DropConfirmation()))
    else:
        await journal.append("breaking", changes.Kill(MONA, id, "r"))
    assert await redis("EXISTS", names.flashes("breaking")) == 0


async def test_nobody_whose_id_is_part_of_another_is_barred(redis: Redis) -> None:
    journal, receipt = await asked(redis)
    mon = Holder("mon", "Mon", "editor", "2026-01-01T00:00:00.000Z")
    assert (await confirm(journal, receipt["id"], mon, 1))["revision"] == 2


async def test_an_imported_flash_is_a_flash_and_waits_for_nobody(redis: Redis) -> None:
    journal, _ = await opened(redis)
    filed = (await journal.append("breaking", filing(fields=FLASH))).body
    waiting = (await journal.append("breaking", filing(confirmation=ASK))).body
    settings = FeedSettings("breaking", "Breaking", "en", "2026-01-01T00:00:00.000Z", two_person_flash=True)
    lines = [line async for line, _ in transfer.export_feed(redis, settings)]
    await redis("FLUSHALL")
    async for _ in transfer.import_feed(redis, lines):
        pass
    assert (await Registry(redis).settings("breaking")).two_person_flash
    feed = await shown(journal, settings)
    assert [dispatch["urgency"] for dispatch in feed.dispatches] == ["normal", "flash"]
    for id in (filed["id"], waiting["id"]):
        with pytest.raises(Conflict):
            await confirm(journal, id, LUIS, 1)
    rewritten = changes.Correct(MONA, filed["id"], FIELDS, revision=1, confirmation=ASK)
    assert "confirm_by" in (await journal.append("breaking", rewritten)).body
