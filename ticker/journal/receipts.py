"""What became of a line after it was filed, kept by each node for the desk."""

from __future__ import annotations

from typing import Any, Final

import orjson

from ticker.fanout import FanOut, FanOuts, quantile
from ticker.journal import keys
from ticker.journal.redis import Redis

KEEP: Final = 7 * 24 * 3600
"""Seconds a receipt is kept."""

_KEPT: Final = "kept"


class Receipts:
    """The nodes' measurements, in Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def keep(self, node: str, fan_outs: FanOuts) -> None:
        """Keep what a node measured."""
        measured, kept = fan_outs.take()
        told = [(keys.receipts(*line), node, orjson.dumps([*fan_out])) for line, fan_out in measured.items()]
        told += [(keys.receipts(*line), _KEPT, at.encode()) for line, at in kept.items()]
        # The first word on when a line was kept stands: a repeated request comes later.
        commands: list[tuple[Any, ...]] = [("HSETNX", name, member, value) for name, member, value in told]
        commands += [("EXPIRE", name, KEEP) for name in sorted({name for name, _, _ in told})]
        if commands:
            await self._redis.together(*commands)

    async def of(self, feed: str, dispatch: dict[str, Any]) -> dict[str, Any]:
        """Return the receipt of a dispatch."""
        found = {
            name.decode(): value
            for name, value in (await self._redis("HGETALL", keys.receipts(feed, dispatch["id"]))).items()
        }
        kept = found.pop(_KEPT, None)
        fan_outs = [FanOut(*orjson.loads(value)) for value in found.values()]
        return {
            "id": dispatch["id"],
            "filed": dispatch["filed"],
            # One script stores and publishes, so the moment of filing is also that of publishing.
            "published": dispatch["filed"],
            # A node knows the clock of Redis to a few milliseconds, and nothing is kept before it is filed.
            "kept": max(kept.decode(), dispatch["filed"]) if kept is not None else None,
            "nodes": len(fan_outs),
            "readers": sum(fan_out.readers for fan_out in fan_outs),
            "set_aside": sum(fan_out.set_aside for fan_out in fan_outs),
            "fan_out_ms": {"p50": _rounded(quantile(fan_outs, 0.5)), "p99": _rounded(quantile(fan_outs, 0.99))},
        }


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(max(milliseconds, 0.0), 3)
