"""A log is proven to be unbroken, or what is wrong with it is named."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.journal.test_append import FIELDS, MONA, filing, opened
from tests.journal.walked import LOG, STATE, entry_at, life, rewrite
from ticker import changes
from ticker.journal import names, walk
from ticker.journal import verify as verification
from ticker.journal.log import Journal
from ticker.journal.redis import Redis
from ticker.journal.verify import Verifier
from ticker.journal.walk import Step

pytestmark = pytest.mark.anyio

anywhere = pytest.mark.usefixtures("pages")


async def test_a_feed_without_entries_proves_itself(redis: Redis) -> None:
    await opened(redis)
    tail, fault = await Verifier(redis, "breaking").verify()
    assert (tail.offset, fault) == (0, None)


@anywhere
async def test_an_unbroken_log_is_proven_to_its_tail(redis: Redis) -> None:
    journal, settings = await opened(redis)
    await life(journal)
    feed = await journal.read_state(settings)
    assert feed is not None
    assert await Verifier(redis, "breaking").verify() == (feed.tail, None)


def _by(*command: str) -> Callable[[Redis, list[str]], Awaitable[None]]:
    async def damage(redis: Redis, _: list[str]) -> None:
        await redis(*command)

    return damage


async def _change_a_byte(redis: Redis, _: list[str]) -> None:
    entry = (await entry_at(redis, 3))[b"entry"]
    await rewrite(redis, 3, entry=entry.replace(b"corrected", b"cprrected"))


async def _break_the_json(redis: Redis, _: list[str]) -> None:
    await rewrite(redis, 5, entry=(await entry_at(redis, 5))[b"entry"][:-1])


async def _name_another_kind(redis: Redis, _: list[str]) -> None:
    await rewrite(redis, 5, entry=(await entry_at(redis, 5))[b"entry"].replace(b'"correct"', b'"corrupt"'))


async def _change_a_hash(redis: Redis, _: list[str]) -> None:
    hash = (await entry_at(redis, 8))[b"hash"]
    await rewrite(redis, 8, hash=hash[:-1] + (b"0" if hash[-1:] != b"0" else b"1"))


async def _change_the_origin(redis: Redis, _: list[str]) -> None:
    await redis("HSET", STATE, "origin", "0" * 40)


async def _lose_the_state(redis: Redis, _: list[str]) -> None:
    await redis("DEL", STATE)


async def _put_an_entry_between(redis: Redis, _: list[str]) -> None:
    kept = await redis("XRANGE", LOG, "-", "+")
    await redis("DEL", LOG)
    for id, said in kept:
        members = [part for member in said.items() for part in member]
        await redis("XADD", LOG, id, *members)
        if id == b"2-0":
            await redis("XADD", LOG, "2-1", *members)


async def _add_to_the_tail(redis: Redis, _: list[str]) -> None:
    said = await entry_at(redis, 9)
    await redis("XADD", LOG, "10-0", *(part for member in said.items() for part in member))


async def _cut_the_tail_and_hide_it(redis: Redis, ids: list[str]) -> None:
    before = await entry_at(redis, 7)
    await redis("XDEL", LOG, "8-0", "9-0")
    await redis("HSET", STATE, "offset", 7, "hash", before[b"hash"], "pinned", ids[0])


async def _change_a_dispatch(redis: Redis, ids: list[str]) -> None:
    shown = await redis("HGET", names.dispatches("breaking"), ids[2])
    await redis("HSET", names.dispatches("breaking"), ids[2], shown.replace(b"three", b"thr33"))


async def _garble_a_dispatch(redis: Redis, ids: list[str]) -> None:
    await redis("HSET", names.dispatches("breaking"), ids[2], "{")


async def _lose_a_dispatch(redis: Redis, ids: list[str]) -> None:
    await redis("HDEL", names.dispatches("breaking"), ids[2])


async def _revive_the_killed(redis: Redis, ids: list[str]) -> None:
    entry = (await entry_at(redis, 2))[b"entry"]
    await redis("HSET", names.dispatches("breaking"), ids[1], entry[entry.index(b'"dispatch":') + 11 : -1])


async def _keep_text_of_the_killed(redis: Redis, ids: list[str]) -> None:
    await redis("HSET", names.revisions("breaking"), ids[1], '{"text":"two"}')


async def _change_an_earlier_revision(redis: Redis, ids: list[str]) -> None:
    shown = await redis("LINDEX", names.earlier("breaking", ids[0]), 1)
    await redis("LSET", names.earlier("breaking", ids[0]), 1, shown.replace(b"one, corrected", b"one, corrupted"))


async def _lose_earlier_revisions(redis: Redis, ids: list[str]) -> None:
    await redis("DEL", names.earlier("breaking", ids[0]))


async def _raise_a_revision(redis: Redis, ids: list[str]) -> None:
    shown = await redis("HGET", names.dispatches("breaking"), ids[0])
    await redis("HSET", names.dispatches("breaking"), ids[0], shown.replace(b'"revision":3', b'"revision":4'))
    await redis("RPUSH", names.earlier("breaking", ids[0]), shown)


async def _move_a_dispatch(redis: Redis, ids: list[str]) -> None:
    await redis("ZADD", names.order("breaking"), 9, ids[0])


async def _smuggle_a_dispatch_in(redis: Redis, ids: list[str]) -> None:
    await redis("HSET", names.dispatches("breaking"), "smuggled", '{"id":"smuggled"}')
    await redis("ZADD", names.order("breaking"), 9, "smuggled")


async def _pin_another(redis: Redis, ids: list[str]) -> None:
    await redis("HSET", STATE, "pinned", ids[1])


@pytest.mark.parametrize(
    ("damage", "unbroken", "fault"),
    [
        (_by("XDEL", LOG, "4-0"), 3, "entry 4 is missing"),
        (_by("XDEL", LOG, "1-0", "2-0"), 0, "entries 1 to 2 are missing"),
        (_change_a_byte, 2, "entry 3 does not follow from the one before it"),
        (_break_the_json, 4, "entry 5 cannot be read"),
        (_name_another_kind, 4, "entry 5 cannot be read"),
        (_change_a_hash, 7, "entry 8 does not follow from the one before it"),
        (_change_the_origin, 0, "entry 1 does not follow from the one before it"),
        (_lose_the_state, 0, "the log is not there"),
        (_put_an_entry_between, 2, "entry 2 is there twice"),
        (_by("XDEL", LOG, "8-0", "9-0"), 7, "the log ends at 7-{7}, and should end at 9-{9}"),
        (_by("DEL", LOG), 0, "the log ends at 0-{0}, and should end at 9-{9}"),
        (_add_to_the_tail, 9, "entry 10 does not follow from the one before it"),
        (_cut_the_tail_and_hide_it, 7, "the dispatch {third} is shown, but the log does not have it"),
        (_change_a_dispatch, 9, "the dispatch {third} is not shown as the log says"),
        (_garble_a_dispatch, 9, "the dispatch {third} is not shown as the log says"),
        (_lose_a_dispatch, 9, "the dispatch {third} is not shown as the log says"),
        (_revive_the_killed, 9, "the dispatch {second} is not shown as the log says"),
        (_keep_text_of_the_killed, 9, "the dispatch {second} was killed, but its earlier revisions are still shown"),
        (_change_an_earlier_revision, 9, "revision 2 of the dispatch {first} is not shown as the log says"),
        (_lose_earlier_revisions, 9, "revision 1 of the dispatch {first} is not shown as the log says"),
        (_raise_a_revision, 9, "the dispatch {first} is shown at a revision that the log does not have"),
        (_move_a_dispatch, 9, "the dispatch {first} is not at its place in the history"),
        (_smuggle_a_dispatch_in, 9, "the dispatch smuggled is shown, but the log does not have it"),
        (_pin_another, 9, "what is pinned is {second}, and the log says nothing"),
        (_by("HDEL", STATE, "air"), 9, "on or off the air is not shown as the log says"),
    ],
)
async def test_damage_is_named_where_it_is(
    redis: Redis,
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[Redis, list[str]], Awaitable[None]],
    unbroken: int,
    fault: str,
) -> None:
    for module in (walk, verification):
        monkeypatch.setattr(module, "PAGE", 4)
    journal, _ = await opened(redis)
    ids = await life(journal)
    base, entries = await journal.recent("breaking", 9, 9)
    tags = [tail.position.tag for tail in (base, *(entry.tail for entry in entries))]
    await damage(redis, ids)
    tail, found = await Verifier(redis, "breaking").verify()
    named = dict(zip(("first", "second", "third"), ids, strict=True))
    assert found == fault.format(*tags, **named)
    if damage not in (_lose_the_state, _change_the_origin):
        assert str(tail.position) == f"{unbroken}-{tags[unbroken]}"


@anywhere
async def test_what_is_written_during_the_walk_is_walked_too(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    journal, _ = await opened(redis)
    ids = await life(journal)
    proof, waiting = (
        Verifier(redis, "breaking"),
        [
            changes.Correct(MONA, ids[0], FIELDS | {"text": "meanwhile"}),
            changes.Kill(MONA, ids[2], "meanwhile"),
            changes.Pin(MONA, ids[0]),
            changes.Air(MONA, {"on": True, "label": None, "url": None}),
            filing(),
        ],
    )
    look = proof._wrong_dispatch

    async def look_while_others_write(page: list[Step]) -> str | None:
        if waiting:
            await journal.append("breaking", waiting.pop(0))
        return await look(page)

    monkeypatch.setattr(proof, "_wrong_dispatch", look_while_others_write)
    tail, fault = await proof.verify()
    assert (fault, tail.offset) == (None, 14 - len(waiting))


class Busy(Redis):
    """A client of a Redis in which others write just before a certain command is run."""

    def __init__(self, redis: Redis, before: str, journal: Journal, *waiting: changes.Change) -> None:
        self._redis = redis
        self._before = before
        self._journal = journal
        self._waiting = list(waiting)

    async def __call__(self, *command: Any) -> Any:
        if command[0] == self._before and self._waiting:
            await self._journal.append("breaking", self._waiting.pop(0))
        return await self._redis(*command)

    async def pipeline(self, *commands: tuple[Any, ...]) -> list[Any]:
        return await self._redis.pipeline(*commands)


@pytest.mark.parametrize(("command", "walked"), [("HMGET", 11), ("XRANGE", 11), ("HLEN", 9)])
async def test_what_is_written_at_the_end_of_the_walk_is_no_fault(redis: Redis, command: str, walked: int) -> None:
    journal, _ = await opened(redis)
    ids = await life(journal)
    unpinned = changes.Pin(MONA, ids[0])
    busy = Busy(redis, command, journal, filing(), unpinned)
    tail, fault = await Verifier(busy, "breaking").verify()
    assert (fault, tail.offset) == (None, walked)


async def test_a_kill_between_two_reads_of_a_dispatch_is_no_fault(redis: Redis) -> None:
    journal, _ = await opened(redis)
    ids = await life(journal)
    kill = changes.Kill(MONA, ids[0], "meanwhile")

    class Racing(Busy):
        async def pipeline(self, *commands: tuple[Any, ...]) -> list[Any]:
            first, *rest = commands
            answers = [await self._redis(*first)]
            if self._waiting and first[0] == "HMGET":
                await self._journal.append("breaking", self._waiting.pop(0))
            return answers + [await self._redis(*command) for command in rest]

    tail, fault = await Verifier(Racing(redis, "", journal, kill), "breaking").verify()
    assert (fault, tail.offset) == (None, 10)
