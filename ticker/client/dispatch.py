"""The dispatches that the service sends, and the fields that it takes: the client's table of fields.

tests/test_fields.py compares it with that of the service, ticker/dispatch.py.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NotRequired, TypedDict

Urgency = Literal["flash", "bulletin", "urgent", "normal"]


class _Optional(TypedDict, total=False):
    """Fields that a dispatch has only if they were given."""

    source: str
    byline: str
    dateline: str
    sections: list[str]
    places: list[str]
    story: str
    link: str
    occurred: str
    edition_of: str


class _Noted(_Optional, total=False):
    note: str


class Usable(_Noted):
    """A dispatch as readers see it. Times are RFC 3339, UTC, with milliseconds. All text is plain text."""

    id: str
    status: Literal["usable"]
    text: str
    urgency: Urgency
    language: str
    filed: str
    updated: str
    revision: int


class FullDispatch(Usable):
    """A single dispatch with its history: `revisions` are the earlier ones, oldest first; `editions` are `feed/id`."""

    revisions: list[Usable]
    editions: list[str]


class Tombstone(TypedDict):
    """What replaces a killed dispatch. Nothing of its text is left."""

    id: str
    status: Literal["killed"]
    reason: str
    filed: str
    updated: str
    revision: int


Dispatch = Usable | Tombstone


class HeldDispatch(_Optional):
    """A dispatch under embargo; `by` is the name of the key that wrote it last.

    `parked` is there if a key that wrote it was revoked, since when it waits for an editor.
    """

    id: str
    status: Literal["held"]
    revision: int
    held: str
    updated: str
    by: str
    release_at: str
    text: str
    urgency: Urgency
    language: str
    parked: NotRequired[str]


class Fields(TypedDict, total=False):
    """What a correspondent may send besides the text; the rules are in PROTOCOL.md, "A dispatch"."""

    source: str
    byline: str
    dateline: str
    urgency: Urgency
    language: str
    sections: list[str]
    places: list[str]
    story: str
    link: str
    occurred: datetime | str
    edition_of: str


class Corrections(TypedDict, total=False):
    """The fields to change. None removes a field, except `text`, `urgency` and `language`; others stay as they are."""

    text: str
    source: str | None
    byline: str | None
    dateline: str | None
    urgency: Urgency
    language: str
    sections: list[str] | None
    places: list[str] | None
    story: str | None
    link: str | None
    occurred: datetime | str | None
    edition_of: str | None
