"""Invitations in Redis: hashed, spent once, and over after ten minutes."""

from __future__ import annotations

import asyncio

import pytest

from ticker.desk.invitation import LIFETIME, MAX_OPEN, InvitationPlan
from ticker.errors import InvitationEnded, NotFound
from ticker.journal import names
from ticker.journal.holder import Holder
from ticker.journal.invitations import Invitations
from ticker.journal.people import People
from ticker.journal.redis import Redis
from ticker.journal.registry import Registry

pytestmark = pytest.mark.anyio

PLAN = InvitationPlan(name="Omar", role="correspondent")


async def editor(registry: Registry) -> Holder:
    return (await registry.issue("Lena", "editor", ["breaking"]))[1]


async def test_an_invitation_issues_one_key_however_often_it_is_accepted_at_once(redis: Redis) -> None:
    registry = Registry(redis)
    invitations = Invitations(redis, registry)
    secret, made = await invitations.make(PLAN, ["breaking"], await editor(registry))
    assert [each.id for each in await invitations.every()] == [made.id]
    outcomes = await asyncio.gather(*(invitations.accept(secret) for _ in range(8)), return_exceptions=True)
    [key] = [outcome for outcome in outcomes if isinstance(outcome, str)]
    assert sum(isinstance(outcome, InvitationEnded) for outcome in outcomes) == 7
    holder = await registry.holder(key)
    assert holder is not None
    assert (holder.name, holder.role, holder.feeds) == ("Omar", "correspondent", ["breaking"])
    assert await invitations.every() == []


async def test_only_hashes_are_stored_and_only_for_ten_minutes(redis: Redis) -> None:
    registry = Registry(redis)
    invitations = Invitations(redis, registry)
    secret, made = await invitations.make(PLAN, [])
    [name] = await redis("KEYS", "ticker:invitation:*")
    everything = str([await redis("GET", name), await redis("HGETALL", names.INVITATIONS), await redis("KEYS", "*")])
    assert secret not in everything
    assert LIFETIME - 30 <= await redis("TTL", name) <= LIFETIME == 600
    await redis("DEL", name)  # as Redis does when its time is over
    with pytest.raises(InvitationEnded):
        await invitations.accept(secret)
    with pytest.raises(NotFound):
        await invitations.withdraw(made.id)
    assert await redis("HLEN", names.INVITATIONS) == 0


async def test_one_that_is_withdrawn_or_whose_maker_may_not_invite_any_more_has_ended(redis: Redis) -> None:
    registry = Registry(redis)
    invitations, lena = Invitations(redis, registry), await editor(registry)
    withdrawn, made = await invitations.make(PLAN, ["breaking"], lena)
    orphaned, _ = await invitations.make(PLAN, ["breaking"], lena)
    await invitations.withdraw(made.id)
    await registry.revoke(lena.key)
    for secret in (withdrawn, orphaned):
        with pytest.raises(InvitationEnded):
            await invitations.accept(secret)
    assert await registry.holders() == []


async def test_a_person_who_is_known_gets_a_further_key(redis: Redis) -> None:
    registry = Registry(redis)
    people, invitations = People(redis, registry), Invitations(redis, registry)
    mona = await people.add("Mona")
    plan = InvitationPlan(name="Phone", role="editor", person=mona.id)
    holder = await registry.holder(await invitations.accept((await invitations.make(plan, []))[0]))
    assert holder is not None
    assert holder.person == mona
    late, _ = await invitations.make(plan, [])
    await people.remove(mona.id)
    with pytest.raises(InvitationEnded):
        await invitations.accept(late)
    with pytest.raises(NotFound):
        await invitations.make(plan, [])


async def test_open_invitations_of_one_person_are_bounded(redis: Redis) -> None:
    registry, times = Registry(redis), iter(range(1_800_000_000, 1_900_000_000))
    invitations = Invitations(redis, registry, clock=lambda: float(next(times)))
    lena = await editor(registry)
    others, _ = await invitations.make(PLAN, [])
    first, _ = await invitations.make(PLAN, ["breaking"], lena)
    for _ in range(MAX_OPEN):
        await invitations.make(PLAN, ["breaking"], lena)
    assert len(await invitations.every()) == MAX_OPEN + 1
    with pytest.raises(InvitationEnded):
        await invitations.accept(first)
    assert await invitations.accept(others)
