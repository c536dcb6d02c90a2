"""The way out for programs: feeds, snapshots, history, single dispatches."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from ticker.channel import Channel
from ticker.dispatch import URGENCIES
from ticker.errors import Gone, Invalid
from ticker.feed import Feed
from ticker.journal.history import Filter, at_least
from ticker.web.admission import readable, reading_holder, refuse_foreign
from ticker.web.answers import json, public
from ticker.web.auth import holder_of
from ticker.web.node import node_of
from ticker.web.public_url import base

FRESH_FOR: Final = 1
"""Seconds a shared cache may keep a snapshot: enough to spare the service a stampede."""

PAGE: Final = 20
LONGEST_PAGE: Final = 100
"""Dispatches of history given at once: unless told, and at most."""

NARROW: Final = ("section", "place", "story", "min_urgency")
"""Filters of history. They can be combined."""

LABELS_AT_MOST: Final = 20
"""Labels that one filter may name: each is a set to look into."""


async def feeds(request: Request) -> Response:
    """GET /v1/feeds"""
    node = node_of(request)
    refuse_foreign(node.settings, None, request.headers)
    channels = await seen(request, node.hub.open_channels())
    every = [channel.feed for channel in channels.values()]
    listed = [
        describe(channel.feed, channels)
        | {"editions": siblings(channel.feed, every), "watching": channel.freshness.watching}
        for channel in channels.values()
    ]
    answer = public(request, {"feeds": listed}, max_age=FRESH_FOR)
    if not all(feed.listed for feed in every):
        answer.headers["cache-control"] = "no-store"  # this is for the holder of the key alone
    return answer


async def seen(request: Request, channels: Mapping[str, Channel]) -> dict[str, Channel]:
    """Return the channels whose feeds this request may be told of: public ones, and those that its key reaches.

    Raises:
        Unavailable: there is a key, and Redis cannot be asked what it reaches.
    """
    hidden = any(not channel.feed.listed for channel in channels.values())
    holder = await reading_holder(node_of(request), request.headers) if hidden else None
    return {
        name: channel
        for name, channel in channels.items()
        if channel.feed.listed or (holder is not None and holder.writes(name))
    }


async def told(request: Request, lines: list[str]) -> list[str]:
    """Return the editions of a line, each as `feed/id`, without those of feeds that this request must not be told of.

    Raises:
        Unavailable: as `seen`.
    """
    node = node_of(request)
    if all(node.feeds.listed(line.partition("/")[0]) for line in lines):
        return lines
    holder = await reading_holder(node, request.headers)
    return [
        line
        for line in lines
        if node.feeds.listed(feed := line.partition("/")[0]) or (holder is not None and holder.writes(feed))
    ]


def siblings(feed: Feed, every: list[Feed]) -> list[dict[str, str]]:
    """Return the editions of a feed in other languages: all that go back to the same one."""
    root = feed.edition_of or feed.name
    return [
        {"name": other.name, "title": other.title, "language": other.language}
        for other in every
        if other is not feed and (other.edition_of or other.name) == root
    ]


def describe(feed: Feed, known: Container[str]) -> dict[str, Any]:
    """Return what readers are told of a feed itself, who may know of these feeds."""
    return {
        "name": feed.name,
        "title": feed.title,
        "language": feed.language,
        "position": str(feed.tail.position),
        "air": feed.air,
        "edition_of": feed.edition_of if feed.edition_of in known else None,
        "timezone": feed.timezone,
        "visibility": feed.visibility,
        "closed": feed.closed,
    }


async def snapshot(request: Request) -> Response:
    """GET /v1/feeds/{feed}: the same object as the first frame. Served from memory, also while Redis is away."""
    channel = await readable(request)
    # The time of the last proof moves on while nothing changes, hence a weak tag; and a 304 must tell it too.
    proof = {} if channel.freshness.proof is None else {"ticker-at": channel.freshness.proof}
    tag = str(channel.feed.tail.position)
    return public(request, channel.snapshot(), max_age=FRESH_FOR, tag=tag, weak=True, headers=proof)


async def history(request: Request) -> Response:
    """GET …/dispatches?before=&limit=&section=&place=&story=&min_urgency="""
    feed = request.path_params["feed"]
    node = node_of(request)
    await readable(request)
    query = request.query_params
    if unknown := sorted(set(query) - {"before", "limit", *NARROW}):
        known = f"before, limit, {', '.join(NARROW)}"
        raise Invalid([(name, f"is not a parameter here; the parameters are {known}") for name in unknown])
    text = query.get("limit", str(PAGE))
    limit = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    if not 1 <= limit <= LONGEST_PAGE:
        raise Invalid([("limit", f"is a number from 1 to {LONGEST_PAGE}")])
    page = await node.journal.search(feed, query.get("before"), limit, _wanted(query))
    response = public(request, {"feed": feed, "dispatches": page.dispatches}, max_age=FRESH_FOR)
    if page.before is not None:
        narrow = [(name, value) for name, value in query.multi_items() if name in NARROW]
        following = urlencode([("before", page.before), ("limit", limit), *narrow])
        response.headers["link"] = f'<{base(request)}{request.url.path}?{following}>; rel="next"'
    return response


def _wanted(query: QueryParams) -> Filter:
    """Return the filter that a query asks for.

    Raises:
        Invalid: too many labels, or an urgency that is none.
    """
    labels = {name: labels_in(query.getlist(name)) for name in ("section", "place") if name in query}
    if "story" in query:
        labels["story"] = (query["story"],)
    faults = [
        (name, f"names at most {LABELS_AT_MOST} labels")
        for name, those in labels.items()
        if len(those) > LABELS_AT_MOST
    ]
    lowest = query.get("min_urgency", "normal")
    if lowest not in URGENCIES:
        faults.append(("min_urgency", f"is one of {', '.join(reversed(URGENCIES))}"))
    if faults:
        raise Invalid(faults)
    return Filter(labels, None if lowest == "normal" else at_least(lowest))


def labels_in(values: list[str]) -> tuple[str, ...]:
    """Return the labels that a parameter names, separated by commas or given one by one.

    A label may have a comma itself, so a value that has some is also taken for one label: what asks for
    "Washington, D.C." finds that, and "Washington", and "D.C.".
    """
    every = [label for value in values for label in (value, *value.split(","))]
    return tuple(dict.fromkeys(label.strip() for label in every))


async def dispatch(request: Request) -> Response:
    """GET …/dispatches/{id}"""
    feed = request.path_params["feed"]
    node = node_of(request)
    await readable(request)
    found = await node.journal.dispatch(feed, request.path_params["id"])
    if found["status"] == "killed":
        raise Gone(f"This dispatch was killed: {found['reason']}", tombstone=found)
    every = await node.journal.editions(feed, found["id"])
    found["editions"] = await told(request, every)
    answer = public(request, found, max_age=FRESH_FOR, tag=str(found["revision"]))
    if not all(node.feeds.listed(line.partition("/")[0]) for line in found["editions"]):
        answer.headers["cache-control"] = "no-store"  # as in `feeds`
    return answer


async def labels(request: Request) -> Response:
    """GET …/labels: the feed's sections, places and stories with the number of their dispatches, most first"""
    feed = request.path_params["feed"]
    node = node_of(request)
    await readable(request)
    listed = {
        plural: [
            {"label": label, "dispatches": count}
            for label, count in sorted(found.items(), key=lambda item: (-item[1], item[0]))
        ]
        for plural, found in zip(
            ("sections", "places", "stories"), (await node.journal.labels(feed)).values(), strict=True
        )
    }
    return public(request, {"feed": feed, **listed}, max_age=FRESH_FOR)


async def receipt(request: Request) -> Response:
    """GET …/dispatches/{id}/receipt: what became of a line, for the desk"""
    feed = request.path_params["feed"]
    node = node_of(request)
    await holder_of(request, at_least="correspondent", feed=feed)
    await node.find(feed)
    found = await node.journal.dispatch(feed, request.path_params["id"])
    return json(await node.delivery_reports.of(feed, found))
