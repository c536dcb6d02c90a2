"""Delivery reports in Redis: what was measured while it was away is stored once it is back."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.journal.test_append import filing, opened
from ticker.delivery import Deliveries, Delivery, Filed, Kept
from ticker.errors import Unavailable
from ticker.journal import delivery, names
from ticker.journal.append import Receipt
from ticker.journal.delivery import DeliveryReports
from ticker.journal.redis import Redis

pytestmark = pytest.mark.anyio

AT = "2026-03-11T14:12:00.250Z"


async def test_what_was_measured_while_redis_was_away_is_stored_later(redis: Redis, tmp_path: Path) -> None:
    deliveries = Deliveries({}, clock=lambda: 0.0, redis_time=lambda: 0.0)
    deliveries.delivered(Filed("breaking", "a", AT), Delivery(3, 1, 1.0, 2.0))
    deliveries.kept(Filed("breaking", "a", AT), Kept(AT, repeated=False))
    away = Redis(f"unix://{tmp_path}/nobody")
    with pytest.raises(Unavailable):
        await DeliveryReports(away).store("1", deliveries)
    await away.close()
    reports = DeliveryReports(redis)
    await reports.store("1", deliveries)
    report = await reports.of("breaking", {"id": "a", "filed": AT})
    assert (report["kept"], report["nodes"], report["readers"], report["set_aside"]) == (AT, 1, 3, 1)


async def _filed(redis: Redis, *, subscribers: int = 0) -> Receipt:
    """A dispatch that was filed while so many nodes listened."""
    journal, _ = await opened(redis)
    channel = redis.channels.live("breaking")
    async with AsyncExitStack() as stack:
        for _ in range(subscribers):
            await (await stack.enter_async_context(Redis(redis.url).subscription())).add(channel)
        async with asyncio.timeout(20):
            while (await redis("PUBSUB", "NUMSUB", channel))[1] < subscribers:
                await asyncio.sleep(0.01)
        return await journal.append("breaking", filing())


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the worker that filed it."""
    monkeypatch.setattr(delivery, "NOTE_TIMEOUT", 0.0)


async def test_nodes_that_it_was_published_to_and_that_never_report_are_counted(redis: Redis) -> None:
    receipt = await _filed(redis, subscribers=2)
    filed = receipt.body
    dispatch = Filed("breaking", filed["id"], filed["filed"])
    reports = DeliveryReports(redis)
    report = await reports.of("breaking", filed)
    assert (report["nodes"], report["unreported"], report["kept"], report["kept_exact"]) == (0, None, None, False)
    deliveries = Deliveries({}, clock=lambda: 0.0, redis_time=lambda: 0.0)
    deliveries.kept(dispatch, Kept(filed["filed"], repeated=False, nodes=receipt.nodes))
    await reports.store("1", deliveries)
    report = await reports.of("breaking", filed)
    assert (report["nodes"], report["unreported"], report["kept_exact"]) == (0, 2, True)
    deliveries.delivered(dispatch, Delivery(3, 0, 1.0, 2.0))
    await reports.store("2", deliveries)
    report = await reports.of("breaking", filed)
    assert (report["nodes"], report["unreported"], report["readers"]) == (1, 1, 3)
    lifetime = await redis("TTL", names.receipts("breaking", filed["filed"][:16]))
    assert delivery.RETENTION - 60 < lifetime <= delivery.RETENTION


async def test_a_repeated_request_does_not_say_how_many_nodes_there_were(redis: Redis) -> None:
    journal, _ = await opened(redis)
    first, again = [await journal.append("breaking", filing(idempotency_key="once")) for _ in range(2)]
    assert (first.repeated, first.nodes) == (False, 0)
    assert (again.repeated, again.nodes) == (True, None)


async def test_when_it_was_kept_is_found_out_once_if_nobody_noted_it(redis: Redis, at_once: None) -> None:
    filed = (await _filed(redis)).body
    settled: list[str] = []

    async def settle(feed: str) -> None:
        settled.append(feed)

    reports = DeliveryReports(redis, settle)
    found = [await reports.of("breaking", filed) for _ in range(3)]
    assert found[0]["kept"] >= filed["filed"]
    assert not found[0]["kept_exact"]
    assert found[1:] == found[:1] * 2
    assert settled == ["breaking"]
    # The worker that filed it was only slow.
    deliveries = Deliveries({}, clock=lambda: 0.0, redis_time=lambda: 0.0)
    noted = filed["filed"][:-4] + "999Z"
    deliveries.kept(Filed("breaking", filed["id"], filed["filed"]), Kept(noted, repeated=False))
    await reports.store("1", deliveries)
    report = await reports.of("breaking", filed)
    assert (report["kept"], report["kept_exact"]) == (noted, True)


async def test_what_is_on_too_few_replicas_is_not_said_to_be_kept(redis: Redis, at_once: None) -> None:
    filed = (await _filed(redis)).body

    async def settle(feed: str) -> None:
        raise Unavailable("only 0 of 1 replicas have it")

    report = await DeliveryReports(redis, settle).of("breaking", filed)
    assert (report["kept"], report["kept_exact"]) == (None, False)
    assert (await DeliveryReports(redis).of("breaking", filed))["kept"] is not None


async def test_the_response_to_a_repeated_request_is_no_exact_time(redis: Redis) -> None:
    filed = (await _filed(redis)).body
    deliveries = Deliveries({}, clock=lambda: 0.0, redis_time=lambda: 0.0)
    deliveries.kept(Filed("breaking", filed["id"], filed["filed"]), Kept("2999-01-01T00:00:00.000Z", repeated=True))
    reports = DeliveryReports(redis)
    await reports.store("1", deliveries)
    report = await reports.of("breaking", filed)
    assert (report["kept"], report["kept_exact"]) == ("2999-01-01T00:00:00.000Z", False)


@pytest.mark.parametrize("age", [timedelta(0), timedelta(seconds=delivery.RETENTION)])
async def test_nothing_is_noted_while_the_worker_may_do_it_and_once_the_report_is_gone(
    redis: Redis, age: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "NOTE_TIMEOUT", 60.0)
    filed = (datetime.now(UTC) - age).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    report = await DeliveryReports(redis).of("breaking", {"id": "a", "filed": filed})
    assert (report["kept"], report["nodes"], report["unreported"]) == (None, 0, None)
    assert await redis("KEYS", "*receipts*") == []
