"""What came from an upstream, as a channel takes it: frames as entries, snapshots as the state of a feed. Pure.

An upstream sends positions and no hashes. A relay's tails have the tag of a position in place of the hash: enough to
tell histories apart, and all that readers are sent. It proves no chain, which the node at the log has done.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ticker.entry import Entry, Position, Tail
from ticker.feed import Feed

ENTRIES: Final = {"dispatch": "file", "kill": "kill", "pin": "pin", "air": "air"}
"""The kind of entry that each type of frame was made of. One with a `dispatch` may have been a correction: what follows
from it is the same."""

SETTINGS: Final = ("title", "language", "edition_of", "two_person_flash", "timezone", "origins", "visibility", "closed")
"""The settings of a feed that a relay is told, as attributes of Feed."""


def tail_of(position: str) -> Tail:
    """Return the tail that ends at a position.

    Raises:
        ValueError: no node writes positions so.
    """
    found = Position.parse(position)
    if found is None:
        raise ValueError(f"not a position: {position!r}")
    return Tail(found.offset, found.tag)


def entry_of(frame: Mapping[str, Any]) -> Entry:
    """Return the entry that a frame was made of.

    Raises:
        KeyError, ValueError, TypeError: it is no frame of an entry that this version knows.
    """
    content = {name: value for name, value in frame.items() if name not in ("type", "position")}
    kind, at = ENTRIES[frame["type"]], ""
    if kind == "kill":
        at = content.pop("at")
        content["id"], content["reason"], content["filed"], content["revision"]  # all are needed
    elif kind == "file":
        at = content["dispatch"]["updated"]
        content["dispatch"]["id"], content["dispatch"]["revision"], content["dispatch"]["status"]
    elif kind == "pin":
        content["id"]
    else:
        content["air"]["on"]
    return Entry(tail_of(frame["position"]), b"", kind, at, content)


def settings_of(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a feed as an upstream describes them, as attributes of Feed."""
    found = {name: described[name] for name in SETTINGS if name in described}
    if found.get("origins") is not None:
        found["origins"] = tuple(found["origins"])
    return found


def feed_of(snapshot: Mapping[str, Any], settings: Mapping[str, Any]) -> Feed:
    """Return the state of a feed: what its snapshot shows, under its settings.

    Raises:
        KeyError, ValueError, TypeError: it is no snapshot.
    """
    name: str = snapshot["feed"]
    feed = Feed(
        name=name,
        title=name,
        language="en",
        tail=tail_of(snapshot["position"]),
        air=dict(snapshot["air"]),
        pinned=snapshot["pinned"],
        dispatches=list(snapshot["dispatches"]),
        pinned_dispatch=snapshot.get("pinned_dispatch"),
    )
    for setting, value in settings.items():
        setattr(feed, setting, value)
    feed.closed = snapshot.get("closed")
    return feed
