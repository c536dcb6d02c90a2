"""What became of a line after it was filed, kept by each node for the desk."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

import orjson

from ticker.fanout import FanOut, FanOuts, Line, quantile
from ticker.journal import names
from ticker.journal.redis import Redis

KEEP: Final = 7 * 24 * 3600
"""Seconds a receipt is kept."""

_KEPT: Final = "kept"


class Receipts:
    """The nodes' measurements, in Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def keep(self, node: str, fan_outs: FanOuts) -> None:
        """Keep what a node measured.

        In one command for all lines of a minute: on a busy night, one for each would be half of what Redis is asked.
        """
        measured, kept = fan_outs.take()
        told: dict[str, list[str | bytes]] = defaultdict(list)
        commands: list[tuple[Any, ...]] = []
        for line, fan_out in measured.items():
            told[_minute(line)] += [f"{line.id} {node}", orjson.dumps([*fan_out])]
        for line, (at, repeated) in kept.items():
            if repeated:  # the first answer, if it is known, stands
                commands.append(("HSETNX", _minute(line), f"{line.id} {_KEPT}", at))
            else:
                told[_minute(line)] += [f"{line.id} {_KEPT}", at]
        commands += [("HSET", name, *pairs) for name, pairs in told.items()]
        commands += [("EXPIRE", name, KEEP) for name in {command[1] for command in commands}]
        if commands:
            # What cannot be kept is lost: a measurement is no reason for readers to be told that the log is.
            await self._redis.pipeline_outcomes(*commands)

    async def of(self, feed: str, dispatch: dict[str, Any]) -> dict[str, Any]:
        """Return the receipt of a dispatch."""
        name = _minute(Line(feed, dispatch["id"], dispatch["filed"]))
        found: dict[str, bytes] = {}
        cursor = 0
        while True:  # a minute can hold many lines, of which one is asked for
            cursor, some = await self._redis("HSCAN", name, cursor, "MATCH", f"{dispatch['id']} *", "COUNT", 1000)
            found |= {key.decode().partition(" ")[2]: value for key, value in some.items()}
            if cursor == 0:
                break
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


def _minute(line: Line) -> str:
    return names.receipts(line.feed, line.filed[:16])
