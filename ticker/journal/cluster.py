"""Client of a Redis Cluster: one connection to each shard, and each command goes to the shard of its key.

A server that no longer has a slot says where it is now (MOVED), or where a key of it is while the slot migrates (ASK).
Such a command was not run, so it is sent again, to that server. The same is true of TRYAGAIN, which the servers give
while they have some keys of a command each. A command whose connection was lost may have been run, and is not repeated.

redis-py has a client for clusters. It takes a connection from a pool for each command, so that commands of different
tasks do not share a write.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from ticker.errors import CannotWrite, NotPermitted, Unavailable
from ticker.journal.address import WrongAddress
from ticker.journal.cluster_address import ClusterAddress
from ticker.journal.names import FEEDS, Channels
from ticker.journal.pools import RESPONSE_TIMEOUT
from ticker.journal.redis import Redis
from ticker.journal.redis_errors import CommandError, Redirected, TryAgain, unreachable
from ticker.journal.slots import Address, SlotMap, key_of, slot_of

RETRY_DELAY: Final = 0.02
"""Seconds after which a command is sent again that the servers could not run while its slot migrates."""

LOOK_INTERVAL: Final = 0.25
"""Seconds at least between two looks at which server has which slots: each asks every server."""

_RESPONSES: Final = (CommandError, CannotWrite)
"""Errors with which a server responded."""


class Cluster(Redis):
    """All shards of a Redis Cluster, used like one Redis. Raises as that does.

    The commands of a pipeline run in their order in each shard, but the shards do not wait for each other.
    """

    def __init__(
        self,
        url: str,
        *,
        response_timeout: float = RESPONSE_TIMEOUT,
        on_refusal: Callable[[NotPermitted], None] | None = None,
    ) -> None:
        """Take `redis+cluster://` or `rediss+cluster://`; `response_timeout` is in seconds.

        Raises:
            BadSetting: the URL is none of these.
        """
        self._address = ClusterAddress(url)
        self._timeout = response_timeout
        self._refused = on_refusal
        # Checks the options of the URL, too.
        super().__init__(self._address.of(self._address.seeds[0]), response_timeout=response_timeout)
        self.channels = Channels(sharded=True)
        self.slots: SlotMap | None = None
        """Which server has which slots, as it was last looked up."""
        self.changed = asyncio.Event()
        """Set when that has changed."""
        self._servers: dict[Address, Redis] = {}
        """Those that had a slot at any time; few, so all are kept until the end."""
        self._looking: asyncio.Task[None] | None = None
        self._looked = float("-inf")

    async def pipeline_outcomes(self, *commands: tuple[Any, ...]) -> list[Any]:
        """Send commands as `pipeline`; return errors in the place of responses, also where a shard gave none.

        Raises:
            Unavailable: no shard gave any response.
        """
        responses = await self._submit_all(commands)
        missing = [each for each in responses if isinstance(each, BaseException) and not isinstance(each, _RESPONSES)]
        for failure in missing:
            if len(missing) == len(responses) or not isinstance(failure, Unavailable):
                raise failure
        return responses

    # Routing

    async def _submit_all(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        return await asyncio.gather(*map(self._submit, commands), return_exceptions=True)

    async def _submit(self, command: tuple[Any, ...]) -> Any:
        key = key_of(command)
        limit: float | None = None
        asked: Redis | None = None
        while True:
            server = (asked or self._server_of(key)) if self.slots else await self._first_server_of(key)
            try:
                if asked is None:
                    return await server(*command)
                asked = None
                return await _ask(server, command)
            except Redirected as to:
                address = Address(to.host or _host(server), to.port)
                asked = self._server(address) if to.ask else None
                if not to.ask and self.slots is not None:
                    self.slots.move(to.slot, address)
                self.look_soon()
                again: Exception = to
            except TryAgain as error:
                again = error
                await asyncio.sleep(RETRY_DELAY)
            except Unavailable:
                self.look_soon()  # another server may have its slots by now
                raise
            now = asyncio.get_running_loop().time()
            limit = limit or now + self._timeout
            if now > limit:
                raise CannotWrite("The log takes no entries now") from again

    def _server_of(self, key: str | None) -> Redis:
        """Return the server that has a key now, or without one any that is connected."""
        assert self.slots is not None
        if key is None:
            primaries = [self._server(address) for address in self.slots.primaries()]
            return next((server for server in primaries if server.connected), self._server_of(FEEDS))
        owner = self.slots.owner(slot_of(key))
        if owner is None:
            self.look_soon()
            raise unreachable()
        return self._server(owner)

    async def _first_server_of(self, key: str | None) -> Redis:
        await self.look()
        return self._server_of(key)

    def _server(self, address: Address) -> Redis:
        if address not in self._servers:
            timeout, on_refusal = self._timeout, self._refused
            server = Redis(self._address.of(address), response_timeout=timeout, on_refusal=on_refusal)
            server.channels = Channels(sharded=True)
            self._servers[address] = server
        return self._servers[address]

    async def shards(self) -> list[Redis]:
        """Return a client of each shard."""
        if self.slots is None:
            await self.look()
        assert self.slots is not None
        return [self.shard(address) for address in self.slots.primaries()]

    def shard(self, address: Address) -> Redis:
        """Return the client of a shard, by the address of its primary."""
        assert self.slots is not None
        server = self._server(address)
        server.channels = Channels(sharded=True, tag=self.slots.tag(address))
        return server

    # Which server has which slots

    def look_soon(self) -> None:
        """Look which server has which slots, unless that was done a moment ago."""
        if self._looking is None and asyncio.get_running_loop().time() - self._looked > LOOK_INTERVAL:
            self._looking = asyncio.create_task(self._look())
            self._looking.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def look(self) -> None:
        """Look which server has which slots.

        Raises:
            Unavailable: no server responds; WrongAddress where one says why.
        """
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        await asyncio.shield(self._looking)

    async def _look(self) -> None:
        """Ask all servers at once: one that was cut off from the others still knows what was."""
        known = {*self._address.seeds, *(self.slots.nodes if self.slots else ())}
        asking = [asyncio.create_task(self._map_of(address)) for address in known]
        found: Counter[Any] = Counter()
        maps, failure = {}, unreachable()
        try:
            for responding in asyncio.as_completed(asking):
                try:
                    slots = await responding
                except Unavailable as error:
                    failure = failure if isinstance(failure, WrongAddress) else error
                    continue
                maps[slots.ranges] = slots
                found[slots.ranges] += 1
                if found[slots.ranges] * 2 > len(known):
                    break
            if not found:
                raise failure
            [(ranges, _)] = found.most_common(1)
            before, self.slots = self.slots, maps[ranges]
            if before is None or before.ranges != ranges:
                self.changed.set()
        finally:
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
            self._looked, self._looking = asyncio.get_running_loop().time(), None

    async def _map_of(self, address: Address) -> SlotMap:
        server = Redis(self._address.of(address), response_timeout=self._timeout)  # the other's queue may be stuck
        try:
            slots = SlotMap.read(await server("CLUSTER", "SLOTS"), address)
        except CommandError as error:
            if "cluster support disabled" in str(error) or "unknown command" in str(error):  # as a Sentinel has it
                raise WrongAddress("the server is not part of a cluster; write redis:// without +cluster") from error
            raise Unavailable("The log failed") from error
        finally:
            await server.close()
        if not slots.ranges:
            raise unreachable()  # it was not told of any slot yet
        return slots

    # Connections

    @asynccontextmanager
    async def dedicated_connection(self, key: str = FEEDS) -> AsyncIterator[Redis]:
        """Give a connection to the shard of a key that nobody else uses meanwhile; see `Redis`.

        Where the slot has moved, the command that learns of it is refused: it cannot be covered by a WAIT elsewhere.
        """
        server = self._server_of(key) if self.slots else await self._first_server_of(key)
        try:
            async with server.dedicated_connection(key) as dedicated:
                yield dedicated
        except Redirected as to:
            self.look_soon()
            raise CannotWrite("The log takes no entries now") from to
        except Unavailable:
            self.look_soon()
            raise

    async def connect(self) -> None:
        """Connect to what is needed to know the shards."""
        await self.shards()

    async def reconnect(self, *, subscriptions: bool = False) -> None:
        """Use new connections from the next command on; see `Redis`."""
        for server in self._servers.values():
            await server.reconnect(subscriptions=subscriptions)
        self.look_soon()

    async def close(self) -> None:
        """Close all connections. Callers that still wait for a response get Unavailable."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])
        for server in self._servers.values():
            await server.close()
        await super().close()


async def _ask(server: Redis, command: tuple[Any, ...]) -> Any:
    """Send a command to the server that a slot migrates to, which takes it for a key that it has by now."""
    _, response = await server.pipeline_outcomes(("ASKING",), command)
    if isinstance(response, Exception):
        raise response
    return response


def _host(server: Redis) -> str:
    """Return the host of a server: one that was never told its own leaves it out."""
    return server.host
