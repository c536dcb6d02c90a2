"""Changes of a key are counted over all nodes, a share at a time."""

from __future__ import annotations

import asyncio

import pytest

from ticker.journal import names
from ticker.journal.rate import SHARES, Rates
from ticker.journal.redis import Redis

pytestmark = pytest.mark.anyio


class Clock:
    now = 6000.0

    def __call__(self) -> float:
        return self.now


async def let_through(rates: Rates, rate: int, times: int) -> int:
    return [await rates.count("mona", rate) for _ in range(times)].count(0)


async def test_no_more_changes_than_the_rate_pass_on_all_nodes_together(redis: Redis) -> None:
    clock = Clock()
    for rate in (1, 3, 39, 100, 1200):
        clock.now += 60
        nodes = [Rates(redis, clock) for _ in range(3)]
        passed = 0
        for _ in range(rate):
            for node in nodes:
                passed += await let_through(node, rate, 1)
        # A share of each of the other nodes may be unused.
        assert rate - 2 * max(rate // SHARES - 1, 0) <= passed <= rate
        assert await nodes[0].count("luis", rate) == 0, "each key for itself"


async def test_one_node_lets_through_exactly_the_rate_also_at_once(redis: Redis) -> None:
    clock = Clock()
    for rate in (5, 100, 105):
        clock.now += 60
        rates = Rates(redis, clock)
        waits = await asyncio.gather(*(rates.count("mona", rate) for _ in range(2 * rate)))
        assert waits.count(0) == rate
        assert set(waits) == {0, 60}


async def test_the_next_minute_begins_anew(redis: Redis) -> None:
    clock = Clock()
    rates = Rates(redis, clock)
    assert await let_through(rates, 2, 3) == 2
    clock.now += 59.5
    assert await rates.count("mona", 2) == 1, "seconds to wait"
    clock.now += 0.5
    assert await let_through(rates, 2, 3) == 2


async def test_most_changes_are_counted_without_redis(redis: Redis) -> None:
    clock = Clock()
    rates = Rates(redis, clock)
    await let_through(rates, 1200, 120)
    assert int(await redis("GET", names.rate("mona", 100))) == 120
    calls = (await redis("INFO", "commandstats"))["cmdstat_incrby"]["calls"]
    assert calls == 2
