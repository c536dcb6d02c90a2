"""What `feeds`, `keys`, `verify`, `export` and `import` work on: the log itself in its Redis, or a service over HTTP.

A user who can open the data directory needs no key; that is how the first key is made.
"""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from ticker.errors import BadSetting, DataInUse, Unavailable
from ticker.journal.connect import connect
from ticker.journal.embedded import Embedded, is_data_directory
from ticker.journal.redis import Redis
from ticker.journal.registry import Registry
from ticker.journal.unusable import explained
from ticker.journal.version import refuse_newer
from ticker.settings import Settings

Result = TypeVar("Result")


def over_http(redis: str | None, data: Path | None) -> bool:
    """Return True to send requests to a service: TICKER_URL or TICKER_KEY is set, and no log is named."""
    if redis is not None or data is not None:
        return False
    named = any(os.environ.get(f"TICKER_{name}") for name in ("REDIS_URL", "REDIS_URL_FILE", "DATA"))
    return bool(os.environ.get("TICKER_KEY") or os.environ.get("TICKER_URL")) and not named


def directly(redis: str | None, data: Path | None, act: Callable[[Registry], Awaitable[Result]]) -> Result:
    """Run `act` on the registry of a log and return its result; raises as `on_the_log`."""
    max_feeds = Settings.read().max_feeds
    return on_the_log(redis, data, lambda redis: act(Registry(redis, max_feeds=max_feeds)))


def refuse_service(command: str, redis: str | None, data: Path | None) -> None:
    """Refuse a command that needs the log itself when a service is named instead: its log may be another one.

    Raises:
        BadSetting: a service is named; the message says what to do.
    """
    if over_http(redis, data):
        variable = "TICKER_URL" if os.environ.get("TICKER_URL") else "TICKER_KEY"
        raise BadSetting(
            f"{variable} names a service, and {command} needs the log itself; run it where the log is, with --data or "
            "--redis"
        )


def on_the_log(
    redis: str | None, data: Path | None, act: Callable[[Redis], Awaitable[Result]], *, create: bool = False
) -> Result:
    """Run `act` on the log itself and return its result. Starts the embedded Valkey for that time if none is running.

    The data directory must exist unless `create` is true: reading a log must not create one.

    Raises:
        TickerError: the log cannot be reached.
        BadSetting: there is no data directory.
        NewerData: a newer ticker has written the data.
    """
    settings = Settings.read(redis_url=redis, data=data)
    if settings.redis_url is None and not create and not is_data_directory(settings.data):
        data = settings.data
        raise BadSetting(
            f"there is no log in {data} yet: `ticker serve --data {shlex.quote(str(data))}` makes one. Or name another "
            "with --data or --redis, or a running service with TICKER_URL and TICKER_KEY"
        )
    return asyncio.run(_act(settings, act))


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
    redis = connect(url)
    try:
        await refuse_newer(redis)
        return await act(redis)
    except Unavailable as error:
        raise await explained(url, error) from None
    finally:
        await redis.close()
