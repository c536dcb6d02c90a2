"""A node leaves the old primary as soon as Sentinels name another one, although the old one still takes writes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.sentinels import Sentinels
from ticker.errors import Unavailable
from ticker.journal.primary_watch import watch_primary
from ticker.journal.redis import Redis

pytestmark = pytest.mark.anyio


async def test_connections_and_subscriptions_leave_a_primary_that_does_not_know_yet(tmp_path: Path) -> None:
    with Sentinels(tmp_path, replicas=1, demotes=False) as sentinels:
        redis, other = Redis(sentinels.url), Redis(sentinels.url)
        old = sentinels.primary
        await redis("SET", "key", "before")
        await other("PING")
        async with other.subscription() as subscription:
            await subscription.add("channel")
            watching = asyncio.create_task(watch_primary([redis, other]))
            sentinels.fail_over()
            with pytest.raises(Unavailable):
                async with asyncio.timeout(60):
                    while True:
                        await subscription.next(0.1)
            assert old.info()["role"] == "master", "it still takes writes, which will be lost"
        for each in (redis, other):
            async with asyncio.timeout(60):
                while (await each("INFO", "server"))["tcp_port"] == old.port:
                    await asyncio.sleep(0.01)
        watching.cancel()
        await asyncio.wait([watching])
        await redis.close()
        await other.close()


async def test_without_sentinels_there_is_nothing_to_watch(redis: Redis) -> None:
    async with asyncio.timeout(60):
        await watch_primary([redis])


async def test_sentinels_that_do_not_respond_change_nothing(tmp_path: Path) -> None:
    with Sentinels(tmp_path, replicas=1) as sentinels:
        redis = Redis(sentinels.url)
        number = await redis("CLIENT", "ID")
        for sentinel in sentinels.sentinels:
            sentinel.kill()
        slept = asyncio.Semaphore(0)

        async def sleep(_: float) -> None:
            slept.release()
            await asyncio.sleep(0)

        watching = asyncio.create_task(watch_primary([redis], sleep=sleep))
        for _ in range(3):
            await slept.acquire()
        assert await redis("CLIENT", "ID") == number
        watching.cancel()
        await asyncio.wait([watching])
        await redis.close()
