"""The way to Redis: commands with short waits, and its errors in our words.

Commands that are asked for while others are under way travel together in the next pipeline, in the order they
were asked for. Measured with 50 writers: one by one, redis-py and its timeouts are a third of what a POST costs,
and the disk is asked to sync for every single one.

redis-py retries commands by itself unless told not to. A write that failed on the way may have happened,
so nothing here is retried: the caller gets Unavailable, and safety comes from the Idempotency-Key.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from importlib import resources
from typing import Any, Final

import redis.asyncio
from redis import exceptions
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from ticker.errors import BadSetting, Unavailable

ANSWER_WITHIN: Final = 1.5
"""Seconds Redis may take to answer. With a probe each second, a dead Redis is noticed within three."""

_CANNOT_WRITE: Final = ("MISCONF", "NOREPLICAS", "BUSY", "TRYAGAIN")
"""Codes of errors that redis-py has no class for."""


class Refused(Exception):
    """Redis answered a command with an error: it does not know it, or it is not allowed."""


class Unknown(Refused):
    """Redis was asked to run a script that it does not have."""


def cause(error: BaseException) -> str:
    """Return what an operator is told of an error: also what Redis said, which is none of the public's business."""
    return f"{error} ({error.__cause__})" if error.__cause__ is not None else str(error)


def _translated(error: Exception) -> Exception:
    """Return an error of redis-py in our words, with the original as its cause."""
    ours: Exception
    match error:
        case exceptions.ConnectionError() | exceptions.TimeoutError() | OSError():
            ours = Unavailable("The log cannot be reached")
        case exceptions.ReadOnlyError() | exceptions.OutOfMemoryError() | exceptions.ClusterDownError():
            ours = Unavailable("The log takes no entries now")
        case exceptions.NoScriptError():
            ours = Unknown(str(error))
        case exceptions.ResponseError() if str(error).startswith(_CANNOT_WRITE):
            ours = Unavailable("The log takes no entries now")
        case exceptions.ResponseError():
            ours = Refused(str(error))
        case exceptions.RedisError():
            ours = Unavailable("The log failed")
        case _:
            return error
    ours.__cause__ = error
    return ours


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
    """A client of one Redis or Valkey. Nothing is sent before the first command.

    Every method raises Unavailable when Redis cannot be reached or cannot write, and Refused when it
    answers with any other error.
    """

    def __init__(self, url: str, *, answer_within: float = ANSWER_WITHIN) -> None:
        """Take `redis://`, `rediss://` or `unix://`; `answer_within` is in seconds.

        Raises:
            BadSetting: the URL is none of these.
        """
        try:
            self._client = redis.asyncio.Redis.from_url(
                url,
                socket_timeout=answer_within,
                socket_connect_timeout=ANSWER_WITHIN,
                retry=Retry(NoBackoff(), 0),
                protocol=3,
            )
        except ValueError as error:
            raise BadSetting(f"TICKER_REDIS_URL: {error}") from None
        self._asked: list[tuple[tuple[Any, ...], asyncio.Future[Any]]] = []
        self._carrier: asyncio.Task[None] | None = None
        self._alone = False

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

    async def run(self, script: Script, names: list[str], args: list[Any]) -> Any:
        """Run a script by its digest; a server that lacks it is sent the whole."""
        try:
            return await self._ask(("EVALSHA", script.digest, len(names), *names, *args))
        except Unknown:  # nothing was run, so running it now is no repetition
            return await self._ask(("EVAL", script.text, len(names), *names, *args))

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
                asked, self._asked = self._asked, []
                answers = await self._send([command for command, _ in asked])
                for (_, future), answer in zip(asked, answers, strict=True):
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
        if self._alone:  # a pipeline would take a connection of its own
            return [await self._send_alone(command) for command in commands]
        try:
            async with self._client.pipeline(transaction=False) as pipe:
                for command in commands:
                    pipe.execute_command(*command)
                answers = await pipe.execute(raise_on_error=False)
        except Exception as error:  # noqa: BLE001  # whatever it is, those who asked are waiting to be told
            return [_translated(error) for _ in commands]
        return [_translated(answer) if isinstance(answer, Exception) else answer for answer in answers]

    async def _send_alone(self, command: tuple[Any, ...]) -> Any:
        try:
            return await self._client.execute_command(*command)  # type: ignore[no-untyped-call]
        except Exception as error:  # noqa: BLE001  # as in `_send`
            return _translated(error)

    @asynccontextmanager
    async def one_connection(self) -> AsyncIterator[Redis]:
        """Give a client whose commands all go over the same connection, as WAIT needs."""
        alone = object.__new__(Redis)
        alone._asked, alone._carrier, alone._alone = [], None, True
        async with AsyncExitStack() as stack:
            with _in_our_words():
                alone._client = await stack.enter_async_context(self._client.client())
            yield alone

    @asynccontextmanager
    async def subscription(self) -> AsyncIterator[Subscription]:
        """Give a connection that listens to channels; it is closed at the end and never reconnects by itself."""
        pubsub = self._client.pubsub(ignore_subscribe_messages=True)
        try:
            yield Subscription(pubsub)
        finally:
            with _in_our_words():
                await pubsub.aclose()  # type: ignore[no-untyped-call]

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


class Subscription:
    """One connection that listens to channels."""

    def __init__(self, pubsub: redis.asyncio.client.PubSub) -> None:
        self._pubsub = pubsub

    async def add(self, *channels: str) -> None:
        """Listen to more channels."""
        with _in_our_words():
            await self._pubsub.subscribe(*channels)

    async def next(self, within: float) -> tuple[str, bytes] | None:
        """Return the next message and its channel, or None if none comes within that many seconds."""
        with _in_our_words():
            message = await self._pubsub.get_message(timeout=max(within, 0.0))
        if message is None:
            return None
        return message["channel"].decode(), message["data"]


async def durability_warnings(client: Redis, replicas: int) -> list[str]:
    """Return what an operator must know about how safely this server keeps entries; empty when all is well."""
    try:
        found = await client("CONFIG", "GET", "append*")
        role = await client("INFO", "replication")
    except Refused:
        return ["this Redis does not let itself be asked how it keeps data (CONFIG GET); make sure that AOF is on"]
    kept = {_text(name): _text(value) for name, value in found.items()}
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


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
