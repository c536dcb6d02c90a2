"""Held dispatches in the script: who may change them, and what is left of them when they are held no more."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest

from tests.journal.test_append import FIELDS, LUIS, MONA, opened
from ticker import changes
from ticker.errors import Forbidden
from ticker.journal import names
from ticker.journal.held import POLL_SIZE, HeldDispatches
from ticker.journal.log import Journal
from ticker.journal.redis import Redis

pytestmark = pytest.mark.anyio

SOON = 4_000_000_000_000


async def hold(journal: Journal, release_at: int = SOON) -> str:
    return str((await journal.append("breaking", changes.Hold(MONA, FIELDS, release_at))).body["id"])


@pytest.mark.parametrize("how", ["released", "spiked"])
async def test_a_dispatch_that_is_no_longer_held_is_no_longer_due(redis: Redis, how: str) -> None:
    journal, _ = await opened(redis)
    ids = [await hold(journal, SOON + number) for number in range(POLL_SIZE + 1)]
    for id in ids[:-1]:
        change = changes.Release(MONA, id, FIELDS) if how == "released" else changes.Spike(MONA, id, "no")
        await journal.append("breaking", change)
    assert await redis("ZRANGE", names.due("breaking"), 0, -1, "WITHSCORES") == [
        ids[-1].encode(),
        str(SOON + POLL_SIZE).encode(),
    ]
    _, until_next = await HeldDispatches(redis).due(["breaking"])
    assert until_next is not None, "those that are no longer held would be all that a look brings"


@pytest.mark.parametrize(
    "change",
    [
        lambda key, held: changes.Edit(key, held, FIELDS, SOON + 1, own_only=True),
        lambda key, held: changes.Spike(key, held, "no", own_only=True),
        lambda key, held: changes.Release(key, held, FIELDS, own_only=True),
    ],
    ids=["edit", "spike", "release"],
)
async def test_only_the_key_that_wrote_it_may_change_a_held_dispatch(
    redis: Redis, change: Callable[..., changes.Change]
) -> None:
    journal, _ = await opened(redis)
    id = await hold(journal)
    before = await redis("HGET", names.held("breaking"), id)
    with pytest.raises(Forbidden):
        await journal.append("breaking", change(LUIS, id))
    assert await redis("HGET", names.held("breaking"), id) == before
    await journal.append("breaking", change(MONA, id))
    assert await redis("HGET", names.held("breaking"), id) != before


async def test_an_edited_dispatch_keeps_its_id_and_first_time_and_is_due_at_the_new_time(redis: Redis) -> None:
    journal, _ = await opened(redis)
    id = await hold(journal)
    first = orjson.loads(await redis("HGET", names.held("breaking"), id))
    receipt = await journal.append("breaking", changes.Edit(MONA, id, FIELDS | {"text": "b"}, SOON + 123, revision=1))
    record = orjson.loads(await redis("HGET", names.held("breaking"), id))
    assert record | {"updated": ""} == first | {
        "text": "b",
        "release_at": "2096-10-02T07:06:40.123Z",
        "revision": 2,
        "updated": "",
    }
    assert receipt.body == {name: record[name] for name in ("id", "release_at", "revision", "held", "updated")}
    assert await redis("ZSCORE", names.due("breaking"), id) == SOON + 123


async def test_a_list_costs_as_many_round_trips_however_many_are_held(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, _ = await opened(redis)
    round_trips: list[int] = []
    send = redis._send

    async def counted(commands: list[tuple[object, ...]]) -> list[object]:
        round_trips.append(len(commands))
        return await send(commands)

    monkeypatch.setattr(redis, "_send", counted)

    async def asked(number: int) -> list[int]:
        round_trips.clear()
        assert len(await HeldDispatches(redis).waiting("breaking", 100)) == number
        return list(round_trips)

    await hold(journal)
    few = await asked(1)
    for _ in range(49):
        await hold(journal)
    assert await asked(50) == few == [1, 2]
