"""Every read of a feed as a request, and what the responses hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypedDict

from ticker.client.dispatch import Dispatch, FullDispatch, HeldDispatch, Urgency
from ticker.client.frames import SnapshotFrame
from ticker.client.request import Request, feed_path, read_request

PAGE: Final = 100
"""Dispatches of one page: the most that the service gives."""


class HeldPage(TypedDict):
    """The dispatches under embargo that the key may see."""

    feed: str
    held: list[HeldDispatch]


class HistoryPage(TypedDict):
    """Some dispatches, newest first."""

    feed: str
    dispatches: list[Dispatch]


def snapshot(feed: str) -> Request[SnapshotFrame]:
    """Return the request for what a feed shows now."""
    return read_request(feed_path(feed))


def dispatch(feed: str, id: str) -> Request[FullDispatch]:
    """Return the request for one dispatch."""
    return read_request(feed_path(feed, "dispatches", id))


def held(feed: str, after: str = "") -> Request[HeldPage]:
    """Return the request for one page of the dispatches under embargo, the next one due first."""
    query = [("limit", str(PAGE)), *([("after", after)] if after else [])]
    return read_request(feed_path(feed, "held"), query)


def history(
    feed: str,
    *,
    before: str | None = None,
    sections: Iterable[str] = (),
    places: Iterable[str] = (),
    story: str | None = None,
    min_urgency: Urgency | None = None,
) -> Request[HistoryPage]:
    """Return the request for one page of history; what is filtered by is in PROTOCOL.md, "Searching history"."""
    query = [("limit", str(PAGE))]
    query += [("before", before)] if before is not None else []
    query += [("section", label) for label in sections]
    query += [("place", label) for label in places]
    query += [("story", story)] if story is not None else []
    query += [("min_urgency", min_urgency)] if min_urgency is not None else []
    return read_request(feed_path(feed, "dispatches"), query)
