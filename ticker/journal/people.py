"""The people to whom keys belong, in Redis."""

from __future__ import annotations

import secrets
from typing import NamedTuple

from ticker.journal import names
from ticker.journal.holder import Holder, Person
from ticker.journal.redis import Redis
from ticker.journal.registry import Registry, no_such_person


class Owner(NamedTuple):
    """A person and the keys that belong to them, oldest first."""

    person: Person
    keys: list[Holder]


class People:
    """People and their keys. Every method raises Unavailable when Redis cannot be reached."""

    def __init__(self, redis: Redis, registry: Registry) -> None:
        self._redis = redis
        self._registry = registry

    async def add(self, name: str) -> Person:
        """Add a person, to whom keys can then be issued."""
        person = Person("p" + secrets.token_hex(6), name)
        await self._redis("HSET", names.PEOPLE, person.id, person.stored)
        return person

    async def every(self) -> list[Owner]:
        """Return everybody, by name; those, too, who are just the holder of a key of their own."""
        stored = await self._redis("HVALS", names.PEOPLE)
        owners = {person.id: Owner(person, []) for person in map(Person.read, stored)}
        for holder, _ in await self._registry.holders():
            owners.setdefault(holder.id, Owner(holder.person, [])).keys.append(holder)
        return sorted(owners.values(), key=lambda owner: (owner.person.name, owner.person.id))

    async def remove(self, id: str, asking: Holder | None = None) -> None:
        """Remove a person and revoke all their keys, with which their sessions end. If this fails, repeat it.

        `asking` is the key that asks, or None for the command line.

        Raises:
            NotFound: there is no such person.
            InvalidToken: the key that asks is revoked.
        """
        found = False
        while True:  # a key may have been issued to them until they were removed
            removed = await self._redis("HDEL", names.PEOPLE, id)
            keys = [holder.key for holder, _ in await self._registry.holders() if holder.id == id]
            # Last the key that asks, if it is theirs: without it, the others could not be revoked.
            keys.sort(key=lambda key: asking is not None and key == asking.key)
            for key in keys:
                await self._registry.revoke(key, asking)
            if not (removed or keys):
                break
            found = True
        if not found:
            raise no_such_person(id)
