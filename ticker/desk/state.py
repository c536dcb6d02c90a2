"""What the desk of one feed shows beside the feed itself, and to whom: the frames of the type `desk`.

Each frame has the full state of its kind, so a client replaces what it has and needs no rule of its own to fold.

  kind      content                                            seen by
  ────────  ─────────────────────────────────────────────────  ─────────────────────────────────────────────
  presence  who is at the desk, and what each filed last       everybody at the desk
  held      dispatches under embargo                           editors; correspondents only their own
  flash     flashes that wait for a second key                 everybody at the desk
  filed     who filed the newest dispatches                    everybody; `mine` is for the one who reads
  delivery  how a dispatch of the last minute is delivered     everybody at the desk
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from ticker.desk.presence import Attendant

Kind = Literal["presence", "held", "flash", "filed", "delivery"]
Frame = dict[str, Any]

WHOLE_KINDS: Final[tuple[Kind, ...]] = ("presence", "held", "flash", "filed")
"""Kinds of which a frame has the whole state; each is sent at the beginning of a stream."""

MOST: Final = 100
"""People, held dispatches, flashes and filed dispatches in one frame: enough for a desk, and it bounds a frame."""

DELIVERY_AGE: Final = 60.0
"""Seconds after its filing for which the delivery of a dispatch is followed; hardly anything changes later."""


class Viewer(NamedTuple):
    """Who looks: the id of the person, and whether they see what others hold."""

    person: str
    sees_all: bool


class Filing(NamedTuple):
    """Who filed a dispatch, and when (RFC 3339)."""

    person: str
    name: str
    at: str


class Flash(NamedTuple):
    """A flash that waits for a second key: its current revision, who asked, and until when (RFC 3339)."""

    id: str
    revision: int
    person: str
    name: str
    confirm_by: str


class Held(NamedTuple):
    """A held dispatch as stored, and the id of the person who wrote it."""

    record: dict[str, Any]
    person: str


@dataclass(slots=True)
class DeskState:
    """The state of the desk of one feed. Each setter returns the kinds of frames that may have changed.

    Attributes:
        people: who is there.
        held: dispatches under embargo, the next one first.
        flashes: those that wait, by id.
        filed: who filed the newest dispatches, oldest first, by id.
        deliveries: of the dispatches of the last minute, by id.
    """

    people: list[Attendant] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    flashes: list[Flash] = field(default_factory=list)
    filed: dict[str, Filing] = field(default_factory=dict)
    deliveries: dict[str, dict[str, Any]] = field(default_factory=dict)

    def set_people(self, people: list[Attendant]) -> set[Kind]:
        """Take who is there now."""
        if people == self.people:
            return set()
        self.people = people
        return {"presence"}

    def set_held(self, held: list[Held]) -> set[Kind]:
        """Take what is held now."""
        if held == self.held:
            return set()
        self.held = held
        return {"held"}

    def set_flashes(self, flashes: list[Flash]) -> set[Kind]:
        """Take what waits for a second key now."""
        flashes = sorted(flashes)
        if flashes == self.flashes:
            return set()
        self.flashes = flashes
        return {"flash"}

    def add_filed(self, filed: dict[str, Filing]) -> set[Kind]:
        """Take who filed these dispatches. Of all, the newest are kept; ids sort in the order of filing."""
        together = self.filed | filed
        newest = dict(sorted(together.items())[-MOST:])
        if newest == self.filed:
            return set()
        self.filed = newest
        return {"filed", "presence"}

    def set_delivery(self, id: str, delivery: dict[str, Any]) -> bool:
        """Take how a dispatch is delivered as far as known; return True if that is news."""
        if self.deliveries.get(id) == delivery:
            return False
        self.deliveries[id] = delivery
        return True

    def keep_deliveries(self, ids: set[str]) -> None:
        """Forget the deliveries of all dispatches but these."""
        self.deliveries = {id: delivery for id, delivery in self.deliveries.items() if id in ids}

    def names(self) -> dict[str, str]:
        """Return the names of the people that the state knows, by id."""
        return {each.person: each.name for each in self.people} | {
            each.person: each.name for each in self.filed.values()
        }

    # Frames

    def first_frames(self, viewer: Viewer) -> list[Frame]:
        """Return what a stream begins with."""
        whole = [self.frame(kind, viewer) for kind in WHOLE_KINDS]
        return whole + [self.delivery_frame(id) for id in self.deliveries]

    def frame(self, kind: Kind, viewer: Viewer) -> Frame:
        """Return the frame of a kind that has the whole state."""
        content: dict[str, Any]
        if kind == "presence":
            content = {"people": self._people()}
        elif kind == "held":
            mine = [held.record for held in self.held if viewer.sees_all or held.person == viewer.person]
            content = {"held": mine[:MOST]}
        elif kind == "flash":
            content = {"flashes": [_flash(each) for each in self.flashes[:MOST]]}
        else:
            content = {"filed": {id: _filing(each, viewer) for id, each in reversed(self.filed.items())}}
        return {"type": "desk", "kind": kind, **content}

    def delivery_frame(self, id: str) -> Frame:
        """Return how a dispatch is delivered as far as known."""
        return {"type": "desk", "kind": "delivery", "id": id, "delivery": self.deliveries[id]}

    def _people(self) -> list[dict[str, Any]]:
        last = {filing.person: {"id": id, "at": filing.at} for id, filing in self.filed.items()}
        return [
            {"id": each.person, "name": each.name, "feed_filed": last.get(each.person), "since": each.since}
            for each in self.people[:MOST]
        ]


def _flash(flash: Flash) -> dict[str, Any]:
    asked_by = {"id": flash.person, "name": flash.name}
    return {"id": flash.id, "revision": flash.revision, "asked_by": asked_by, "confirm_by": flash.confirm_by}


def _filing(filing: Filing, viewer: Viewer) -> dict[str, Any]:
    return {"id": filing.person, "name": filing.name, "mine": filing.person == viewer.person}
