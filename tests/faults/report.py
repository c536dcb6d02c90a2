"""docs/reliability.md, written from what a run of many plans adds up to."""

from __future__ import annotations

from typing import Final

from tests.faults.summary import Summary

SENTENCES: Final = {
    "clients_killed": "Redis ends all connections of nodes, or all of their subscriptions.",
    "demoted": "The primary becomes a replica and keeps its connections; the replica becomes the primary.",
    "demoted_with_loss": "The same, and the new primary lacks what was promised last.",
    "disk_full": "No byte can be written to the disk of the log.",
    "drain": "A node is stopped with SIGTERM, and started again.",
    "flushall": "Redis is emptied.",
    "front_delayed": "What passes between readers and a node arrives late.",
    "front_dropped": "Nothing passes between readers and a node, and nobody is told.",
    "front_halved": "Readers' connections end in one direction.",
    "front_reset": "Readers' connections are reset.",
    "front_trickled": "A few bytes at a time pass between readers and a node.",
    "memory_full": "Redis is at its memory limit.",
    "moved": "The feed is exported, and imported under another name, while it is filed to.",
    "node_clock_stepped": "A node's clock is set forward or back.",
    "node_frozen": "All processes of a node stand still, and go on.",
    "path_deaf": "Requests of a node reach Redis, and responses do not come back.",
    "path_delayed": "What passes between a node and Redis arrives late.",
    "path_down": "A node's connections to Redis are reset, and new ones refused.",
    "path_dropped": "Nothing passes between a node and Redis, and nobody is told.",
    "path_mute": "Requests of a node do not reach Redis; what it subscribed to still comes.",
    "path_reset": "A node's connections to Redis are reset.",
    "path_trickled": "A few bytes at a time pass between a node and Redis.",
    "promoted": "The primary dies, and its replica takes over.",
    "redis_clock_stepped": "The clock of Redis is set forward or back.",
    "redis_frozen": "Redis stands still, and goes on.",
    "redis_killed": "`kill -9` of Redis, which starts again.",
    "redis_unplugged": "The network of Redis is down: packets get lost.",
    "reload": "A node's workers are replaced one by one (SIGHUP).",
    "script_flush": "Redis forgets its scripts.",
    "script_kill": "Running scripts are killed, again and again.",
    "supervisor_killed": "`kill -9` of a node's supervisor, which starts again.",
    "tail_lost": "A replica takes over that lacks what was promised last.",
    "tiny_buffers": "Redis ends subscriptions that are not read at once.",
    "worker_frozen": "A worker stands still, and goes on.",
    "worker_killed": "`kill -9` of a worker, or of all workers of a node.",
}
"""What each kind of fault is, in a sentence."""

_HEAD: Final = """\
# Reliability

What the service went through in a run of fault plans, and what it promised and kept. This file was written by that run:

```sh
{command}
```

A plan is made from its seed. It starts real processes (nodes with one or two workers; an embedded Valkey, one Redis
or Valkey, or a primary with a replica), lets writers file, correct, kill, pin and hold, each with an
`Idempotency-Key` and again until there is a response, and readers follow by WebSocket, Server-Sent Events and
long-poll, cut off now and then and back later, often at another node. Meanwhile it does what the table below lists.
Then everything that was seen is checked: each 201 is in the log once; offsets are dense and chained; each reader had
a run without gaps, or got a fresh snapshot; no killed text came after its kill; nobody was told that a feed is up to
date by a node that could not know it; an outage was reported in time; held dispatches came out once and not early;
delivery reports say what is true.

## The run

| what | |
|---|---|
"""

_LIMITS: Final = """
Times are of one machine on which processes of several plans compete for the processors. *Without filing* is the time
from a writer's first attempt to its receipt; *without LIVE* is the time in which a reader's page did not show LIVE,
apart from the cuts that the plan asked for. Both last as long as the fault does, and the time to recover after it.
"""


def report(summary: Summary, *, command: str, seeds: tuple[int, int], date: str) -> str:
    """Return the document. `seeds` are the first and the last; `date` is when the run ended, as YYYY-MM-DD."""
    filing, live = summary.without_filing, summary.without_live
    topologies = ", ".join(f"{count} {kind}" for kind, count in sorted(summary.topologies.items()))
    rows = [
        ("date", date),
        ("plans", f"{summary.plans}, seeds {seeds[0]} to {seeds[1]} ({topologies})"),
        ("faults", f"{summary.faults.total():,}"),
        ("changes kept", f"{summary.changes:,}, in {summary.requests:,} requests, {summary.refused:,} answered 503"),
        ("frames to readers", f"{summary.frames:,}, on {summary.connections:,} connections"),
        ("longest time without filing", f"{filing[0]:.1f} s (seed {filing[1]})"),
        ("longest time without LIVE", f"{live[0]:.1f} s (seed {live[1]})"),
        ("violations", _violations(summary)),
    ]
    parts = [_HEAD.format(command=command), *(f"| {name} | {value} |\n" for name, value in rows), _LIMITS]
    parts += ["\n## Faults by kind\n\n| fault | times | what it is |\n|---|---|---|\n"]
    parts += [f"| `{kind}` | {count:,} | {SENTENCES[kind]} |\n" for kind, count in sorted(summary.faults.items())]
    return "".join(parts)


def _violations(summary: Summary) -> str:
    seeds = sorted({seed for seed, _ in summary.broken})
    return f"{len(summary.broken)}, in the plans {', '.join(map(str, seeds))}" if seeds else "0"
