"""A held dispatch as the desk is given it, and the receipts of what is done to one."""

from __future__ import annotations

from typing import Any, Final

from ticker.schema import ID, REASON, Schema, many, moment, number, shape, text
from ticker.web.parameters import NAME
from ticker.web.shape import Shape
from ticker.web.shapes.dispatch import ALWAYS_GIVEN, SOMETIMES_GIVEN, UPDATED

HELD_ID: Final = text("Id of the held dispatch.", pattern="^h[0-9a-z]{1,63}$")
_ID: Final = "h01kapn3v1445g2mzx4h"

_REVISION: Final = number("One more with each change.", 1)
_RELEASE_AT: Final = {"release_at": moment("When it is released.")}
_STATE: Final[dict[str, Schema]] = {
    "id": HELD_ID,
    "held": moment("When it was first held."),
    "updated": UPDATED,
    "revision": _REVISION,
}

_HELD: Final[dict[str, Any]] = {
    "id": _ID,
    "text": "Central bank cuts its key rate by half a point",
    "source": "Central bank",
    "urgency": "bulletin",
    "language": "en",
    "release_at": "2026-03-11T15:00:00.000Z",
    "held": "2026-03-11T14:14:00.250Z",
    "updated": "2026-03-11T14:14:00.250Z",
    "by": "Business desk",
    "revision": 1,
    "status": "held",
}

HELD: Final = Shape(
    "HeldDispatch",
    shape(
        "A dispatch under embargo.",
        {
            **_STATE,
            **ALWAYS_GIVEN,
            **_RELEASE_AT,
            "by": text("Whose key wrote it last."),
            "status": text("It waits.", const="held"),
        },
        {
            **SOMETIMES_GIVEN,
            "parked": moment(
                "Since when it waits for an editor: a key that wrote it was revoked, so no timer releases it."
            ),
        },
    ),
    _HELD,
)


def _ended(name: str, description: str, example: dict[str, Any], status: str, **also: Schema) -> Shape:
    members = {**_STATE, "status": text("How its hold ended.", const=status), **also}
    shown = {"id": _ID, "held": "2026-03-11T14:14:00.250Z", "revision": 2, "status": status, **example}
    return Shape(name, shape(description, members), shown)


RELEASED: Final = _ended(
    "ReleasedDispatch",
    "A held dispatch that was released.",
    {"updated": "2026-03-11T15:00:00.112Z", "dispatch": "01KAPPRT1G0000001F2Q2MZX4H"},
    "released",
    dispatch=ID,
)
SPIKED: Final = _ended(
    "SpikedDispatch",
    "A held dispatch that is never released.",
    {"updated": "2026-03-11T14:40:00.250Z", "reason": "the decision was put off"},
    "spiked",
    reason=REASON,
)
WAITING: Final = Shape(
    "HeldDispatches",
    shape("What waits.", {"feed": NAME, "held": many(HELD, "The next one first.")}),
    {"feed": "breaking", "held": [_HELD]},
)

HOLD_RECEIPT: Final = Shape(
    "Held",
    shape("Receipt of a dispatch that is held, or was edited while it is.", {**_STATE, **_RELEASE_AT}),
    {
        "id": _ID,
        "release_at": "2026-03-11T15:00:00.000Z",
        "revision": 1,
        "held": "2026-03-11T14:14:00.250Z",
        "updated": "2026-03-11T14:14:00.250Z",
    },
)
SPIKE_RECEIPT: Final = Shape(
    "Spiked",
    shape(
        "Receipt of a held dispatch that is never released.",
        {"id": HELD_ID, "revision": _REVISION, "updated": UPDATED},
    ),
    {"id": _ID, "revision": 2, "updated": "2026-03-11T14:40:00.250Z"},
)
