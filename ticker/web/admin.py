"""Feeds and keys, for admins: open, edit and close feeds; issue and revoke keys."""

from __future__ import annotations

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response

from ticker.dispatch import FeedEdit, FeedPlan, KeyPlan, read
from ticker.errors import Invalid, KeyTooWeak
from ticker.journal.feed_settings import FeedSettings
from ticker.journal.registry import now
from ticker.web.answers import json
from ticker.web.auth import holder_of
from ticker.web.ingest import HEAR_WITHIN, body
from ticker.web.node import Node, node_of
from ticker.web.public_url import base


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
    await _check_edition(node, plan.name, plan.edition_of)
    opened = FeedSettings.requested(plan, now())
    await node.registry.open_feed(opened)
    return json(asdict(opened), 201, {"location": f"{base(request)}/v1/feeds/{plan.name}"})


async def edit_feed(request: Request) -> Response:
    """PATCH /v1/feeds/{feed}: edits at the same time are all kept; `closed: null` opens it again"""
    await _admin(request)
    feed, node = request.path_params["feed"], node_of(request)
    changes = read(FeedEdit, await body(request)).changes()
    await _check_edition(node, feed, changes.get("edition_of"))
    async with node.relay.hears(HEAR_WITHIN) as word:
        plan = await node.registry.edit(feed, changes, word)
    await node.journal.settle(feed)
    return json(asdict(plan))


async def close_feed(request: Request) -> Response:
    """DELETE /v1/feeds/{feed}: once this is answered, no node takes anything into it; closed again, nothing changes"""
    await _admin(request)
    feed, node = request.path_params["feed"], node_of(request)
    async with node.relay.hears(HEAR_WITHIN) as word:
        plan = await node.registry.close(feed, word)
    await node.journal.settle(feed)
    return json(asdict(plan))


async def _check_edition(node: Node, feed: str, original: str | None) -> None:
    if original is not None and (original == feed or not await node.registry.listed(original)):
        raise Invalid([("edition_of", f"names another feed that there is; {original!r} is none")])


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
