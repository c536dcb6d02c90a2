"""The rules for an entry from elsewhere: it has nothing that this service would not have written itself."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from ticker.dispatch import Body, Correction, Draft, check
from ticker.errors import Invalid

_ID: Final = re.compile(r"[0-9a-z]{1,64}")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_BY_THE_SERVER: Final = ("id", "filed", "updated", "revision", "status")
"""Fields of a dispatch that only the server gives."""


def check_dispatch(dispatch: dict[str, Any]) -> None:
    """Check a dispatch that was filed or corrected elsewhere.

    Raises:
        Invalid: a field breaks its rule.
    """
    check_members(*_BY_THE_SERVER, **dispatch)
    fields = {name: value for name, value in dispatch.items() if name not in _BY_THE_SERVER and name != "note"}
    if "release_at" in fields:
        raise Invalid([("release_at", "is not a field of a dispatch that was filed")])
    written = check(Draft, fields).fields("")
    if "note" in dispatch:
        note = check(Correction, {"note": dispatch["note"]}).note
        fields, written = fields | {"note": dispatch["note"]}, written | {"note": note}
    for name, value in fields.items():
        if value not in (None, "", []) and written.get(name) != value:
            raise Invalid([(name, "is not in the form that ticker writes: trimmed, visible, and times in UTC")])
    for name in ("urgency", "language"):
        if name not in fields:
            raise Invalid([(name, "is missing")])


def check_as_written(model: type[Body], value: dict[str, Any]) -> None:
    """Check what a request of this model left in the log: all of its members, as the model writes them.

    Raises:
        Invalid: a member breaks its rule, or is missing.
    """
    for name, written in check(model, value).model_dump().items():
        if name not in value:
            raise Invalid([(name, "is missing")])
        if value[name] != written:
            raise Invalid([(name, "is not in the form that ticker writes: trimmed and visible")])


def check_members(*names: str, **content: Any) -> None:
    """Check members that only the server writes.

    Raises:
        Invalid: one is missing, or not as the server writes it.
    """
    for name in names:
        value, sound = content.get(name), False
        match name:
            case "id":
                sound = isinstance(value, str) and _ID.fullmatch(value) is not None
            case "by":
                sound = isinstance(value, str) and len(value) <= 100
            case "revision":
                sound = type(value) is int and 0 < value < 2**53
            case "status":
                sound = value == "usable"
            case _:
                sound = is_moment(value)
        if not sound:
            raise Invalid([(name, f"is not in the form that ticker writes: {value!r}")])


def is_moment(value: Any) -> bool:
    """Return True if this is a time as this service writes all of them: RFC 3339, UTC, milliseconds."""
    try:
        return isinstance(value, str) and bool(_MOMENT.fullmatch(value) and datetime.fromisoformat(value))
    except ValueError:
        return False
