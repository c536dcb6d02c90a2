"""Redis client: commands are pipelined, and each gets its own response or its own error."""

import asyncio
import contextlib
import socket
import struct
from pathlib import Path
from typing import Any, Self

import pytest
from redis.asyncio.connection import AbstractConnection

from tests.journal.test_replicas import server
from ticker.errors import BadSetting, CannotWrite, LogFull, NotPermitted, Unavailable
from ticker.journal.embedded import binary
from ticker.journal.redis import Redis, Script
from ticker.journal.redis_errors import CommandError, ShardDown, WrongType, cause, translate

pytestmark = pytest.mark.anyio


@pytest.fixture
def sent(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many commands each write held."""
    sizes: list[int] = []
    send = AbstractConnection.send_packed_command

    async def count(connection: AbstractConnection, packed: Any, **options: Any) -> None:
        if isinstance(packed, bytes):  # else redis-py sets the connection up
            sizes.append(packed.count(b"*"))  # each command begins with one (RESP), and none here has another
        await send(connection, packed, **options)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", count)
    return sizes


async def test_commands_issued_at_once_are_sent_in_one_write_and_each_gets_its_response(
    redis: Redis, sent: list[int]
) -> None:
    await redis("SET", "text", "x")
    del sent[:]
    commands = [redis("INCR", "text") if number == 7 else redis("ECHO", str(number)) for number in range(50)]
    responses = await asyncio.gather(*commands, return_exceptions=True)
    assert sent == [50]
    assert isinstance(responses.pop(7), CommandError)
    assert responses == [str(number).encode() for number in range(50) if number != 7]


async def test_commands_issued_while_others_are_in_flight_are_sent_next_and_in_order(
    redis: Redis, sent: list[int]
) -> None:
    first = asyncio.create_task(redis("PING"))
    await asyncio.sleep(0)  # it is queued
    await asyncio.sleep(0)  # and in flight
    rest = [asyncio.create_task(redis("RPUSH", "list", number)) for number in range(20)]
    await asyncio.gather(first, *rest)
    assert sent == [1, 20]
    assert await redis("LRANGE", "list", 0, -1) == [str(number).encode() for number in range(20)]


async def test_a_response_that_came_with_others_is_the_same_as_one_that_came_alone(redis: Redis) -> None:
    commands: list[tuple[Any, ...]] = [
        ("SET", "text", "x"),
        ("GET", "text"),
        ("GET", "none"),
        ("HSET", "hash", "a", "1", "b", "2"),
        ("HGETALL", "hash"),
        ("HMGET", "hash", "a", "c"),
        ("ZADD", "order", 1, "a", 2, "b"),
        ("ZRANGE", "order", 0, -1, "WITHSCORES"),
        ("XADD", "log", "1-0", "hash", "x"),
        ("XRANGE", "log", "-", "+"),
        ("EXPIRE", "text", 100),
        ("SADD", "set", "a"),
        ("SMEMBERS", "set"),
    ]
    alone = [await redis(*command) for command in commands]
    await redis("FLUSHALL")
    assert await redis.pipeline(*commands) == alone
    assert alone[4] == {b"a": b"1", b"b": b"2"}
    assert alone[9] == [(b"1-0", {b"hash": b"x"})]


def received_first(monkeypatch: pytest.MonkeyPatch, received: bytes) -> None:
    """Let a connection find these bytes before the responses to what it sends next."""
    send = AbstractConnection.send_packed_command

    async def receive(connection: AbstractConnection, packed: Any, **options: Any) -> None:
        monkeypatch.undo()
        connection._parser._reader.feed(received)  # type: ignore[attr-defined]
        await send(connection, packed, **options)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", receive)


async def test_a_connection_is_given_up_whose_server_responds_that_it_still_loads(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    await redis("PING")
    received_first(monkeypatch, b"+OK\r\n-LOADING the dataset\r\n")
    with pytest.raises(Unavailable):
        await redis.pipeline(("PING",), ("PING",), ("PING",))
    assert await redis("ECHO", "again") == b"again", "on a new connection"


async def test_a_notification_between_responses_is_none_of_them(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    await redis("PING")
    received_first(monkeypatch, b">2\r\n+invalidate\r\n*0\r\n")
    assert await redis.pipeline(("ECHO", "a"), ("ECHO", "b")) == [b"a", b"b"]


async def test_an_empty_pipeline_needs_no_connection() -> None:
    nowhere = Redis("redis://127.0.0.1:1")
    assert await nowhere.pipeline() == []
    assert await nowhere.pipeline_outcomes() == []


async def test_a_cancelled_command_takes_no_response_from_another(redis: Redis) -> None:
    impatient = asyncio.create_task(redis("ECHO", "a"))
    patient = asyncio.create_task(redis("ECHO", "b"))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == b"b"
    assert await redis("ECHO", "c") == b"c"


async def test_a_pipeline_fails_with_its_first_error(redis: Redis) -> None:
    with pytest.raises(CommandError, match="unknown command"):
        await redis.pipeline(("SET", "a", "1"), ("NOSUCH",), ("ALSO",))
    assert await redis("GET", "a") == b"1", "Redis runs the others all the same"


async def test_a_script_that_redis_lacks_is_sent_whole(redis: Redis, sent: list[int]) -> None:
    script = Script("read_state.lua")
    for _ in range(2):
        assert await redis.run(script, ["ticker:{x}:state", "o", "d"], [20]) is None
    assert len(sent) == 3, "the digest, the whole text, and from then on the digest"


def test_the_operator_is_told_the_cause_of_every_error() -> None:
    assert cause(Unavailable("gone")) == "gone"
    assert cause(translate(OSError("no route"))) == "The log cannot be reached (no route)"
    assert cause(translate(TimeoutError())) == "The log cannot be reached (TimeoutError)"


async def test_without_redis_every_command_fails_with_an_error_of_its_own(tmp_path: Path) -> None:
    redis = Redis(f"unix://{tmp_path}/nobody.sock")
    for _ in range(2):
        errors = await asyncio.gather(*(redis("PING") for _ in range(5)), return_exceptions=True)
        assert all(isinstance(error, Unavailable) for error in errors)
        assert len({id(error) for error in errors}) == 5
    await redis.close()


async def test_commands_on_a_dedicated_connection_stay_on_it(redis: Redis) -> None:
    all_here = asyncio.Barrier(8)

    async def mine() -> set[int]:
        async with redis.dedicated_connection() as dedicated:
            await all_here.wait()
            return {await dedicated("CLIENT", "ID") for _ in range(5)}

    others = [asyncio.create_task(redis("PING")) for _ in range(20)]
    seen = await asyncio.gather(*(mine() for _ in range(8)))
    await asyncio.gather(*others)
    assert all(len(ids) == 1 for ids in seen)
    assert len(set.union(*seen)) == 8


async def test_a_lost_dedicated_connection_is_not_replaced(redis: Redis) -> None:
    async with redis.dedicated_connection() as dedicated:
        await dedicated("SET", "written", "x")
        await redis("CLIENT", "KILL", "ID", await dedicated("CLIENT", "ID"))
        for _ in range(2):
            with pytest.raises(Unavailable):
                await dedicated("WAIT", 0, 1)  # on another connection it would cover no writes
    async with redis.dedicated_connection() as again:
        assert await again("GET", "written") == b"x"


async def test_dedicated_connections_are_limited(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticker.journal.redis.MAX_DEDICATED", 3)
    limited = Redis(redis.url)

    async def one() -> Any:
        async with limited.dedicated_connection() as dedicated:
            return await dedicated("CLIENT", "ID")

    assert len(set(await asyncio.gather(*(one() for _ in range(20))))) <= 3
    await limited.close()


async def test_a_dedicated_connection_whose_user_gave_up_is_not_used_again(redis: Redis) -> None:
    client = Redis(redis.url, response_timeout=60.0)

    async def impatient() -> None:
        async with client.dedicated_connection() as dedicated:
            await dedicated("BLPOP", "nothing", "0")

    waiting = asyncio.create_task(impatient())
    async with asyncio.timeout(30):
        while b"cmd=blpop" not in await redis("CLIENT", "LIST"):
            await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    async with client.dedicated_connection() as dedicated:
        assert await dedicated("ECHO", "mine") == b"mine"
    await client.close()


async def test_closing_with_commands_in_flight_leaves_no_caller_waiting_and_no_connection_open(redis: Redis) -> None:
    for turns in range(1, 12):  # from before it connects to after it has sent
        closing = Redis(redis.url)
        waiting = asyncio.create_task(closing("BLPOP", "nothing", "5"))
        for _ in range(turns):
            await asyncio.sleep(0)
        await closing.close()
        with pytest.raises(Unavailable):
            await waiting
        assert not closing.connected


async def test_a_late_response_is_not_taken_for_another_commands(redis: Redis) -> None:
    hasty = Redis(redis.url, response_timeout=2.0)
    with pytest.raises(Unavailable):
        await hasty("BLPOP", "nothing", "3")
    assert await hasty("ECHO", "mine") == b"mine"
    await hasty.close()


async def test_many_responses_have_more_time_than_one(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticker.journal.redis.RESPONSES_PER_DEADLINE", 2)
    slow = Redis(redis.url, response_timeout=2.0)
    assert await slow.pipeline(*[("BLPOP", "nothing", "0.1")] * 25) == [None] * 25  # 2.5 seconds in all, or more
    await slow.close()


@pytest.mark.parametrize("option", ["protocol=3", "health_check_interval=5", "nonsense=1"])
def test_url_options_that_would_break_the_client_are_refused(option: str) -> None:
    with pytest.raises(BadSetting, match=f"TICKER_REDIS_URL: .*{option.partition('=')[0]}"):
        Redis(f"redis://localhost:6379?{option}")


async def test_a_dedicated_connection_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    redis = Redis(f"unix://{tmp_path}/nobody.sock")
    with pytest.raises(Unavailable):
        async with redis.dedicated_connection() as dedicated:
            await dedicated("PING")
    await redis.close()


async def make_replica(redis: Redis) -> None:
    await redis("REPLICAOF", "127.0.0.1", "1")  # nothing listens there: it keeps its data, and takes no writes


async def test_after_a_write_is_refused_the_next_command_uses_a_new_connection(redis: Redis) -> None:
    writer, own = Redis(redis.url), []
    script = Script("admin.lua")
    writes = (
        lambda: writer("SET", "a", "1"),
        lambda: writer.run(script, ["admin", "keys"], ["digest", "holder"]),
        lambda: writer.pipeline(("GET", "a"), ("SET", "a", "1"), ("PING",)),
    )
    await make_replica(redis)
    for write in writes:
        own.append(await writer("CLIENT", "ID"))
        assert await writer("CLIENT", "ID") == own[-1], "reading keeps the connection"
        with pytest.raises(CannotWrite):
            await write()
        assert not writer.connected
    assert len(set(own)) == len(writes)
    outcomes = await writer.pipeline_outcomes(("ECHO", "first"), ("SET", "a", "1"), ("ECHO", "last"))
    assert [outcomes[0], type(outcomes[1]), outcomes[2]] == [b"first", CannotWrite, b"last"], "each has its outcome"
    await redis("REPLICAOF", "NO", "ONE")
    await writer("SET", "a", "1")
    await writer.close()


async def test_dedicated_connections_of_before_a_failover_are_not_used_after_it(redis: Redis) -> None:
    client, all_here = Redis(redis.url), asyncio.Barrier(5)

    async def own() -> Any:
        async with client.dedicated_connection() as dedicated:
            number = await dedicated("CLIENT", "ID")
            await all_here.wait()
            return number

    before = set(await asyncio.gather(*(own() for _ in range(5))))
    assert len(before) == 5
    assert set(await asyncio.gather(*(own() for _ in range(5)))) == before
    await make_replica(redis)
    with pytest.raises(CannotWrite):
        async with client.dedicated_connection() as dedicated:
            await dedicated("SET", "a", "1")
    await redis("REPLICAOF", "NO", "ONE")
    assert not before & set(await asyncio.gather(*(own() for _ in range(5))))
    await client.close()


async def test_reconnect_replaces_the_connection(redis: Redis) -> None:
    client = Redis(redis.url, response_timeout=60.0)
    before = await client("CLIENT", "ID")
    waiting = asyncio.create_task(client("BLPOP", "list", "0"))
    async with asyncio.timeout(30):
        while b"cmd=blpop" not in await redis("CLIENT", "LIST"):
            await asyncio.sleep(0)
    await client.reconnect()
    await redis("RPUSH", "list", "x")
    assert tuple(await waiting) == (b"list", b"x"), "a command in flight keeps its connection"
    assert await client("CLIENT", "ID") != before
    await client.close()


@pytest.mark.parametrize(
    ("message", "kind", "wrong_server"),
    [
        ("READONLY You can't write against a read only replica. script: f_1, on @user_script:1.", CannotWrite, True),
        ("ERR Error running script (call to f_1): @user_script:1: -READONLY You can't write", CannotWrite, True),
        ("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", CannotWrite, True),
        ("CLUSTERDOWN The cluster is down", ShardDown, True),
        ("LOADING Redis is loading the dataset in memory", None, True),
        ("OOM command not allowed when used memory > 'maxmemory'.", LogFull, False),
        ("ERR Error running script: @user_script:1: -OOM command not allowed", LogFull, False),
        ("MISCONF Redis is configured to save RDB snapshots", CannotWrite, False),
        ("NOREPLICAS Not enough good replicas to write.", CannotWrite, False),
        ("WRONGTYPE Operation against a key holding the wrong kind of value", WrongType, False),
    ],
)
async def test_each_error_has_its_kind_and_those_of_the_wrong_server_end_the_connection(
    message: str, kind: type[Exception] | None, *, wrong_server: bool, tmp_path: Path
) -> None:
    gone = asyncio.Event()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while b"GET" not in (data := await reader.read(4096)):
            writer.write(b"+OK\r\n" * data.count(b"SETINFO"))  # redis-py introduces itself with its name and version
            if not data:
                break
        writer.write(f"-{message}\r\n".encode())
        await reader.read()
        writer.close()
        await asyncio.wait([asyncio.ensure_future(writer.wait_closed())])
        gone.set()

    server = await asyncio.start_unix_server(refuse, f"{tmp_path}/s")
    redis = Redis(f"unix://{tmp_path}/s")
    with pytest.raises(kind or Unavailable) as raised:
        await redis("GET", "x")
    assert type(raised.value) is (kind or Unavailable)
    assert redis.connected is not wrong_server
    await redis.close()
    await gone.wait()
    server.close()


class Resetting:
    """A TCP proxy that resets its connections on demand, as a middlebox does that forgot them."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._clients: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._between, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.reset()
        self._server.close()

    def reset(self) -> None:
        for client in self._clients:
            linger = struct.pack("ii", 1, 0)  # closing then sends RST
            client.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            client.transport.abort()
        self._clients.clear()

    async def _between(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.append(writer)
        redis_reader, redis_writer = await asyncio.open_connection("127.0.0.1", self._target)

        async def carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError, RuntimeError):
                while data := await source.read(65536):
                    sink.write(data)
            sink.close()

        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(carry(reader, redis_writer), carry(redis_reader, writer))


@pytest.mark.parametrize("anyio_backend", [("asyncio", {"use_uvloop": True})])
async def test_a_connection_that_was_reset_while_idle_is_replaced(tmp_path: Path) -> None:
    async with server(binary(), tmp_path / "log") as (port, _), Resetting(port) as between:
        behind = Redis(f"redis://127.0.0.1:{between.port}")
        for _ in range(20):
            assert await behind("ECHO", "here") == b"here"
            async with behind.dedicated_connection() as dedicated:
                assert await dedicated("ECHO", "here") == b"here"
                between.reset()
                for _ in range(10):  # until the loop has seen it
                    await asyncio.sleep(0)
                with pytest.raises(Unavailable):
                    await dedicated("PING")
        await behind.close()


async def test_what_a_subscription_received_together_is_ready_without_waiting(redis: Redis) -> None:
    async with redis.subscription() as subscription:
        await subscription.add("one", "two")
        while await redis("PUBLISH", "two", "known") == 0:
            pass
        while await subscription.next(20.0) != ("two", b"known"):  # Redis confirms each subscription before
            pass
        assert subscription.ready() == []
        await redis.pipeline(("PUBLISH", "one", "1"), ("PUBLISH", "two", "2"), ("PUBLISH", "one", "3"))
        received: list[tuple[str, bytes]] = []
        while len(received) < 3:
            message = await subscription.next(20.0)
            assert message is not None
            received += [message, *subscription.ready()]
        assert received == [("one", b"1"), ("two", b"2"), ("one", b"3")]


async def test_an_error_among_what_a_subscription_received_is_raised(redis: Redis) -> None:
    async with redis.subscription() as subscription:
        await subscription.add("one")
        await subscription.response()
        subscription._connection._parser._reader.feed(b"-NOPERM no permissions\r\n")  # type: ignore[attr-defined]
        with pytest.raises(NotPermitted):
            subscription.ready()


@pytest.mark.parametrize("anyio_backend", [("asyncio", {"use_uvloop": True})])
async def test_a_subscription_that_was_reset_while_idle_is_lost_and_no_bug(tmp_path: Path) -> None:
    async with server(binary(), tmp_path / "log") as (port, _), Resetting(port) as between:
        behind = Redis(f"redis://127.0.0.1:{between.port}")
        for _ in range(20):
            async with behind.subscription() as subscription:
                await subscription.add("one")
                assert await subscription.next(0.05) is None
                between.reset()
                for _ in range(10):  # until the loop has seen it
                    await asyncio.sleep(0)
                with pytest.raises(Unavailable):
                    await subscription.add("two")
                    await subscription.next(20.0)
        await behind.close()


async def test_an_unforeseen_error_reaches_the_caller_as_it_is(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise LookupError("a bug")

    await redis("PING")  # redis-py has errors of its own while it connects
    monkeypatch.setattr(AbstractConnection, "send_packed_command", fail)
    with pytest.raises(LookupError, match="a bug"):
        await redis("PING")
    monkeypatch.undo()
    assert await redis("ECHO", "again") == b"again"
