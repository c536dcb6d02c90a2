"""What the desk reads from Redis, of feeds that are whole and of one that is not."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from tests.journal.test_append import MONA, filing, opened
from ticker import changes
from ticker.desk.presence import Attendant
from ticker.desk.state import Filing
from ticker.journal import names
from ticker.journal.desk import PRESENCE_TTL, DeskReads, Notes
from ticker.journal.redis import Redis

pytestmark = pytest.mark.anyio

FEED = "breaking"
LENA = Attendant("n1", "p1", "Lena", "2027-01-15T08:00:00.000Z")
OMAR = Attendant("n2", "p2", "Omar", "2027-01-15T08:00:00.000Z")
NOTHING = Notes((), ())


async def test_notes_are_written_renewed_removed_and_forgotten(redis: Redis) -> None:
    reads, at = DeskReads(redis), 1_800_000_000.0
    now, found = await reads.look({FEED: Notes([LENA, OMAR], ())}, at)
    assert abs(now - time.time()) < 60
    assert sorted(found[FEED].present) == sorted([(LENA.stored, at), (OMAR.stored, at)])
    _, found = await reads.look({FEED: Notes([LENA], ())}, at + 4)
    assert dict(found[FEED].present) == {LENA.stored: at + 4, OMAR.stored: at}
    _, found = await reads.look({FEED: Notes([LENA], ())}, at + PRESENCE_TTL + 1)
    assert [note for note, _ in found[FEED].present] == [LENA.stored], "what nobody renews is removed"
    assert 0 < await redis("TTL", names.present(FEED)) <= PRESENCE_TTL
    _, found = await reads.look({FEED: Notes((), [LENA])}, at)
    assert found[FEED].present == []


async def test_each_change_of_a_held_dispatch_is_seen_in_the_mark(redis: Redis) -> None:
    journal, _ = await opened(redis)
    reads, marks = DeskReads(redis), []

    async def look() -> list[str]:
        _, found = await reads.look({FEED: NOTHING}, 0.0)
        marks.append(found[FEED].held_mark)
        return found[FEED].due

    assert await look() == []
    due = int(time.time() * 1000) + 3_600_000
    fields = {"text": "Rate cut", "urgency": "normal", "language": "en"}
    receipt = (await journal.append(FEED, changes.Hold(MONA, fields, due))).body
    assert await look() == [receipt["id"]]
    [held] = await reads.held(FEED, [receipt["id"]])
    assert (held.record["text"], held.person) == ("Rate cut", MONA.id)
    await journal.append(FEED, changes.Edit(MONA, receipt["id"], fields | {"text": "Rate kept"}, due))
    await look()
    await journal.append(FEED, changes.Spike(MONA, receipt["id"], "no"))
    assert await look() == []
    assert all(earlier != later for earlier, later in pairwise(marks))
    assert await reads.held(FEED, [receipt["id"], "h0"]) == []
    assert await reads.held(FEED, []) == []


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
