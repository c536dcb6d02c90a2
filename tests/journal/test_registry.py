"""Plans of feeds in Redis: read as every version wrote them, edited by many at once, closed where all see it."""

import asyncio
from typing import Any

import orjson
import pytest

from tests.journal.test_append import MONA, filing, opened
from ticker.errors import Closed, NotFound
from ticker.journal import names
from ticker.journal.change import Change
from ticker.journal.redis import Redis
from ticker.journal.registry import Plan, Registry

pytestmark = pytest.mark.anyio

OF_0_0 = (
    b'{"name":"ar","title":"\xd8\xb9\xd8\xa7\xd8\xac\xd9\x84","language":"ar","opened":"2026-01-01T00:00:00.000Z",'
    b'"edition_of":"breaking","two_person_flash":true}'
)
"""A plan as the version before feeds could be edited stored it."""


async def test_a_plan_that_an_older_version_stored_reads_as_before(redis: Redis) -> None:
    await redis("HSET", names.FEEDS, "ar", OF_0_0)
    plan = await Registry(redis).plan("ar")
    assert plan == Plan("ar", "عاجل", "ar", "2026-01-01T00:00:00.000Z", "breaking", two_person_flash=True)
    assert (plan.timezone, plan.origins, plan.visibility, plan.closed) == ("UTC", None, "public", None)
    assert await Registry(redis).feeds() == [plan]


async def test_a_plan_that_makes_no_use_of_what_is_new_is_stored_as_older_versions_read_it() -> None:
    plan = Plan.read(OF_0_0)
    assert plan.stored == OF_0_0
    assert Plan.read(Plan("a", "A", "en", "", closed="2026-01-01T00:00:00.000Z").stored).closed is None


async def test_a_plan_of_a_later_version_is_read_too() -> None:
    later = orjson.dumps(orjson.loads(OF_0_0) | {"colour": "red", "origins": ["https://a.example"]})
    assert Plan.read(later).origins == ("https://a.example",)


@pytest.mark.parametrize("origins", [None, (), ("https://a.example", "http://b.example:8080"), ("*",)])
async def test_a_plan_is_read_as_it_was_stored(origins: tuple[str, ...] | None) -> None:
    plan = Plan("a", "A", "en", "", None, two_person_flash=False, timezone="Asia/Beirut", origins=origins)
    assert Plan.read(plan.stored) == plan


async def test_of_edits_at_the_same_time_none_is_lost(redis: Redis) -> None:
    await opened(redis)
    registries = [Registry(Redis(redis.url)) for _ in range(4)]
    try:
        for number in range(20):
            edits: list[dict[str, Any]] = [
                {"title": f"{number}"},
                {"timezone": f"Etc/GMT+{number % 12}"},
                {"origins": []},
            ]
            edits.append({"origins": [f"https://{number}.example"], "language": "ar"})
            plans = await asyncio.gather(
                *(registry.edit("breaking", edit) for registry, edit in zip(registries, edits, strict=True))
            )
            assert plans[0].title == f"{number}"
            plan = await registries[0].plan("breaking")
            assert (plan.title, plan.timezone, plan.language) == (f"{number}", f"Etc/GMT+{number % 12}", "ar")
            assert plan.origins in ((), (f"https://{number}.example",))
    finally:
        for registry in registries:
            await registry._redis.close()


async def test_nodes_are_told_the_word_of_each_edit_and_closing(redis: Redis) -> None:
    await opened(redis)
    registry = Registry(redis)
    async with redis.subscription() as subscription:
        await subscription.add(redis.channels.changes)
        await registry.edit("breaking", {"title": "x"}, "edited")
        await registry.close("breaking", "closed")
        await registry.edit("breaking", {"title": "y", "closed": None}, "reopened")
        heard: list[bytes] = []
        while len(heard) < 4:  # it also tells, as None, that it listens now
            heard += [message[1]] if (message := await subscription.next(5.0)) else []
    assert heard == [b"edited", b"closed", b"breaking", b"reopened"]


async def test_into_a_closed_feed_goes_nothing_but_a_kill(redis: Redis) -> None:
    journal, _ = await opened(redis)
    registry = Registry(redis)
    receipt = (await journal.append("breaking", filing())).body
    due = Change("hold", MONA, {"text": "a", "urgency": "normal", "language": "en"}, release=4_000_000_000_000)
    held = (await journal.append("breaking", due)).body
    at = (await registry.close("breaking")).closed
    assert at is not None
    refused = [
        filing(),
        due,
        Change("correct", MONA, {"text": "b"}, id=receipt["id"], revision=1),
        Change("pin", MONA, {}, id=receipt["id"]),
        Change("pin", MONA, {}),
        Change("air", MONA, {"on": False, "label": None, "url": None}),
        Change("edit", MONA, {"text": "b"}, held=held["id"], release=4_000_000_000_000),
        Change("file", MONA, {"text": "a"}, held=held["id"]),
    ]
    before = await redis("HGETALL", names.state("breaking"))
    for change in refused:
        with pytest.raises(Closed) as why:
            await journal.append("breaking", change)
        assert why.value.at == at
    assert await redis("HGETALL", names.state("breaking")) == before
    await journal.append("breaking", Change("kill", MONA, {"reason": "wrong"}, id=receipt["id"]))
    await journal.append("breaking", Change("spike", MONA, {"reason": "wrong"}, held=held["id"]))
    assert (await registry.edit("breaking", {"closed": None})).closed is None
    await journal.append("breaking", filing())


async def test_a_feed_whose_log_is_there_and_that_is_not_listed_is_not_closed(redis: Redis) -> None:
    await opened(redis)
    await redis("HDEL", names.FEEDS, "breaking")
    for act in (Registry(redis).close("breaking"), Registry(redis).edit("breaking", {"title": "x"})):
        with pytest.raises(NotFound):
            await act
    assert await redis("HGET", names.state("breaking"), "closed") is None


async def test_an_emptied_log_gets_the_admin_key_and_the_default_feed_again(redis: Redis) -> None:
    registry = Registry(redis)
    await registry.set_admin("tk_first_key_of_all")
    await registry.ensure("tk_first_key_of_all")
    await redis("FLUSHALL")
    await asyncio.gather(*(registry.ensure("tk_first_key_of_all") for _ in range(3)))
    assert await registry.holder("tk_first_key_of_all") is not None
    assert [plan.name for plan in await registry.feeds()] == ["breaking"]


async def test_an_admin_key_that_was_revoked_or_replaced_stays_worthless(redis: Redis) -> None:
    registry = Registry(redis)
    await registry.set_admin("tk_first_key_of_all")
    await registry.set_admin("tk_second_key_of_all")
    await registry.ensure("tk_first_key_of_all")
    assert await registry.holder("tk_first_key_of_all") is None
    second = await registry.holder("tk_second_key_of_all")
    assert second is not None
    await registry.revoke(second.id)
    await registry.ensure("tk_second_key_of_all")
    assert await registry.holder("tk_second_key_of_all") is None


async def test_nothing_is_written_where_nothing_is_missing(redis: Redis) -> None:
    registry = Registry(redis)
    await registry.ensure("tk_first_key_of_all")
    await redis("CONFIG", "SET", "maxmemory", 1)
    await registry.ensure("tk_first_key_of_all")
    await redis("CONFIG", "SET", "maxmemory", 0)
