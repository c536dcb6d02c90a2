"""Which feeds and editions a request may know of: public ones, and those that its key reaches."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request

from ticker.channel import Channel
from ticker.errors import Invalid
from ticker.journal.holder import Holder
from ticker.web.credentials import reading_credential
from ticker.web.key_lookup import address_of
from ticker.web.node import node_of


async def visible(request: Request, channels: Mapping[str, Channel]) -> dict[str, Channel]:
    """Return the channels of the feeds that a request may know of.

    Raises:
        Unavailable: there is a key, and Redis cannot be asked what it reaches.
    """
    hidden = any(not channel.feed.listed for channel in channels.values())
    reader = None
    if hidden:
        reader = await reading_credential(node_of(request), request.headers, address_of(request))
    return {
        name: channel
        for name, channel in channels.items()
        if channel.feed.listed or (reader is not None and reader.holder.writes(name))
    }


async def visible_editions(request: Request, editions: list[str]) -> list[str]:
    """Return those editions of a dispatch, each as `feed/id`, whose feeds a request may know of.

    Raises:
        Unavailable: as `visible`.
    """
    node = node_of(request)
    if all(listed(request, edition) for edition in editions):
        return editions
    reader = await reading_credential(node, request.headers, address_of(request))
    return [
        edition
        for edition in editions
        if listed(request, edition) or (reader is not None and reader.holder.writes(edition.partition("/")[0]))
    ]


async def check_original(request: Request, holder: Holder, original: str | None) -> None:
    """Check the dispatch, as `feed/id`, that another one is to be an edition of; None if it is to be of none.

    Raises:
        Invalid: it is in the same feed; there is no such dispatch, or the holder may not know of its feed.
    """
    if original is None:
        return
    node = node_of(request)
    feed, _, id = original.partition("/")
    if feed == request.path_params["feed"]:
        raise Invalid([("edition_of", f"must name a dispatch in another feed; {original!r} is in the same")])
    if (node.feeds.private(feed) and not holder.writes(feed)) or not await node.journal.has(feed, id):
        raise Invalid([("edition_of", f"must name a dispatch that exists; {original!r} is none")])


def listed(request: Request, edition: str) -> bool:
    """Return True if everybody may know of the feed of an edition, given as `feed/id`."""
    return node_of(request).feeds.listed(edition.partition("/")[0])
