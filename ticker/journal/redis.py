"""The way to Redis: commands with short waits, and its errors in our words.

Commands that are asked for while others are under way travel together in the next sending, in the order they
were asked for. Measured with 50 writers: one by one, commands and their timeouts are a third of what a POST costs,
and the disk is asked to sync for every single one. For the same reason this speaks to redis-py's connections and
not through its client, pool and pipeline, which together cost as much as all else on the way to Redis.

redis-py retries commands by itself unless told not to. A write that failed on the way may have happened,
so nothing here is retried: the caller gets Unavailable, and safety comes from the Idempotency-Key.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib import resources
from typing import Any, Final

import hiredis
import redis.asyncio
from redis import exceptions
from redis.asyncio.connection import Connection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from ticker.errors import BadSetting, CannotWrite, LogFull, Unavailable
from ticker.journal.names import Channels

ANSWER_WITHIN: Final = 1.5
"""Seconds Redis may take to answer. With a probe each second, a dead Redis is noticed within three."""

LENT_AT_MOST: Final = 64
"""Connections that changes use alone at once, each for one that waits for replicas; the others wait their turn."""

PATIENCE: Final = 16
"""Answers that share one measure of time; to begin a new one for each is a good part of what an answer costs."""

_OURS: Final = {
    "protocol": 2,  # with 3, each message to a subscription is first made into a text for a log that is off
    "socket_timeout": None,  # `_send` has one for all
    "socket_connect_timeout": ANSWER_WITHIN,
    "retry": Retry(NoBackoff(), 0),
    "health_check_interval": 0,
}
"""How connections are set up."""

_CANNOT_WRITE: Final = re.compile(r"(?:^|-)(?:READONLY|MISCONF|NOREPLICAS|BUSY|TRYAGAIN|MASTERDOWN|CLUSTERDOWN)\b")
"""Errors of a server that takes no writes. Before Redis 7, a script's error has the code after a dash in its middle."""

_ELSEWHERE: Final = re.compile(r"(?:^|-)(?:READONLY|MASTERDOWN|CLUSTERDOWN|LOADING)\b")
"""Errors of a server that is not the one to ask any more: at the same address there may be another one by now."""


class Refused(Exception):
    """Redis answered a command with an error: it does not know it, or it is not allowed."""


class Unknown(Refused):
    """Redis was asked to run a script that it does not have."""


class WrongType(Refused):
    """A key holds another kind of value than the one that the service keeps there."""


def cause(error: BaseException) -> str:
    """Return what an operator is told of an error: also what Redis said, which is none of the public's business."""
    return f"{error} ({error.__cause__})" if error.__cause__ is not None else str(error)


def _translated(error: Exception) -> Exception:
    """Return an error of redis-py in our words, with the original as its cause."""
    ours: Exception
    match error:
        case exceptions.ConnectionError() | exceptions.TimeoutError() | OSError():
            ours = Unavailable("The log cannot be reached")
        case exceptions.OutOfMemoryError():
            ours = LogFull("The log takes no entries now")
        case exceptions.ReadOnlyError() | exceptions.ClusterDownError():
            ours = CannotWrite("The log takes no entries now")
        case exceptions.NoScriptError():
            ours = Unknown(str(error))
        case exceptions.ResponseError() if str(error).startswith("OOM") or "-OOM " in str(error):
            ours = LogFull("The log takes no entries now")
        case exceptions.ResponseError() if _CANNOT_WRITE.search(str(error)):
            ours = CannotWrite("The log takes no entries now")
        case exceptions.ResponseError() if "WRONGTYPE" in str(error):
            ours = WrongType(str(error))
        case exceptions.ResponseError():
            ours = Refused(str(error))
        case exceptions.RedisError():
            ours = Unavailable("The log failed")
        case _:
            return error
    ours.__cause__ = error
    return ours


def _is_elsewhere(error: Exception) -> bool:
    """Return True if a server's error means that another one is to be asked from now on."""
    return isinstance(error, exceptions.ReadOnlyError | exceptions.ClusterDownError) or bool(
        _ELSEWHERE.search(str(error))
    )


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except (exceptions.RedisError, OSError) as error:
        raise _translated(error) from error


class Script:
    """A Lua script: files beside this one, put together."""

    def __init__(self, *names: str) -> None:
        self.text = b"".join(resources.files(__package__).joinpath(name).read_bytes() for name in names)
        self.digest = hashlib.sha1(self.text, usedforsecurity=False).hexdigest()


class Redis:
    """One connection to a Redis or Valkey. Nothing is sent before the first command.

    Every method raises Unavailable when Redis cannot be reached or cannot write, and Refused when it
    answers with any other error.
    """

    def __init__(self, url: str, *, answer_within: float = ANSWER_WITHIN, reconnects: bool = True) -> None:
        """Take `redis://`, `rediss://` or `unix://`; `answer_within` is in seconds.

        Unless it `reconnects`, all that it is asked after its connection is lost fails, until `connect`.

        Raises:
            BadSetting: the URL is none of these.
        """
        try:
            pool = redis.asyncio.ConnectionPool.from_url(url, **_OURS)
            for option in ("protocol", "health_check_interval"):
                if pool.connection_kwargs[option] != _OURS[option]:
                    raise ValueError(f"{option} is not for the address to say")
            self._connection = _made(pool)
        except (ValueError, TypeError) as error:  # TypeError: it has an option that no connection takes
            raise BadSetting(f"TICKER_REDIS_URL: {error}") from None
        self.channels = Channels(int(pool.connection_kwargs.get("db") or 0))
        self._url = url
        self._answer_within = answer_within
        self._pool = pool
        self._client = redis.asyncio.Redis(connection_pool=pool)  # it knows what to make of each command's answer
        self._asked: list[tuple[tuple[Any, ...], asyncio.Future[Any]]] = []
        self._under_way: list[tuple[tuple[Any, ...], asyncio.Future[Any]]] = []
        self._carrier: asyncio.Task[None] | None = None
        self._spare: list[Redis] = []
        self._lending = asyncio.Semaphore(LENT_AT_MOST)
        self._reconnects = reconnects
        self._outdated = False
        """Whether the next command is for a new connection."""

    async def __call__(self, *command: Any) -> Any:
        """Send one command and return its answer, as bytes and numbers."""
        return await self._ask(command)

    async def together(self, *commands: tuple[Any, ...]) -> list[Any]:
        """Send commands in one go and return their answers. Redis runs them in this order, not as one."""
        asked = [self._ask(command) for command in commands]
        answers = await asyncio.gather(*asked, return_exceptions=True)  # so that no failure is left unlooked at
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return answers

    async def outcomes(self, *commands: tuple[Any, ...]) -> list[Any]:
        """Send commands as `together`; where Redis answered one with an error, return that error in its place.

        Raises:
            Unavailable: there is no answer to all of them.
        """
        asked = [self._ask(command) for command in commands]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, Refused | CannotWrite):
                raise answer
        return answers

    async def redial(self) -> None:
        """Use new connections from the next command on; what is under way is answered on the old ones."""
        self._outdated = True
        await self._close_spare()

    async def _close_spare(self) -> None:
        for alone in self._spare:
            await alone.close()

    async def run(self, script: Script, keys: list[str], args: list[Any]) -> Any:
        """Run a script by its digest; a server that lacks it is sent the whole."""
        try:
            return await self._ask(("EVALSHA", script.digest, len(keys), *keys, *args))
        except Unknown:  # nothing was run, so running it now is no repetition
            return await self._ask(("EVAL", script.text, len(keys), *keys, *args))

    @property
    def waits(self) -> bool:
        """Whether answers are still to come."""
        return self._carrier is not None

    @property
    def connected(self) -> bool:
        """Whether the connection that commands use is there."""
        return bool(self._connection.is_connected)

    def _ask(self, command: tuple[Any, ...]) -> asyncio.Future[Any]:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked.append((command, answer))
        if self._carrier is None:
            self._carrier = asyncio.create_task(self._carry())
        return answer

    async def _carry(self) -> None:
        """Send what was asked, and what was asked meanwhile, until nothing is left."""
        try:
            while self._asked:
                self._under_way, self._asked = self._asked, []
                answers = await self._send([command for command, _ in self._under_way])
                for (_, future), answer in zip(self._under_way, answers, strict=True):
                    if future.done():
                        continue  # who asked is gone
                    if isinstance(answer, Exception):
                        future.set_exception(answer)
                    else:
                        future.set_result(answer)
        finally:
            self._carrier = None

    async def _send(self, commands: list[tuple[Any, ...]]) -> list[Any]:
        """Return an answer to each command; where there is none, the error instead."""
        try:
            async with asyncio.timeout(self._answer_within) as limit:
                if self._outdated:
                    self._outdated = False
                    await self._connection.disconnect(nowait=True)
                if self._reconnects:
                    await self._pool.ensure_connection(self._connection)
                elif not self._connection.is_connected:
                    raise exceptions.ConnectionError("the connection was lost on the way")
                await self._connection.send_packed_command(b"".join(map(_packed, commands)))
                answers = []
                for number, command in enumerate(commands, 1):
                    answers.append(await self._answer(command[0]))
                    if number % PATIENCE == 0:
                        limit.reschedule(asyncio.get_running_loop().time() + self._answer_within)
                if self._outdated:
                    await self._connection.disconnect(nowait=True)
                    self._outdated = False
                return answers
        except Exception as error:  # noqa: BLE001  # whatever it is, those who asked are waiting to be told
            await self._connection.disconnect(nowait=True)  # an answer may still be on its way, to nobody
            return [_translated(error) for _ in commands]

    async def connect(self) -> None:
        """Connect, unless that was done and still holds."""
        with _in_our_words():
            async with asyncio.timeout(self._answer_within):
                await self._pool.ensure_connection(self._connection)

    async def _answer(self, command: str) -> Any:
        try:
            return await self._client.parse_response(self._connection, command)
        except exceptions.ResponseError as error:
            if _is_elsewhere(error):  # a proxy or an address that moves would keep us with this server for good
                self._outdated = True
            return _translated(error)

    @asynccontextmanager
    async def one_connection(self) -> AsyncIterator[Redis]:
        """Give a connection that nobody else uses meanwhile, as WAIT needs.

        Once it is lost, all it is asked fails: on another connection WAIT would speak of no writes at all.
        """
        async with self._lending:
            if not self._spare:
                self._spare.append(Redis(self._url, answer_within=self._answer_within, reconnects=False))
            alone = self._spare.pop()
            try:
                await alone.connect()
                yield alone
            finally:
                if alone.waits:  # whoever had it gave up, and the next would have to wait for an answer to nobody
                    await alone.close()
                else:
                    if not alone.connected:  # the others lead to the same server
                        await self._close_spare()
                    self._spare.append(alone)

    @asynccontextmanager
    async def subscription(self) -> AsyncIterator[Subscription]:
        """Give a connection that listens to channels; it is closed at the end and never reconnects by itself."""
        connection = _made(self._pool)
        try:
            yield Subscription(connection)
        finally:
            await connection.disconnect(nowait=True)

    async def close(self) -> None:
        """Close all connections. Who still waits for an answer gets Unavailable."""
        if self._carrier is not None:  # it may be connecting, and would be left with what it got
            self._carrier.cancel()
            await asyncio.wait([self._carrier])
        for _, future in [*self._under_way, *self._asked]:
            if not future.done():
                future.set_exception(Unavailable("The way to the log was closed"))
        self._asked, self._carrier = [], None
        await self._connection.disconnect(nowait=True)
        await self._close_spare()


def _packed(command: tuple[Any, ...]) -> bytes:
    """Return a command as it is sent; redis-py's connections do the same in Python, at six times the cost."""
    packed: bytes = hiredis.pack_command(command)
    return packed


def _made(pool: redis.asyncio.ConnectionPool) -> Connection:
    connection: Connection = pool.make_connection()  # type: ignore[no-untyped-call]
    return connection


class Subscription:
    """One connection that listens to channels."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, *channels: str) -> None:
        """Listen to more channels."""
        with _in_our_words():
            async with asyncio.timeout(ANSWER_WITHIN):
                await self._connection.send_packed_command(_packed(("SUBSCRIBE", *channels)))

    async def next(self, within: float) -> tuple[str, bytes] | None:
        """Return the next message and its channel, or None if none comes within that many seconds."""
        with _in_our_words():
            said = await self._connection.read_response(timeout=max(within, 0.0), disconnect_on_error=False)
        if said is None or said[0] != b"message":  # it also confirms each channel
            return None
        return said[1].decode(), said[2]


async def durability_warnings(client: Redis, replicas: int) -> list[str]:
    """Return what an operator must know about how safely this server keeps entries; empty when all is well."""
    try:
        found = await client("CONFIG", "GET", "append*")
        role = await client("INFO", "replication")
    except Refused:
        return ["this Redis does not let itself be asked how it keeps data (CONFIG GET); make sure that AOF is on"]
    kept = {name.decode(): value.decode() for name, value in zip(found[::2], found[1::2], strict=True)}
    warnings = []
    if kept.get("appendonly") != "yes":
        warnings.append("this Redis keeps nothing on disk (appendonly no): a restart loses what was answered with 201")
    elif kept.get("appendfsync") != "always":
        warnings.append(
            f"this Redis writes to disk with appendfsync {kept.get('appendfsync')}: "
            "a power cut can lose the last second; set it to always"
        )
    if (connected := int(role.get("connected_slaves", 0))) < replicas:
        warnings.append(f"TICKER_REPLICAS is {replicas}, but this Redis has {connected}: every POST will get a 503")
    return warnings
