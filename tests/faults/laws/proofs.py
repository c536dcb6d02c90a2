"""Law: LIVE is a measurement. A proof is from no outage, covers all before it, and is as new as its connection."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Any, Final

from tests.faults.history import Connection, Fault, History, Log, Position, Violation, moment
from tests.faults.laws.streams import holds, is_in_a_loss
from tests.faults.plan import FREEZES, OF_NODES

EDGE: Final = 0.05
"""Seconds at both ends of an outage that do not count: a fault takes a moment to be done."""

PROOF_AGE: Final = 4.0
"""Seconds by which a first beat may be older than its connection: a node's proof takes up to 1.5 to arrive, and the
next one, which starts a second after it, as long again."""

DELAYED_TIMEOUT: Final = 8.0
"""Seconds within which readers are told of an outage: a node notices within 3, a page allows 13."""


def proofs(history: History) -> Iterator[Violation]:
    if history.log_clock_was_set:
        return  # a proof's time says nothing of ours
    for time, who, node, position, at in _proofs(history):
        for outage in history.outages:
            if outage.has(node, moment(at), margin=EDGE):
                inside = moment(at) - outage.began
                yield Violation("proof", time, who, f"claims a proof {inside:.2f} s after the begin of an outage")
        yield from _covers(history, time, who, position, at)
    yield from _older_than_its_connection(history)


def _proofs(history: History) -> Iterator[tuple[float, str, int, Position, str]]:
    """Everything that names a time and a position up to which it is complete."""
    for reader in history.readers:
        for received in reader.received:
            frame, node = received.frame, received.connection.node
            if frame["type"] in ("beat", "poll", "snapshot") and frame["at"] and frame["position"]:
                who = f"{reader.name} at node {node}, {frame['type']}"
                yield received.time, who, node, Position.read(frame["position"]), frame["at"]
    for fetched in history.fetched:
        if fetched.what in ("snapshot", "changes") and fetched.status == 200 and fetched.body["at"]:
            position = Position.read(fetched.body["position"])
            yield fetched.ended, f"{fetched.what} of node {fetched.node}", fetched.node, position, fetched.body["at"]


def _covers(history: History, time: float, who: str, position: Position, at: str) -> Iterator[Violation]:
    if is_in_a_loss(history, time) or is_in_a_loss(history, moment(at)) or not holds(history.log, position):
        return
    complete = _entries_before(history.log, at)
    if complete > position.offset:
        missing = history.log.entries[position.offset].content
        what = f"is proven up to {at} with {position}, and the log had {position.offset + 1} at {missing['at']}"
        yield Violation("proof", time, who, what)


def _entries_before(log: Log, at: str) -> int:
    """Return how many entries were in the log before a time; one of the same millisecond may have come after."""
    return bisect_left(log.entries, at, key=lambda entry: str(entry.content["at"]))


def _older_than_its_connection(history: History) -> Iterator[Violation]:
    for reader in history.readers:
        for received in reader.received:
            if received.frame["type"] != "beat":
                continue
            older = received.connection.dialed - moment(received.frame["at"])
            if older > PROOF_AGE + history.stalled:
                who = f"{reader.name} at node {received.connection.node}"
                frozen = any(_touches(fault, received.connection.dialed) for fault in history.faults)
                what = f"beat of {received.frame['at']} is {older:.2f} s older than its connection"
                yield Violation("age", received.time, who, what, "frozen" if frozen else "")


def _touches(fault: Fault, time: float) -> bool:
    return fault.kind in FREEZES and fault.began - 1 <= time <= (fault.ended or time) + 3


def delayed(history: History) -> Iterator[Violation]:
    """Law: a reader is told soon that its node has lost the log."""
    for outage in history.outages:
        until = outage.began + DELAYED_TIMEOUT + history.stalled
        if outage.ended < until or any(_keeps_it_from_readers(fault, outage.began, until) for fault in history.faults):
            continue
        for reader in history.readers:
            for connection in reader.connections:
                if connection.node not in outage.nodes or not _is_open(connection, outage.began - 1, until):
                    continue
                frames = [
                    r.frame for r in reader.received if r.connection is connection and outage.began <= r.time < until
                ]
                if not any(_says_delayed(frame) for frame in frames):
                    who = f"{reader.name} at node {connection.node}"
                    yield Violation("delayed", until, who, "was not told of an outage")


def _keeps_it_from_readers(fault: Fault, begin: float, end: float) -> bool:
    """Return True if a fault meanwhile keeps a node from telling its readers anything."""
    overlaps = fault.began <= end and (fault.ended or end) >= begin - 1
    return overlaps and (fault.kind.startswith("front_") or fault.kind in OF_NODES)


def _is_open(connection: Connection, begin: float, end: float) -> bool:
    return connection.opened is not None and connection.opened < begin and (connection.closed or end) >= end


def _says_delayed(frame: dict[str, Any]) -> bool:
    return bool(frame["type"] == "delayed")
