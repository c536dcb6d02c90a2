"""Air: the newsroom goes on or off the air, and says where its broadcast can be seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import orjson

from ticker.changes.change import Change


@dataclass(frozen=True, slots=True)
class Air(Change):
    """Set the air state: `on`, `label` and `url`."""

    kind: ClassVar[str] = "air"

    air: dict[str, Any]

    def arguments(self) -> dict[str, Any]:
        return {"fields": orjson.dumps(self.air).decode()}

    def request(self) -> Any:
        return [self.air, None]
