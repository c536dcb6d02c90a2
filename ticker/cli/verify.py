"""`ticker verify` and `audit`: whether the log is sound, and who did what."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from ticker.cli.backend import on_the_log, refuse_service
from ticker.cli.client import Service
from ticker.cli.count import counted
from ticker.cli.message import tell
from ticker.cli.serve import Data, RedisUrl
from ticker.client.request import feed_path
from ticker.dispatch import BREAKING
from ticker.errors import NotFound, TickerError
from ticker.journal.redis import Redis
from ticker.journal.registry import Registry
from ticker.journal.verify import Verifier, VerifyResult


def verify(
    feed: Annotated[list[str] | None, typer.Option(help="A feed; may be repeated. [default: all]")] = None,
    redis: RedisUrl = None,
    data: Data = None,
) -> None:
    """Prove that each feed's log is unbroken and that the feed shows what it says; say where not, and exit 1."""
    refuse_service("verify", redis, data)

    async def act(redis: Redis) -> list[tuple[str, VerifyResult]]:
        registry = Registry(redis)
        chosen = [await registry.settings(name) for name in feed] if feed else await registry.feeds()
        if not chosen:
            raise NotFound("There is no feed in this log; name the log with --redis or --data")
        return [(settings.name, await Verifier(redis, settings.name).verify()) for settings in chosen]

    broken = False
    for name, (tail, fault) in on_the_log(redis, data, act):
        if fault is None:
            print(f"{name}: {counted(tail.offset, 'entry', 'entries')}, unbroken to {tail.position}")
        else:
            broken = True
            tell(f"{name}: {fault}; unbroken to {tail.position}")
    if broken:
        raise typer.Exit(1)


def audit(feed: Annotated[str, typer.Option(help="The feed.")] = BREAKING) -> None:
    """Print every change with whose key made it, before and after, as NDJSON. Needs an editor's TICKER_KEY."""
    faults = 0
    for line in Service().lines(feed_path(feed, "audit")):
        print(line)
        faults += "fault" in _change(line)
    if faults:
        raise typer.Exit(1)


def _change(line: str) -> dict[str, Any]:
    try:
        change: dict[str, Any] = json.loads(line)
    except ValueError:
        raise TickerError("the audit is truncated, or is not the response of a ticker service") from None
    return change
