"""Laws of the desk: a held dispatch is released once and not before its time; a delivery report is true in the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tests.faults.history import Change, Entry, History, Violation, moment
from tests.faults.laws.promises import may_be_lost, token_of

LATE: Final = 2.5
"""Seconds after its time by which a held dispatch is released where nothing breaks: one, and a busy machine."""

SOON: Final = 2.5
"""Seconds in which nodes store what they measured, and follow again after a fault, on a busy machine."""


def held(history: History) -> Iterator[Violation]:
    filed = {token_of(entry): entry for entry in history.log.entries if entry.content["kind"] == "file"}
    for change in history.changes:
        if change.kind == "hold_revoked" and not history.losses and not history.log_clock_was_set:
            yield from _stays_held(change, filed.get(change.token))
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


def _stays_held(change: Change, entry: Entry | None) -> Iterator[Violation]:
    """What a key held that was revoked before the time of release waits for an editor."""
    if entry is not None and change.kept is not None and change.revoked is not None and change.revoked < change.due:
        early = change.due - change.revoked
        what = f"came out, and the key that held it was revoked {early:.2f} s before its time"
        yield _broken(change, what, "revoked")


def _in_time(history: History, change: Change, entry: Entry, *, early: bool) -> Iterator[Violation]:
    at = moment(entry.content["at"])
    if at < change.due - 0.002 and not early:
        yield _broken(change, f"came out {change.due - at:.3f} s before its time")
    calm = not any(fault.began <= at and (fault.ended or at) + 3 >= change.due for fault in history.faults)
    if at > change.due + LATE + 2 * history.stalled and calm:
        yield _broken(change, f"came out {at - change.due:.1f} s after its time")


def _broken(change: Change, what: str, situation: str = "") -> Violation:
    assert change.kept is not None
    return Violation("held", change.due, f"change {change.number}", f"{change.kept.body['id']} {what}", situation)


def reports(history: History) -> Iterator[Violation]:
    """Whatever broke, a report says when it was kept, and of each node that it was published to what is known."""
    for entry in history.log.entries:
        if entry.content["kind"] != "file" or history.losses:
            continue
        id, filed = entry.content["dispatch"]["id"], moment(entry.content["at"])
        report = history.reports[id]
        if "nodes" not in report:
            yield Violation("report", filed, id, f"has no delivery report: {report}")
            continue
        if report["kept"] is None and not history.log_clock_was_set:
            yield Violation("report", filed, id, "kept is null")
        elif report["kept"] is not None and moment(report["kept"]) < filed:
            yield Violation("report", filed, id, f"was kept at {report['kept']}, before it was filed")
        if report["nodes"] + (report["unreported"] or 0) == 0 and not _troubled(history, filed):
            yield Violation("report", filed, id, "no node delivered it, by its report, and none is missed")
        if (report["unreported"] != 0 or not report["kept_exact"]) and not _ever_troubled(history, filed):
            yield Violation("report", filed, id, f"something is not known although nothing had happened: {report}")


def _troubled(history: History, filed: float) -> bool:
    """Return True if it is possible that no node listened when a dispatch was filed."""
    return _trouble(history, filed - 2 * SOON, filed + SOON)


def _ever_troubled(history: History, filed: float) -> bool:
    """Return True if something had happened before it was filed, or did before the nodes had stored their reports."""
    return _trouble(history, 0.0, filed + SOON + 2 * history.stalled)


def _trouble(history: History, begin: float, end: float) -> bool:
    """Return True if something was broken between two times, or a node complained; also if nobody can tell."""
    complained = any(begin <= time <= end for time, _ in history.printed)
    broken = any(fault.began <= end and (fault.ended or fault.began) >= begin for fault in history.faults)
    return complained or broken or history.log_clock_was_set
