"""A script of which Redis refuses a command half-way leaves nothing behind, whichever command it is."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.journal.test_append import chained
from ticker import changes
from ticker.errors import NotPermitted, Unavailable
from ticker.journal import names
from ticker.journal.embedded import binary
from ticker.journal.feed_settings import FeedSettings
from ticker.journal.holder import Holder
from ticker.journal.log import Journal
from ticker.journal.redis import Redis
from ticker.journal.redis_errors import CommandError
from ticker.journal.registry import NEVER, Registry
from ticker.journal.rights import IN_SCRIPTS
from ticker.journal.transfer import export_feed, import_feed

pytestmark = pytest.mark.anyio

MONA: Final = Holder("mona", "Mona", "editor", "2026-01-01T00:00:00.000Z")
LUIS: Final = Holder("luis", "Luis", "editor", "2026-01-01T00:00:00.000Z")
FIELDS: Final = {"text": "one", "urgency": "normal", "language": "en", "places": ["MENA"], "sections": ["Politics"]}
OTHERS: Final = {"text": "two", "urgency": "normal", "language": "en", "places": ["Europe"], "story": "talks"}
SETTINGS: Final = FeedSettings("breaking", "Breaking", "en", "2026-01-01T00:00:00.000Z")
HOUR: Final = 3_600_000

WRITING: Final = (
    "DEL",
    "HDEL",
    "HINCRBY",
    "HSET",
    "HSETNX",
    "PUBLISH",
    "SET",
    "RPUSH",
    "RPOP",
    "XADD",
    "XDEL",
    "ZADD",
    "ZREM",
)
"""Commands that change something; what a script only reads is refused before it has written."""


class Room(NamedTuple):
    """A feed with something of everything in it, and a user of its own for the service."""

    admin: Redis
    journal: Journal
    user: Redis
    dispatch: str
    flash: str
    held: str

    async def take(self, *rights: str) -> None:
        """Take rights from the user, or give them."""
        await self.admin("ACL", "SETUSER", "service", *rights)

    async def content(self) -> dict[bytes, Any]:
        """Everything that is in Redis, apart from a count that means nothing."""
        found = {}
        _, keys = await self.admin("SCAN", 0, "COUNT", 10_000)
        for key in sorted(keys):
            kind = (await self.admin("TYPE", key)).decode()
            value = await self.admin(*READ[kind](key))
            if isinstance(value, dict):
                value = dict(value)
                value.pop(b"repeats", None)
            found[key] = value
        return found


READ: Final[dict[str, Callable[[bytes], tuple[Any, ...]]]] = {
    "hash": lambda key: ("HGETALL", key),
    "list": lambda key: ("LRANGE", key, 0, -1),
    "set": lambda key: ("SMEMBERS", key),
    "stream": lambda key: ("XRANGE", key, "-", "+"),
    "string": lambda key: ("GET", key),
    "zset": lambda key: ("ZRANGE", key, 0, -1, "WITHSCORES"),
}


@pytest.fixture(scope="module", params=["valkey", "redis-server"])
def address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server for all tests of this file: each of the hundreds empties it, which takes less time than to start one."""
    program = binary() if request.param == "valkey" else shutil.which(request.param)
    assert program is not None, "redis-server is needed: apt-get install redis-server"
    path = tmp_path_factory.mktemp("s") / "socket"
    flags = ["--port", "0", "--unixsocket", str(path), "--save", ""]
    server = subprocess.Popen([program, *flags], cwd=path.parent, stdout=subprocess.DEVNULL)
    yield f"unix://{path}"
    server.kill()
    server.wait()


@pytest.fixture
async def redis(address: str) -> AsyncIterator[Redis]:
    client = Redis(address)
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(Unavailable):
                await client.pipeline(("FLUSHALL",), ("CONFIG", "SET", "maxmemory", 0))
                break
            await asyncio.sleep(0.01)
    yield client
    await client("ACL", "DELUSER", "service")
    await client.close()


@pytest.fixture
async def room(redis: Redis) -> AsyncIterator[Room]:
    await redis("ACL", "SETUSER", "service", "on", ">pass", "allkeys", "allchannels", "+@all")
    user = Redis(f"unix://service:pass@{urlsplit(redis.url).path}")
    await Registry(redis).open_feed(SETTINGS)
    journal, confirm = Journal(redis), changes.RequestConfirmation(timeout=HOUR)
    dispatch = (await journal.append("breaking", changes.File(MONA, FIELDS))).body["id"]
    await journal.append("breaking", changes.Correct(MONA, dispatch, FIELDS | {"text": "once"}))
    flash = (await journal.append("breaking", changes.File(MONA, FIELDS, confirmation=confirm))).body["id"]
    held = (await journal.append("breaking", changes.Hold(MONA, FIELDS, NEVER - HOUR))).body["id"]
    yield Room(redis, Journal(user), user, dispatch, flash, held)
    await user.close()


Make = Callable[[Room, str], changes.Change]
KINDS: Final[dict[str, Make]] = {
    "file": lambda _, key: changes.File(MONA, OTHERS, idempotency_key=key),
    "flash": lambda _, key: changes.File(
        MONA, FIELDS, confirmation=changes.RequestConfirmation(timeout=HOUR), idempotency_key=key
    ),
    "correct": lambda room, key: changes.Correct(MONA, room.dispatch, OTHERS, idempotency_key=key),
    "confirm": lambda room, key: changes.Correct(
        LUIS, room.flash, FIELDS, confirmation=changes.GiveConfirmation(), idempotency_key=key
    ),
    "kill": lambda room, key: changes.Kill(MONA, room.dispatch, "wrong", idempotency_key=key),
    "kill of a flash": lambda room, key: changes.Kill(MONA, room.flash, "wrong", idempotency_key=key),
    "pin": lambda room, key: changes.Pin(MONA, room.dispatch, idempotency_key=key),
    "air": lambda _, key: changes.Air(MONA, {"on": False, "label": None, "url": None}, idempotency_key=key),
    "hold": lambda _, key: changes.Hold(MONA, OTHERS, NEVER - HOUR, idempotency_key=key),
    "edit": lambda room, key: changes.Edit(MONA, room.held, OTHERS, NEVER - 2 * HOUR, idempotency_key=key),
    "spike": lambda room, key: changes.Spike(MONA, room.held, "no", idempotency_key=key),
    "release": lambda room, key: changes.Release(MONA, room.held, OTHERS, revision=1, idempotency_key=key),
}


def test_the_writing_commands_are_those_that_scripts_call() -> None:
    assert set(WRITING) <= IN_SCRIPTS.keys()
    reads = r"H?(M?GET|EXISTS)|HKEYS|HLEN|[SZ]CARD|SISMEMBER|TIME|XRANGE|Z(REV)?RANGE(BYSCORE)?|ZSCORE"
    revocation = ("SREM", "SADD")  # the first writes of revoke.lua, which is repeated until all of it is done
    others = IN_SCRIPTS.keys() - {*WRITING, *revocation}
    assert [name for name in others if not re.fullmatch(reads, name)] == []


@pytest.mark.parametrize("command", WRITING)
@pytest.mark.parametrize("kind", KINDS)
async def test_a_refused_command_leaves_nothing_and_the_same_request_succeeds_later(
    room: Room, kind: str, command: str
) -> None:
    change, before = KINDS[kind](room, "key"), await room.content()
    await room.take(f"-{command}")
    try:
        receipt = (await room.journal.append("breaking", change)).body
    except NotPermitted:
        assert await room.content() == before
        # Others go on as soon as they may, at the next offset.
        await room.take("+@all")
        await room.journal.append("breaking", changes.File(LUIS, FIELDS, idempotency_key="other"))
        first = await room.journal.append("breaking", change)
        assert not first.repeated
        receipt = first.body
    else:
        await room.take("+@all")  # it needed no such command
    after = await room.content()
    again = await room.journal.append("breaking", change)
    assert (again.body, again.repeated) == (receipt, True)
    assert await room.content() == after
    entries = await chained(Journal(room.admin), SETTINGS)
    if "position" in receipt:
        assert [str(entry.tail.position) for entry in entries].count(receipt["position"]) == 1


USES: Final = {
    "HDEL": "confirm",
    "HINCRBY": "file",
    "HSET": "air",
    "RPOP": "correct",
    "RPUSH": "correct",
    "SET": "pin",
    "XADD": "file",
    "ZADD": "file",
    "ZREM": "release",
}


async def test_the_commands_are_refused_to_the_kinds_that_use_them(room: Room) -> None:
    """Otherwise the test above would show nothing of it. The others undo, belong to closing, or are not needed."""
    assert set(WRITING) - USES.keys() == {"DEL", "XDEL", "HSETNX", "PUBLISH"}
    for command, kind in USES.items():
        await room.take("+@all", f"-{command}")
        with pytest.raises(NotPermitted):
            await room.journal.append("breaking", KINDS[kind](room, command))


DAMAGED: Final = (
    *("dispatches", "filers", "order", "revisions", "earlier", "labels", "held", "due", "flashes", "desk", "log"),
)


@pytest.mark.parametrize("name", DAMAGED)
@pytest.mark.parametrize("kind", KINDS)
async def test_a_key_of_the_wrong_type_leaves_nothing(room: Room, kind: str, name: str) -> None:
    key = names.earlier("breaking", room.dispatch) if name == "earlier" else getattr(names, name)("breaking")
    if name == "revisions":  # which version 0.1.0 wrote
        await room.admin("HSET", key, "another", '{"revision":1}')
    await room.admin("RENAME", key, "aside")
    await room.admin("SET", key, "damaged")
    before = await room.content()
    try:
        await room.journal.append("breaking", KINDS[kind](room, "key"))
    except CommandError:
        assert await room.content() == before
    except Unavailable:
        raise
    except Exception:  # noqa: BLE001  # it was found not to be there
        assert await room.content() == before
    else:
        return  # it did not need that key
    await room.admin("RENAME", "aside", key)
    assert not (await room.journal.append("breaking", KINDS[kind](room, "key"))).repeated
    await chained(Journal(room.admin), SETTINGS)


async def test_a_label_of_the_wrong_type_leaves_nothing_of_a_dispatch(room: Room) -> None:
    await room.admin("SET", names.index("breaking", "story", "talks"), "damaged")
    before = await room.content()
    for kind in ("file", "correct"):
        with pytest.raises(CommandError):
            await room.journal.append("breaking", KINDS[kind](room, kind))
        assert await room.content() == before


async def test_a_message_that_may_not_be_published_does_not_refuse_the_entry(room: Room) -> None:
    await room.take("resetchannels")
    receipt = (await room.journal.append("breaking", KINDS["file"](room, "key"))).body
    entries = await chained(Journal(room.admin), SETTINGS)
    assert str(entries[-1].tail.position) == receipt["position"]


async def test_a_record_of_a_request_that_was_not_done_is_void(room: Room) -> None:
    """As a script leaves one that may neither write the entry nor delete the record."""
    await room.take("-xadd", "-del")
    for kind in KINDS:
        with pytest.raises(NotPermitted):
            await room.journal.append("breaking", KINDS[kind](room, kind))
    await room.take("+@all")
    answered = [key for key in await room.content() if b":answered:" in key]
    assert len(answered) == len(KINDS)
    done = ("file", "flash", "air", "hold", "pin", "correct", "edit", "confirm", "kill", "spike")
    for kind in done:
        first = await room.journal.append("breaking", KINDS[kind](room, kind))
        assert not first.repeated
        again = await room.journal.append("breaking", KINDS[kind](room, kind))
        assert (again.body, again.repeated) == (first.body, True)


async def test_another_request_with_the_key_of_a_void_one_is_made(room: Room) -> None:
    await room.take("-xadd", "-del")
    with pytest.raises(NotPermitted):
        await room.journal.append("breaking", KINDS["file"](room, "key"))
    await room.take("+@all")
    assert not (await room.journal.append("breaking", KINDS["flash"](room, "key"))).repeated


@pytest.mark.parametrize("kind", ["hold", "edit"])
async def test_a_held_dispatch_that_was_changed_since_is_known_to_have_been_changed(room: Room, kind: str) -> None:
    first = await room.journal.append("breaking", KINDS[kind](room, "key"))
    held = first.body["id"]
    for change in (
        changes.Edit(LUIS, held, FIELDS, NEVER - HOUR),
        changes.Spike(LUIS, held, "no"),
    ):
        await room.journal.append("breaking", change)
        again = await room.journal.append("breaking", KINDS[kind](room, "key"))
        assert (again.body, again.repeated) == (first.body, True)


async def test_a_record_of_a_lost_history_is_void(room: Room) -> None:
    first = await room.journal.append("breaking", KINDS["file"](room, "key"))
    offset = int(first.body["position"].partition("-")[0])
    await room.admin("DEL", names.log("breaking"), names.state("breaking"))
    await Registry(room.admin).open_feed(FeedSettings("sports", "Sports", "en", ""))
    for member, value in (("origin", "ab" * 20), ("hash", "ab" * 20), ("at", 0), ("offset", 0)):
        await room.admin("HSET", names.state("breaking"), member, value)
    for _ in range(offset):
        await room.journal.append("breaking", changes.File(MONA, FIELDS))
    assert not (await room.journal.append("breaking", KINDS["file"](room, "key"))).repeated


async def test_a_kill_is_made_although_the_memory_is_full(room: Room) -> None:
    await room.admin("CONFIG", "SET", "maxmemory", 1)
    for kind in ("file", "correct"):
        with pytest.raises(Unavailable):
            await room.journal.append("breaking", KINDS[kind](room, "other"))
    await room.journal.append("breaking", KINDS["kill"](room, "key"))
    assert (await room.journal.append("breaking", KINDS["kill"](room, "key"))).repeated


@pytest.mark.parametrize("command", ["HSET", "XADD", "ZADD", "HINCRBY"])
async def test_an_import_that_is_refused_leaves_whole_entries(room: Room, command: str) -> None:
    lines = [line async for line, _ in export_feed(room.admin, SETTINGS)]
    head, *rest = lines
    async for _ in import_feed(room.admin, [head, rest[0], *rest[1:]], name="whole"):
        pass
    whole = {key: value for key, value in (await room.content()).items() if b"{whole}" in key}
    importing = import_feed(room.user, lines, name="copy")
    await anext(importing)
    before = {key: value for key, value in (await room.content()).items() if b"{copy}" in key}
    await room.take(f"-{command}")
    with pytest.raises(NotPermitted):
        await anext(importing)
    assert {key: value for key, value in (await room.content()).items() if b"{copy}" in key} == before
    await room.take("+@all")
    async for _ in import_feed(room.user, lines, name="copy"):
        pass
    copied = {key: value for key, value in (await room.content()).items() if b"{copy}" in key}
    assert {key.replace(b"copy", b"whole"): value for key, value in copied.items()} == whole


ACTS: Final[dict[str, Callable[[Registry], Awaitable[object]]]] = {
    "close": lambda registry: registry.close("breaking"),
    "reopen": lambda registry: registry.edit("breaking", {"closed": None}),
}


@pytest.mark.parametrize("command", ["HSETNX", "DEL", "HDEL", "ZADD", "PUBLISH"])
@pytest.mark.parametrize("act", ACTS)
async def test_closing_and_reopening_are_completed_when_asked_again(room: Room, act: str, command: str) -> None:
    await room.admin("ZADD", names.due("breaking"), 1, room.held)
    if act == "reopen":
        await Registry(room.admin).close("breaking")
    await room.take(f"-{command}")
    try:
        await ACTS[act](Registry(room.user))
    except NotPermitted:
        await room.take("+@all")
        await ACTS[act](Registry(room.user))
    closed = await room.admin("HEXISTS", names.state("breaking"), "closed")
    assert closed == (act == "close")
    assert await room.admin("EXISTS", names.flashes("breaking")) == 0
    assert int(await room.admin("ZSCORE", names.due("breaking"), room.held)) == (1 if closed else NEVER)


@pytest.mark.parametrize("command", ["HSET", "SET"])
async def test_an_admin_key_that_could_not_be_issued_is_issued_the_next_time(room: Room, command: str) -> None:
    secret = "a key from the environment"
    for act in (Registry(room.user).ensure, Registry(room.user).set_admin):
        await room.admin("DEL", names.ADMIN, names.KEYS)
        await room.take(f"-{command}")
        with pytest.raises(NotPermitted):
            await act(secret)
        await room.take("+@all")
        await act(secret)
        assert await Registry(room.user).holder(secret) is not None
        assert await room.admin("EXISTS", names.ADMIN) == 1
