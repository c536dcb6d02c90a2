"""`ticker serve`: the service."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from ticker.server.supervisor import serve as run
from ticker.settings import Settings

Host = Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")]
Port = Annotated[int | None, typer.Option(help="Port to listen on; 0 picks a free one. [default: 8000]")]
Workers = Annotated[int | None, typer.Option(help="Worker processes. [default: 1]")]
RedisUrl = Annotated[
    str | None, typer.Option("--redis", help="Redis or Valkey for the log, instead of the embedded one.")
]
Data = Annotated[Path | None, typer.Option(help="Directory of the embedded Valkey. [default: ticker-data]")]


def serve(
    host: Host = None, port: Port = None, workers: Workers = None, redis: RedisUrl = None, data: Data = None
) -> None:
    """Run the service. Without --redis it starts an embedded Valkey in --data."""
    settings = Settings.read(host=host, port=port, workers=workers, redis_url=redis, data=data)
    settings = settings.model_copy(update={"upstream": None})  # that is the setting of another command
    asyncio.run(run(settings, lambda url: print(f"ticker ready on {url}", flush=True)))
