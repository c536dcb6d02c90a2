"""A dispatch as the service gives it, and the receipts of what is done to one."""

from __future__ import annotations

from typing import Any, Final

from ticker.dispatch import ALWAYS, FIELDS, Correction, Draft
from ticker.schema import FILED as FILED_AT
from ticker.schema import ID, POSITION, REASON, REVISION, Schema, many, moment, number, or_null, shape, text
from ticker.web.described import examples
from ticker.web.described.bodies import ONE_LINE, schema
from ticker.web.parameters import NAME
from ticker.web.shape import Shape

UPDATED: Final = moment("When it was last changed.")
EDITIONS: Final = many(text("`feed/id`"), "The same dispatch in other languages, each as `feed/id`.")


def _given(name: str, body: type[Draft | Correction] = Draft) -> Schema:
    """Return the schema of a field as the service sends it: by the rules of the body, but never null and never empty.

    Times are given in UTC whatever their offset was. That texts are one line is left out: clients need not check it.
    """
    taken: Schema = schema(body)["properties"][name]
    kind = "array" if "array" in taken["type"] else "string"
    if taken.get("format") == "date-time":
        return moment(taken["description"])
    rules = {rule: value for rule, value in taken.items() if rule not in ("default", "type")}
    if kind == "array":
        return rules | {"type": kind}
    if rules.get("pattern") == ONE_LINE:
        rules = {rule: value for rule, value in rules.items() if rule != "pattern"} | {"minLength": 1}
    return rules | {"type": kind}


ALWAYS_GIVEN: Final = {name: _given(name) for name in ALWAYS}
"""Fields that every dispatch has."""

SOMETIMES_GIVEN: Final = {name: _given(name) for name in FIELDS if name not in ALWAYS}
"""Fields that a dispatch has if they were given."""

_NOTE: Final = {"note": _given("note", Correction)}
_STATE: Final = {
    "filed": FILED_AT,
    "updated": UPDATED,
    "revision": REVISION,
    "status": text("It may be shown.", const="usable"),
}

DISPATCH: Final = Shape(
    "Dispatch",
    shape("One attributed dispatch.", {"id": ID, **ALWAYS_GIVEN, **_STATE}, {**SOMETIMES_GIVEN, **_NOTE}),
)
TOMBSTONE: Final = Shape(
    "Tombstone",
    shape(
        "What is given in place of a killed dispatch. Nothing of its text is left.",
        {
            "id": ID,
            "filed": FILED_AT,
            "updated": UPDATED,
            "revision": REVISION,
            "status": text("It was killed.", const="killed"),
            "reason": REASON,
        },
    ),
)
EITHER: Final[dict[str, Any]] = {"oneOf": [DISPATCH, TOMBSTONE]}
"""A dispatch, or its tombstone once it is killed."""

DISPATCH_WITH_HISTORY: Final = Shape(
    "DispatchWithHistory",
    shape(
        "One dispatch in its current revision, its earlier revisions, and its editions in other languages.",
        {
            "id": ID,
            **ALWAYS_GIVEN,
            **_STATE,
            "revisions": many(DISPATCH, "Its newest earlier revisions, oldest first."),
            "editions": EDITIONS,
        },
        {**SOMETIMES_GIVEN, **_NOTE},
    ),
    {**examples.BUDGET, "revisions": [examples.BUDGET_BEFORE], "editions": []},
)
HISTORY: Final = Shape(
    "History",
    shape("One page of a feed's dispatches.", {"feed": NAME, "dispatches": many(EITHER, "Newest first.")}),
    {"feed": "breaking", "dispatches": [examples.BRIDGE, examples.BUDGET, examples.TOMBSTONE]},
)

_CONFIRM_BY: Final = {"confirm_by": moment("Until when a second key may make a flash of it.")}

FILED: Final = Shape(
    "Filed",
    shape(
        "Receipt of a dispatch that is kept.",
        {
            "id": ID,
            "position": POSITION,
            "revision": REVISION,
            "filed": FILED_AT,
            "similar": many(
                shape(
                    "A dispatch that says nearly the same.",
                    {
                        "id": ID,
                        "source": or_null(text("Who says so there.")),
                        "filed": FILED_AT,
                        "likeness": {"type": "number", "minimum": 0, "maximum": 1, "description": "1 is the same."},
                    },
                ),
                "Dispatches of the last ten minutes that say nearly the same, most alike first.",
            ),
        },
        _CONFIRM_BY,
    ),
    {
        "id": examples.BRIDGE_ID,
        "position": "43-001a935170bb",
        "revision": 1,
        "filed": "2026-03-11T14:12:00.250Z",
        "similar": [
            {
                "id": "01KAPN3V0Z0000000Z7Q2MZX4H",
                "source": "Harbour police",
                "filed": "2026-03-11T14:09:30.250Z",
                "likeness": 0.87,
            }
        ],
    },
)
CORRECTED: Final = Shape(
    "Corrected",
    shape(
        "Receipt of a correction.",
        {"id": ID, "position": POSITION, "revision": REVISION, "updated": UPDATED},
        _CONFIRM_BY,
    ),
    {
        "id": examples.BUDGET_ID,
        "position": "45-001bcfc0641d",
        "revision": 2,
        "updated": "2026-03-11T14:20:00.250Z",
    },
)
KILLED: Final = Shape(
    "Killed",
    shape(
        "Receipt of a kill. Its editions are to be killed on their own.",
        {"id": ID, "position": POSITION, "revision": REVISION, "updated": UPDATED, "editions": EDITIONS},
    ),
    {
        "id": examples.KILLED_ID,
        "position": "46-001c6df7ddce",
        "revision": 2,
        "updated": "2026-03-11T14:21:00.250Z",
        "editions": ["breaking-ar/01KAPN3V1300000013Q2MZX4HT"],
    },
)

_MILLISECONDS: Final[Schema] = {"type": ["number", "null"], "minimum": 0}

DELIVERY_REPORT: Final = Shape(
    "DispatchReceipt",
    shape(
        "How a dispatch was delivered after it was filed, as the nodes measured it. Known for seven days.",
        {
            "id": ID,
            "filed": FILED_AT,
            "published": moment("When it was published to the nodes."),
            "kept": or_null(moment("When it was known to be kept; null as long as it is not.")),
            "kept_exact": {
                "type": "boolean",
                "description": "False if the worker that filed it did not note `kept`: it was kept by then, or before.",
            },
            "nodes": number("Nodes that have reported so far how they wrote it."),
            "unreported": or_null(
                number("Nodes that it was published to and that have not reported so far; null if that is not known.")
            ),
            "readers": number("Readers it was written to at once."),
            "set_aside": number("Readers whose sockets were full then; they get it when they drain."),
            "fan_out_ms": shape(
                "Milliseconds from filing until half, and 99 in 100, of the readers were written to.",
                {"p50": _MILLISECONDS, "p99": _MILLISECONDS},
            ),
        },
    ),
    {
        "id": examples.BRIDGE_ID,
        "filed": "2026-03-11T14:12:00.250Z",
        "published": "2026-03-11T14:12:00.250Z",
        "kept": "2026-03-11T14:12:00.254Z",
        "kept_exact": True,
        "nodes": 2,
        "unreported": 0,
        "readers": 10338,
        "set_aside": 4,
        "fan_out_ms": {"p50": 6.412, "p99": 21.087},
    },
)
