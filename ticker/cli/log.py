"""The way to the log, its feeds and its keys: straight into the log's Redis where one can, else over HTTP as an admin.

Whoever can open the data directory needs no key; that is how the first key is made.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from ticker.errors import DataInUse
from ticker.journal.embedded import Embedded
from ticker.journal.redis import Redis
from ticker.journal.registry import Registry
from ticker.settings import Settings

Result = TypeVar("Result")


def over_http(redis: str | None, data: Path | None) -> bool:
    """Tell whether to ask a service rather than open its log: one is named or a key is at hand, and no log is."""
    if redis is not None or data is not None:
        return False
    named = os.environ.get("TICKER_REDIS_URL") or os.environ.get("TICKER_DATA")
    return bool(os.environ.get("TICKER_KEY") or os.environ.get("TICKER_URL")) and not named


def directly(redis: str | None, data: Path | None, act: Callable[[Registry], Awaitable[Result]]) -> Result:
    """Do something with the registry of a log that has at least its first feed; raises as `on_the_log`."""

    async def with_registry(redis: Redis) -> Result:
        registry = Registry(redis)
        await registry.ensure_breaking()
        return await act(registry)

    return on_the_log(redis, data, with_registry)


def on_the_log(redis: str | None, data: Path | None, act: Callable[[Redis], Awaitable[Result]]) -> Result:
    """Do something with the log itself, starting the own Valkey for that moment if the service is not running.

    Raises:
        TickerError: the log cannot be reached.
    """
    return asyncio.run(_act(Settings.read(redis_url=redis, data=data), act))


async def _act(settings: Settings, act: Callable[[Redis], Awaitable[Result]]) -> Result:
    if settings.redis_url is not None:
        return await _act_on(settings.redis_url, act)
    embedded = Embedded(settings.data)
    try:
        async with embedded:
            return await _act_on(embedded.url, act)
    except DataInUse:
        return await _act_on(embedded.url, act)


async def _act_on(url: str, act: Callable[[Redis], Awaitable[Result]]) -> Result:
    redis = Redis(url)
    try:
        return await act(redis)
    finally:
        await redis.close()


def entries(count: int) -> str:
    """Return a number of entries in words."""
    return f"{count:,} {'entry' if count == 1 else 'entries'}"
