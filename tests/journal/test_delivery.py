"""Delivery reports in Redis: what was measured while it was away is stored once it is back."""

from __future__ import annotations

from pathlib import Path

import pytest

from ticker.delivery import Deliveries, Delivery, Filed, Kept
from ticker.errors import Unavailable
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
