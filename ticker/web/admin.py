"""Feeds and keys, for admins."""

from __future__ import annotations

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response

from ticker.dispatch import FeedPlan, KeyPlan, read
from ticker.errors import Invalid, KeyTooWeak
from ticker.journal.registry import Plan, now
from ticker.web.answers import json
from ticker.web.auth import holder_of
from ticker.web.ingest import body
from ticker.web.node import node_of


async def _admin(request: Request) -> None:
    """Let pass only an admin of all feeds: one of some could otherwise issue itself a key to the others."""
    holder = await holder_of(request, at_least="admin")
    if holder.feeds:
        raise KeyTooWeak(f"This needs an admin of all feeds; {holder.name}'s key is for {', '.join(holder.feeds)}")


async def open_feed(request: Request) -> Response:
    """POST /v1/feeds"""
    await _admin(request)
    plan = read(FeedPlan, await body(request))
    node = node_of(request)
    if plan.edition_of is not None and not await node.registry.listed(plan.edition_of):
        raise Invalid([("edition_of", f"names a feed that is open; {plan.edition_of!r} is not")])
    opened = Plan(plan.name, plan.title or plan.name, plan.language, now(), plan.edition_of, plan.two_person_flash)
    await node.registry.open_feed(opened)
    return json(asdict(opened), 201, {"location": f"/v1/feeds/{plan.name}"})


async def list_keys(request: Request) -> Response:
    """GET /v1/keys: holders; never the keys."""
    await _admin(request)
    holders = await node_of(request).registry.holders()
    return json({"keys": [asdict(holder) | {"used": used} for holder, used in holders]})


async def issue_key(request: Request) -> Response:
    """POST /v1/keys: the answer is the only time the key is shown."""
    await _admin(request)
    plan = read(KeyPlan, await body(request))
    secret, holder = await node_of(request).registry.issue(plan.name, plan.role, plan.feeds, rate=plan.rate)
    return json({"key": secret, **asdict(holder)}, 201)


async def revoke_key(request: Request) -> Response:
    """DELETE /v1/keys/{id}"""
    await _admin(request)
    await node_of(request).registry.revoke(request.path_params["id"])
    return Response(status_code=204)
