"""One evening in an invented city: the dispatches and frames that the examples of both documents tell of."""

from __future__ import annotations

from typing import Any, Final

from ticker.changes import KINDS, KINDS_BY_FRAME, file

BRIDGE_ID: Final = file.EXAMPLE["id"]
BUDGET_ID: Final = "01KAPN3V11000000117Q2MZX4H"
KILLED_ID: Final = KINDS["kill"].example["id"]

BRIDGE: Final = file.EXAMPLE

BUDGET: Final[dict[str, Any]] = {
    "id": BUDGET_ID,
    "text": "Parliament will meet at 18:00 to vote on the emergency budget",
    "urgency": "urgent",
    "language": "en",
    "source": "Speaker of parliament",
    "note": "the session starts at 18:00, not 16:00",
    "filed": "2026-03-11T14:11:00.250Z",
    "updated": "2026-03-11T14:20:00.250Z",
    "revision": 2,
    "status": "usable",
}

BUDGET_BEFORE: Final[dict[str, Any]] = {
    "id": BUDGET_ID,
    "text": "Parliament will meet at 16:00 to vote on the emergency budget",
    "urgency": "urgent",
    "language": "en",
    "source": "Speaker of parliament",
    "filed": "2026-03-11T14:11:00.250Z",
    "updated": "2026-03-11T14:11:00.250Z",
    "revision": 1,
    "status": "usable",
}

TOMBSTONE: Final[dict[str, Any]] = {
    "id": KILLED_ID,
    "filed": "2026-03-11T14:10:00.250Z",
    "updated": "2026-03-11T14:19:00.250Z",
    "revision": 2,
    "status": "killed",
    "reason": "the source withdrew the statement",
}

ON_AIR: Final[dict[str, Any]] = KINDS["air"].example["air"]

SNAPSHOT: Final[dict[str, Any]] = {
    "type": "snapshot",
    "feed": "breaking",
    "position": "42-0019f519f70a",
    "at": "2026-03-11T14:21:10.250Z",
    "reset": False,
    "air": {"on": True, "label": "Watch on Channel 4", "url": "https://news.example/live"},
    "pinned": BRIDGE_ID,
    "dispatches": [BRIDGE, BUDGET, TOMBSTONE],
}

FRAMES: Final[list[dict[str, Any]]] = [
    SNAPSHOT,
    *(kind.example for kind in KINDS_BY_FRAME.values()),
    {"type": "beat", "position": "50-001ee6d5c492", "at": "2026-03-11T14:22:10.250Z", "watching": 10342},
    {"type": "delayed", "since": "2026-03-11T14:22:30.250Z"},
    {"type": "move", "within": 30000},
]
"""One of each type. They are among the golden frames that the tests of every client read."""
