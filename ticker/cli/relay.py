"""`ticker relay`: a node without Redis, which follows another node."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from ticker.cli.serve import Host, Port, Workers
from ticker.errors import BadSetting
from ticker.server.supervisor import serve as run
from ticker.settings import Settings

Upstream = Annotated[
    str | None,
    typer.Option(help="URL of the node to follow; several, separated by commas: one of them at a time."),
]
Feed = Annotated[
    list[str] | None, typer.Option("--feed", help="Feed to follow; may be repeated. [default: all public ones]")
]
PassOn = Annotated[
    str | None,
    typer.Option(help="What to do with requests that need the log: proxy or redirect. [default: proxy]"),
]


def relay(
    upstream: Upstream = None,
    feed: Feed = None,
    host: Host = None,
    port: Port = None,
    workers: Workers = None,
    pass_on: PassOn = None,
) -> None:
    """Follow another node and serve readers as that does, without Redis and without a disk.

    With TICKER_KEY it reports its readers to the upstream every 10 seconds.
    """
    feeds = ",".join(feed) if feed else None
    settings = Settings.read(
        host=host, port=port, workers=workers, upstream=upstream, relayed_feeds=feeds, pass_on=pass_on
    )
    if settings.upstream is None:
        raise BadSetting("--upstream: name the node to follow, such as https://news.example, or set TICKER_UPSTREAM")
    asyncio.run(run(settings, lambda url: print(f"ticker ready on {url}", flush=True)))
