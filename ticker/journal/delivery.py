"""Delivery reports in Redis: what each node measured of a dispatch, for the desk.

Measurements are stored by a task of their own, so that neither a slow Redis nor a failing write delays a proof, a beat
or the response to a request.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from ticker.delivery import Deliveries, Delivery, Filed, quantile
from ticker.dispatch import rfc3339
from ticker.errors import Unavailable
from ticker.journal import names
from ticker.journal.redis import Redis
from ticker.journal.redis_errors import CommandError, cause

RETENTION: Final = 7 * 24 * 3600
"""Seconds a delivery report is kept."""

STORE_INTERVAL: Final = 0.2
"""Seconds between two writes of what was measured, which a worker that dies takes with it. On a busy night all
dispatches of this time travel together."""

NOTE_TIMEOUT: Final = 2.0
"""Seconds after the filing in which the worker that filed a dispatch stores when it was kept; no other does before."""

_KEPT: Final = "kept"
_PUBLISHED: Final = ">"
_FOUND: Final = "~"

log = logging.getLogger("ticker.delivery")


class DeliveryReports:
    """The nodes' measurements, in Redis."""

    def __init__(self, redis: Redis, settle: Callable[[str], Awaitable[None]] | None = None) -> None:
        """`redis` must not be the connection that proves freshness, which would wait for these writes.

        `settle` waits until all that was written to a feed is kept, and raises Unavailable if it is not.
        """
        self._redis = redis
        self._settle = settle

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
        for dispatch, (at, repeated, nodes) in kept.items():
            if nodes is not None:
                fields[_minute(dispatch)] += [_PUBLISHED + dispatch.id, str(nodes)]
            if repeated:  # the first response, if it is known, counts
                commands.append(("HSETNX", _minute(dispatch), f"{dispatch.id} {_KEPT}", at))
                commands.append(("HSETNX", _minute(dispatch), _FOUND + dispatch.id, at))
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
        published, noticed = await self._redis("HMGET", name, _PUBLISHED + dispatch["id"], _FOUND + dispatch["id"])
        kept = found.pop(_KEPT, None)
        if kept is None:
            kept = noticed = await self._find_kept(feed, dispatch)
        deliveries = [Delivery(*orjson.loads(value)) for value in found.values()]
        return {
            "id": dispatch["id"],
            "filed": dispatch["filed"],
            # One script stores and publishes, so the moment of filing is also that of publishing.
            "published": dispatch["filed"],
            # A node knows the clock of Redis to a few milliseconds, and nothing is kept before it is filed.
            "kept": max(kept.decode(), dispatch["filed"]) if kept is not None else None,
            "kept_exact": kept is not None and kept != noticed,
            "nodes": len(deliveries),
            "unreported": None if published is None else max(int(published) - len(deliveries), 0),
            "readers": sum(delivery.readers for delivery in deliveries),
            "set_aside": sum(delivery.lagging for delivery in deliveries),
            "fan_out_ms": {"p50": _rounded(quantile(deliveries, 0.5)), "p99": _rounded(quantile(deliveries, 0.99))},
        }

    async def _find_kept(self, feed: str, dispatch: dict[str, Any]) -> bytes | None:
        """Find out that a dispatch is kept where nobody noted it, and note that; return when, or None if it is not.

        The worker that filed it died before it could, or got no response. That the dispatch is in the log proves that
        it is on disk, as its script was answered after that; for replicas, `settle` asks.
        """
        seconds, micros = await self._redis("TIME")
        now = seconds + micros / 1e6
        age = now - datetime.fromisoformat(dispatch["filed"]).timestamp()
        if not NOTE_TIMEOUT <= age < RETENTION:
            return None
        try:
            if self._settle is not None:
                await self._settle(feed)
            name, id = _minute(Filed(feed, dispatch["id"], dispatch["filed"])), dispatch["id"]
            at = rfc3339(datetime.fromtimestamp(now, UTC)).encode()
            *_, kept = await self._redis.pipeline(
                ("HSETNX", name, f"{id} {_KEPT}", at),
                ("HSETNX", name, _FOUND + id, at),
                ("EXPIRE", name, RETENTION),
                ("HGET", name, f"{id} {_KEPT}"),
            )
        except Unavailable:  # too few replicas, or no writes: it is not known now
            return None
        return kept if isinstance(kept, bytes) else None


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(max(milliseconds, 0.0), 3)


def _minute(dispatch: Filed) -> str:
    return names.receipts(dispatch.feed, dispatch.filed[:16])
