"""The script that writes the log, on a real Valkey and a real Redis 7.0."""

import asyncio
from datetime import datetime
from typing import Any

import pytest

from ticker import changes
from ticker.changes import fold
from ticker.entry import Entry, Tail
from ticker.errors import Conflict, Forbidden, Gone, KeyReused, NotFound, StaleRevision, Unavailable
from ticker.feed import WINDOW, Feed
from ticker.journal import names
from ticker.journal.feed_settings import FeedSettings
from ticker.journal.holder import Holder
from ticker.journal.log import Journal
from ticker.journal.redis import Redis
from ticker.journal.registry import Registry
from ticker.journal.server_check import durability_warnings

pytestmark = pytest.mark.anyio

MONA = Holder("mona", "Mona “M” Haddad", "correspondent", "2026-01-01T00:00:00.000Z")
LUIS = Holder("luis", "Luis", "correspondent", "2026-01-01T00:00:00.000Z")
FIELDS = {"text": 'He said: "no" \\ and left — 7 \u2013 نعم', "urgency": "normal", "language": "en", "places": ["MENA"]}


def filing(**rest: Any) -> changes.Change:
    return changes.File(rest.pop("holder", MONA), rest.pop("fields", FIELDS), **rest)


async def opened(redis: Redis) -> tuple[Journal, FeedSettings]:
    settings = FeedSettings("breaking", "Breaking", "en", "2026-01-01T00:00:00.000Z")
    await Registry(redis).open_feed(settings)
    return Journal(redis), settings


def milliseconds(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1000)


async def shown(journal: Journal, settings: FeedSettings) -> Feed:
    feed = await journal.read_state(settings)
    assert feed is not None
    return feed


async def chained(journal: Journal, settings: FeedSettings) -> list[Entry]:
    """All entries of the feed, after checking that each follows the one before, up to the tail."""
    tail = (await shown(journal, settings)).tail
    base, entries = await journal.recent(settings.name, tail.offset, 10_000)
    for entry in entries:
        assert entry.follows(base)
        base = entry.tail
    assert base == tail
    return entries


async def test_offsets_are_dense_and_chained_with_many_writers_at_once(redis: Redis) -> None:
    journal, settings = await opened(redis)
    receipts = await asyncio.gather(*(journal.append("breaking", filing()) for _ in range(100)))
    entries = await chained(journal, settings)
    assert [entry.tail.offset for entry in entries] == list(range(1, 101))
    positions = {str(entry.tail.position): entry.content["dispatch"]["id"] for entry in entries}
    assert positions == {receipt.body["position"]: receipt.body["id"] for receipt in receipts}
    ids = [entry.content["dispatch"]["id"] for entry in entries]
    assert ids == sorted(ids)
    assert len(set(ids)) == 100
    times = [entry.at for entry in entries]
    assert times == sorted(times)


async def test_a_dispatch_is_kept_to_the_letter(redis: Redis) -> None:
    journal, settings = await opened(redis)
    receipt = await journal.append("breaking", filing())
    [dispatch] = (await shown(journal, settings)).dispatches
    said = {name: dispatch.pop(name) for name in FIELDS}
    assert said == FIELDS
    assert dispatch == {
        "id": receipt.body["id"],
        "filed": receipt.body["filed"],
        "updated": receipt.body["filed"],
        "revision": 1,
        "status": "usable",
    }
    [entry] = await chained(journal, settings)
    assert b"Mona \xe2\x80\x9cM\xe2\x80\x9d Haddad" in entry.text


async def test_the_time_written_is_the_time_of_redis(redis: Redis) -> None:
    journal, _ = await opened(redis)
    before = (await journal.probe([], b"{}")).at
    receipt = await journal.append("breaking", filing())
    after = (await journal.probe([], b"{}")).at
    assert before <= receipt.body["filed"] <= after


@pytest.mark.parametrize(
    "written",
    [
        "2096-01-01T00:00:00.000Z",
        "2096-02-28T23:59:59.999Z",
        "2096-02-29T00:00:00.000Z",
        "2096-02-29T23:59:59.999Z",
        "2096-03-01T00:00:00.000Z",
        "2096-12-31T23:59:59.999Z",
        "2100-01-31T12:34:56.789Z",
        "2100-02-28T23:59:59.999Z",
        "2100-03-01T00:00:00.000Z",
        "2400-02-29T01:02:03.004Z",
        "9999-12-31T23:59:59.999Z",
    ],
)
async def test_a_feeds_clock_never_runs_backwards_and_knows_the_calendar(redis: Redis, written: str) -> None:
    """The feed's last entry is of the future, so that the script takes its time and not that of the machine."""
    journal, _ = await opened(redis)
    await redis("HSET", names.state("breaking"), "at", milliseconds(written))
    for _ in range(2):
        assert (await journal.append("breaking", filing())).body["filed"] == written


async def test_the_time_of_each_entry_is_the_earliest_for_the_next(redis: Redis) -> None:
    journal, _ = await opened(redis)
    for change in (filing(), changes.Pin(MONA, None), changes.Air(MONA, {"on": True, "label": None, "url": None})):
        receipt = (await journal.append("breaking", change)).body
        at = int(await redis("HGET", names.state("breaking"), "at"))
        assert at == milliseconds(receipt.get("filed") or receipt["updated"])


async def test_a_second_key_may_confirm_a_flash_until_the_last_millisecond(redis: Redis) -> None:
    journal, settings = await opened(redis)
    start, state = 4_000_000_000_000, names.state("breaking")
    confirm: dict[int, str] = {}
    for after in (1000, 1001):
        await redis("HSET", state, "at", start)
        asked = filing(confirmation=changes.RequestConfirmation(timeout=1000))
        receipt = (await journal.append("breaking", asked)).body
        assert milliseconds(receipt["confirm_by"]) == start + 1000
        confirm[after] = receipt["id"]
    for after, id in confirm.items():
        await redis("HSET", state, "at", start + after)
        change = changes.Correct(LUIS, id, FIELDS | {"urgency": "flash"}, confirmation=changes.GiveConfirmation())
        if after > 1000:
            with pytest.raises(Conflict, match="time to confirm"):
                await journal.append("breaking", change)
        else:
            await journal.append("breaking", change)
    urgencies = {each["id"]: each["urgency"] for each in (await shown(journal, settings)).dispatches}
    assert urgencies == {confirm[1000]: "flash", confirm[1001]: "normal"}


async def test_a_repeated_request_is_a_write_so_that_replicas_can_be_waited_for(redis: Redis) -> None:
    journal, _ = await opened(redis)
    for repeats in (None, b"1", b"2"):
        await journal.append("breaking", filing(idempotency_key="k"))
        assert await redis("HGET", names.state("breaking"), "repeats") == repeats


async def test_a_label_counts_the_dispatches_that_have_it(redis: Redis) -> None:
    journal, _ = await opened(redis)
    politics, sport = FIELDS | {"sections": ["Politics"]}, FIELDS | {"sections": ["Sport"]}
    id = (await journal.append("breaking", filing(fields=politics))).body["id"]
    other = (await journal.append("breaking", filing(fields=politics))).body["id"]
    for fields, previous, counts in (
        (politics, politics, {b"section:Politics": b"2"}),
        (politics, politics, {b"section:Politics": b"2"}),
        (sport, politics, {b"section:Politics": b"1", b"section:Sport": b"1"}),
    ):
        await journal.append("breaking", changes.Correct(MONA, id, fields, previous=previous))
        assert await redis("HGETALL", names.labels("breaking")) == counts | {b"place:MENA": b"2"}
    await journal.append("breaking", changes.Correct(MONA, other, sport, previous=politics))
    assert await redis("HGETALL", names.labels("breaking")) == {b"section:Sport": b"2", b"place:MENA": b"2"}
    assert await redis("EXISTS", names.index("breaking", "section", "Politics")) == 0


async def test_the_same_key_at_once_writes_once(redis: Redis) -> None:
    journal, settings = await opened(redis)
    receipts = await asyncio.gather(*(journal.append("breaking", filing(idempotency_key="k")) for _ in range(50)))
    assert len({str(receipt.body) for receipt in receipts}) == 1
    assert sum(receipt.repeated for receipt in receipts) == 49
    assert len(await chained(journal, settings)) == 1


async def test_a_key_is_its_holders_and_its_payloads(redis: Redis) -> None:
    journal, settings = await opened(redis)
    await journal.append("breaking", filing(idempotency_key="k"))
    await journal.append("breaking", filing(idempotency_key="k", holder=LUIS))
    with pytest.raises(KeyReused):
        await journal.append("breaking", filing(idempotency_key="k", fields=FIELDS | {"text": "other"}))
    assert len(await chained(journal, settings)) == 2
    kept = await redis("KEYS", "ticker:{breaking}:answered:*")
    assert [24 * 3600 - 60 < await redis("TTL", name) <= 24 * 3600 for name in kept] == [True, True]


async def test_the_life_of_a_dispatch_is_a_run_of_entries_that_folds_to_what_is_stored(redis: Redis) -> None:
    journal, settings = await opened(redis)
    start = await shown(journal, settings)
    first = (await journal.append("breaking", filing())).body
    second = (await journal.append("breaking", filing())).body
    id = first["id"]
    corrected = await journal.append("breaking", changes.Correct(MONA, id, FIELDS | {"text": "new"}, revision=1))
    assert corrected.body["revision"] == 2
    await journal.append("breaking", changes.Pin(MONA, id))
    await journal.append("breaking", changes.Air(MONA, {"on": False, "label": "نهاية", "url": None}))
    killed = await journal.append("breaking", changes.Kill(MONA, id, "false"))
    assert killed.body["revision"] == 3
    now = await shown(journal, settings)
    for entry in await chained(journal, settings):
        fold(entry, start)
    assert start == now
    assert now.pinned == id
    assert now.air == {"on": False, "label": "نهاية", "url": None}
    assert [each["id"] for each in now.dispatches] == [second["id"], id]
    assert await journal.dispatch("breaking", id) == now.dispatches[1]
    assert "text" not in now.dispatches[1]
    await journal.append("breaking", changes.Pin(MONA, None))
    assert (await shown(journal, settings)).pinned is None


async def test_what_cannot_be_is_refused_and_writes_nothing(redis: Redis) -> None:
    journal, settings = await opened(redis)
    id = (await journal.append("breaking", filing())).body["id"]
    dead = (await journal.append("breaking", filing())).body["id"]
    await journal.append("breaking", changes.Kill(MONA, dead, "r"))
    refused: list[tuple[type[Exception], changes.Change]] = [
        (StaleRevision, changes.Correct(MONA, id, FIELDS, revision=2)),
        (Forbidden, changes.Correct(LUIS, id, FIELDS, revision=1, own_only=True)),
        (Forbidden, changes.Kill(LUIS, id, "r", own_only=True)),
        (Gone, changes.Correct(MONA, dead, FIELDS, revision=2)),
        (Gone, changes.Kill(MONA, dead, "r")),
        (Gone, changes.Pin(MONA, dead)),
        (NotFound, changes.Correct(MONA, "nothing", FIELDS, revision=1)),
        (NotFound, changes.Pin(MONA, "nothing")),
    ]
    before = len(await chained(journal, settings))
    for error, change in refused:
        with pytest.raises(error):
            await journal.append("breaking", change)
    with pytest.raises(NotFound):
        await journal.append("unopened", filing())
    assert len(await chained(journal, settings)) == before
    assert await redis("KEYS", "ticker:{unopened}:*") == []


async def test_the_window_and_the_history_are_newest_first(redis: Redis) -> None:
    journal, settings = await opened(redis)
    ids = [(await journal.append("breaking", filing())).body["id"] for _ in range(WINDOW + 5)]
    ids.reverse()
    assert [each["id"] for each in (await shown(journal, settings)).dispatches] == ids[:WINDOW]
    page = await journal.history("breaking", None, 10)
    assert [each["id"] for each in page] == ids[:10]
    page = await journal.history("breaking", ids[9], 100)
    assert [each["id"] for each in page] == ids[10:]
    assert await journal.history("breaking", ids[-1], 10) == []
    with pytest.raises(NotFound):
        await journal.history("breaking", "nothing", 10)


async def test_recent_entries_come_with_the_place_before_them(redis: Redis) -> None:
    journal, settings = await opened(redis)
    origin = (await shown(journal, settings)).tail
    for _ in range(10):
        await journal.append("breaking", filing())
    everything = await chained(journal, settings)
    assert await journal.recent("breaking", 10, 4) == (everything[5].tail, everything[6:])
    assert await journal.recent("breaking", 10, 10) == (origin, everything)
    assert await journal.recent("breaking", 0, 10) == (origin, [])
    assert origin.offset == 0


async def test_a_script_the_server_forgot_is_sent_again(redis: Redis) -> None:
    journal, settings = await opened(redis)
    await journal.append("breaking", filing())
    await redis("SCRIPT", "FLUSH")
    await journal.append("breaking", filing())
    assert (await shown(journal, settings)).tail.offset == 2


async def test_without_its_replicas_an_entry_is_not_promised_and_repeating_is_safe(redis: Redis) -> None:
    _, settings = await opened(redis)
    journal = Journal(redis, replicas=1, replica_timeout=0.05)
    for _ in range(2):
        with pytest.raises(Unavailable, match="0 of 1 replicas"):
            await journal.append("breaking", filing(idempotency_key="k"))
    assert (await Journal(redis).append("breaking", filing(idempotency_key="k"))).repeated
    assert len(await chained(journal, settings)) == 1


async def test_an_operator_is_warned_of_a_redis_that_does_not_keep(redis: Redis) -> None:
    assert await durability_warnings(redis, 0) == []
    assert "TICKER_REPLICAS is 2" in (await durability_warnings(redis, 2))[0]
    await redis("CONFIG", "SET", "appendfsync", "everysec")
    assert "appendfsync everysec" in (await durability_warnings(redis, 0))[0]
    await redis("CONFIG", "SET", "appendonly", "no")
    assert "nothing on disk" in (await durability_warnings(redis, 0))[0]


async def test_a_server_that_may_not_write_is_unavailable(redis: Redis) -> None:
    journal, _ = await opened(redis)
    await redis("CONFIG", "SET", "maxmemory", "1")
    with pytest.raises(Unavailable, match="takes no entries"):
        await journal.append("breaking", filing())
    await redis("CONFIG", "SET", "maxmemory", "0")
    assert (await journal.append("breaking", filing())).body["position"].startswith("1-")


async def test_a_feed_opened_again_after_a_loss_shares_no_position_with_the_first(redis: Redis) -> None:
    journal, settings = await opened(redis)
    first = (await shown(journal, settings)).tail
    await redis("FLUSHALL")
    journal, settings = await opened(redis)
    second = (await shown(journal, settings)).tail
    assert first.offset == second.offset == 0
    assert first != second
    assert Tail(0, first.hash).position != second.position
