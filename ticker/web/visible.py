"""Which feeds and editions a request may know of: public ones, and those that its key reaches."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request

from ticker.channel import Channel
from ticker.web.credentials import reading_credential
from ticker.web.node import node_of


async def visible(request: Request, channels: Mapping[str, Channel]) -> dict[str, Channel]:
    """Return the channels of the feeds that a request may know of.

    Raises:
        Unavailable: there is a key, and Redis cannot be asked what it reaches.
    """
    hidden = any(not channel.feed.listed for channel in channels.values())
    reader = await reading_credential(node_of(request), request.headers) if hidden else None
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
    reader = await reading_credential(node, request.headers)
    return [
        edition
        for edition in editions
        if listed(request, edition) or (reader is not None and reader.holder.writes(edition.partition("/")[0]))
    ]


def listed(request: Request, edition: str) -> bool:
    """Return True if everybody may know of the feed of an edition, given as `feed/id`."""
    return node_of(request).feeds.listed(edition.partition("/")[0])
