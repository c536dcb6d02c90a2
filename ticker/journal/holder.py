"""Who holds a key: the person to whom it belongs, and what the key is good for.

Keys belong to people: ownership, rates, repeated requests and names go by person, revocation by key. A key that was
issued for nobody in particular is a person of its own, whose id and name are the key's. So what was stored before there
were people is still right.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple, Self

import orjson

Role = Literal["correspondent", "editor", "admin"]

_CACHED: Final = 4096
"""Holders that stay parsed. What is stored is read from Redis for each request, and is nearly always the same."""


class Person(NamedTuple):
    """Somebody to whom keys belong: an id unlike that of any other, and the name in the audit."""

    id: str
    name: str

    @property
    def stored(self) -> bytes:
        """The person as kept in Redis."""
        return orjson.dumps({"id": self.id, "name": self.name})

    @classmethod
    def read(cls, stored: bytes) -> Self:
        """Return a person as this version or a later one stored them."""
        members = orjson.loads(stored)
        return cls(members["id"], members["name"])


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a key.

    Attributes:
        id, name: of the person.
        role: how far the key reaches.
        issued: when it was issued (RFC 3339).
        feeds: those that it works in; none means all.
        rate: changes a minute, None for the service's default.
        key_id, key_name: of the key, where they are not those of the person.
    """

    id: str
    name: str
    role: Role
    issued: str
    feeds: list[str] = field(default_factory=list)
    rate: int | None = None
    key_id: str | None = None
    key_name: str | None = None

    @property
    def key(self) -> str:
        """Id of the key."""
        return self.id if self.key_id is None else self.key_id

    @property
    def person(self) -> Person:
        """To whom the key belongs."""
        return Person(self.id, self.name)

    @staticmethod
    def read(stored: bytes) -> Holder:
        """Return the holder of a key as stored: a person of its own, until `of` names another."""
        return _read(stored)

    def of(self, owner: Person | None) -> Self:
        """Return the same key as that of a person; None leaves it as it is."""
        if owner is None:
            return self
        key_name = self.name if self.key_name is None else self.key_name
        return type(self)(
            owner.id, owner.name, self.role, self.issued, self.feeds, self.rate, key_id=self.key, key_name=key_name
        )

    def members(self) -> dict[str, Any]:
        """Return the key as it is stored, without its owner: every version reads these members and knows no others."""
        return {
            "id": self.key,
            "name": self.name if self.key_name is None else self.key_name,
            "role": self.role,
            "issued": self.issued,
            "feeds": self.feeds,
            "rate": self.rate,
        }

    def described(self) -> dict[str, Any]:
        """Return the key as it is shown to admins, with its owner; never the key itself."""
        return {**self.members(), "person": self.person._asdict()}

    def writes(self, feed: str) -> bool:
        """Return True if this key is valid for a feed."""
        return not self.feeds or feed in self.feeds


@lru_cache(maxsize=_CACHED)
def _read(stored: bytes) -> Holder:
    return Holder(**orjson.loads(stored))
