"""`ticker keys add|list|revoke`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated
from urllib.parse import quote

import typer

from ticker.admin import KeyPlan
from ticker.cli.backend import directly, over_http
from ticker.cli.client import Service
from ticker.cli.serve import Data, RedisUrl
from ticker.dispatch import check

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command()
def add(
    role: Annotated[str, typer.Option(help="correspondent, editor or admin.")],
    name: Annotated[str, typer.Option(help="The person or program that holds it.")],
    feed: Annotated[list[str] | None, typer.Option(help="A feed it writes to; may be repeated. [default: all]")] = None,
    rate: Annotated[int | None, typer.Option(help="Changes it may make in a minute. [default: the service's]")] = None,
    redis: RedisUrl = None,
    data: Data = None,
) -> None:
    """Issue a key. It is printed once and not kept."""
    request = {"name": name, "role": role, "rate": rate, **({"feeds": feed} if feed else {})}
    plan = check(KeyPlan, request)
    if over_http(redis, data):
        secret = Service().ask("POST", "/v1/keys", request)["key"]
    else:
        secret, _ = directly(
            redis, data, lambda registry: registry.issue(plan.name, plan.role, plan.feeds, rate=plan.rate)
        )
    print(secret)


@app.command(name="list")
def list_keys(redis: RedisUrl = None, data: Data = None) -> None:
    """List the keys: id, role, name, feeds, when issued, when last used."""
    if over_http(redis, data):
        holders = [holder for page in Service().pages("/v1/keys") for holder in page["keys"]]
    else:
        found = directly(redis, data, lambda registry: registry.holders())
        holders = [asdict(holder) | {"used": used} for holder, used in found]
    for holder in holders:
        feeds = ",".join(holder["feeds"]) or "all feeds"
        used = holder["used"] or "never"
        print("\t".join((holder["id"], holder["role"], holder["name"], feeds, holder["issued"], used)))


@app.command()
def revoke(
    id: Annotated[str, typer.Argument(help="The key's id, as `ticker keys list` shows it.")],
    redis: RedisUrl = None,
    data: Data = None,
) -> None:
    """Revoke a key, at once and on every node."""
    if over_http(redis, data):
        Service().ask("DELETE", f"/v1/keys/{quote(id, safe='')}")
    else:
        directly(redis, data, lambda registry: registry.revoke(id))
