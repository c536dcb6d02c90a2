"""The client: commands travel together, and each gets its own answer or its own error."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ticker.errors import BadSetting, CannotWrite, LogFull, Unavailable
from ticker.journal.redis import Redis, Refused, Script, WrongType

pytestmark = pytest.mark.anyio


@pytest.fixture
def sent(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many commands went in each sending."""
    sizes: list[int] = []
    send = redis._send

    async def counted(commands: list[Any]) -> list[Any]:
        sizes.append(len(commands))
        return await send(commands)

    monkeypatch.setattr(redis, "_send", counted)
    return sizes


async def test_commands_asked_for_at_once_are_sent_at_once_and_answered_each(redis: Redis, sent: list[int]) -> None:
    await redis("SET", "text", "x")
    del sent[:]
    asked = [redis("INCR", "text") if number == 7 else redis("ECHO", str(number)) for number in range(50)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sent == [50]
    assert isinstance(answers.pop(7), Refused)
    assert answers == [str(number).encode() for number in range(50) if number != 7]


async def test_what_is_asked_while_others_are_under_way_goes_next_and_in_order(redis: Redis, sent: list[int]) -> None:
    first = asyncio.create_task(redis("PING"))
    await asyncio.sleep(0)  # it is asked for
    await asyncio.sleep(0)  # and under way
    rest = [asyncio.create_task(redis("RPUSH", "list", number)) for number in range(20)]
    await asyncio.gather(first, *rest)
    assert sent == [1, 20]
    assert await redis("LRANGE", "list", 0, -1) == [str(number).encode() for number in range(20)]


async def test_who_stops_waiting_takes_no_answer_from_others(redis: Redis) -> None:
    impatient = asyncio.create_task(redis("ECHO", "a"))
    patient = asyncio.create_task(redis("ECHO", "b"))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == b"b"
    assert await redis("ECHO", "c") == b"c"


async def test_commands_together_fail_together_with_the_first_error(redis: Redis) -> None:
    with pytest.raises(Refused, match="unknown command"):
        await redis.together(("SET", "a", "1"), ("NOSUCH",), ("ALSO",))
    assert await redis("GET", "a") == b"1", "Redis runs the others all the same"


async def test_a_script_that_redis_lacks_is_sent_whole(redis: Redis, sent: list[int]) -> None:
    script = Script("look.lua")
    for _ in range(2):
        assert await redis.run(script, ["ticker:{x}:state", "o", "d"], [20]) is None
    assert len(sent) == 3, "the digest, the whole, and from then on the digest"


async def test_a_redis_that_is_not_there_fails_all_who_asked_and_only_them(tmp_path: Path) -> None:
    redis = Redis(f"unix://{tmp_path}/nobody.sock")
    for _ in range(2):
        answers = await asyncio.gather(*(redis("PING") for _ in range(5)), return_exceptions=True)
        assert all(isinstance(answer, Unavailable) for answer in answers)
        assert len({id(answer) for answer in answers}) == 5, "an error of its own for each"
    await redis.close()


async def test_commands_on_one_connection_stay_on_it_whatever_others_do(redis: Redis) -> None:
    async def mine() -> set[int]:
        async with redis.one_connection() as alone:
            return {await alone("CLIENT", "ID") for _ in range(5)}

    others = [asyncio.create_task(redis("PING")) for _ in range(20)]
    seen = await asyncio.gather(*(mine() for _ in range(8)))
    await asyncio.gather(*others)
    assert all(len(ids) == 1 for ids in seen)
    assert len(set.union(*seen)) == 8


async def test_a_lost_connection_of_ones_own_is_not_replaced_under_way(redis: Redis) -> None:
    async with redis.one_connection() as alone:
        await alone("SET", "written", "x")
        await redis("CLIENT", "KILL", "ID", await alone("CLIENT", "ID"))
        for _ in range(2):
            with pytest.raises(Unavailable):
                await alone("WAIT", 0, 1)  # on another connection it would speak of no writes
    async with redis.one_connection() as again:
        assert await again("GET", "written") == b"x"


async def test_no_more_connections_are_lent_than_there_are(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis, "_lending", asyncio.Semaphore(3))

    async def one() -> Any:
        async with redis.one_connection() as alone:
            return await alone("CLIENT", "ID")

    assert len(set(await asyncio.gather(*(one() for _ in range(20))))) <= 3


async def test_a_connection_whose_user_gave_up_is_not_lent_again(redis: Redis) -> None:
    async def impatient() -> None:
        async with redis.one_connection() as alone:
            await alone("BLPOP", "nothing", "5")

    waiting = asyncio.create_task(impatient())
    async with asyncio.timeout(10):
        while b"cmd=blpop" not in await redis("CLIENT", "LIST"):
            await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    async with redis.one_connection() as alone:
        assert await alone("ECHO", "mine") == b"mine"


async def test_closing_under_way_leaves_nobody_waiting_and_nothing_open(redis: Redis) -> None:
    for turns in range(1, 12):  # from before it connects to after it has sent
        closing = Redis(redis._url)
        waiting = asyncio.create_task(closing("BLPOP", "nothing", "5"))
        for _ in range(turns):
            await asyncio.sleep(0)
        await closing.close()
        with pytest.raises(Unavailable):
            await waiting
        assert not closing._connection.is_connected


async def test_an_answer_that_comes_too_late_is_nobody_elses(redis: Redis) -> None:
    hasty = Redis(redis._url, answer_within=0.5)
    with pytest.raises(Unavailable):
        await hasty("BLPOP", "nothing", "1")
    assert await hasty("ECHO", "mine") == b"mine"
    await hasty.close()


async def test_many_answers_have_more_time_than_one(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticker.journal.redis.PATIENCE", 2)
    slow = Redis(redis._url, answer_within=0.7)
    assert await slow.together(*[("BLPOP", "nothing", "0.1")] * 10) == [None] * 10  # a second in all, or more
    await slow.close()


@pytest.mark.parametrize("option", ["protocol=3", "health_check_interval=5", "nonsense=1"])
def test_options_that_would_break_it_are_refused(option: str) -> None:
    with pytest.raises(BadSetting, match=f"TICKER_REDIS_URL: .*{option.partition('=')[0]}"):
        Redis(f"redis://localhost:6379?{option}")


async def test_a_connection_that_cannot_be_had_is_told_in_our_words(tmp_path: Path) -> None:
    redis = Redis(f"unix://{tmp_path}/nobody.sock")
    with pytest.raises(Unavailable):
        async with redis.one_connection() as alone:
            await alone("PING")
    await redis.close()


async def make_replica(redis: Redis) -> None:
    await redis("REPLICAOF", "127.0.0.1", "1")  # where nobody is: it stays what it is, and takes no writes


async def test_a_server_that_takes_no_writes_is_left_for_a_new_connection(redis: Redis) -> None:
    writer, own = Redis(redis._url), []
    script = Script("admin.lua")
    writes = (
        lambda: writer("SET", "a", "1"),
        lambda: writer.run(script, ["admin", "keys"], ["digest", "holder"]),
        lambda: writer.together(("GET", "a"), ("SET", "a", "1"), ("PING",)),
    )
    await make_replica(redis)
    for write in writes:
        own.append(await writer("CLIENT", "ID"))
        assert await writer("CLIENT", "ID") == own[-1], "reading keeps the connection"
        with pytest.raises(CannotWrite):
            await write()
        assert not writer.connected
    assert len(set(own)) == len(writes)
    outcomes = await writer.outcomes(("ECHO", "first"), ("SET", "a", "1"), ("ECHO", "last"))
    assert [outcomes[0], type(outcomes[1]), outcomes[2]] == [b"first", CannotWrite, b"last"], "each has its answer"
    await redis("REPLICAOF", "NO", "ONE")
    await writer("SET", "a", "1")
    await writer.close()


async def test_connections_lent_before_a_failover_are_not_lent_after_it(redis: Redis) -> None:
    lender = Redis(redis._url)

    async def own() -> Any:
        async with lender.one_connection() as alone:
            number = await alone("CLIENT", "ID")
            await asyncio.sleep(0.02)
            return number

    before = set(await asyncio.gather(*(own() for _ in range(5))))
    assert len(before) == 5
    assert set(await asyncio.gather(*(own() for _ in range(5)))) == before
    await make_replica(redis)
    with pytest.raises(CannotWrite):
        async with lender.one_connection() as alone:
            await alone("SET", "a", "1")
    await redis("REPLICAOF", "NO", "ONE")
    assert not before & set(await asyncio.gather(*(own() for _ in range(5))))
    await lender.close()


async def test_connections_are_made_again_when_asked_for(redis: Redis) -> None:
    asking = Redis(redis._url)
    before = await asking("CLIENT", "ID")
    waiting = asyncio.create_task(asking("BLPOP", "list", "5"))
    async with asyncio.timeout(10):
        while b"cmd=blpop" not in await redis("CLIENT", "LIST"):
            await asyncio.sleep(0)
    await asking.redial()
    await redis("RPUSH", "list", "x")
    assert tuple(await waiting) == (b"list", b"x"), "what is under way keeps its connection"
    assert await asking("CLIENT", "ID") != before
    await asking.close()


@pytest.mark.parametrize(
    ("said", "kind", "elsewhere"),
    [
        ("READONLY You can't write against a read only replica. script: f_1, on @user_script:1.", CannotWrite, True),
        ("ERR Error running script (call to f_1): @user_script:1: -READONLY You can't write", CannotWrite, True),
        ("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", CannotWrite, True),
        ("CLUSTERDOWN The cluster is down", CannotWrite, True),
        ("LOADING Redis is loading the dataset in memory", None, True),
        ("OOM command not allowed when used memory > 'maxmemory'.", LogFull, False),
        ("ERR Error running script: @user_script:1: -OOM command not allowed", LogFull, False),
        ("MISCONF Redis is configured to save RDB snapshots", CannotWrite, False),
        ("NOREPLICAS Not enough good replicas to write.", CannotWrite, False),
        ("WRONGTYPE Operation against a key holding the wrong kind of value", WrongType, False),
    ],
)
async def test_each_refusal_has_its_kind_and_those_of_another_server_end_the_connection(
    said: str, kind: type[Exception] | None, *, elsewhere: bool, tmp_path: Path
) -> None:
    gone = asyncio.Event()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while b"GET" not in (data := await reader.read(4096)):
            writer.write(b"+OK\r\n" * data.count(b"SETINFO"))  # it greets with its name and version
            if not data:
                break
        writer.write(f"-{said}\r\n".encode())
        await reader.read()
        writer.close()
        await asyncio.wait([asyncio.ensure_future(writer.wait_closed())])
        gone.set()

    server = await asyncio.start_unix_server(refuse, f"{tmp_path}/s")
    redis = Redis(f"unix://{tmp_path}/s")
    with pytest.raises(kind or Unavailable) as raised:
        await redis("GET", "x")
    assert type(raised.value) is (kind or Unavailable)
    assert redis.connected is not elsewhere
    await redis.close()
    await gone.wait()
    server.close()
