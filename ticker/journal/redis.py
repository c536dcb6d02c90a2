"""Redis client: pipelined commands, short timeouts, errors mapped to ours.

Commands issued while others are in flight are sent together in the next write, in the order they were issued. Measured
with 50 writers: one by one, commands and their timeouts are a third of what a POST costs, and the disk syncs once for
each of them. For the same reason this uses redis-py's connections and not its client, pool and pipeline, which together
cost as much as everything else between here and Redis; and responses that came together are taken together
(buffered.py).

redis-py retries commands by itself unless told not to. A write that failed in transit may have happened, so nothing is
retried here: the caller gets Unavailable, and safety comes from the Idempotency-Key.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from importlib import resources
from itertools import islice
from typing import Any, Final

import hiredis
import redis.asyncio
from redis import exceptions
from redis.asyncio.connection import Connection

from ticker.errors import CannotWrite, NotPermitted, Unavailable
from ticker.journal.address import SETTING
from ticker.journal.buffered import NOTHING, next_buffered
from ticker.journal.names import Channels
from ticker.journal.pools import RESPONSE_TIMEOUT, SentinelPool, new_pool
from ticker.journal.redis_errors import CommandError, UnknownScript, is_wrong_server, translate, translated
from ticker.journal.subscription import Subscription

MAX_DEDICATED: Final = 64
"""Dedicated connections in use at once, each by a change that waits for replicas; further changes wait their turn."""

RESPONSES_PER_DEADLINE: Final = 16
"""Responses that share one deadline: setting a new one for each is a good part of what a response costs."""


_Asked = tuple[Sequence[tuple[Any, ...]], asyncio.Future[list[Any]]]
"""Commands that were submitted together, and what their caller waits for."""


class Script:
    """A Lua script: one or more files of this folder, concatenated."""

    def __init__(self, *names: str) -> None:
        self.text = b"".join(resources.files(__package__).joinpath(name).read_bytes() for name in names)
        self.digest = hashlib.sha1(self.text, usedforsecurity=False).hexdigest()


class Redis:
    """One connection to a Redis or Valkey. Nothing is sent before the first command.

    Every method raises Unavailable when Redis cannot be reached, CannotWrite when it takes no writes, NotPermitted when
    the user lacks a right, and CommandError when it responds with any other error.
    """

    def __init__(
        self,
        url: str,
        *,
        response_timeout: float = RESPONSE_TIMEOUT,
        reconnects: bool = True,
        on_refusal: Callable[[NotPermitted], None] | None = None,
        setting: str = SETTING,
        pool: redis.asyncio.ConnectionPool | None = None,
    ) -> None:
        """Take `redis://`, `rediss://`, `unix://` or `redis+sentinel://`; `response_timeout` is in seconds.

        Without `reconnects`, every command after a lost connection fails until `connect` is called. `on_refusal` is
        called when the user lacks a right. `setting` is what has the address, for messages. `pool` makes the
        connections, if it is there already.

        Raises:
            BadSetting: the URL is none of these.
        """
        self._owns_pool = pool is None
        pool = pool or new_pool(url, setting)
        self._connection = _new_connection(pool)
        self.user = str(pool.connection_kwargs.get("username") or "default")
        self.channels = Channels(int(pool.connection_kwargs.get("db") or 0))
        self.url = url
        self.host = str(pool.connection_kwargs.get("host", ""))
        self._response_timeout = response_timeout
        self._on_refusal = on_refusal
        self._pool = pool
        self._client = redis.asyncio.Redis(connection_pool=pool)
        self._parse: dict[Any, Callable[[Any], Any]] = {**self._client.response_callbacks}
        """What redis-py makes of the response to a command, by its name."""
        self._queued: list[_Asked] = []
        self._in_flight: list[_Asked] = []
        self._sender: asyncio.Task[None] | None = None
        self._subscriptions: set[Connection] = set()
        self._idle: list[Redis] = []
        """Dedicated connections that nobody uses now."""
        self._dedicated = asyncio.Semaphore(MAX_DEDICATED)
        self._reconnects = reconnects
        self._reconnect_due = False
        """Whether the next command must use a new connection."""

    async def __call__(self, *command: Any) -> Any:
        """Send one command and return its response, as bytes and numbers."""
        return await self._submit(command)

    async def _submit(self, command: tuple[Any, ...]) -> Any:
        [response] = await self._submit_all((command,))
        if isinstance(response, Exception):
            raise response
        return response

    async def pipeline(self, *commands: tuple[Any, ...]) -> list[Any]:
        """Send commands in one write and return their responses. Redis runs them in this order, not atomically."""
        responses = await self._submit_all(commands)
        for response in responses:
            if isinstance(response, BaseException):
                raise response
        return responses

    async def pipeline_outcomes(self, *commands: tuple[Any, ...]) -> list[Any]:
        """Send commands as `pipeline`; where Redis responded to one with an error, return that error in its place.

        Raises:
            Unavailable: not all of them got a response.
        """
        responses = await self._submit_all(commands)
        for response in responses:
            if isinstance(response, BaseException) and not isinstance(response, CommandError | CannotWrite):
                raise response
        return responses

    async def reconnect(self, *, subscriptions: bool = False) -> None:
        """Use new connections from the next command on; commands in flight are answered on the old ones.

        With `subscriptions`, those are lost too, and their readers get Unavailable.
        """
        self._reconnect_due = True
        await self._close_idle()
        if subscriptions:
            for connection in list(self._subscriptions):
                await connection.disconnect(nowait=True)

    async def primary(self) -> tuple[str, int] | None:
        """Return host and port of the primary that Sentinels name now; None where there are no Sentinels."""
        if not isinstance(self._pool, SentinelPool):
            return None
        with translated():
            return await self._pool.primary()

    def leads_only_to(self, server: tuple[str, int]) -> bool:
        """Return True if no connection is open to another server than this one, by host and port."""
        every = (self._connection, *self._subscriptions)
        return all((each.host, each.port) == server for each in every if each.is_connected)

    async def promotable(self) -> int | None:
        """Return how many replicas Sentinels may promote; None where there are no Sentinels."""
        if not isinstance(self._pool, SentinelPool):
            return None
        with translated():
            return await self._pool.promotable()

    async def _close_idle(self) -> None:
        for connection in self._idle:
            await connection.close()

    async def run(self, script: Script, keys: list[str], args: list[Any]) -> Any:
        """Run a script by its digest; send the whole text to a server that lacks it."""
        try:
            return await self._submit(("EVALSHA", script.digest, len(keys), *keys, *args))
        except UnknownScript:  # nothing was run, so running it now repeats nothing
            return await self._submit(("EVAL", script.text, len(keys), *keys, *args))

    @property
    def busy(self) -> bool:
        """Whether responses are outstanding."""
        return self._sender is not None

    @property
    def connected(self) -> bool:
        """Whether the connection that commands use is open."""
        return bool(self._connection.is_connected)

    def _submit_all(self, commands: Sequence[tuple[Any, ...]]) -> Awaitable[list[Any]]:
        """Queue commands, to be sent in this order; what is awaited is the response to each, or the error in its place.

        One future for all of them: one for each command was most of what a probe of a thousand feeds cost.
        """
        responses: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        if not commands:
            responses.set_result([])
            return responses
        self._queued.append((commands, responses))
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_queued())
        return responses

    async def _send_queued(self) -> None:
        """Send the queued commands, and those queued meanwhile, until none is left."""
        try:
            while self._queued:
                self._in_flight, self._queued = self._queued, []
                responses = iter(await self._send([each for commands, _ in self._in_flight for each in commands]))
                for commands, future in self._in_flight:
                    theirs = list(islice(responses, len(commands)))
                    if not future.done():  # else its caller was cancelled
                        future.set_result(theirs)
        finally:
            self._sender = None

    async def _send(self, commands: list[tuple[Any, ...]]) -> list[Any]:
        """Return a response to each command, or the error in place of it."""
        try:
            async with asyncio.timeout(self._response_timeout) as limit:
                if self._reconnect_due:
                    self._reconnect_due = False
                    await self._connection.disconnect(nowait=True)
                if self._reconnects:
                    await self._pool.ensure_connection(self._connection)
                elif not self._connection.is_connected:
                    raise exceptions.ConnectionError("the connection was lost")
                await self._write(b"".join(map(_pack, commands)))
                responses = []
                for number, command in enumerate(commands, 1):
                    response = self._buffered(command[0])
                    responses.append(await self._response(command[0]) if response is NOTHING else response)
                    if number % RESPONSES_PER_DEADLINE == 0:
                        limit.reschedule(asyncio.get_running_loop().time() + self._response_timeout)
                if self._reconnect_due:
                    await self._connection.disconnect(nowait=True)
                    self._reconnect_due = False
                return responses
        except Exception as error:  # noqa: BLE001  # any error: the callers wait for it
            await self._connection.disconnect(nowait=True)  # a late response must not be taken for a later command's
            return [self._ours(error) for _ in commands]

    async def _write(self, packed: bytes) -> None:
        try:
            await self._connection.send_packed_command(packed)
        except RuntimeError as error:  # uvloop's, where the connection was reset while idle: nothing was sent
            if not self._reconnects:
                raise exceptions.ConnectionError("the connection was lost") from error
            await self._connection.disconnect(nowait=True)
            await self._pool.ensure_connection(self._connection)
            await self._connection.send_packed_command(packed)

    async def connect(self) -> None:
        """Connect, unless the connection is open already."""
        with translated():
            async with asyncio.timeout(self._response_timeout):
                await self._pool.ensure_connection(self._connection)

    async def _response(self, command: str) -> Any:
        try:
            return await self._client.parse_response(self._connection, command)
        except exceptions.ResponseError as error:
            return self._refusal(error)

    def _buffered(self, command: str) -> Any:
        """Return what `_response` does if that was received already, else NOTHING."""
        response = next_buffered(self._connection)
        while isinstance(response, hiredis.PushNotification):  # nothing here subscribes to any
            response = next_buffered(self._connection)
        if response is NOTHING:
            return NOTHING
        if isinstance(response, exceptions.ResponseError):
            return self._refusal(response)
        parse = self._parse.get(command)
        return response if parse is None else parse(response)

    def _refusal(self, error: exceptions.ResponseError) -> Exception:
        if is_wrong_server(error):  # a proxy, or an address that moves, would keep us with this server for good
            self._reconnect_due = True
        return self._ours(error)

    def _ours(self, error: Exception) -> Exception:
        ours = translate(error)
        if isinstance(ours, NotPermitted) and self._on_refusal is not None:
            self._on_refusal(ours)
        return ours

    @asynccontextmanager
    async def dedicated_connection(self, key: str = "") -> AsyncIterator[Redis]:
        """Give a connection that nobody else uses meanwhile, as WAIT needs, to where `key` is kept.

        Once it is lost, every command on it fails: on another connection, WAIT would not cover the earlier writes.
        """
        async with self._dedicated:
            if not self._idle:
                self._idle.append(self._alike())
            dedicated = self._idle.pop()
            try:
                await dedicated.connect()
                yield dedicated
            finally:
                if dedicated.busy:  # its user gave up, and the next one would wait for a response that nobody wants
                    await dedicated.close()
                else:
                    if not dedicated.connected:  # the other idle ones lead to the same server
                        await self._close_idle()
                    self._idle.append(dedicated)

    def _alike(self) -> Redis:
        """Return another connection to the same server, which is not reconnected."""
        timeout, on_refusal = self._response_timeout, self._on_refusal
        return Redis(self.url, response_timeout=timeout, reconnects=False, on_refusal=on_refusal, pool=self._pool)

    @asynccontextmanager
    async def subscription(self) -> AsyncIterator[Subscription]:
        """Give a connection that subscribes to channels; it is closed at the end and never reconnects by itself."""
        connection = _new_connection(self._pool)
        self._subscriptions.add(connection)
        try:
            with translated():
                async with asyncio.timeout(RESPONSE_TIMEOUT):
                    await self._pool.ensure_connection(connection)  # the first command would not ask Sentinels
            yield Subscription(connection, self.channels)
        finally:
            self._subscriptions.discard(connection)
            await connection.disconnect(nowait=True)

    async def shards(self) -> list[Redis]:
        """Return a client of each part of the log: of a single Redis, this one."""
        return [self]

    async def close(self) -> None:
        """Close all connections. Callers that still wait for a response get Unavailable."""
        if self._sender is not None:  # it may be connecting, and would leave that connection open
            self._sender.cancel()
            await asyncio.wait([self._sender])
        for _, future in [*self._in_flight, *self._queued]:
            if not future.done():
                future.set_exception(Unavailable("The connection to the log was closed"))
        self._queued, self._sender = [], None
        await self._connection.disconnect(nowait=True)
        await self._close_idle()
        if self._owns_pool and isinstance(self._pool, SentinelPool):
            await self._pool.close()


def _pack(command: tuple[Any, ...]) -> bytes:
    """Return a command as bytes (RESP); redis-py's connections do the same in Python, at six times the cost."""
    packed: bytes = hiredis.pack_command(command)
    return packed


def _new_connection(pool: redis.asyncio.ConnectionPool) -> Connection:
    connection: Connection = pool.make_connection()  # type: ignore[no-untyped-call]
    return connection
