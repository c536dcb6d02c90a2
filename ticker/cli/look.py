"""Dispatches as a terminal shows them: one line each, with the id that commands take."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from rich.text import Text

from ticker.cli.moment import clock

_LOOKS: Final = {"flash": "bold white on red", "bulletin": "bold red", "urgent": "bold yellow"}
_KINDS: Final = {"flash": "flash", "bulletin": "bulletin", "urgent": "urgent dispatch"}


class Shown(NamedTuple):
    """What is kept of a dispatch that was printed, to name it when it is killed. Never its text."""

    revision: int
    urgency: str = ""
    source: str = ""


def shown(dispatch: dict[str, Any]) -> Shown:
    """Return what to keep of a dispatch that is printed."""
    return Shown(dispatch["revision"], dispatch.get("urgency", ""), dispatch.get("source", ""))


def line(dispatch: dict[str, Any], *, corrected: bool) -> Text:
    """Return a usable dispatch as a line."""
    text = Text(clock(dispatch["filed"]) + "  ", style="dim")
    if dispatch["urgency"] != "normal":
        text.append(dispatch["urgency"].upper() + " ", style=_LOOKS.get(dispatch["urgency"], "bold"))
    if corrected:
        text.append("CORRECTED ", style="bold not dim")
    if "source" in dispatch:
        text.append(dispatch["source"] + ": ", style="bold not dim")
    return text.append(dispatch["text"], style="not dim").append(f"  {dispatch['id']}")


def withdrawn(tombstone: dict[str, Any], before: Shown | None) -> Text:
    """Return a killed dispatch as a line that cannot be mistaken for news.

    `before` is the dispatch as it was printed, so that people see which one is meant.
    """
    source = f"{before.source}: " if before and before.source else ""
    kind = _KINDS.get(before.urgency if before else "", "dispatch")
    at = clock(tombstone["updated"])
    notice = f"Withdrawn at {at[:5]}: {source}{kind} of {clock(tombstone['filed'])[:5]}. Reason: {tombstone['reason']}"
    return Text(f"{at}  ", style="dim").append(notice, style="bold red not dim").append(f"  {tombstone['id']}")
