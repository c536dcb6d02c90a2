"""What a feed shows now. Entries of the log are folded into it; see `ticker.changes`.

`clients/feed/fold.js` and `ticker/client/fold.py` have the same rules for browsers and programs; tests/golden/fold.json
is read by the tests of all three.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from ticker.dispatch import BREAKING, Visibility
from ticker.entry import Tail

WINDOW: Final = 20
"""Dispatches in a snapshot."""


def place(name: str) -> tuple[bool, str]:
    """Return the sort key of a feed, by its name, in every list of feeds: `breaking` first, the others by name."""
    return name != BREAKING, name


ON_AIR: Final[dict[str, Any]] = {"on": True, "label": None, "url": None}
"""A feed is on air until an editor takes it off."""


@dataclass(slots=True)
class Feed:
    """The newest dispatches of one feed, what is pinned, and whether it is on air, at one place in its log."""

    name: str
    title: str
    language: str
    tail: Tail
    air: dict[str, Any] = field(default_factory=lambda: dict(ON_AIR))
    pinned: str | None = None
    dispatches: list[dict[str, Any]] = field(default_factory=list)
    """Newest first, at most WINDOW; ids sort in the order of filing."""
    edition_of: str | None = None
    """The feed of which this is an edition in another language."""
    two_person_flash: bool = False
    """Whether a flash goes out as urgent until a second key confirms it."""
    timezone: str = "UTC"
    """The zone in which pages without a script show times (IANA name)."""
    origins: tuple[str, ...] | None = None
    """Web origins whose pages may read it; None for the service's."""
    visibility: Visibility = "public"
    """`public`; `unlisted`: for everybody who knows the name; `private`: only with a key."""
    rehearsal: bool = False
    """Whether it is for training: nothing in it is news."""
    closed: str | None = None
    """When it was closed (RFC 3339); None while it is open."""
    pinned_dispatch: dict[str, Any] | None = None
    """The pinned dispatch, while it is not among `dispatches`; None where this node does not know it."""

    def put(self, dispatch: dict[str, Any]) -> None:
        """Show a dispatch or a tombstone in its place, unless a later revision is shown."""
        if self.pinned_dispatch is not None and self.pinned_dispatch["id"] == dispatch["id"]:
            self.learn(dispatch)
            return
        for index, known in enumerate(self.dispatches):
            if known["id"] == dispatch["id"]:
                if _supersedes(dispatch, known):
                    self.dispatches[index] = dispatch
                return
            if known["id"] < dispatch["id"]:
                self.dispatches.insert(index, dispatch)
                outside = self.dispatches[WINDOW:]
                del self.dispatches[WINDOW:]
                for older in outside:
                    self.learn(older)
                return
        # Older than everything shown: it left the window long ago, unless nothing was ever shown.
        if not self.dispatches:
            self.dispatches.append(dispatch)
        else:
            self.learn(dispatch)

    def pin(self, id: str | None) -> None:
        """Pin the dispatch with this id, or none."""
        if id != self.pinned:
            self.pinned, self.pinned_dispatch = id, None

    def learn(self, dispatch: dict[str, Any]) -> None:
        """Keep a dispatch beside the list if it is the pinned one and not in the list."""
        if dispatch["id"] != self.pinned or any(known["id"] == self.pinned for known in self.dispatches):
            return
        if self.pinned_dispatch is None or _supersedes(dispatch, self.pinned_dispatch):
            self.pinned_dispatch = dispatch

    @property
    def listed(self) -> bool:
        """Whether it is in the public list of feeds."""
        return self.visibility == "public"

    def snapshot(self, *, reset: bool = False, at: str | None = None) -> dict[str, Any]:
        """Return the snapshot frame: all a reader needs to start from here.

        `at` is when this node was last proven in sync with the log, by the log's clock.
        """
        snapshot = {
            "type": "snapshot",
            "feed": self.name,
            "position": str(self.tail.position),
            "at": at,
            "reset": reset,
            "air": self.air,
            "pinned": self.pinned,
            "dispatches": self.dispatches,
        }
        if self.pinned_dispatch is not None:
            snapshot["pinned_dispatch"] = self.pinned_dispatch
        if self.rehearsal:
            snapshot["rehearsal"] = True
        if self.closed is not None:
            snapshot["closed"] = self.closed
        return snapshot


def _supersedes(dispatch: dict[str, Any], known: dict[str, Any]) -> bool:
    """Return True if a dispatch replaces the known revision of it. A kill is final."""
    return bool(known["status"] != "killed" and dispatch["revision"] > known["revision"])
