"""Air: the newsroom goes on or off the air, and says where its broadcast can be seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import orjson

from ticker.changes.change import Change
from ticker.changes.kind import Setting
from ticker.changes.rules import check_as_written
from ticker.dispatch import AirSwitchBody
from ticker.entry import Entry
from ticker.feed import ON_AIR, Feed
from ticker.schema import Schema, ref


@dataclass(frozen=True, slots=True)
class Air(Change):
    """Set the air state: `on`, `label` and `url`."""

    kind: ClassVar[str] = "air"

    air: dict[str, Any]

    def arguments(self) -> dict[str, Any]:
        return {"fields": orjson.dumps(self.air).decode()}

    def request(self) -> Any:
        return [self.air, None]


class AirKind(Setting):
    """Entries with the whole air state."""

    name = "air"
    member = "air"
    frame_type = "air"
    description = "The newsroom went on or off the air."
    schema: ClassVar[dict[str, Schema]] = {"air": ref("AirState")}
    example: ClassVar[dict[str, Any]] = {
        "type": "air",
        "position": "49-001e489e4ae1",
        "air": {"on": True, "label": "شاهد البث", "url": "https://news.example/live"},
    }

    def fold(self, entry: Entry, feed: Feed) -> None:
        feed.air = entry.content["air"]

    def frame(self, entry: Entry) -> dict[str, Any]:
        return {"air": entry.content["air"]}

    def state_after(self, entry: Entry) -> Any:
        return entry.content["air"]

    def check_content(self, content: dict[str, Any]) -> None:
        check_as_written(AirSwitchBody, content["air"])

    def terminal_view(self, frame: dict[str, Any]) -> str:
        return "on air" if frame["air"]["on"] else "off air"

    def parse_stored(self, text: bytes | None) -> Any:
        if not text:
            return dict(ON_AIR)
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            return None

    def difference(self, shown: Any, logged: Any) -> str:
        return "on or off the air is not shown as the log says"
