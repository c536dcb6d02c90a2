"""The slots of a Redis Cluster: which one a command needs, which server has it, and what may take over from that."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

WITHOUT_KEY: Final = frozenset(["ASKING", "CLUSTER", "CONFIG", "INFO", "PUBLISH", "TIME", "WAIT", "WAITAOF"])
"""Commands that any server of a cluster may run."""

_SCRIPTS: Final = frozenset(["EVAL", "EVALSHA"])


class Address(NamedTuple):
    """Where a server is."""

    host: str
    port: int


class Range(NamedTuple):
    """Consecutive slots, from the first to the last, and the server that has them."""

    first: int
    last: int
    address: Address


def slot_of(key: str | bytes) -> int:
    """Return the slot of a key or of a sharded channel."""
    slot: int = key_slot(key.encode() if isinstance(key, str) else key)
    return slot


def key_of(command: tuple[Any, ...]) -> str | None:
    """Return the key of a command, the first if it has several, or None if it has none: any server may run it."""
    if command[0] in _SCRIPTS:
        return command[3] if command[2] else None
    return None if command[0] in WITHOUT_KEY or len(command) == 1 else command[1]


def promotable_replicas(nodes: str) -> int:
    """Return how many replicas may take over from the server that gave this response to CLUSTER NODES.

    A line is `id address flags primary …`. Those that are down count, since they may come back;
    `cluster-replica-no-failover yes` is the flag `nofailover`.
    """
    servers = [line.split() for line in nodes.splitlines()]
    flags = {server[0]: server[2].split(",") for server in servers}
    [own] = [id for id, its in flags.items() if "myself" in its]
    return sum(server[3] == own and "nofailover" not in flags[server[0]] for server in servers)


class SlotMap:
    """Which server has each slot, as the cluster said at one time.

    Attributes:
        ranges: all slots that some server has, in their order.
        nodes: all servers, replicas included.
    """

    def __init__(self, ranges: Iterable[Range], nodes: Iterable[Address]) -> None:
        self.ranges = tuple(sorted(ranges))
        self.nodes = frozenset(nodes)
        self._owners: list[Address | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
        for first, last, address in self.ranges:
            self._owners[first : last + 1] = [address] * (last + 1 - first)

    @classmethod
    def read(cls, response: list[Any], asked: Address) -> SlotMap:
        """Read the response to CLUSTER SLOTS of the server `asked`, which leaves out its own host if not told it."""
        ranges, nodes = [], set()
        for first, last, *servers in response:
            found = [Address((host or b"").decode() or asked.host, port) for host, port, *_ in servers]
            nodes.update(found)
            ranges.append(Range(first, last, found[0]))
        return cls(ranges, nodes)

    def owner(self, slot: int) -> Address | None:
        """Return the primary that has a slot, or None if none has it."""
        return self._owners[slot]

    def move(self, slot: int, address: Address) -> None:
        """Note that a slot is at another server now."""
        self._owners[slot] = address

    def primaries(self) -> dict[Address, tuple[Range, ...]]:
        """Return the primaries and the slots that each has."""
        found: dict[Address, list[Range]] = {}
        for each in self.ranges:
            found.setdefault(each.address, []).append(each)
        return {address: tuple(ranges) for address, ranges in found.items()}

    def tag(self, address: Address) -> str:
        """Return a hash tag of a slot that a primary has: the same one for everybody who has this map."""
        ranges = self.primaries()[address]
        number = 0
        while not any(each.first <= slot_of(str(number)) <= each.last for each in ranges):
            number += 1
        return str(number)
