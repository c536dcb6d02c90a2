"""How the server of the log keeps what it is given: looked at when the service starts, and every few seconds after.

A 201 means that an entry is on disk and stays there. That ends when somebody switches the AOF off, or makes the server
evict keys when its memory is full; no command tells of either, so INFO is asked (managed services forbid CONFIG).
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, NamedTuple

from ticker.errors import BadSetting, CannotWrite, NotPermitted, Unavailable
from ticker.journal.redis import Redis
from ticker.journal.redis_errors import CommandError
from ticker.journal.rights import check_rights
from ticker.journal.shard import of_each_shard
from ticker.journal.slots import promotable_replicas

CHECK_INTERVAL: Final = 2.0
"""Seconds between two looks at the server; each costs it about 40 µs."""

SAFE_POLICY: Final = "noeviction"

log = logging.getLogger("ticker.server_check")


class Fault(NamedTuple):
    """Why no entry may be promised. `status` is for /readyz, `detail` for the operator."""

    status: str
    detail: str


class Demands(NamedTuple):
    """What the service asks of the server of its log.

    Attributes:
        aof: whether it must write to disk.
        no_eviction: whether it must not evict keys.
        replicas: how many replicas must hold an entry.
    """

    aof: bool
    no_eviction: bool
    replicas: int


class Keeping(NamedTuple):
    """How a server keeps its data, by INFO.

    Attributes:
        aof: whether it writes to disk; None if it does not tell.
        policy: the policy by which it evicts keys when its memory is full; None if it evicts none.
    """

    aof: bool | None
    policy: str | None

    def fault(self, demands: Demands) -> Fault | None:
        """Return what is wrong, if anything."""
        if demands.no_eviction and self.policy is not None:
            return Fault(
                "the log may evict entries",
                f"Redis evicts keys when its memory is full (maxmemory-policy {self.policy}), which loses dispatches "
                f"after their 201: set maxmemory-policy to {SAFE_POLICY}, or allow it with TICKER_ALLOW_EVICTION=true",
            )
        if demands.aof and self.aof is False:
            return Fault(
                "the log is not written to disk",
                "Redis keeps nothing on disk (appendonly no), so no change can be confirmed with 201: set appendonly "
                "to yes, or allow it with TICKER_REQUIRE_AOF=false",
            )
        return None


async def keeping(redis: Redis) -> Keeping:
    """Ask a server how it keeps its data; of the shards of a cluster, the one that keeps it least counts.

    Raises:
        Unavailable: it cannot be reached, or does not allow INFO.
    """
    found = await of_each_shard(redis, _keeping)
    return Keeping(
        next((each.aof for each in sorted(found, key=lambda each: each.aof is not False)), None),
        next((each.policy for each in found if each.policy is not None), None),
    )


async def _keeping(redis: Redis) -> Keeping:
    disk, memory = await redis.pipeline(("INFO", "persistence"), ("INFO", "memory"))
    aof, policy = disk.get("aof_enabled"), memory.get("maxmemory_policy", SAFE_POLICY)
    evicts = memory.get("maxmemory", 0) != 0 and policy != SAFE_POLICY
    return Keeping(None if aof is None else aof == 1, policy if evicts else None)


async def durability_warnings(redis: Redis, replicas: int) -> list[str]:
    """Return what an operator must know about how safely this server keeps entries; empty when all is well."""
    return list(dict.fromkeys(itertools.chain(*await of_each_shard(redis, partial(_warnings, replicas=replicas)))))


async def _warnings(redis: Redis, replicas: int) -> list[str]:
    found = await keeping(redis)
    info = await redis("INFO", "replication")
    config, waited = await redis.pipeline_outcomes(("CONFIG", "GET", "appendfsync"), ("WAITAOF", 0, 0, 1))
    fsync = None if isinstance(config, Exception) else config[1].decode() if config else None
    told = []
    if found.aof is False:
        told.append(
            "this Redis keeps nothing on disk (appendonly no): a restart loses changes that were confirmed with 201"
        )
    elif fsync is None:
        told.append("this Redis does not allow CONFIG GET; make sure that it runs with appendfsync always")
    elif fsync != "always":
        told.append(
            f"this Redis writes to disk with appendfsync {fsync}: a power cut can lose the last second; set it to "
            "always"
        )
    if found.policy is not None:
        told.append(f"this Redis evicts keys when its memory is full (maxmemory-policy {found.policy})")
    if (connected := int(info.get("connected_slaves", 0))) < replicas:
        told.append(f"TICKER_REPLICAS is {replicas}, but this Redis has {connected}: every POST will get a 503")
    if (promotable := await redis.promotable() or 0) > replicas:
        told.append(
            f"TICKER_REPLICAS is {replicas}, but Sentinel may promote {promotable} replicas: a failover can lose "
            f"changes that were confirmed with 201; set it to {promotable}, or set replica-priority 0 on those that "
            "must not be promoted"
        )
    if redis.channels.sharded and (promotable := await _promotable(redis, connected)) > replicas:
        told.append(
            f"TICKER_REPLICAS is {replicas}, but {promotable} of a shard's replicas may be promoted: a failover can "
            f"lose changes that were confirmed with 201; set it to {promotable}, or set cluster-replica-no-failover "
            "yes on those that must not be promoted"
        )
    if replicas and isinstance(waited, CommandError):
        told.append(
            "this Redis has no WAITAOF (it is older than 7.2): a 201 means that the replicas have the entry in memory, "
            "not that they have it on disk"
        )
    return told


async def _promotable(shard: Redis, connected: int) -> int:
    """Return how many replicas of a shard may be promoted; where it does not allow to ask, all that are connected."""
    [nodes] = await shard.pipeline_outcomes(("CLUSTER", "NODES"))
    return connected if isinstance(nodes, Exception) else promotable_replicas(nodes.decode())


class ServerCheck:
    """Looks at the server of the log every few seconds. One for each node; `run` is its only task."""

    def __init__(self, demands: Demands) -> None:
        self._demands = demands
        self._refused = False
        self.fault: Fault | None = None
        """Why no entry may be promised now, if so."""
        self.looked = False
        """Whether it has looked at the server at all."""

    def require_no_fault(self) -> None:
        """Check that what is written now can be promised.

        Raises:
            CannotWrite: it cannot.
        """
        if self.fault is not None:
            raise CannotWrite("The log takes no entries now")

    def note_refusal(self, error: NotPermitted) -> None:
        """Note that Redis refused a command to the user: nothing is promised until it has all rights."""
        self._refused = True
        if self.fault is None:
            self._set(Fault("the log refuses commands", f"Redis refused a command: {error.__cause__}"))

    async def run(self, redis: Redis, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Look until cancelled. While Redis cannot be asked, what was found last stays."""
        while True:
            try:
                await self.look(redis)
            except Exception as error:  # any error: the next look may succeed
                if not isinstance(error, Unavailable | CommandError):
                    log.exception("the server of the log could not be looked at")
            await sleep(CHECK_INTERVAL)

    async def look(self, redis: Redis) -> None:
        """Look once.

        Raises:
            Unavailable, CommandError: Redis cannot be asked.
        """
        fault = (await keeping(redis)).fault(self._demands)
        if fault is None and self._demands.replicas:
            faults = await of_each_shard(redis, _refusal_to_wait)
            fault = next((each for each in faults if each is not None), None)
        if fault is None and self._refused:
            try:
                await check_rights(redis, replicas=self._demands.replicas > 0)
            except BadSetting as error:
                fault = Fault("the log refuses commands", str(error))
            else:
                self._refused = False
        self._set(fault)
        self.looked = True

    def _set(self, fault: Fault | None) -> None:
        if fault is not None and fault != self.fault:
            log.error("%s; changes get 503", fault.detail)
        elif fault is None and self.fault is not None:
            log.warning("changes are confirmed again")
        self.fault = fault


async def _refusal_to_wait(redis: Redis) -> Fault | None:
    [outcome] = await redis.pipeline_outcomes(("WAITAOF", 1, 0, 1))
    if isinstance(outcome, CommandError) and not is_unknown(outcome):
        return Fault("the log is not written to disk", f"Redis refuses to wait for its disk: {outcome}")
    return None


def is_unknown(error: CommandError) -> bool:
    """Return True if a server responded that it does not have a command."""
    return "unknown command" in str(error)
