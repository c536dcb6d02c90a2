"""Sessions in Redis: hashed, and gone when their time is over."""

from __future__ import annotations

import pytest

from ticker.desk.session import IDLE_TIMEOUT, LONGEST, MAX_SESSIONS, TOUCH_INTERVAL
from ticker.errors import NotFound
from ticker.journal import names
from ticker.journal.redis import Redis
from ticker.journal.registry import Registry
from ticker.journal.sessions import Sessions

pytestmark = pytest.mark.anyio

BEGAN = 1_800_000_000.0


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> float:
        return self.now


class Desk:
    """Sessions of one node, its clock, and a key."""

    def __init__(self, redis: Redis, key: str) -> None:
        self.redis, self.key, self.clock = redis, key, Clock()
        self.sessions = Sessions(redis, Registry(redis), clock=self.clock)

    async def begin(self) -> tuple[str, str]:
        """Begin a session; return its secret and its id."""
        begun = await self.sessions.begin(self.key, "a browser")
        assert begun is not None
        return begun[0], begun[1].session.id

    async def lasts(self) -> int:
        """Seconds until Redis forgets the one session that there is."""
        [name] = await self.redis("KEYS", "ticker:session:*")
        left: int = await self.redis("TTL", name)
        return left


@pytest.fixture
async def desk(redis: Redis) -> Desk:
    key, _ = await Registry(redis).issue("Mona", "editor", ["breaking"])
    return Desk(redis, key)


async def test_only_hashes_are_stored(desk: Desk) -> None:
    secret, id = await desk.begin()
    [name] = await desk.redis("KEYS", "ticker:session:*")
    stored = await desk.redis("GET", name)
    [listed] = (await desk.redis("HGETALL", names.SESSIONS)).items()
    assert listed[0].decode() == id
    everything = str([stored, listed, await desk.redis("KEYS", "*")])
    assert secret not in everything
    assert desk.key not in everything


async def test_a_session_is_found_by_its_secret_alone(desk: Desk) -> None:
    secret, id = await desk.begin()
    found = await desk.sessions.find(secret)
    assert found is not None
    assert (found.session.id, found.holder.name, found.begun) == (id, "Mona", "2027-01-15T08:00:00.000Z")
    for wrong in (id, secret[:-1], "", desk.key):
        assert await desk.sessions.find(wrong) is None
    assert await desk.sessions.begin("tk_unknown", None) is None


async def test_use_prolongs_a_session_but_never_beyond_its_longest(desk: Desk) -> None:
    secret, _ = await desk.begin()
    assert 0 <= IDLE_TIMEOUT - await desk.lasts() <= 30
    while desk.clock.now < BEGAN + LONGEST - IDLE_TIMEOUT:
        desk.clock.now += IDLE_TIMEOUT - 1
        found = await desk.sessions.find(secret)
        assert found is not None
        assert (found.session.used, found.session.begun) == (desk.clock.now, BEGAN)
    assert found is not None
    left = int(BEGAN + LONGEST - desk.clock.now)
    assert left < IDLE_TIMEOUT
    assert 0 <= left - await desk.lasts() <= 30
    assert found.expires == "2027-02-14T08:00:00.000Z", "thirty days after it began"
    desk.clock.now = BEGAN + LONGEST
    assert await desk.sessions.find(secret) is None


async def test_a_session_that_is_not_used_ends_after_twelve_hours(desk: Desk) -> None:
    secret, _ = await desk.begin()
    desk.clock.now += IDLE_TIMEOUT
    assert await desk.sessions.find(secret) is None, "also if Redis has not forgotten it yet"


async def test_use_is_noted_once_a_minute(desk: Desk) -> None:
    secret, _ = await desk.begin()
    await desk.sessions.find(secret)
    [name] = await desk.redis("KEYS", "ticker:session:*")
    await desk.redis("EXPIRE", name, 1000)
    desk.clock.now += TOUCH_INTERVAL - 1
    await desk.sessions.find(secret)
    assert await desk.lasts() <= 1000
    desk.clock.now += 1
    await desk.sessions.find(secret)
    assert await desk.lasts() > 1000


async def test_a_session_that_ended_is_not_prolonged(desk: Desk) -> None:
    secret, id = await desk.begin()
    await desk.sessions.end(id)
    desk.clock.now += 3600
    assert await desk.sessions.find(secret) is None
    assert await desk.redis("KEYS", "ticker:session*") == []
    with pytest.raises(NotFound):
        await desk.sessions.end(id)


async def test_sessions_that_ended_are_not_listed_and_forgotten(desk: Desk) -> None:
    _, expired = await desk.begin()
    [name] = await desk.redis("KEYS", "ticker:session:*")
    desk.clock.now += 1
    _, id = await desk.begin()
    await desk.redis("DEL", name)  # as Redis does when its time is over
    assert [each.session.id for each in await desk.sessions.every()] == [id]
    assert expired.encode() not in await desk.redis("HGETALL", names.SESSIONS)
    for digest in await desk.redis("HKEYS", names.KEYS):
        await desk.redis("HDEL", names.KEYS, digest)
    assert await desk.sessions.every() == []
    assert await desk.redis("KEYS", "ticker:session*") == []
    assert await desk.sessions.every() == []


async def test_one_key_has_a_bounded_number_of_sessions(desk: Desk) -> None:
    first, _ = await desk.begin()
    for _ in range(MAX_SESSIONS):
        desk.clock.now += 1
        last, _ = await desk.begin()
    assert len(await desk.sessions.every()) == MAX_SESSIONS
    assert await desk.sessions.find(first) is None
    assert await desk.sessions.find(last) is not None
