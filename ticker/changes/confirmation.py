"""The confirmation of a flash by a second key, in feeds that ask for it.

Such a flash goes out as urgent at first. It becomes a flash once a second key confirms it in time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from ticker.feed import Feed

CONFIRM_TIMEOUT: Final = 60_000
"""Milliseconds in which a second key may confirm a flash. Published in the protocol."""


@dataclass(frozen=True, slots=True)
class RequestConfirmation:
    """Ask for a second key: the dispatch becomes a flash if another key confirms it within `timeout` milliseconds."""

    timeout: int = CONFIRM_TIMEOUT

    def arguments(self) -> dict[str, Any]:
        return {"confirm": "request", "confirm_timeout": self.timeout}


@dataclass(frozen=True, slots=True)
class GiveConfirmation:
    """Confirm the flash, as the second key."""

    def arguments(self) -> dict[str, Any]:
        return {"confirm": "give"}


@dataclass(frozen=True, slots=True)
class DropConfirmation:
    """Withdraw the request: the urgency was corrected, so there is nothing left to confirm."""

    def arguments(self) -> dict[str, Any]:
        return {"confirm": "drop"}


Confirmation = RequestConfirmation | GiveConfirmation | DropConfirmation


def require_confirmation(fields: dict[str, Any], feed: Feed) -> tuple[dict[str, Any], RequestConfirmation | None]:
    """Return the fields with which a dispatch may go out now, and the confirmation that it needs, if any."""
    if not feed.two_person_flash or fields.get("urgency") != "flash":
        return fields, None
    return fields | {"urgency": "urgent"}, RequestConfirmation()
