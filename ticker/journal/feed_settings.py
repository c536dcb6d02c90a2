"""The settings of a feed as Redis stores them; versions of the service that know fewer members read them too."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any, Final, Self

import orjson

from ticker.admin import FeedPlan
from ticker.dispatch import Visibility, rfc3339
from ticker.errors import Invalid


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """What a feed was opened with, as edited since.

    Attributes:
        name, title, language, edition_of: as in feed.py.
        opened: when (RFC 3339).
        two_person_flash: whether a flash goes out as urgent until a second key confirms it.
        timezone: IANA name.
        origins: web origins whose pages may read it; None for the service's.
        visibility: who may read it.
        rehearsal: whether it is for training; such a feed is always private.
        closed: when it was closed (RFC 3339), or None. Stored in the feed's state, where append.lua sees it.
    """

    name: str
    title: str
    language: str
    opened: str
    edition_of: str | None = None
    two_person_flash: bool = False
    timezone: str = "UTC"
    origins: tuple[str, ...] | None = None
    visibility: Visibility = "public"
    rehearsal: bool = False
    closed: str | None = None

    @classmethod
    def requested(cls, request: FeedPlan, opened: str, closed: str | None = None) -> Self:
        """Return the settings of a feed that is to be opened.

        Raises:
            Invalid: a rehearsal that is not to be private.
        """
        members = request.model_dump() | {"title": request.title or request.name, "opened": opened, "closed": closed}
        if request.rehearsal:
            if request.visibility != "private" and "visibility" in request.model_fields_set:
                raise always_private()
            members["visibility"] = "private"
        return cls(**members | {"origins": None if request.origins is None else tuple(request.origins)})

    @classmethod
    def read(cls, text: bytes, closed: bytes | None = None) -> Self:
        """Return settings as this or another version stored them: unknown members are ignored."""
        known = {name: value for name, value in orjson.loads(text).items() if name in _MEMBERS}
        if known.get("origins") is not None:
            known["origins"] = tuple(known["origins"])
        return cls(**known | {"closed": moment(closed)})

    @property
    def stored(self) -> bytes:
        """The settings as stored. Newer members are left out at their defaults: older versions do not know them."""
        members = {
            name: value
            for name, value in asdict(self).items()
            if name in _IN_EVERY_VERSION or value != _MEMBERS[name].default
        }
        members.pop("closed", None)
        return orjson.dumps(members)

    def described(self) -> dict[str, Any]:
        """Return the settings as they are shown. `rehearsal` is there only if it is true."""
        members = asdict(self)
        if not self.rehearsal:
            del members["rehearsal"]
        return members

    def public(self) -> dict[str, Any]:
        """Return what a node's Feed has of its settings, as attributes of that."""
        return {name: getattr(self, name) for name in PUBLIC}


_MEMBERS: Final = {each.name: each for each in fields(FeedSettings)}
_IN_EVERY_VERSION: Final = ("name", "title", "language", "opened", "edition_of", "two_person_flash")

PUBLIC: Final = tuple(name for name in _MEMBERS if name not in ("name", "opened"))
"""Settings that a Feed on a node has, and that are updated there after an edit."""


def always_private() -> Invalid:
    """Return the error for a rehearsal that others could read."""
    return Invalid([("visibility", "must be private: this feed is a rehearsal")])


def moment(milliseconds: bytes | None) -> str | None:
    """Return a time as append.lua stores it, in milliseconds of Unix time, as RFC 3339."""
    return rfc3339(datetime.fromtimestamp(int(milliseconds) / 1000, UTC)) if milliseconds else None
