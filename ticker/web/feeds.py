"""Feeds: the list, the state of one, its labels; and for admins to open, edit and close them."""

from __future__ import annotations

from collections.abc import Container, Iterable
from contextlib import suppress
from itertools import islice
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from ticker.admin import FeedEdit, FeedPlan
from ticker.dispatch import read
from ticker.errors import NotFound, Unavailable
from ticker.feed import Feed, place
from ticker.journal.feed_settings import FeedSettings
from ticker.journal.holder import Holder
from ticker.journal.registry import already_open, now
from ticker.web.admission import readable, refuse_foreign
from ticker.web.append import ENTRY_TIMEOUT
from ticker.web.caching import BY_CREDENTIAL, FRESH_FOR, NEVER
from ticker.web.faults import INVALID_PARAMETER, OTHER_ORIGIN
from ticker.web.node import node_of
from ticker.web.operation import Fault, Operation, Resource, Returns
from ticker.web.paging import LONGEST_LIST, add_link, fitting, limit, limit_parameter, link_header, whole_number
from ticker.web.parameters import ETAG, FEED, FEED_NAME, IF_NONE_MATCH, LOCATION, TICKER_AT, query
from ticker.web.public_url import base
from ticker.web.request import body
from ticker.web.responses import json, public
from ticker.web.shapes.feed import FEEDS, LABELS, OPENED_FEED, SNAPSHOT
from ticker.web.visible import visible

ROUTES: Final = Resource("Feeds", (FEED_NAME,))

LIST: Final = "/v1/feeds"

MAX_EDITIONS: Final = 50
"""Editions that a feed is listed with: more than any newsroom has languages."""

LABELS_PAGE: Final = 200
"""Labels of each kind in one response."""

_AFTER: Final = query(
    "FeedAfter", "after", "Name of a feed: only those behind it in the list.", {"type": "string"}, "breaking-ar"
)
_LINK: Final = link_header(f"{LIST}?after=breaking-ar&limit=1000")
_SKIP: Final = query(
    "LabelSkip",
    "skip",
    "How many labels of each kind to leave out, from the most used on.",
    {"type": "integer", "minimum": 0, "maximum": 999_999, "default": 0},
    200,
)
_MORE_LABELS: Final = link_header("/v1/feeds/breaking/labels?skip=200&limit=200")

_FEED_IS_OPEN: Final = Fault("FeedIsOpen", already_open("breaking"))


@Operation(
    ROUTES,
    "GET",
    LIST,
    "listFeeds",
    "List the feeds",
    (Returns(200, "`breaking` first, the others by name.", (FEEDS,), headers=(_LINK,)),),
    parameters=(_AFTER, limit_parameter("FeedLimit", LONGEST_LIST, LONGEST_LIST)),
    faults=(INVALID_PARAMETER, OTHER_ORIGIN),
    description="Those that are public, and those that the key reaches if there is one.",
)
async def list_feeds(request: Request) -> Response:
    """List the feeds that the request may know of."""
    node = node_of(request)
    refuse_foreign(node.settings, None, request.headers)
    most, after = limit(request, LONGEST_LIST, LONGEST_LIST), request.query_params.get("after")
    channels = await visible(request, node.hub.open_channels())
    every = [channel.feed for channel in channels.values()]
    originals = originals_of(every)
    families: dict[str, list[Feed]] = {}
    for feed in every:
        families.setdefault(originals[feed.name], []).append(feed)
    rest = [name for name in channels if after is None or place(name) > place(after)]
    listed = [
        describe(channel.feed, channels)
        | {
            "editions": siblings(channel.feed, families[originals[channel.feed.name]]),
            "watching": channel.freshness.watching,
        }
        for channel in (channels[name] for name in rest[:most])
    ]
    count = fitting(listed, most)
    response = public(request, {"feeds": listed[:count]}, max_age=FRESH_FOR)
    if count < len(rest):
        add_link(response, request, [("after", rest[count - 1]), ("limit", most)])
    response.headers.add_vary_header(BY_CREDENTIAL)
    if not all(feed.listed for feed in every):
        response.headers["cache-control"] = NEVER  # this is for the holder of the key alone
    return response


def originals_of(every: list[Feed]) -> dict[str, str]:
    """Return by the name of each feed that of the original to which it goes back, over any number of editions.

    Feeds that go back to one another have the first of their names as original, so that they agree on it.
    """
    originals = {feed.name: feed.name for feed in every if feed.edition_of is None}
    edition_of = {feed.name: feed.edition_of for feed in every if feed.edition_of is not None}
    for name in edition_of:
        passed: list[str] = []
        current = name
        while current in edition_of and current not in originals and current not in passed:
            passed.append(current)
            current = edition_of[current]
        if current in passed:
            current = min(passed[passed.index(current) :])
        originals |= dict.fromkeys(passed, originals.get(current, current))
    return originals


def siblings(feed: Feed, family: Iterable[Feed]) -> list[dict[str, str]]:
    """Return the editions of a feed in other languages: the others of its family, MAX_EDITIONS at most."""
    found = (other for other in family if other is not feed)
    return [
        {"name": other.name, "title": other.title, "language": other.language} for other in islice(found, MAX_EDITIONS)
    ]


def describe(feed: Feed, known: Container[str]) -> dict[str, Any]:
    """Return what the list has of a feed, for readers who may know of the feeds in `known`."""
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
        **({"rehearsal": True} if feed.rehearsal else {}),
    }


@Operation(
    ROUTES,
    "POST",
    LIST,
    "openFeed",
    "Open a feed",
    (Returns(201, "It is open.", (OPENED_FEED,), headers=(LOCATION,)),),
    role="admin",
    body=FeedPlan,
    faults=(_FEED_IS_OPEN,),
)
async def open_feed(request: Request, holder: Holder) -> Response:
    """Open a feed."""
    plan = read(FeedPlan, await body(request))
    node = node_of(request)
    await node.registry.check_edition(plan.name, plan.edition_of)
    opened = FeedSettings.requested(plan, now())
    node.journal.check_promise()
    await node.registry.open_feed(opened, asking=holder.key)
    with suppress(NotFound, Unavailable):  # so that the next request to this node sees it
        await node.find(plan.name)
    return json(opened.described(), 201, {"location": f"{base(request)}/v1/feeds/{plan.name}"})


@Operation(
    ROUTES,
    "GET",
    FEED,
    "readFeed",
    "The current state of a feed",
    (
        Returns(200, "The same object as a `snapshot` frame.", (SNAPSHOT,), headers=(ETAG, TICKER_AT)),
        Returns(304, "You have it already.", media_type="", headers=(ETAG, TICKER_AT)),
    ),
    parameters=(IF_NONE_MATCH,),
    faults=(OTHER_ORIGIN,),
    alternate_of="/feeds/{feed}",
    description="The newest dispatches, the pin and the air. Served from memory, also while the log is away.",
)
async def snapshot(request: Request) -> Response:
    """Respond from memory, also while Redis is away."""
    channel = await readable(request)
    # The time of the last proof moves on while nothing changes, hence a weak tag; and a 304 must have it too.
    proof = {} if channel.freshness.proof is None else {"ticker-at": channel.freshness.proof}
    tag = str(channel.feed.tail.position)
    return public(request, channel.snapshot(), max_age=FRESH_FOR, tag=tag, weak=True, headers=proof)


@Operation(
    ROUTES,
    "PATCH",
    FEED,
    "editFeed",
    "Edit a feed, or open it again",
    (Returns(200, "As it is now.", (OPENED_FEED,)),),
    role="admin",
    body=FeedEdit,
    description="What is not named stays. At least one field must be named. Every node takes it in at once, and "
    "dismisses the readers who may not read the feed any more.",
)
async def edit_feed(request: Request, holder: Holder) -> Response:
    """Edit a feed; edits at the same time are all kept."""
    feed, node = request.path_params["feed"], node_of(request)
    changes = read(FeedEdit, await body(request)).changes()
    await node.registry.check_edition(feed, changes.get("edition_of"))
    async with node.follower.wait_for_change(ENTRY_TIMEOUT) as token:
        settings = await node.registry.edit(feed, changes, token, asking=holder.key)
    await node.journal.settle(feed)
    return json(settings.described())


@Operation(
    ROUTES,
    "DELETE",
    FEED,
    "closeFeed",
    "Close a feed",
    (Returns(200, "As it is now; since when it is closed is in `closed`.", (OPENED_FEED,)),),
    role="admin",
    description="Its readers get a last snapshot, and from now on it takes nothing but kills. Its history stays. "
    "Closed again, it keeps the time at which it was closed first.",
)
async def close_feed(request: Request, holder: Holder) -> Response:
    """Close a feed. After the response no node takes anything into it."""
    feed, node = request.path_params["feed"], node_of(request)
    async with node.follower.wait_for_change(ENTRY_TIMEOUT) as token:
        settings = await node.registry.close(feed, token, asking=holder.key)
    await node.journal.settle(feed)
    return json(settings.described())


@Operation(
    ROUTES,
    "GET",
    FEED + "/labels",
    "listLabels",
    "Sections, places and stories, with the number of their dispatches",
    (Returns(200, "The labels, most used first.", (LABELS,), headers=(_MORE_LABELS,)),),
    parameters=(_SKIP, limit_parameter("LabelLimit", LABELS_PAGE, LONGEST_LIST)),
    faults=(INVALID_PARAMETER, OTHER_ORIGIN),
    description="At most `limit` of each kind; `Link` leads to those that are used less.",
)
async def labels(request: Request) -> Response:
    """List the labels of a feed's dispatches, apart from those that were killed."""
    feed = request.path_params["feed"]
    node = node_of(request)
    await readable(request)
    most, skip = limit(request, LABELS_PAGE, LONGEST_LIST), whole_number(request, "skip", 0, 0, 999_999)
    found = await node.journal.labels(feed)
    listed = {
        plural: [{"label": label, "dispatches": count} for label, count in found[kind][skip : skip + most]]
        for plural, kind in (("sections", "section"), ("places", "place"), ("stories", "story"))
    }
    response = public(request, {"feed": feed, **listed}, max_age=FRESH_FOR)
    if any(len(ranked) > skip + most for ranked in found.values()):
        add_link(response, request, [("skip", skip + most), ("limit", most)])
    return response
