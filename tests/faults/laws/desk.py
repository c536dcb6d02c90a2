"""Laws of the desk: a held dispatch is released once and not before its time; a delivery report is true in the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tests.faults.history import Change, Entry, History, Violation, moment
from tests.faults.laws.promises import may_be_lost, token_of

LATE: Final = 2.5
"""Seconds after its time by which a held dispatch is released where nothing breaks: one, and a busy machine."""

SOON: Final = 2.5
"""Seconds before a fault in which what a node measured may not be kept yet."""


def held(history: History) -> Iterator[Violation]:
    filed = {token_of(entry): entry for entry in history.log.entries if entry.content["kind"] == "file"}
    for change in history.changes:
        if change.kind != "hold" or change.kept is None or may_be_lost(history, change.kept):
            continue
        id = change.kept.body["id"]
        entry = filed.get(change.token)
        others = [other for other in history.changes if other.target == id]
        if any(other.kind == "spike" and other.kept for other in others):
            if entry is not None:
                yield _broken(change, f"was spiked, and is in the log at {entry.position}")
        elif entry is None:
            if not any(other.kind == "spike" for other in others):
                yield _broken(change, f"was due at {change.due:.1f}, and never came out")
        else:
            yield from _in_time(history, change, entry, early=any(other.kind == "release" for other in others))


def _in_time(history: History, change: Change, entry: Entry, *, early: bool) -> Iterator[Violation]:
    at = moment(entry.content["at"])
    if at < change.due - 0.002 and not early:
        yield _broken(change, f"came out {change.due - at:.3f} s before its time")
    calm = not any(fault.began <= at and (fault.ended or at) + 3 >= change.due for fault in history.faults)
    if at > change.due + LATE + 2 * history.stalled and calm:
        yield _broken(change, f"came out {at - change.due:.1f} s after its time")


def _broken(change: Change, what: str) -> Violation:
    assert change.kept is not None
    return Violation("held", change.due, f"change {change.number}", f"{change.kept.body['id']} {what}")


def reports(history: History) -> Iterator[Violation]:
    for entry in history.log.entries:
        if entry.content["kind"] != "file" or history.losses:
            continue
        id, filed = entry.content["dispatch"]["id"], moment(entry.content["at"])
        report = history.reports[id]
        soon = any(filed - 1 <= time <= filed + 2 * SOON for time, _ in history.printed)  # it had trouble of its own
        soon = soon or any(
            fault.began <= filed + SOON and (fault.ended or filed) >= filed - 1 for fault in history.faults
        )
        situation = "before a fault" if soon else ""
        if "nodes" not in report:
            yield Violation("report", filed, id, f"has no delivery report: {report}")
            continue
        if report["kept"] is None:
            yield Violation("report", filed, id, "kept is null", situation)
        if report["nodes"] == 0:
            yield Violation("report", filed, id, "nodes is 0", situation)
