"""People and their keys in Redis."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from ticker.errors import InvalidToken, NotFound
from ticker.journal import names
from ticker.journal.holder import Holder, Person
from ticker.journal.people import People
from ticker.journal.redis import Redis
from ticker.journal.registry import Registry, digest_of

pytestmark = pytest.mark.anyio

OF_0_1_0 = {"id", "name", "role", "issued", "feeds", "rate"}
"""What version 0.1.0 knows of a key; it stops at any other member."""


async def keys_of(people: People, id: str) -> list[str]:
    return [holder.key for owner in await people.every() if owner.person.id == id for holder in owner.keys]


async def test_a_key_that_is_nobody_elses_is_a_person_of_its_own(redis: Redis) -> None:
    registry = Registry(redis)
    secret, issued = await registry.issue("Mona", "editor", [])
    assert issued.person == Person(issued.key, "Mona")
    assert await registry.holder(secret) == issued
    [owner] = await People(redis, registry).every()
    assert (owner.person, owner.keys) == (issued.person, [issued])


async def test_several_keys_belong_to_one_person(redis: Redis) -> None:
    registry = Registry(redis)
    people = People(redis, registry)
    mona = await people.add("Mona")
    phone, bot = [(await registry.issue(name, "editor", [], person=mona.id))[1] for name in ("Phone", "Bot")]
    assert phone.key != bot.key
    assert {phone.person, bot.person} == {mona}
    assert (phone.described()["name"], phone.described()["person"]) == ("Phone", {"id": mona.id, "name": "Mona"})
    assert sorted(await keys_of(people, mona.id)) == sorted([phone.key, bot.key])
    for stored in await redis("HVALS", names.KEYS):
        assert orjson.loads(stored).keys() == OF_0_1_0
    await registry.revoke(phone.key)
    assert await keys_of(people, mona.id) == [bot.key]
    assert await redis("HEXISTS", names.OWNERS, phone.key) == 0


async def test_a_key_is_rotated_by_one_more_for_the_same_person(redis: Redis) -> None:
    registry = Registry(redis)
    people = People(redis, registry)
    _, old = await registry.issue("Mona", "editor", [])
    secret, new = await registry.issue("Mona, new phone", "editor", [], person=old.key)
    await registry.revoke(old.key)
    assert await registry.holder(secret) == new
    assert new.person == Person(old.id, "Mona")
    assert await keys_of(people, old.id) == [new.key]


@pytest.mark.parametrize("id", ["p000000000000", "0" * 12])
async def test_nobody_gets_a_key_who_is_not_known(redis: Redis, id: str) -> None:
    registry = Registry(redis)
    with pytest.raises(NotFound):
        await registry.issue("x", "editor", [], person=id)
    with pytest.raises(NotFound):
        await People(redis, registry).remove(id)
    assert await redis("HLEN", names.KEYS) == 0


async def test_the_key_of_somebodys_key_is_nobodys_id(redis: Redis) -> None:
    registry = Registry(redis)
    mona = await People(redis, registry).add("Mona")
    _, phone = await registry.issue("Phone", "editor", [], person=mona.id)
    with pytest.raises(NotFound):
        await registry.issue("x", "editor", [], person=phone.key)


async def test_who_is_removed_has_no_key_left_not_even_one_that_is_issued_meanwhile(redis: Redis) -> None:
    registry = Registry(redis)
    people = People(redis, registry)
    mona, lena = await people.add("Mona"), await people.add("Lena")
    _, kept = await registry.issue("Laptop", "editor", [], person=lena.id)
    for _ in range(3):
        await registry.issue("Phone", "editor", [], person=mona.id)
    issuing = [registry.issue("Late", "editor", [], person=mona.id) for _ in range(5)]
    await asyncio.gather(people.remove(mona.id), *issuing, return_exceptions=True)
    assert [owner.person for owner in await people.every()] == [lena]
    assert [holder for holder, _ in await registry.holders()] == [kept]
    with pytest.raises(NotFound):
        await people.remove(mona.id)


async def test_an_admin_who_removes_themselves_loses_the_key_that_asks_last(redis: Redis) -> None:
    registry = Registry(redis)
    people = People(redis, registry)
    mona = await people.add("Mona")
    keys = [(await registry.issue("x", "admin", [], person=mona.id))[1] for _ in range(3)]
    await people.remove(mona.id, keys[0])
    assert await registry.holders() == []
    with pytest.raises(InvalidToken):
        await registry.issue("x", "admin", [], asking=keys[0].key)


def test_a_person_of_a_later_version_is_read() -> None:
    key = b'{"id": "k1", "name": "Phone", "role": "editor", "issued": "2026"}'
    holder = Holder.read(key).of(Person.read(b'{"id": "p1", "name": "Mona", "pronouns": "she"}'))
    assert (holder.id, holder.name, holder.key, holder.members()["name"]) == ("p1", "Mona", "k1", "Phone")


@pytest.mark.anyio
async def test_whose_a_key_is_stays_known_whatever_is_forgotten(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticker.journal.registry.OWNERS_KNOWN", 3)
    registry = Registry(redis)
    people = People(redis, registry)
    mona = await people.add("Mona")
    secrets = [(await registry.issue("x", "editor", [], person=mona.id))[0] for _ in range(3)]
    secrets += [(await registry.issue("Alone", "editor", []))[0] for _ in range(3)]
    names_of_all = ["Mona"] * 3 + ["Alone"] * 3
    for _ in range(3):
        holders = await registry.holders_of([digest_of(secret) for secret in secrets])
        assert [holder.name for holder in holders if holder] == names_of_all
        for secret, name in zip(secrets, names_of_all, strict=True):
            holder = await registry.holder(secret)
            assert holder is not None
            assert holder.name == name
    assert await registry.holder("tk_never_issued") is None
