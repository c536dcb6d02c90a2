"""What makes connections to the server at an address: one for each kind of address.

The primary of Sentinels is looked up for each connection, by redis-py's Sentinel support. All Sentinels are asked
at once, and the newest word counts: one that was cut off from the others may name a primary that was replaced, and
would be believed for as long as it is the first to respond. Each failover has a higher epoch than those before it.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, NamedTuple

import redis.asyncio
from redis import exceptions
from redis.asyncio.connection import Connection, SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel, SentinelConnectionPool, SentinelManagedConnection
from redis.backoff import NoBackoff

from ticker.journal.address import SETTING, SentinelAddress, check_address, refused_option, sentinel_address

CONNECT_TIMEOUT: Final = 1.5
"""Seconds to connect to a server. With a probe each second, a dead Redis is noticed within three."""

RESPONSE_TIMEOUT: Final = CONNECT_TIMEOUT
"""Seconds Redis may take to respond. With a probe each second, a dead Redis is noticed within three."""

SENTINEL_TIMEOUT: Final = 0.5
"""Seconds a Sentinel may take to respond. What remains of CONNECT_TIMEOUT is enough for the primary itself."""

STRAGGLER_TIMEOUT: Final = 0.05
"""Seconds that the others have once a majority of the Sentinels has responded."""

_OPTIONS: Final = {
    "protocol": 2,  # with 3, redis-py formats each pub/sub message for a debug log that is off
    "socket_timeout": None,  # `Redis` sets one deadline for all responses
    "socket_connect_timeout": CONNECT_TIMEOUT,
    "retry": Retry(NoBackoff(), 0),
    "health_check_interval": 0,
}


def new_pool(url: str, setting: str = SETTING) -> redis.asyncio.ConnectionPool:
    """Return what makes connections to the server at an address; `setting` is what has the address.

    Raises:
        BadSetting: the address cannot be used.
    """
    check_address(url, setting)
    by_sentinel = sentinel_address(url)
    try:
        if by_sentinel is None:
            pool = redis.asyncio.ConnectionPool.from_url(url, **_OPTIONS)
        else:
            pool = _sentinel_pool(by_sentinel)
        for option in ("protocol", "health_check_interval"):
            if pool.connection_kwargs[option] != _OPTIONS[option]:
                raise ValueError(f"the option {option} cannot be set in the URL")
        pool.make_connection()  # type: ignore[no-untyped-call]  # raises TypeError for an option that no connection takes
    except (ValueError, TypeError) as error:
        raise refused_option(by_sentinel.data_url if by_sentinel else url, error, setting) from None
    return pool


def _sentinel_pool(address: SentinelAddress) -> SentinelPool:
    options: dict[str, Any] = _OPTIONS | parse_url(address.data_url)
    for unused in ("host", "port"):
        options.pop(unused, None)
    tls = options.pop("connection_class", Connection) is SSLConnection
    of_sentinels = {name: value for name, value in options.items() if name.startswith("ssl_")}
    if "password" in options:  # with a user name, a Sentinel that asks for no password takes any
        of_sentinels |= {"username": options.get("username", "default"), "password": options["password"]}
    sentinels = Sentinels(  # type: ignore[no-untyped-call]
        address.sentinels,
        sentinel_kwargs={
            "protocol": 2,
            "socket_timeout": SENTINEL_TIMEOUT,
            "socket_connect_timeout": SENTINEL_TIMEOUT,
            "retry": Retry(NoBackoff(), 0),
            "decode_responses": True,
            "ssl": tls,
            **of_sentinels,
        },
    )
    kind = _TlsToPrimary if tls else _ToPrimary
    return SentinelPool(address.name, sentinels, connection_class=kind, **options)  # type: ignore[no-untyped-call]


class SentinelPool(SentinelConnectionPool):
    """Makes connections to the primary that Sentinels name. Each raises ConnectionError where they name none."""

    sentinel_manager: Sentinels
    service_name: str

    async def primary(self) -> tuple[str, int]:
        """Return the address of the primary that the Sentinels name now.

        Raises:
            ConnectionError: they name none.
        """
        return await self.sentinel_manager.discover_master(self.service_name)

    async def promotable(self) -> int:
        """Return how many replicas the Sentinels may promote, also of those that are down at the moment.

        Raises:
            RedisError: no Sentinel responds.
        """
        return await self.sentinel_manager.promotable(self.service_name)

    async def close(self) -> None:
        """Close the connections to the Sentinels."""
        await self.sentinel_manager.aclose()


class _ToPrimary(SentinelManagedConnection):
    """A connection to the primary. That it was demoted is an error like any other; `Redis` decides what follows."""

    async def read_response(self, *args: Any, **options: Any) -> Any:
        return await Connection.read_response(self, *args, **options)


class _TlsToPrimary(_ToPrimary, SSLConnection):
    """The same by TLS."""


class _Word(NamedTuple):
    """What one Sentinel says of a primary: the epoch of the last failover, whether it is up, and its address."""

    epoch: int
    up: bool
    address: tuple[str, int]


class Sentinels(Sentinel):
    """Sentinels that are asked at once; the word of the newest failover counts."""

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """Return the address of the primary.

        Raises:
            MasterNotFoundError: no Sentinel responds or knows the name, or the primary is down; a response of Redis
                that explains it is the cause.
        """
        words, failures = await self._ask_all(service_name)
        if not words:
            refusals = [failure for failure in failures if isinstance(failure, exceptions.RedisError)]
            told = [each for each in refusals if not isinstance(each, exceptions.TimeoutError)]
            raise MasterNotFoundError("no Sentinel names a primary") from (told or failures)[0]
        newest = max(words, key=lambda word: (word.epoch, word.up))
        if not newest.up:
            raise MasterNotFoundError("the primary is down, by the word of its Sentinels")
        return newest.address

    async def promotable(self, service_name: str) -> int:
        """Return how many replicas may be promoted, by the first Sentinel that responds."""
        failure: Exception = MasterNotFoundError("there is no Sentinel")
        for sentinel in self.sentinels:
            try:
                replicas = await sentinel.sentinel_slaves(service_name)
            except (exceptions.RedisError, OSError) as error:
                failure = error
            else:
                return sum(int(replica["slave-priority"]) > 0 for replica in replicas)
        raise failure

    async def _ask_all(self, name: str) -> tuple[list[_Word], list[Exception]]:
        """Ask all; do not wait long for those that are left once most have responded."""
        words: list[_Word] = []
        failures: list[Exception] = []
        pending = {asyncio.create_task(_word(sentinel, name)) for sentinel in self.sentinels}
        try:
            while pending:
                limit = STRAGGLER_TIMEOUT if len(words) > len(self.sentinels) // 2 else None
                done, pending = await asyncio.wait(pending, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
                if not done:
                    break
                for task in done:
                    try:
                        words.append(task.result())
                    except (exceptions.RedisError, OSError) as error:
                        failures.append(error)
        finally:
            for task in pending:
                task.cancel()
            if pending:
                await asyncio.wait(pending)
        return words, failures


async def _word(sentinel: redis.asyncio.Redis, name: str) -> _Word:
    state: dict[str, Any] = await sentinel.execute_command("SENTINEL MASTER", name)  # type: ignore[no-untyped-call]
    # During a failover, this has the new address before the state has it.
    asked = ("SENTINEL GET-MASTER-ADDR-BY-NAME", name)
    host, port = await sentinel.execute_command(*asked)  # type: ignore[no-untyped-call]
    is_down = (host, port) == (state["ip"], state["port"]) and (state["is_sdown"] or state["is_odown"])
    return _Word(int(state["config-epoch"]), not is_down, (host, port))
