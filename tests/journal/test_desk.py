"""What the desk reads from Redis, of feeds that are whole and of one that is not."""

from __future__ import annotations

import time

import pytest

from tests.journal.test_append import MONA, filing, opened
from ticker import changes
from ticker.desk.presence import Attendant
from ticker.desk.state import Filing
from ticker.journal import names
from ticker.journal.desk import CHANGES_READ, PRESENCE_TTL, DeskReads, Notes
from ticker.journal.redis import Redis

pytestmark = pytest.mark.anyio

FEED = "breaking"
LENA = Attendant("n1", "p1", "Lena", "2027-01-15T08:00:00.000Z")
OMAR = Attendant("n2", "p2", "Omar", "2027-01-15T08:00:00.000Z")
NOTHING = Notes((), ())


async def test_notes_are_written_renewed_removed_and_forgotten(redis: Redis) -> None:
    reads, at = DeskReads(redis), time.time()
    now, found = await reads.look({FEED: Notes([LENA, OMAR], ())}, at)
    assert abs(now - at) < 60
    assert dict(found[FEED].present) == pytest.approx({LENA.stored: at, OMAR.stored: at}, abs=0.01)
    _, found = await reads.look({FEED: Notes([LENA], ())}, at + 4)
    assert dict(found[FEED].present) == pytest.approx({LENA.stored: at + 4, OMAR.stored: at}, abs=0.01)
    assert 0 < await redis("TTL", names.present(FEED)) <= PRESENCE_TTL
    await redis("ZADD", names.present(FEED), at - PRESENCE_TTL - 60, OMAR.stored)
    await reads.look({FEED: NOTHING}, at)
    _, found = await reads.look({FEED: NOTHING}, at)
    assert [note for note, _ in found[FEED].present] == [LENA.stored], "what nobody renews is removed"
    _, found = await reads.look({FEED: Notes((), [LENA])}, at)
    assert found[FEED].present == []


async def test_each_change_of_a_held_dispatch_is_seen_once(redis: Redis) -> None:
    journal, _ = await opened(redis)
    reads, seen = DeskReads(redis), "0-0"

    async def look() -> tuple[bool, list[str]]:
        """Whether there are changes that were not seen, and what is due."""
        nonlocal seen
        _, found = await reads.look({FEED: Notes((), (), seen)}, 0.0)
        seen = found[FEED].seen or seen
        return found[FEED].seen is not None, found[FEED].due

    assert await look() == (False, [])
    due = int(time.time() * 1000) + 3_600_000
    fields = {"text": "Rate cut", "urgency": "normal", "language": "en"}
    receipt = (await journal.append(FEED, changes.Hold(MONA, fields, due))).body
    assert await look() == (True, [receipt["id"]])
    assert await look() == (False, [receipt["id"]])
    [held] = await reads.held(FEED, [receipt["id"]])
    assert (held.record["text"], held.person) == ("Rate cut", MONA.id)
    for number in range(CHANGES_READ + 1):
        fields["text"] = f"Rate {number}"
        await journal.append(FEED, changes.Edit(MONA, receipt["id"], fields, due))
    assert await look() == (True, [receipt["id"]])
    assert await look() == (True, [receipt["id"]]), "more changes than one look reads"
    assert await look() == (False, [receipt["id"]])
    await journal.append(FEED, changes.Spike(MONA, receipt["id"], "no"))
    assert await look() == (True, [])
    assert await reads.held(FEED, [receipt["id"], "h0"]) == []
    assert await reads.held(FEED, []) == []
    _, found = await reads.look({FEED: NOTHING}, 0.0)
    assert found[FEED].seen is None, "nothing comes after the end"


async def test_who_filed_is_read_with_the_name_of_that_time(redis: Redis) -> None:
    (journal, _), reads = await opened(redis), DeskReads(redis)
    assert await reads.newest_filed(FEED) == {}
    receipts = [(await journal.append(FEED, filing())).body for _ in range(3)]
    await journal.append(FEED, changes.Kill(MONA, receipts[1]["id"], "no"))
    filed = await reads.newest_filed(FEED)
    assert filed == {receipt["id"]: Filing(MONA.id, MONA.name, receipt["filed"]) for receipt in receipts}
    ids = [receipt["id"] for receipt in receipts]
    assert await reads.filers(FEED, [*ids, "none"]) == dict.fromkeys(ids, MONA.id)
    assert await reads.revisions(FEED, [*ids, "none"]) == dict(zip(ids, (1, 2, 1), strict=True))


async def test_requests_to_confirm_a_flash_are_read_with_whatever_else_is_beside_them(redis: Redis) -> None:
    await redis("HSET", names.flashes(FEED), "d1", "1800000000000 p1", "d1:meant", "1800000000000 1 p1 p2")
    _, found = await DeskReads(redis).look({FEED: NOTHING}, 0.0)
    assert found[FEED].waiting == {"d1": (1_800_000_000_000, "p1")}


async def test_a_damaged_feed_is_left_out(redis: Redis) -> None:
    await redis("SET", names.due("damaged"), "not a sorted set")
    _, found = await DeskReads(redis).look({"damaged": Notes([LENA], ()), FEED: Notes([OMAR], ())}, 1.0)
    assert found.keys() == {FEED}
    assert [note for note, _ in found[FEED].present] == [OMAR.stored]
