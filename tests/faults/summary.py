"""What a run of many plans adds up to: faults by kind, changes, frames, and the longest times without."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from tests.faults.history import Connection, History, Reader, Violation
from tests.faults.known import KNOWN, known
from tests.faults.plan import Plan
from tests.faults.timeline import headline, timeline

LIVE_FOR = 13.0
"""Seconds after a beat for which a page shows LIVE."""


@dataclass
class Summary:
    """Of all plans so far. Longest times have the seed of their plan."""

    plans: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    topologies: Counter[str] = field(default_factory=Counter)
    changes: int = 0
    requests: int = 0
    refused: int = 0
    frames: int = 0
    connections: int = 0
    without_filing: tuple[float, int] = (0.0, 0)
    without_live: tuple[float, int] = (0.0, 0)
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    possible: Counter[tuple[str, str]] = field(default_factory=Counter)
    """In how many plans each known break could have happened."""
    broken: list[tuple[int, Violation]] = field(default_factory=list)

    def add(self, plan: Plan, history: History, violations: list[Violation]) -> None:
        self.plans += 1
        self.faults.update(fault.kind for fault in history.faults)
        self.topologies[plan.topology.kind.value] += 1
        self.changes += sum(change.kept is not None for change in history.changes)
        self.requests += sum(len(change.attempts) for change in history.changes)
        self.refused += sum(attempt.status == 503 for _, attempt in history.attempts())
        self.frames += sum(received.frame["type"] != "poll" for one in history.readers for received in one.received)
        self.connections += sum(len(reader.connections) for reader in history.readers)
        self.without_filing = max(self.without_filing, (longest_without_filing(history), plan.seed))
        self.without_live = max(self.without_live, (longest_without_live(history), plan.seed))
        self.possible.update((row.law, row.situation) for row in KNOWN if row.may_happen(plan.kinds))
        for violation in violations:
            if (row := known(violation)) is not None:
                self.seen[row.law, row.situation] += 1
            else:
                self.broken.append((plan.seed, violation))

    def text(self) -> str:
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(self.faults.items()))
        topologies = ", ".join(f"{kind} {count}" for kind, count in sorted(self.topologies.items()))
        lines = [
            f"{self.plans} plans ({topologies}), {self.faults.total()} faults",
            f"faults: {kinds}",
            f"changes kept: {self.changes}, in {self.requests} requests, {self.refused} of them answered 503",
            f"frames: {self.frames}, on {self.connections} connections",
            f"longest time without filing: {self.without_filing[0]:.1f} s (seed {self.without_filing[1]})",
            f"longest time without LIVE: {self.without_live[0]:.1f} s (seed {self.without_live[1]})",
        ]
        for row in KNOWN:
            count, possible = self.seen[row.law, row.situation], self.possible[row.law, row.situation]
            seen = (
                f"{count} times in"
                if count or not possible
                else "NOT SEEN (is it mended? then it is no longer known) in"
            )
            lines.append(f"known: {row.law}, {row.situation}: {row.what}: {seen} {possible} plans that could")
        seeds = sorted({seed for seed, _ in self.broken})
        lines.append(f"violations: {len(self.broken)}" + (f" in the plans {seeds}" if seeds else ""))
        return "\n".join(lines)


def longest_without_filing(history: History) -> float:
    """Return the longest time from a writer's first attempt to its receipt, in seconds."""
    return max((one.kept.ended - one.attempts[0].began for one in history.changes if one.kept is not None), default=0.0)


def longest_without_live(history: History) -> float:
    """Return the longest time in seconds that a reader's page did not show LIVE, times that the plan cut it apart."""
    return max((_without_live(reader, history.ended) for reader in history.readers if reader.received), default=0.0)


def _without_live(reader: Reader, ended: float) -> float:
    """By PROTOCOL.md: LIVE from a beat on this connection until `delayed`, its end, or 13 seconds without a beat."""
    events: list[tuple[float, str, Connection]] = []
    for received in reader.received:
        live = received.frame["type"] == "beat" or (received.frame["type"] == "poll" and received.frame["at"])
        if live or received.frame["type"] == "delayed":
            events.append((received.time, "live" if live else "delayed", received.connection))
    events.extend(
        (one.closed, "cut" if one.ended_by == "cut" else "lost", one)
        for one in reader.connections
        if one.closed is not None
    )
    events.sort(key=lambda event: event[0])
    longest, since = 0.0, reader.connections[0].dialed
    last = (ended, "end", reader.connections[-1])
    for (time, what, _), (then, _, _) in pairwise([*events, last]):
        if what == "live":
            longest, since = max(longest, time - since), min(then, time + LIVE_FOR)
        elif what == "cut":
            since = time
    return longest


def verdict(plan: Plan, history: History, violations: list[Violation]) -> str:
    """Return what to print of one plan: one line if it broke nothing new, else a timeline of its first break."""
    new = [violation for violation in violations if known(violation) is None]
    old = Counter(f"{row.law} ({row.situation})" for row in map(known, violations) if row is not None)
    kinds = " ".join(fault.kind for fault in history.faults)
    line = f"{'FAILED' if new else 'ok'}  {headline(plan)}: {kinds}; driver late {history.stalled:.2f} s"
    line += "; known: " + ", ".join(f"{name} {count}" for name, count in old.items()) if old else ""
    if not new:
        return line
    others = "\n".join(f"also: {one.law}: {one.who}: {one.what}"[:200] for one in new[1:6])
    return "\n".join(filter(None, [line, timeline(plan, history, new[0]), others]))
