"""Feeds and keys in Redis: concurrent edits, closing, and a log that was emptied."""

import asyncio
from typing import Any

import pytest

from tests.journal.test_append import MONA, filing, opened
from ticker import changes
from ticker.errors import Closed, NotFound
from ticker.journal import names
from ticker.journal.redis import Redis
from ticker.journal.registry import Registry

pytestmark = pytest.mark.anyio


async def test_concurrent_edits_are_all_kept(redis: Redis) -> None:
    await opened(redis)
    clients = [Redis(redis.url) for _ in range(4)]
    registries = [Registry(client) for client in clients]
    try:
        for number in range(20):
            edits: list[dict[str, Any]] = [
                {"title": f"{number}"},
                {"timezone": f"Etc/GMT+{number % 12}"},
                {"origins": []},
            ]
            edits.append({"origins": [f"https://{number}.example"], "language": "ar"})
            edited = await asyncio.gather(
                *(registry.edit("breaking", edit) for registry, edit in zip(registries, edits, strict=True))
            )
            assert edited[0].title == f"{number}"
            feed = await registries[0].settings("breaking")
            assert (feed.title, feed.timezone, feed.language) == (f"{number}", f"Etc/GMT+{number % 12}", "ar")
            assert feed.origins in ((), (f"https://{number}.example",))
    finally:
        for client in clients:
            await client.close()


async def test_nodes_are_sent_the_token_of_each_edit_and_closing(redis: Redis) -> None:
    await opened(redis)
    registry = Registry(redis)
    async with redis.subscription() as subscription:
        await subscription.add(redis.channels.settings)
        await registry.edit("breaking", {"title": "x"}, "edited")
        await registry.close("breaking", "closed")
        await registry.edit("breaking", {"title": "y", "closed": None}, "reopened")
        received: list[bytes] = []
        async with asyncio.timeout(30):
            while len(received) < 4:  # None confirms the subscription
                received += [message[1]] if (message := await subscription.next(5.0)) else []
    assert received == [b"edited", b"closed", b"breaking", b"reopened"]


async def test_a_closed_feed_takes_kills_alone(redis: Redis) -> None:
    journal, _ = await opened(redis)
    registry = Registry(redis)
    receipt = (await journal.append("breaking", filing())).body
    due = changes.Hold(MONA, {"text": "a", "urgency": "normal", "language": "en"}, 4_000_000_000_000)
    held = (await journal.append("breaking", due)).body
    at = (await registry.close("breaking")).closed
    assert at is not None
    refused = [
        filing(),
        due,
        changes.Correct(MONA, receipt["id"], {"text": "b"}, revision=1),
        changes.Pin(MONA, receipt["id"]),
        changes.Pin(MONA, None),
        changes.Air(MONA, {"on": False, "label": None, "url": None}),
        changes.Edit(MONA, held["id"], {"text": "b"}, 4_000_000_000_000),
        changes.Release(MONA, held["id"], {"text": "a"}),
    ]
    before = await redis("HGETALL", names.state("breaking"))
    for change in refused:
        with pytest.raises(Closed) as why:
            await journal.append("breaking", change)
        assert why.value.at == at
    assert await redis("HGETALL", names.state("breaking")) == before
    await journal.append("breaking", changes.Kill(MONA, receipt["id"], "wrong"))
    await journal.append("breaking", changes.Spike(MONA, held["id"], "wrong"))
    assert (await registry.edit("breaking", {"closed": None})).closed is None
    await journal.append("breaking", filing())


async def test_a_feed_that_has_a_log_but_is_not_listed_cannot_be_closed(redis: Redis) -> None:
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
    assert [feed.name for feed in await registry.feeds()] == ["breaking"]


async def test_an_admin_key_that_was_revoked_or_replaced_stays_revoked(redis: Redis) -> None:
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


async def test_ensure_writes_nothing_when_nothing_is_missing(redis: Redis) -> None:
    registry = Registry(redis)
    await registry.ensure("tk_first_key_of_all")
    await redis("CONFIG", "SET", "maxmemory", 1)
    await registry.ensure("tk_first_key_of_all")
    await redis("CONFIG", "SET", "maxmemory", 0)
