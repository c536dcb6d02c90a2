"""Pin: show one dispatch above all others, or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ticker.changes.change import Change
from ticker.changes.kind import Setting
from ticker.changes.rules import check_members
from ticker.entry import Entry
from ticker.feed import Feed
from ticker.schema import ID, Schema, or_null


@dataclass(frozen=True, slots=True)
class Pin(Change):
    """Pin the dispatch with this id, or none if it is None."""

    kind: ClassVar[str] = "pin"

    id: str | None

    def arguments(self) -> dict[str, Any]:
        return {"id": self.id}

    def request(self) -> Any:
        return [{}, None]


class PinKind(Setting):
    """Entries that name the pinned dispatch by its id, or None."""

    name = "pin"
    member = "pinned"
    frame_type = "pin"
    description = "This dispatch is pinned above all others; null if none is."
    schema: ClassVar[dict[str, Schema]] = {"id": or_null(ID)}
    example: ClassVar[dict[str, Any]] = {
        "type": "pin",
        "position": "47-001d0c2f577f",
        "id": "01KAPN3V12000000127Q2MZX4H",
    }

    def fold(self, entry: Entry, feed: Feed) -> None:
        feed.pin(entry.content["id"])

    def frame(self, entry: Entry) -> dict[str, Any]:
        return {"id": entry.content["id"]}

    def state_after(self, entry: Entry) -> str | None:
        id: str | None = entry.content["id"]
        return id

    def check_content(self, content: dict[str, Any]) -> None:
        if content["id"] is not None:
            check_members("id", **content)

    def target(self, entry: Entry) -> str | None:
        return self.state_after(entry)

    def pinned_id(self, entry: Entry) -> str | None:
        return self.state_after(entry)

    def parse_stored(self, text: bytes | None) -> str | None:
        return (text or b"").decode() or None

    def difference(self, shown: Any, logged: Any) -> str:
        return f"what is pinned is {shown or 'nothing'}, and the log says {logged or 'nothing'}"
