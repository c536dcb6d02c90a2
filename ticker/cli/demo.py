"""`ticker demo`: the service, with an invented newsroom that files a dispatch every few seconds."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import tempfile
from pathlib import Path

from ticker.cli.change import invocation
from ticker.cli.newsroom import EDITIONS, Newsroom
from ticker.cli.serve import Data, Host, Port, RedisUrl, Workers
from ticker.journal.registry import KEY_PREFIX
from ticker.server.supervisor import serve
from ticker.settings import Settings


def demo(
    host: Host = None, port: Port = None, workers: Workers = None, redis: RedisUrl = None, data: Data = None
) -> None:
    """Run the service with an invented newsroom. Nothing is kept unless --data or --redis names a place."""
    key = KEY_PREFIX + secrets.token_urlsafe(16)
    flags = {"host": host, "port": port, "workers": workers, "redis_url": redis, "admin_key": key}
    with contextlib.ExitStack() as stack:
        if redis is None and data is None:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ticker-")))
        asyncio.run(_run(Settings.read(data=data, **flags), key))


async def _run(settings: Settings, key: str) -> None:
    newsroom: asyncio.Task[None] | None = None

    def ready(url: str) -> None:
        nonlocal newsroom
        print(f"ticker ready on {url}")
        for feed, (title, _) in EDITIONS.items():
            print(f"  {title:<14} {url}/{'' if feed == 'breaking' else f'feeds/{feed}'}")
        print(f"Sign in at {url}/desk with this key, and file:")
        print(f"  {key}")
        command = invocation()
        print("Or from another terminal:")
        print(f"  export TICKER_URL={url} TICKER_KEY={key}")
        print(f"  {command} file 'Bridge closed to traffic' --source 'Harbour police' --urgency urgent")
        print(f"  {command} tail", flush=True)
        newsroom = asyncio.create_task(Newsroom(url, key).work())

    await serve(settings, ready)
    if newsroom is not None:
        newsroom.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await newsroom
