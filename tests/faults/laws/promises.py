"""Law: a 201 means kept. Each promised change is once in the log, and a repeated request has the same receipt."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from tests.faults.history import Attempt, Change, Entry, History, Position, Violation

TOKEN: Final = re.compile(r"x\d+x\d+x")

IN_THE_LOG: Final = {
    "file": "file",
    "correct": "correct",
    "kill": "kill",
    "pin": "pin",
    "air": "air",
    "release": "file",
}
"""Kinds of changes that are entries of the log, and the kind of the entry."""

REFUSED: Final = {"correct": {410, 412}, "kill": {410}, "pin": {410}, "release": {409}, "spike": {409}}
"""Refusals that another writer, or the time, can bring about."""

AFTER_A_LOSS: Final = {404, 401, 409, 412}
"""Statuses that follow from a declared loss: the dispatch or the key is gone, or is at an earlier revision."""


def token_of(entry: Entry) -> str:
    """Return the word that only this entry's text has."""
    found = TOKEN.match(entry.content.get("dispatch", {}).get("text", ""))
    return found[0] if found else ""


def may_be_lost(history: History, attempt: Attempt) -> bool:
    """Return True if a promise was given before a declared loss of promises."""
    return any(loss.promises and attempt.began <= loss.ended for loss in history.losses)


def promises(history: History) -> Iterator[Violation]:
    by_token: dict[str, list[Entry]] = defaultdict(list)
    for entry in history.log.entries:
        if entry.content["kind"] in ("file", "correct"):
            by_token[token_of(entry)].append(entry)
    by_position = {entry.position: entry for entry in history.log.entries}
    for change in history.changes:
        entries = by_token[change.token] if change.token else []
        if len(entries) > 1:
            where = ", ".join(str(entry.position) for entry in entries)
            yield _broken(change, f"is in the log {len(entries)} times: {where}")
        if change.kept is None or may_be_lost(history, change.kept):
            continue
        if change.kind in IN_THE_LOG:
            yield from _is_kept(change, by_position)
        elif change.kept.body["id"] not in history.held:
            yield _broken(change, f"was answered {change.kept.status}, and no dispatch is held under its id")
        yield from _same_receipt(history, change)


def _is_kept(change: Change, by_position: dict[Position, Entry]) -> Iterator[Violation]:
    assert change.kept is not None
    receipt = change.kept.body
    entry = by_position.get(Position.read(receipt["position"]))
    if entry is None:
        yield _broken(change, f"was answered {change.kept.status} at {receipt['position']}, and is not in the log")
    elif entry.content["kind"] != IN_THE_LOG[change.kind] or _id(entry) != receipt.get("id"):
        yield _broken(change, f"has a receipt for {receipt['position']}, where the log has {entry.text[:80]!r}")


def _id(entry: Entry) -> Any:
    return entry.content.get("dispatch", entry.content).get("id")


def _same_receipt(history: History, change: Change) -> Iterator[Violation]:
    receipts = {
        tuple(attempt.body.get(name) for name in ("id", "position", "revision", "filed", "updated"))
        for attempt in change.attempts
        if attempt.status in (200, 201) and not may_be_lost(history, attempt)
    }
    if len(receipts) > 1:
        yield _broken(change, f"has several receipts for one Idempotency-Key: {sorted(map(str, receipts))}")


def responses(history: History) -> Iterator[Violation]:
    """Law: everything but a 503 is an answer that the request deserved."""
    for change, attempt in history.attempts():
        deserved = {None, 200, 201, 503} | REFUSED.get(change.kind, set())
        if any(loss.began <= attempt.ended for loss in history.losses):
            deserved |= AFTER_A_LOSS
        if change.kind in ("hold", "hold_revoked") and (attempt.ended > change.due or history.log_clock_was_set):
            deserved.add(422)  # its time is over, by the clock of the log
        if attempt.status not in deserved:
            what = f"change {change.number} ({change.kind}) got {attempt.status}: {attempt.body.get('detail')}"
            yield Violation("response", attempt.ended, f"node {attempt.node}", what)


def _broken(change: Change, what: str) -> Violation:
    attempt = change.kept or change.attempts[-1]
    return Violation("promise", attempt.ended, f"node {attempt.node}", f"change {change.number} ({change.kind}) {what}")
