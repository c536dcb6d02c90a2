"""Kill: a dispatch is withdrawn for good. Its text is served nowhere again; a tombstone with the reason replaces it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from ticker.changes.change import Change, spliced


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
