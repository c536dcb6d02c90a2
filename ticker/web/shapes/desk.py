"""The frames of the desk, beside those of its feed: one shape for each kind, with an example."""

from __future__ import annotations

from typing import Any, Final

from ticker.schema import ID, REVISION, Schema, many, moment, or_null, shape, text
from ticker.web.described import examples
from ticker.web.shape import Shape
from ticker.web.shapes.dispatch import DELIVERY_REPORT
from ticker.web.shapes.held import HELD

PERSON: Final = Shape(
    "Person",
    shape("Who it is.", {"id": text("Unlike that of any other.", minLength=1), "name": text("As in the audit.")}),
)

_LENA: Final = {"id": "5f2c9a0b71d4", "name": "Lena Ortiz"}


def _frame(kind: str, description: str, members: dict[str, Schema | Shape]) -> Schema:
    fixed = {"type": text("Which frame this is.", const="desk"), "kind": text("Of what it is the state.", const=kind)}
    return shape(description, {**fixed, **members})


_FILED_LAST: Final = shape("What they filed last in this feed.", {"id": ID, "at": moment("When.")})
_PRESENT: Final = shape(
    "A person at the desk.",
    {
        **PERSON.schema["properties"],
        "feed_filed": or_null(_FILED_LAST),
        "since": moment("When their oldest stream began."),
    },
)
_FLASH: Final = shape(
    "A flash that waits for a second key.",
    {"id": ID, "revision": REVISION, "asked_by": PERSON, "confirm_by": moment("Until when it can be confirmed.")},
)
_FILER: Final = shape(
    "Who filed a dispatch.",
    {**PERSON.schema["properties"], "mine": {"type": "boolean", "description": "Whether that is who reads this."}},
)

FRAMES: Final[dict[str, Schema]] = {
    "presence": _frame(
        "presence",
        "Who is at the desk of this feed, on all nodes; at most 100.",
        {"people": many(_PRESENT, "Oldest first.")},
    ),
    "held": _frame(
        "held",
        "The dispatches under embargo, at most 100; correspondents see only their own.",
        {"held": many(HELD, "The next one first.")},
    ),
    "flash": _frame("flash", "The flashes that wait for a second key.", {"flashes": many(_FLASH, "By id.")}),
    "filed": _frame(
        "filed",
        "Who filed the newest 100 dispatches.",
        {
            "filed": {
                "type": "object",
                "description": "By the id of the dispatch, newest first.",
                "additionalProperties": _FILER,
            }
        },
    ),
    "delivery": _frame(
        "delivery",
        "How a dispatch of the last minute is delivered, as far as known.",
        {"id": ID, "delivery": DELIVERY_REPORT},
    ),
}
"""The payload of each kind of desk frame."""

_SHOWN: Final[dict[str, dict[str, Any]]] = {
    "presence": {
        "people": [
            {
                **_LENA,
                "feed_filed": {"id": examples.BRIDGE_ID, "at": "2026-03-11T14:12:00.250Z"},
                "since": "2026-03-11T13:58:20.114Z",
            }
        ]
    },
    "held": {"held": [HELD.example]},
    "flash": {
        "flashes": [
            {
                "id": examples.BRIDGE_ID,
                "revision": 1,
                "asked_by": _LENA,
                "confirm_by": "2026-03-11T14:13:00.250Z",
            }
        ]
    },
    "filed": {"filed": {examples.BRIDGE_ID: {**_LENA, "mine": True}}},
    "delivery": {"id": examples.BRIDGE_ID, "delivery": DELIVERY_REPORT.example},
}

EXAMPLES: Final = {kind: {"type": "desk", "kind": kind, **members} for kind, members in _SHOWN.items()}
"""One of each kind."""
