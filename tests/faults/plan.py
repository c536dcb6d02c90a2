"""A plan, made from a seed: what runs, who writes and reads what and when, and what breaks. Pure."""

from __future__ import annotations

import random
from typing import Final, NamedTuple

from tests.faults.topology import PLAIN, Kind, Machine, Topology

WAYS: Final = ("websocket", "sse", "poll")


class PlannedChange(NamedTuple):
    """A change that a writer asks for.

    Attributes:
        at: seconds after the begin.
        pick: which of the dispatches that the writer has is meant, from 0 to 1.
        size: characters of its text.
        release_in: seconds for which it is held, for `hold`.
        again: whether it is sent a second time at once, and again after its receipt, each time to another node.
    """

    at: float
    kind: str
    node: int
    pick: float
    size: int
    release_in: float
    again: bool


class Cut(NamedTuple):
    """A reader's connection breaks `at` so many seconds, and it comes back `away` seconds later, to `node`."""

    at: float
    away: float
    node: int


class PlannedReader(NamedTuple):
    """A reader: how and where it reads, when it starts, and when it is cut. `pace` is seconds between its reads."""

    name: str
    way: str
    node: int
    starts: float
    pace: float
    cuts: tuple[Cut, ...]


class PlannedFault(NamedTuple):
    """A fault: `kind` is the name of a function in `kinds/`, `pick` chooses among what it can affect."""

    at: float
    kind: str
    lasts: float
    node: int
    pick: float


class Plan(NamedTuple):
    """What is run. `seconds` is how long; healing and the last look come after that."""

    seed: int
    topology: Topology
    seconds: float
    changes: tuple[PlannedChange, ...]
    readers: tuple[PlannedReader, ...]
    faults: tuple[PlannedFault, ...]

    @property
    def kinds(self) -> set[str]:
        return {fault.kind for fault in self.faults}


EVERYWHERE: Final = {
    "worker_killed": 3,
    "worker_frozen": 3,
    "supervisor_killed": 2,
    "node_frozen": 2,
    "redis_killed": 3,
    "redis_frozen": 4,
    "front_dropped": 2,
    "front_delayed": 1,
    "front_trickled": 1,
    "front_reset": 2,
    "front_halved": 1,
    "reload": 2,
    "drain": 2,
    "flushall": 2,
    "script_flush": 1,
    "script_kill": 1,
    "clients_killed": 2,
    "tiny_buffers": 2,
    "memory_full": 2,
    "moved": 2,
    "redis_clock_stepped": 2,
}
"""Faults of every topology, and how often each is chosen."""

OF_NODES: Final = {"worker_killed", "worker_frozen", "supervisor_killed", "node_frozen", "reload", "drain"}

FREEZES: Final = ("worker_frozen", "node_frozen")

ON_A_PATH: Final = {
    "path_dropped": 3,
    "path_deaf": 2,
    "path_mute": 2,
    "path_delayed": 2,
    "path_trickled": 1,
    "path_reset": 2,
    "path_down": 2,
}
"""Faults of a path from a node to Redis: where Redis is embedded, there is none."""

OF_A_MACHINE: Final = {"node_clock_stepped": 2}
"""Faults of a node's machine that Redis is not on."""

OF_A_NETWORK: Final = {"redis_unplugged": 3}
"""Faults of a network that Redis is alone in: where one Redis is shared."""

CLOCKS: Final = {"redis_clock_stepped": "redis_frozen", "node_clock_stepped": "node_frozen"}
"""Faults of clocks, and what is done where no clock can be set."""

OF_REPLICAS: Final = {"promoted": 6, "demoted": 6}
"""Failovers in which every promise must be kept: TICKER_REPLICAS counts the replica that is promoted."""

WITH_LOSS: Final = {"tail_lost": 8, "demoted_with_loss": 4}
"""Failovers to a replica that lags and that nobody waited for."""


def plan(seed: int, *, short: bool = False, machine: Machine = PLAIN) -> Plan:
    """Return the plan of a seed. A short one takes 6 to 8 seconds, another one 8 to 16."""
    chance = random.Random(seed)
    topology = _topology(chance)
    seconds = chance.uniform(6, 8) if short else chance.uniform(8, 16)
    faults = _faults(chance, topology, seconds, long=not short and chance.random() < 0.2)
    topology, faults = _possible(topology, faults, machine)
    changes = tuple(_changes(chance, topology, seconds))
    readers = tuple(_reader(chance, topology, seconds, number, faults) for number in range(chance.randint(4, 6)))
    return Plan(seed, topology, seconds, changes, readers, faults)


def _possible(
    topology: Topology, faults: tuple[PlannedFault, ...], machine: Machine
) -> tuple[Topology, tuple[PlannedFault, ...]]:
    """Return a topology in which these faults can be done, with others in the place of those that cannot."""
    kinds = {fault.kind for fault in faults}
    network = bool(kinds & OF_A_NETWORK.keys()) and machine.network
    clocks = bool(kinds & CLOCKS.keys()) and machine.clocks
    topology = topology._replace(
        program="valkey" if clocks else topology.program,  # Debian's Redis, with jemalloc, hangs in libfaketime
        small_disk="disk_full" in kinds and machine.small_disk,
        clocks=clocks,
        network=network,
    )
    instead: dict[str, str] = {} if machine.small_disk else {"disk_full": "memory_full"}
    instead |= {} if machine.clocks else CLOCKS
    # In a network of its own Redis is reached without a proxy that could do anything.
    instead |= dict.fromkeys(ON_A_PATH, "redis_unplugged") if network else {"redis_unplugged": "path_dropped"}
    return topology, tuple(fault._replace(kind=instead.get(fault.kind, fault.kind)) for fault in faults)


def _topology(chance: random.Random) -> Topology:
    kind = chance.choice([Kind.EMBEDDED, Kind.SHARED, Kind.REPLICAS])
    ring = chance.choice([1024, 1024, 32])
    if kind is Kind.EMBEDDED:
        return Topology(kind, workers=chance.choice([1, 2]), ring=ring)
    program = chance.choice(["valkey", "redis-server"])
    replicas = chance.choice([0, 1, 1]) if kind is Kind.REPLICAS else 0
    return Topology(kind, 2, chance.choice([1, 1, 2]), program, replicas, ring)


def _faults(chance: random.Random, topology: Topology, seconds: float, *, long: bool) -> tuple[PlannedFault, ...]:
    weights = dict(EVERYWHERE)
    if topology.kind is not Kind.EMBEDDED:
        weights |= ON_A_PATH | OF_A_MACHINE
        weights |= OF_A_NETWORK if topology.kind is Kind.SHARED else {}
    else:
        weights["disk_full"] = 3
    failovers = OF_REPLICAS if topology.replicas else WITH_LOSS
    if topology.kind is Kind.REPLICAS:
        weights |= failovers
    found: list[PlannedFault] = []
    at = chance.uniform(0.8, 2.0)
    must = [chance.choice(list(failovers))] if topology.kind is Kind.REPLICAS and chance.random() < 0.7 else []
    while at < seconds - 1.0 and len(found) < 6:
        kind = must.pop() if must else chance.choices(list(weights), list(weights.values()))[0]
        if kind in failovers or kind == "flushall":
            for name in [*failovers, "flushall"]:
                weights.pop(name, None)  # one failover a plan, so that what may be lost is known
        lasts = chance.choice([0.4, 1.0, 2.0, 3.0, 4.5]) * chance.uniform(0.8, 1.2)
        if long and not found:
            lasts = 14.5  # longer than a page may go on showing LIVE
        lasts = min(lasts, 15.0 if long and not found else seconds - at)
        node = chance.randrange(topology.nodes)
        found.append(PlannedFault(at, kind, lasts, node, chance.random()))
        if found[1:] and affects(topology, found[-2].kind) != affects(topology, kind) and chance.random() < 0.4:
            # It comes while the one before it lasts: the two affect different things.
            found[-1] = found[-1]._replace(at=found[-2].at + chance.uniform(0.0, min(found[-2].lasts, 2.0)))
        at = max(at, found[-1].at + lasts) + chance.uniform(0.2, 1.5)
    return tuple(sorted(found))


def affects(topology: Topology, kind: str) -> str:
    """Return what a fault affects: a path, the readers' way, the processes of a node, or Redis."""
    if topology.kind is Kind.EMBEDDED and kind in ("supervisor_killed", "node_frozen", "drain"):
        return "redis"  # it shares the fate of its node
    if kind.startswith(("path_", "front_")):
        return kind.split("_", maxsplit=1)[0]
    return "node" if kind in OF_NODES or kind in OF_A_MACHINE else "redis"


def _changes(chance: random.Random, topology: Topology, seconds: float) -> list[PlannedChange]:
    """A steady stream of changes by two writers, and here and there twenty at once."""
    kinds = {"file": 10, "correct": 4, "kill": 3, "pin": 1, "air": 0.3}
    kinds |= {"hold": 2, "release": 0.7, "spike": 0.7, "hold_revoked": 0.3}
    found = []
    at = 0.1
    while at < seconds:
        burst = chance.random() < 0.02
        for _ in range(chance.randint(15, 30) if burst else 1):
            kind = "file" if burst else chance.choices(list(kinds), list(kinds.values()))[0]
            size = chance.choice([900, 400]) if burst else chance.choice([60, 60, 100, 300])
            node, release_in = chance.randrange(topology.nodes), chance.uniform(0.3, 5.0)
            found.append(PlannedChange(at, kind, node, chance.random(), size, release_in, again=chance.random() < 0.15))
        at += chance.expovariate(5.0)
    return found


def _reader(
    chance: random.Random, topology: Topology, seconds: float, number: int, faults: tuple[PlannedFault, ...]
) -> PlannedReader:
    way = WAYS[number % 3]
    cuts: list[Cut] = []
    at = chance.uniform(1.0, seconds / 2)
    while at < seconds - 0.5 and len(cuts) < 4:
        away, node = chance.choice([0.0, 0.1, 0.5, 1.5, 3.0]), chance.randrange(topology.nodes)
        if chance.random() < 0.7:
            # Many cuts fall within a fault, and the reader comes back while it lasts.
            fault = chance.choice(faults)
            at = max(at, fault.at + chance.uniform(-0.2, fault.lasts))
            if fault.kind in FREEZES and chance.random() < 0.7:
                # It comes to a node that has not run for a while, and goes on in a moment.
                at, away, node = max(at, fault.at + fault.lasts - chance.uniform(0.2, 0.8)), 0.0, fault.node
        cuts.append(Cut(at, away, node))
        at += away + chance.uniform(0.7, seconds / 2)
    if chance.random() < 0.25:
        cuts = []  # some stay
    starts = 0.0 if chance.random() < 0.7 else chance.uniform(0, seconds / 2)
    pace = 0.3 if chance.random() < 0.1 else 0.0
    return PlannedReader(f"{way} {number}", way, chance.randrange(topology.nodes), starts, pace, tuple(cuts))
