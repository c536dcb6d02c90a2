"""Kill: a dispatch is withdrawn for good. Its text is served nowhere again; a tombstone with the reason replaces it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from ticker.changes.change import Change, spliced
from ticker.changes.kind import Kind
from ticker.changes.rules import check_as_written, check_members
from ticker.dispatch import KillBody
from ticker.entry import Entry
from ticker.feed import Feed
from ticker.schema import FILED, ID, REASON, REVISION, Schema, moment


@dataclass(frozen=True, slots=True)
class Kill(Change):
    """Kill a dispatch.

    Attributes:
        id: of the dispatch.
        reason: readers are shown it.
        own_only: refuse unless the same key filed it.
    """

    kind: ClassVar[str] = "kill"

    id: str
    reason: str
    own_only: bool = field(default=False, kw_only=True)

    def arguments(self) -> dict[str, Any]:
        return {"id": self.id, "own_only": self.own_only, "fields": spliced({"reason": self.reason})}

    def request(self) -> Any:
        return [{"reason": self.reason}, None]


class KillKind(Kind):
    """Entries that withdraw a dispatch."""

    name = "kill"
    frame_type = "kill"
    description = "A dispatch was killed. A kill is final: take its text out of everything you show."
    schema: ClassVar[dict[str, Schema]] = {
        "id": ID,
        "reason": REASON,
        "at": moment("When; the `updated` of its tombstone."),
        "filed": FILED,
        "revision": REVISION,
    }
    example: ClassVar[dict[str, Any]] = {
        "type": "kill",
        "position": "46-001c6df7ddce",
        "id": "01KAPN3V10000000107Q2MZX4H",
        "reason": "the source withdrew the statement",
        "at": "2026-03-11T14:21:00.250Z",
        "filed": "2026-03-11T14:10:00.250Z",
        "revision": 2,
    }

    def fold(self, entry: Entry, feed: Feed) -> None:
        feed.put(tombstone(entry))

    def frame(self, entry: Entry) -> dict[str, Any]:
        content = entry.content
        return {
            "id": content["id"],
            "reason": content["reason"],
            "at": entry.at,
            "filed": content["filed"],
            "revision": content["revision"],
        }

    def state_after(self, entry: Entry) -> dict[str, Any]:
        return tombstone(entry)

    def check_content(self, content: dict[str, Any]) -> None:
        check_as_written(KillBody, {"reason": content["reason"]})
        check_members("id", "filed", "revision", **content)

    def target(self, entry: Entry) -> str:
        id: str = entry.content["id"]
        return id

    def withdrawn(self, entry: Entry) -> str:
        return self.target(entry)

    def terminal_view(self, frame: dict[str, Any]) -> dict[str, Any]:
        members = {name: frame[name] for name in ("id", "filed", "revision", "reason")}
        return members | {"updated": frame["at"], "status": "killed"}


def tombstone(entry: Entry) -> dict[str, Any]:
    """Return what replaces the dispatch that a kill entry withdrew."""
    kill = entry.content
    return {
        "id": kill["id"],
        "filed": kill["filed"],
        "updated": entry.at,
        "revision": kill["revision"],
        "status": "killed",
        "reason": kill["reason"],
    }
