"""Pin: one dispatch is shown above all others, or none is any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ticker.changes.change import Change


@dataclass(frozen=True, slots=True)
class Pin(Change):
    """Pin the dispatch with this id, or none if it is None."""

    kind: ClassVar[str] = "pin"

    id: str | None

    def arguments(self) -> dict[str, Any]:
        return {"id": self.id}

    def request(self) -> Any:
        return [{}, None]
