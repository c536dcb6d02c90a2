"""What can happen to a feed: a module for each kind of change, and the table of kinds.

Each module has the change as it is asked for (`Kill`: who asks, of which dispatch, why), and the kind of entry that it
becomes in the log (`KillKind`: what such an entry does to a feed, to readers and to the audit). Changes of held
dispatches are in held.py: they become no entries.
"""

from __future__ import annotations

from typing import Final

from ticker.changes.air import Air, AirKind
from ticker.changes.change import Change
from ticker.changes.confirmation import (
    Confirmation,
    DropConfirmation,
    GiveConfirmation,
    KeepConfirmation,
    RequestConfirmation,
    confirm_correction,
    require_confirmation,
)
from ticker.changes.correct import Correct, CorrectKind
from ticker.changes.file import File, FileKind, Release
from ticker.changes.held import Edit, Hold, Spike
from ticker.changes.kill import Kill, KillKind
from ticker.changes.kind import Kind, Setting
from ticker.changes.pin import Pin, PinKind
from ticker.entry import Entry, Position
from ticker.feed import Feed
from ticker.wire import Frame

__all__ = [
    "Air",
    "Change",
    "Confirmation",
    "Correct",
    "DropConfirmation",
    "Edit",
    "File",
    "GiveConfirmation",
    "Hold",
    "KeepConfirmation",
    "Kill",
    "Kind",
    "Pin",
    "Release",
    "RequestConfirmation",
    "Setting",
    "Spike",
    "confirm_correction",
    "require_confirmation",
]

_KINDS: Final[tuple[Kind, ...]] = (FileKind(), CorrectKind(), KillKind(), PinKind(), AirKind())

KINDS: Final = {kind.name: kind for kind in _KINDS}
"""The kinds of entries, by name."""

SETTINGS: Final = {kind.member: kind for kind in KINDS.values() if isinstance(kind, Setting)}
"""The kinds that set a value of the feed, by its name in the feed's state."""

KINDS_BY_FRAME: Final = {kind.frame_type: kind for kind in KINDS.values()}
"""The kinds by the type of their frame; those that share one treat it in the same way."""


def kind_of(entry: Entry) -> Kind:
    """Return the kind of an entry.

    Raises:
        ValueError: this version does not know the kind.
    """
    kind = KINDS.get(entry.kind)
    if kind is None:
        raise ValueError(f"unknown kind of entry: {entry.kind}")
    return kind


def fold(entry: Entry, feed: Feed) -> None:
    """Apply the next entry of the log to what a feed shows. The caller has checked that it is the next.

    One of an unknown kind changes only the tail.
    """
    kind = KINDS.get(entry.kind)
    if kind is not None:
        kind.fold(entry, feed)
    feed.tail = entry.tail


def entry_frame(entry: Entry, position: Position | None = None) -> Frame:
    """Return the frame of an entry.

    `position` puts it in the place of an earlier frame: readers who resume from before a killed dispatch was filed get
    the kill where the dispatch was.

    Raises:
        ValueError: the entry is of an unknown kind.
    """
    kind = kind_of(entry)
    return Frame({"type": kind.frame_type, "position": str(position or entry.tail.position), **kind.frame(entry)})
