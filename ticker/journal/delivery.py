"""Delivery reports in Redis: what each node measured of a dispatch, for the desk.

Measurements are stored by a task of their own, so that neither a slow Redis nor a failing write delays a proof, a beat
or the response to a request.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson

from ticker.delivery import Deliveries, Delivery, Filed, quantile
from ticker.errors import Unavailable
from ticker.journal import names
from ticker.journal.redis import Redis
from ticker.journal.redis_errors import CommandError, cause

RETENTION: Final = 7 * 24 * 3600
"""Seconds a delivery report is kept."""

STORE_INTERVAL: Final = 1.0
"""Seconds between two writes of what was measured: all dispatches of a second travel together."""

_KEPT: Final = "kept"

log = logging.getLogger("ticker.delivery")


class DeliveryReports:
    """The nodes' measurements, in Redis."""

    def __init__(self, redis: Redis) -> None:
        """`redis` must not be the connection that proves freshness, which would wait for these writes."""
        self._redis = redis

    async def run(
        self, node: str, deliveries: Deliveries, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        """Store what a node measures until cancelled. What cannot be stored while Redis is lost is stored later."""
        while True:
            await sleep(STORE_INTERVAL)
            try:
                await self.store(node, deliveries)
            except (Unavailable, CommandError) as error:
                log.info("delivery reports are stored later: %s", cause(error))
            except Exception:  # any error: the next measurements may be stored
                log.exception("delivery reports could not be stored")

    async def store(self, node: str, deliveries: Deliveries) -> None:
        """Store what a node measured.

        In one command for all dispatches of a minute: on a busy night, one for each would be half of what Redis is
        asked.

        Raises:
            Unavailable: Redis cannot be reached; the measurements are with `deliveries` again.
        """
        measured, kept = deliveries.take()
        fields: dict[str, list[str | bytes]] = defaultdict(list)
        commands: list[tuple[Any, ...]] = []
        for dispatch, delivery in measured.items():
            fields[_minute(dispatch)] += [f"{dispatch.id} {node}", orjson.dumps([*delivery])]
        for dispatch, (at, repeated) in kept.items():
            if repeated:  # the first response, if it is known, counts
                commands.append(("HSETNX", _minute(dispatch), f"{dispatch.id} {_KEPT}", at))
            else:
                fields[_minute(dispatch)] += [f"{dispatch.id} {_KEPT}", at]
        commands += [("HSET", name, *pairs) for name, pairs in fields.items()]
        commands += [("EXPIRE", name, RETENTION) for name in {command[1] for command in commands}]
        if not commands:
            return
        try:
            await self._redis.pipeline(*commands)
        except Unavailable:
            deliveries.put_back(measured, kept)
            raise

    async def of(self, feed: str, dispatch: dict[str, Any]) -> dict[str, Any]:
        """Return the delivery report of a dispatch."""
        name = _minute(Filed(feed, dispatch["id"], dispatch["filed"]))
        found: dict[str, bytes] = {}
        cursor = 0
        while True:  # a minute can hold many dispatches, and one is requested
            cursor, some = await self._redis("HSCAN", name, cursor, "MATCH", f"{dispatch['id']} *", "COUNT", 1000)
            found |= {key.decode().partition(" ")[2]: value for key, value in some.items()}
            if cursor == 0:
                break
        kept = found.pop(_KEPT, None)
        deliveries = [Delivery(*orjson.loads(value)) for value in found.values()]
        return {
            "id": dispatch["id"],
            "filed": dispatch["filed"],
            # One script stores and publishes, so the moment of filing is also that of publishing.
            "published": dispatch["filed"],
            # A node knows the clock of Redis to a few milliseconds, and nothing is kept before it is filed.
            "kept": max(kept.decode(), dispatch["filed"]) if kept is not None else None,
            "nodes": len(deliveries),
            "readers": sum(delivery.readers for delivery in deliveries),
            "set_aside": sum(delivery.lagging for delivery in deliveries),
            "fan_out_ms": {"p50": _rounded(quantile(deliveries, 0.5)), "p99": _rounded(quantile(deliveries, 0.99))},
        }


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(max(milliseconds, 0.0), 3)


def _minute(dispatch: Filed) -> str:
    return names.receipts(dispatch.feed, dispatch.filed[:16])
