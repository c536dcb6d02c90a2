"""Redis client: pipelined commands, short timeouts, errors mapped to ours.

Commands issued while others are in flight are sent together in the next write, in the order they were issued. Measured
with 50 writers: one by one, commands and their timeouts are a third of what a POST costs, and the disk syncs once for
each of them. For the same reason this uses redis-py's connections and not its client, pool and pipeline, which together
cost as much as everything else between here and Redis.

redis-py retries commands by itself unless told not to. A write that failed in transit may have happened, so nothing is
retried here: the caller gets Unavailable, and safety comes from the Idempotency-Key.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib import resources
from typing import Any, Final

import hiredis
import redis.asyncio
from redis import exceptions
from redis._parsers.hiredis import NOT_ENOUGH_DATA
from redis.asyncio.connection import Connection

from ticker.errors import CannotWrite, NotPermitted, Unavailable
from ticker.journal.address import SETTING
from ticker.journal.names import Channels
from ticker.journal.pools import CONNECT_TIMEOUT, SentinelPool, new_pool
from ticker.journal.redis_errors import CommandError, Moved, UnknownScript, is_wrong_server, translate

RESPONSE_TIMEOUT: Final = CONNECT_TIMEOUT
"""Seconds Redis may take to respond. With a probe each second, a dead Redis is noticed within three."""

MAX_DEDICATED: Final = 64
"""Dedicated connections in use at once, each by a change that waits for replicas; further changes wait their turn."""

RESPONSES_PER_DEADLINE: Final = 16
"""Responses that share one deadline: setting a new one for each is a good part of what a response costs."""


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (exceptions.RedisError, OSError) as error:
        raise translate(error) from error


_MESSAGES: Final = frozenset([b"message", b"smessage"])
"""What a message begins with; smessage: of a sharded channel."""


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
        self._client = redis.asyncio.Redis(connection_pool=pool)  # it knows how to parse each command's response
        self._queued: list[tuple[tuple[Any, ...], asyncio.Future[Any]]] = []
        self._in_flight: list[tuple[tuple[Any, ...], asyncio.Future[Any]]] = []
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

    async def pipeline(self, *commands: tuple[Any, ...]) -> list[Any]:
        """Send commands in one write and return their responses. Redis runs them in this order, not atomically."""
        submitted = [self._submit(command) for command in commands]
        responses = await asyncio.gather(*submitted, return_exceptions=True)  # so that every failure is retrieved
        for response in responses:
            if isinstance(response, BaseException):
                raise response
        return responses

    async def pipeline_outcomes(self, *commands: tuple[Any, ...]) -> list[Any]:
        """Send commands as `pipeline`; where Redis responded to one with an error, return that error in its place.

        Raises:
            Unavailable: not all of them got a response.
        """
        submitted = [self._submit(command) for command in commands]
        responses = await asyncio.gather(*submitted, return_exceptions=True)
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
        with _translated():
            return await self._pool.primary()

    def leads_only_to(self, server: tuple[str, int]) -> bool:
        """Return True if no connection is open to another server than this one, by host and port."""
        every = (self._connection, *self._subscriptions)
        return all((each.host, each.port) == server for each in every if each.is_connected)

    async def promotable(self) -> int | None:
        """Return how many replicas Sentinels may promote; None where there are no Sentinels."""
        if not isinstance(self._pool, SentinelPool):
            return None
        with _translated():
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

    def _submit(self, command: tuple[Any, ...]) -> Awaitable[Any]:
        response: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._queued.append((command, response))
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_queued())
        return response

    async def _send_queued(self) -> None:
        """Send the queued commands, and those queued meanwhile, until none is left."""
        try:
            while self._queued:
                self._in_flight, self._queued = self._queued, []
                responses = await self._send([command for command, _ in self._in_flight])
                for (_, future), response in zip(self._in_flight, responses, strict=True):
                    if future.done():
                        continue  # its caller was cancelled
                    if isinstance(response, Exception):
                        future.set_exception(response)
                    else:
                        future.set_result(response)
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
                    responses.append(await self._response(command[0]))
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
        with _translated():
            async with asyncio.timeout(self._response_timeout):
                await self._pool.ensure_connection(self._connection)

    async def _response(self, command: str) -> Any:
        try:
            return await self._client.parse_response(self._connection, command)
        except exceptions.ResponseError as error:
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
            with _translated():
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


class Subscription:
    """One connection that subscribes to channels."""

    def __init__(self, connection: Connection, channels: Channels) -> None:
        self._connection = connection
        self._channels = channels

    async def add(self, *channels: str) -> None:
        """Subscribe to more channels."""
        with _translated():
            async with asyncio.timeout(RESPONSE_TIMEOUT):
                try:
                    await self._connection.send_packed_command(b"".join(map(_pack, self._commands(channels))))
                except RuntimeError as error:  # uvloop's, where the connection was reset while idle
                    raise exceptions.ConnectionError("the connection was lost") from error

    def _commands(self, channels: tuple[str, ...]) -> list[tuple[str, ...]]:
        if not self._channels.sharded:
            return [("SUBSCRIBE", *channels)]
        # One command takes channels of one slot.
        return [("SUBSCRIBE" if each in self._channels.everywhere else "SSUBSCRIBE", each) for each in channels]

    async def response(self) -> None:
        """Wait for the response to the first command that subscribes; what is refused raises NotPermitted."""
        with _translated():
            await self._connection.read_response(timeout=RESPONSE_TIMEOUT, disconnect_on_error=False)

    async def next(self, timeout: float) -> tuple[str, bytes] | None:
        """Return the next message and its channel, or None if none comes within `timeout` seconds.

        Raises:
            Moved: a channel has left this server, with its slot.
        """
        message = None
        while message is None:  # Redis also confirms each subscription
            with _translated():
                received = await self._connection.read_response(timeout=max(timeout, 0.0), disconnect_on_error=False)
            if received is None:
                return None
            message = _message(received)
        return message

    async def readable(self) -> bool:
        """Return True if something was received that is not taken yet, or the connection has ended. Never waits."""
        with _translated():
            return bool(await self._connection.can_read())

    def ready(self) -> list[tuple[str, bytes]]:
        """Return the messages that were received together with the last one, without waiting for any."""
        messages = []
        reader = self._connection._parser._reader  # type: ignore[attr-defined]  # noqa: SLF001  # `read_response` may wait
        with _translated():
            while (message := reader.gets(False)) is not NOT_ENOUGH_DATA:
                if isinstance(message, Exception):
                    raise message
                if (found := _message(message)) is not None:
                    messages.append(found)
        return messages


def _message(received: Any) -> tuple[str, bytes] | None:
    """Return a message and its channel, or None for what confirms a subscription."""
    if received[0] in _MESSAGES:
        return received[1].decode(), received[2]
    if received[0] == b"sunsubscribe":
        raise Moved("A part of the log has moved to another server")
    return None
