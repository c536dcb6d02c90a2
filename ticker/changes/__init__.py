"""What can happen to a feed: one module for each kind of change."""

from ticker.changes.air import Air
from ticker.changes.change import Change
from ticker.changes.confirmation import (
    Confirmation,
    DropConfirmation,
    GiveConfirmation,
    RequestConfirmation,
    require_confirmation,
)
from ticker.changes.correct import Correct
from ticker.changes.file import File, Release
from ticker.changes.held import Edit, Hold, Spike
from ticker.changes.kill import Kill
from ticker.changes.pin import Pin

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
    "Kill",
    "Pin",
    "Release",
    "RequestConfirmation",
    "Spike",
    "require_confirmation",
]
