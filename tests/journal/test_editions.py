"""Editions in other feeds: shown where both dispatches say so, bounded, and undone by a change or a kill."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.journal.test_append import FIELDS
from ticker import changes
from ticker.journal import names
from ticker.journal.editions import LOOKED_AT, MAX_EDITIONS
from ticker.journal.feed_settings import FeedSettings
from ticker.journal.holder import Holder
from ticker.journal.log import Journal
from ticker.journal.redis import Redis
from ticker.journal.registry import Registry
from ticker.journal.transfer import export_feed, import_feed

pytestmark = pytest.mark.anyio

EVERYWHERE = Holder("mona", "Mona", "editor", "2026-01-01T00:00:00.000Z")
ARABIC = replace(EVERYWHERE, id="luis", feeds=["ar"])


class World:
    def __init__(self, redis: Redis) -> None:
        self.redis, self.journal = redis, Journal(redis)

    async def file(self, feed: str, original: str | None = None, holder: Holder = EVERYWHERE) -> str:
        """File a dispatch and return its `feed/id`."""
        fields = FIELDS | ({} if original is None else {"edition_of": original})
        return f"{feed}/{(await self.journal.append(feed, changes.File(holder, fields))).body['id']}"

    async def move(self, name: str, original: str | None, holder: Holder = EVERYWHERE) -> None:
        """Correct a dispatch so that it is an edition of another one, or of none."""
        feed, id = name.split("/")
        fields = FIELDS | ({} if original is None else {"edition_of": original})
        previous = await self.journal.dispatch(feed, id)
        await self.journal.append(feed, changes.Correct(holder, id, fields, previous=previous))

    async def kill(self, name: str) -> None:
        feed, id = name.split("/")
        await self.journal.append(feed, changes.Kill(EVERYWHERE, id, "wrong"))

    async def of(self, name: str) -> list[str]:
        feed, id = name.split("/")
        return await self.journal.editions(feed, await self.journal.dispatch(feed, id))

    async def set_of(self, name: str) -> set[str]:
        return {each.decode() for each in await self.redis("SMEMBERS", names.editions(*name.split("/")))}


@pytest.fixture
async def world(redis: Redis) -> World:
    for feed in ("breaking", "ar", "es"):
        await Registry(redis).open_feed(FeedSettings(feed, feed, "en", "2026-01-01T00:00:00.000Z"))
    return World(redis)


async def test_editions_of_one_original_know_each_other(world: World) -> None:
    original = await world.file("breaking")
    arabic, spanish = await world.file("ar", original), await world.file("es", original)
    assert await world.of(original) == sorted([arabic, spanish])
    assert await world.of(arabic) == sorted([original, spanish])
    second = await world.file("breaking", spanish)
    assert await world.of(second) == sorted([original, spanish]), "also of an edition of an edition"


async def test_the_other_feed_shows_the_tie_only_if_the_key_may_write_there(world: World) -> None:
    original = await world.file("breaking")
    foreign = await world.file("ar", original, ARABIC)
    assert await world.of(original) == []
    assert await world.of(foreign) == [original]
    spanish = await world.file("es", original)
    assert await world.of(original) == [spanish]
    assert await world.of(spanish) == [original]
    await world.move(foreign, original, EVERYWHERE)
    assert await world.of(original) == sorted([foreign, spanish]), "an editor of both feeds has affirmed it"


async def test_a_correction_unties(world: World) -> None:
    first, second = await world.file("breaking"), await world.file("breaking")
    arabic = await world.file("ar", first)
    await world.move(arabic, second)
    assert (await world.of(first), await world.of(second), await world.of(arabic)) == ([], [arabic], [second])
    assert (await world.set_of(first), await world.set_of(second)) == (set(), {arabic})
    await world.move(arabic, None)
    assert (await world.of(second), await world.of(arabic)) == ([], [])
    assert (await world.set_of(second), await world.set_of(arabic)) == (set(), set())


async def test_a_killed_dispatch_is_never_shown_and_frees_its_place(world: World) -> None:
    original = await world.file("breaking")
    arabic, spanish = await world.file("ar", original), await world.file("es", original)
    await world.kill(arabic)
    assert await world.of(original) == [spanish]
    assert await world.of(spanish) == [original]
    assert await world.set_of(original) == {spanish}
    assert await world.of(arabic) == sorted([original, spanish]), "the response to the kill names them"
    third = await world.file("ar", original)
    await world.kill(original)
    assert await world.of(third) == [spanish], "they are editions of each other still"
    assert await world.of(original) == sorted([spanish, third])


async def test_what_was_left_behind_shows_nothing(world: World, redis: Redis) -> None:
    # As version 0.1.0 leaves it, or a failure between the log and the ties.
    first, second = await world.file("breaking"), await world.file("breaking")
    arabic, killed = await world.file("ar", first), await world.file("es", second)
    await world.kill(killed)
    for name in (arabic, killed, "nowhere/01x", "garbage", "breaking/01x"):
        await redis("SADD", names.editions(*second.split("/")), name)
    assert await world.of(second) == []
    await redis("DEL", names.editions(*arabic.split("/")))
    assert await world.of(arabic) == [first], "its own log says so"


async def test_a_dispatch_has_a_bounded_number_of_editions(world: World, redis: Redis) -> None:
    original = await world.file("breaking")
    editions = [await world.file("ar", original) for _ in range(MAX_EDITIONS + 3)]
    assert await world.set_of(original) == set(editions[:MAX_EDITIONS])
    assert await world.of(original) == sorted(editions[:MAX_EDITIONS])
    late = await world.of(editions[-1])
    assert len(late) == MAX_EDITIONS
    await world.kill(editions[0])
    again = await world.file("ar", original)
    assert again in await world.of(original)
    await redis("SADD", names.editions(*original.split("/")), *(f"ar/x{number}" for number in range(5000)))
    before = (await redis("INFO", "commandstats")).get("cmdstat_hget", {}).get("calls", 0)
    await world.of(original)
    after = (await redis("INFO", "commandstats")).get("cmdstat_hget", {}).get("calls", 0)
    assert after - before <= 2 * LOOKED_AT + 1


async def test_an_import_ties_and_unties_too(world: World, redis: Redis) -> None:
    original, other = await world.file("breaking"), await world.file("breaking")
    tied = await world.file("ar", original)
    moved = await world.file("ar", original)
    await world.move(moved, other)
    killed = await world.file("ar", original)
    await world.kill(killed)
    expected = {name: await world.of(name) for name in (original, other, tied, moved)}
    assert expected[original] == [tied]
    lines: dict[str, list[bytes]] = {}
    for feed in ("ar", "breaking"):
        lines[feed] = [line async for line, _ in export_feed(redis, await Registry(redis).settings(feed))]
    await redis("FLUSHALL")
    for exported in lines.values():  # the editions first: what they name is not there yet
        async for _ in import_feed(redis, exported):
            pass
    assert {name: await world.of(name) for name in expected} == expected
    assert (await world.set_of(original), await world.set_of(other)) == ({tied}, {moved})


async def test_who_may_not_write_there_ties_nothing_by_a_repeated_request(world: World) -> None:
    original = await world.file("breaking")
    fields: dict[str, Any] = FIELDS | {"edition_of": original}
    for _ in range(2):
        kept = await world.journal.append("ar", changes.File(ARABIC, fields, idempotency_key="once"))
    assert kept.repeated
    assert await world.set_of(original) == set()
