"""What to print of a plan that broke a law: what ran, what was done to it, and what the one concerned saw around it."""

from __future__ import annotations

from typing import Final

from tests.faults.history import Attempt, Change, History, Received, Violation
from tests.faults.plan import Plan

LINES: Final = 40
AROUND: Final = 4.0
"""Seconds before and after a violation that are shown."""


def headline(plan: Plan) -> str:
    """Return one line that says what a plan runs on."""
    topology = plan.topology
    parts = [f"seed {plan.seed}", topology.kind.value, f"{topology.nodes} nodes, {topology.workers} workers each"]
    if topology.kind != "embedded":
        parts.append(topology.program)
    if topology.replicas:
        parts.append(f"TICKER_REPLICAS={topology.replicas}")
    if topology.ring != 1024:
        parts.append(f"TICKER_RING={topology.ring}")
    return ", ".join(parts)


def timeline(plan: Plan, history: History, violation: Violation) -> str:
    """Return at most LINES lines: the first is the plan, the last but one the violation."""
    events = [
        (fault.began, f"FAULT {fault.kind} {fault.detail} until {(fault.ended or 0) - history.began:.2f}")
        for fault in history.faults
    ]
    events += [one for one in history.printed if " prints ticker: " in one[1]][:6]
    events += [(loss.began, f"LOSS {loss.kind} until {loss.ended - history.began:.2f}") for loss in history.losses]
    near = [event for event in _near(history, violation) if abs(event[0] - violation.time) < AROUND]
    near.sort(key=lambda event: abs(event[0] - violation.time))
    events += near[: LINES - 3 - len(events)]
    events.append((violation.time, f">>> {violation.law}: {violation.who}: {violation.what}"))
    lines = [f"{time - history.began:7.2f}  {what}"[:200] for time, what in sorted(events, key=lambda event: event[0])]
    return "\n".join([headline(plan), *lines, f"again: scripts/faults 1 --seed {plan.seed}"])


def _near(history: History, violation: Violation) -> list[tuple[float, str]]:
    """What belongs to the one concerned: a reader's frames and connections, else changes."""
    for reader in history.readers:
        if violation.who.startswith(reader.name):
            events = [(one.time, f"{reader.name} got {_frame(one)}") for one in reader.received]
            for one in reader.connections:
                events.append((one.dialed, f"{reader.name} dials node {one.node} after {one.after}"))
                if one.closed is not None:
                    events.append((one.closed, f"{reader.name} is disconnected: {one.ended_by}"))
            return events
    return [(attempt.ended, _attempt(history, change, attempt)) for change, attempt in history.attempts()]


def _attempt(history: History, change: Change, attempt: Attempt) -> str:
    sent = attempt.began - history.began
    what = f"change {change.number} ({change.kind} {change.target}) at node {attempt.node}, sent {sent:.2f}"
    return f"{what}: {attempt.status} {attempt.body.get('position', '')}"


def _frame(received: Received) -> str:
    frame = received.frame
    parts = [frame["type"], frame.get("position") or ""]
    if frame["type"] == "snapshot":
        parts.append(f"reset={frame['reset']}")
    if frame.get("at"):
        parts.append(f"at {frame['at'][11:23]}")
    if "dispatch" in frame:
        parts.append(frame["dispatch"]["text"][:24])
    return " ".join(parts)
