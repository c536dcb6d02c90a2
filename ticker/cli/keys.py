"""`ticker keys add|invite|list|revoke`."""

from __future__ import annotations

import os
import shlex
import sys
from typing import Annotated
from urllib.parse import quote

import segno
import typer

from ticker.admin import KeyPlan
from ticker.cli.backend import directly, on_the_log, over_http
from ticker.cli.change import invocation
from ticker.cli.client import Service
from ticker.cli.serve import Data, RedisUrl
from ticker.client.target import DEFAULT_URL
from ticker.desk.invitation import InvitationPlan, granted, link
from ticker.dispatch import check
from ticker.errors import TickerError
from ticker.journal.invitations import Invitations
from ticker.journal.registry import Registry
from ticker.settings import Settings

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command()
def add(
    role: Annotated[str, typer.Option(help="correspondent, editor or admin.")],
    name: Annotated[str, typer.Option(help="The person or program that holds it.")],
    feed: Annotated[list[str] | None, typer.Option(help="A feed it writes to; may be repeated. [default: all]")] = None,
    rate: Annotated[int | None, typer.Option(help="Changes it may make in a minute. [default: the service's]")] = None,
    person: Annotated[
        str | None,
        typer.Option(help="Whose key it is: a person's id, as `ticker keys list` shows it. [default: a new one]"),
    ] = None,
    redis: RedisUrl = None,
    data: Data = None,
) -> None:
    """Issue a key. It is printed once and not kept."""
    given = {"name": name, "role": role, "feeds": feed or None, "rate": rate, "person": person}
    request = {member: value for member, value in given.items() if value is not None}
    plan = check(KeyPlan, request)
    if over_http(redis, data):
        issued = Service().ask("POST", "/v1/keys", request)
        secret, id = issued["key"], issued["id"]
    else:
        secret, holder = directly(
            redis,
            data,
            lambda registry: registry.issue(plan.name, plan.role, plan.feeds, rate=plan.rate, person=plan.person),
        )
        id = holder.key
    where = [word for flag, value in (("--redis", redis), ("--data", data)) if value for word in (flag, str(value))]
    revoking = f"{invocation()} {shlex.join(['keys', 'revoke', id, *where])}"
    _print_secret(secret, f"the key was issued all the same and is lost; revoke it: {revoking}")


@app.command(name="list")
def list_keys(redis: RedisUrl = None, data: Data = None) -> None:
    """List the keys: id, role, name, feeds, when issued, when last used, whose."""
    if over_http(redis, data):
        holders = [holder for page in Service().pages("/v1/keys") for holder in page["keys"]]
    else:
        found = directly(redis, data, lambda registry: registry.holders())
        holders = [holder.described() | {"used": used} for holder, used in found]
    for holder in holders:
        feeds = ",".join(holder["feeds"]) or "all feeds"
        used = holder["used"] or "never"
        print(
            "\t".join(
                (holder["id"], holder["role"], holder["name"], feeds, holder["issued"], used, holder["person"]["id"])
            )
        )


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


@app.command()
def invite(
    role: Annotated[str, typer.Option(help="correspondent, editor or admin.")],
    name: Annotated[str, typer.Option(help="Who is invited.")],
    feed: Annotated[
        list[str] | None, typer.Option(help="A feed they work in; may be repeated. [default: yours]")
    ] = None,
    person: Annotated[
        str | None, typer.Option(help="The person's id, for a further device. [default: a new one]")
    ] = None,
    redis: RedisUrl = None,
    data: Data = None,
) -> None:
    """Print a link that signs somebody in at the desk, once, within 10 minutes; in a terminal as a QR code, too."""
    given = {"name": name, "role": role, "feeds": feed or None, "person": person}
    request = {member: value for member, value in given.items() if value is not None}
    plan = check(InvitationPlan, request)
    if over_http(redis, data):
        url = Service().ask("POST", "/v1/invitations", request)["url"]
    else:
        base = Settings.read().public_url or os.environ.get("TICKER_URL") or DEFAULT_URL
        secret, _ = on_the_log(
            redis, data, lambda redis: Invitations(redis, Registry(redis)).make(plan, granted(plan, "admin", []))
        )
        url = link(base.rstrip("/"), secret)
    if sys.stdout.isatty():
        segno.make(url, error="l", micro=False).terminal(compact=True)
    _print_secret(url, "the invitation was made all the same; unused, it ends in 10 minutes")


def _print_secret(secret: str, lost: str) -> None:
    """Print what is printed only once.

    Raises:
        TickerError: it cannot be printed, and is lost, as the message says.
    """
    try:
        print(secret, flush=True)
    except OSError as error:
        raise TickerError(f"standard output: {error.strerror}; {lost}") from None
