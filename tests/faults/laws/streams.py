"""Law: no silent gap. What a reader gets is an unbroken run without duplicates, or begins again with a snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from tests.faults.history import Connection, Entry, History, Log, Position, Reader, Received, Violation

SETTLE: Final = 6.0
"""Seconds after a failover in which a node may still follow the log that was given up."""

CHANGES: Final = ("dispatch", "kill", "pin", "air")


def streams(history: History) -> Iterator[Violation]:
    for reader in history.readers:
        yield from _run(history, reader)


def is_in_a_loss(history: History, time: float) -> bool:
    """Return True if two histories may be about."""
    return any(loss.began - 0.5 <= time <= loss.ended + SETTLE for loss in history.losses)


def holds(log: Log, position: Position) -> bool:
    """Return True if a position is of this history."""
    if position.offset == 0:
        return log.origin[:12] == position.tag
    return position.offset <= len(log.entries) and log.entries[position.offset - 1].position == position


def _run(history: History, reader: Reader) -> Iterator[Violation]:
    place: Position | None = None
    begun: Connection | None = None
    for received in reader.received:
        frame, first = received.frame, received.connection is not begun
        begun = received.connection
        if "wrong" in frame:
            yield _broken("gap", reader, received, f"has a wrong {frame['wrong']}")
        if frame["type"] == "snapshot":
            yield from _snapshot(history, reader, received, place, first=first)
            place = Position.read(frame["position"])
        elif frame["type"] in CHANGES:
            now = Position.read(frame["position"])
            if place is None or now.offset != place.offset + 1:
                yield _broken("gap", reader, received, f"comes after {place}")
            elif (logs := [log for log in history.logs if holds(log, now)]) and not any(holds(o, place) for o in logs):
                yield _broken("gap", reader, received, f"comes after {place}, which is of another history")
            yield from _is_what_the_log_has(history, reader, received, now)
            place = now
        elif frame["type"] in ("beat", "poll") and frame["position"] != (str(place) if place else None):
            yield _broken("gap", reader, received, f"names another position than {place}, which the reader has")


def _snapshot(
    history: History, reader: Reader, received: Received, place: Position | None, *, first: bool
) -> Iterator[Violation]:
    frame = received.frame
    if frame["reset"] is not (place is not None):
        yield _broken("gap", reader, received, f"has reset {frame['reset']}, and the reader had {place}")
    now = Position.read(frame["position"])
    if place is None or is_in_a_loss(history, received.time) or not holds(history.log, place):
        return
    if now.offset < place.offset:
        where = "on another connection" if first else "on the same connection"
        yield _broken("back", reader, received, f"puts a reader back who had {place}, {where}", "behind")


def _is_what_the_log_has(history: History, reader: Reader, received: Received, now: Position) -> Iterator[Violation]:
    # Both histories may have it, and only one the kill of it that came later.
    entries = [(log, log.entries[now.offset - 1]) for log in history.logs if now.offset and holds(log, now)]
    if entries and not any(_shows(log, entry, received.frame) for log, entry in entries):
        text = entries[-1][1].text[:80]
        yield _broken("gap", reader, received, f"is not what the log has there: {text!r}")


def _shows(log: Log, entry: Entry, frame: dict[str, Any]) -> bool:
    kind, content = entry.content["kind"], entry.content
    if frame["type"] == "kill" and kind in ("file", "correct"):
        # In place of a text that was killed later, there is the kill.
        killed = {later.content["id"] for later in log.entries[entry.offset :] if later.content["kind"] == "kill"}
        return frame["id"] == content["dispatch"]["id"] and frame["id"] in killed
    if frame["type"] != ("dispatch" if kind in ("file", "correct") else kind):
        return False
    shown = frame.get("dispatch", frame)
    kept = content.get("dispatch", content)
    return all(shown.get(name) == kept.get(name) for name in ("id", "text", "revision", "reason"))


def _broken(law: str, reader: Reader, received: Received, what: str, situation: str = "") -> Violation:
    frame = received.frame
    who = f"{reader.name} at node {received.connection.node}"
    return Violation(law, received.time, who, f"{frame['type']} {frame.get('position', '')} {what}", situation)
