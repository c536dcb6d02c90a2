"""Which dispatches of a feed a widget shows, by the rules of clients/widget/view.js."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from ticker.channel import Channel
from ticker.dispatch import URGENCIES
from ticker.errors import Unavailable
from ticker.feed import WINDOW
from ticker.journal.history import Filter, at_least
from ticker.journal.log import Journal
from ticker.web.embed.attributes import Attributes

log = logging.getLogger("ticker.web")

LINE_FOR: Final = timedelta(minutes=30)
"""How long the layout `line` shows a dispatch, from its filing."""

HISTORY_PAGE: Final = 100
HISTORY_PAGES: Final = 3
"""Dispatches of history read at once, and how often at most: a busy feed files hundreds within the longest hold."""

Dispatch = dict[str, Any]


def effective(attributes: Attributes) -> Attributes:
    """Return the attributes as the layout narrows them: `line` shows one flash or bulletin."""
    if attributes.layout != "line":
        return attributes
    wanted = "flash" if attributes.min_urgency == "flash" else "bulletin"
    return replace(attributes, limit=1, min_urgency=wanted)


def filtered(attributes: Attributes) -> bool:
    """Return True if some dispatches of the feed do not pass."""
    return attributes.min_urgency != "normal" or bool(attributes.sections or attributes.places)


def passes(dispatch: Dispatch, attributes: Attributes) -> bool:
    """Return True if a usable dispatch passes the filters."""
    return (
        URGENCIES[dispatch["urgency"]] <= URGENCIES[attributes.min_urgency]
        and _some(attributes.sections, dispatch.get("sections"))
        and _some(attributes.places, dispatch.get("places"))
    )


def _some(wanted: tuple[str, ...], labels: list[str] | None) -> bool:
    return not wanted or any(label in wanted for label in labels or ())


def visible(dispatches: Iterable[Dispatch], attributes: Attributes, now: datetime | None) -> list[Dispatch]:
    """Return the dispatches that may be shown at a time, newest first.

    `now` is the log's time of the node's last proof, None before the first: then nothing that depends on time is
    shown. Time that is not proven does not count towards a hold, since a kill in it would not be known here. One
    killed during its hold is left out altogether. A tombstone has lost what a filter judges by, so it passes none.
    """
    hold = timedelta(seconds=attributes.hold)

    def shows(dispatch: Dispatch) -> bool:
        filed = datetime.fromisoformat(dispatch["filed"])
        if attributes.hold and not (now is not None and filed + hold <= now):
            return False
        if attributes.layout == "line" and not (now is not None and now < filed + LINE_FOR):
            return False
        if dispatch["status"] == "usable":
            return passes(dispatch, attributes)
        return not filtered(attributes) and datetime.fromisoformat(dispatch["updated"]) >= filed + hold

    return sorted(filter(shows, dispatches), key=lambda dispatch: str(dispatch["id"]), reverse=True)


def arranged(shown: list[Dispatch], pinned: str | None, limit: int) -> list[Dispatch]:
    """Return what fits, the pinned dispatch first unless it was killed."""
    return sorted(shown, key=lambda each: each["id"] != pinned or each["status"] == "killed")[:limit]


async def older(journal: Journal, channel: Channel, attributes: Attributes) -> list[Dispatch]:
    """Return from history what a widget with these attributes shows and memory has too few of.

    While the log cannot be reached, what is in memory is all.
    """
    attributes = effective(attributes)
    feed, now = channel.feed, _now(channel)
    missing = attributes.limit - len(visible(feed.dispatches, attributes, now))
    if missing > 0 and len(feed.dispatches) >= WINDOW and not channel.freshness.behind:
        try:
            return await _older(journal, feed.name, feed.dispatches[-1]["id"], attributes, now, missing)
        except Unavailable:
            log.warning("the history of %s cannot be read; a widget is drawn from the dispatches in memory", feed.name)
    return []


def _now(channel: Channel) -> datetime | None:
    return datetime.fromisoformat(channel.freshness.proof) if channel.freshness.proof else None


def shown(channel: Channel, attributes: Attributes, older: list[Dispatch]) -> list[Dispatch]:
    """Return the dispatches of a feed that a widget with these attributes shows now, in their order."""
    attributes = effective(attributes)
    feed, now = channel.feed, _now(channel)
    # What was read is older than what is in memory.
    known = [*map(channel.as_known, older), *feed.dispatches]
    if feed.pinned_dispatch is not None:
        known.append(feed.pinned_dispatch)
    by_id = {dispatch["id"]: dispatch for dispatch in known}
    # This layout shows the newest dispatch: there, a pin would keep the latest flash from being seen.
    pinned = None if attributes.layout == "line" else feed.pinned
    return arranged(visible(by_id.values(), attributes, now), pinned, attributes.limit)


async def _older(
    journal: Journal, feed: str, before: str, attributes: Attributes, now: datetime | None, missing: int
) -> list[Dispatch]:
    """Return dispatches from history, from just before the one with id `before`, until enough of them are visible."""
    labels = {"section": attributes.sections, "place": attributes.places}
    urgencies = None if attributes.min_urgency == "normal" else at_least(attributes.min_urgency)
    wanted = Filter({name: some for name, some in labels.items() if some}, urgencies)
    found: list[Dispatch] = []
    start: str | None = before
    for _ in range(HISTORY_PAGES):
        page = await journal.search(feed, start, HISTORY_PAGE if attributes.hold else missing, wanted)
        found += page.dispatches
        start = page.before
        if start is None or len(visible(found, attributes, now)) >= missing:
            break
    return found
