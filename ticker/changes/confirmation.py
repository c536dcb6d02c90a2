"""The confirmation of a flash by a second key, in feeds that ask for it.

Such a flash goes out as urgent at first. It becomes a flash once a second key confirms it in time. What is confirmed
are words: when those of a flash are changed, it goes back to urgent, and they are to be confirmed in their turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from ticker.dispatch import FIELDS
from ticker.feed import Feed

CONFIRM_TIMEOUT: Final = 60_000
"""Milliseconds in which a second key may confirm a flash. Published in the protocol."""

LABELS: Final = ("sections", "places", "story", "edition_of")
"""Fields that say where a dispatch belongs. All others are its words, except for its urgency."""


@dataclass(frozen=True, slots=True)
class RequestConfirmation:
    """Ask for a second key: the dispatch becomes a flash if another key confirms it within `timeout` milliseconds."""

    timeout: int = CONFIRM_TIMEOUT

    def arguments(self) -> dict[str, Any]:
        return {"confirm": "request", "confirm_timeout": self.timeout}


@dataclass(frozen=True, slots=True)
class GiveConfirmation:
    """Confirm the flash, as the second key.

    With `seen`, it confirms the revision that the change names. Otherwise it confirms the one for which it was asked,
    and is refused if the words were changed since.
    """

    seen: bool = False

    def arguments(self) -> dict[str, Any]:
        return {"confirm": "give", "seen": self.seen or None}


@dataclass(frozen=True, slots=True)
class DropConfirmation:
    """Withdraw the request: the urgency was corrected, so there is nothing left to confirm."""

    def arguments(self) -> dict[str, Any]:
        return {"confirm": "drop"}


@dataclass(frozen=True, slots=True)
class KeepConfirmation:
    """Leave the request as it is, if there is one. With `rewrites`, who corrects cannot confirm any more."""

    rewrites: bool

    def arguments(self) -> dict[str, Any]:
        return {"rewrites": self.rewrites}


Confirmation = RequestConfirmation | GiveConfirmation | DropConfirmation | KeepConfirmation


def require_confirmation(fields: dict[str, Any], feed: Feed) -> tuple[dict[str, Any], RequestConfirmation | None]:
    """Return the fields with which a dispatch may go out now, and the confirmation that it needs, if any."""
    if not feed.two_person_flash or fields.get("urgency") != "flash":
        return fields, None
    return fields | {"urgency": "urgent"}, RequestConfirmation()


def confirm_correction(
    known: dict[str, Any], fields: dict[str, Any], feed: Feed, *, urgency_named: bool
) -> tuple[dict[str, Any], Confirmation]:
    """Return the fields with which a correction may go out now, and what becomes of the request to confirm a flash.

    `known` are the fields of the dispatch as it is, `fields` those that it is to have. `urgency_named` is whether the
    correction names the urgency, and so decides again whether this is to be a flash.
    """
    rewrites = any(known.get(name) != fields.get(name) for name in FIELDS if name not in ("urgency", *LABELS))
    rewrites = rewrites or "note" in fields
    if known.get("urgency") != "flash" or rewrites:
        fields, request = require_confirmation(fields, feed)
        if request is not None:
            return fields, request
    return fields, DropConfirmation() if urgency_named else KeepConfirmation(rewrites)
