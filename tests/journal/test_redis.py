"""The client: commands travel together, and each gets its own answer or its own error."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ticker.errors import BadSetting, Unavailable
from ticker.journal.redis import Redis, Refused, Script

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
