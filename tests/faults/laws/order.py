"""Law: one feed, one ordered log. Offsets are dense, hashes chain, and nobody ever saw a position of no history."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import pairwise

from tests.faults.history import History, Log, Position, Violation


def order(history: History) -> Iterator[Violation]:
    for log in history.logs:
        yield from _chains(log)
    for time, who, position in _seen(history):
        if not _exists(history, position):
            yield Violation("position", time, who, f"{position} is in no history of the feed")


def _chains(log: Log) -> Iterator[Violation]:
    hash, last = log.origin, 0
    for entry in log.entries:
        if entry.offset != last + 1:
            yield Violation("order", log.taken, "log", f"offset {last} is followed by {entry.offset}")
        hash, last = hashlib.sha1(hash.encode() + entry.text, usedforsecurity=False).hexdigest(), entry.offset
        if hash != entry.hash:
            yield Violation("order", log.taken, "log", f"entry {entry.offset} does not chain")
            hash = entry.hash
    for one, next in pairwise(log.entries):
        if next.content["at"] < one.content["at"]:
            yield Violation(
                "order", log.taken, "log", f"the time of entry {next.offset} is before that of {one.offset}"
            )


def _seen(history: History) -> Iterator[tuple[float, str, Position]]:
    """Every position that anybody saw: when, who, which."""
    for change, attempt in history.attempts():
        if attempt.status in (200, 201) and "position" in attempt.body:
            yield attempt.ended, f"change {change.number}", Position.read(attempt.body["position"])
    for reader in history.readers:
        for received in reader.received:
            if received.frame.get("position"):
                yield received.time, reader.name, Position.read(received.frame["position"])
    for fetched in history.fetched:
        if fetched.what in ("snapshot", "changes") and fetched.status == 200:
            yield fetched.ended, fetched.what, Position.read(fetched.body["position"])


def _exists(history: History, position: Position) -> bool:
    for log in history.logs:
        if position.offset == 0:
            if log.origin[:12] == position.tag:
                return True
        elif position.offset <= len(log.entries) and log.entries[position.offset - 1].position == position:
            return True
    # What was written to a log that was being given up, after it was read for the last time.
    return any(position.offset > len(loss.log.entries) for loss in history.losses)
