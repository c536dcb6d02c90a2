"""Who is at the desk of a feed: each node notes the people whose streams it holds, and forgets them as they leave.

A node that vanished renews its notes no longer, and they are ignored after a while. So nobody has to clean up after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple, Self

import orjson

RENEWAL_INTERVAL: Final = 4.0
"""Seconds between two renewals of a note."""

GONE_AFTER: Final = 12.0
"""Seconds after its last renewal at which a note counts no more: three renewals, so that one may be late."""


class Attendant(NamedTuple):
    """A note: a person is at the desk of a feed on a node.

    Attributes:
        node: name of the node.
        person: id of the person.
        name: of the person.
        since: when the oldest of their streams there began (RFC 3339).
    """

    node: str
    person: str
    name: str
    since: str

    @property
    def stored(self) -> bytes:
        """The note as it is kept in Redis."""
        return orjson.dumps([*self])

    @classmethod
    def read(cls, stored: bytes) -> Self:
        """Return a note as this version or a later one stored it."""
        return cls(*orjson.loads(stored)[:4])


def notes(node: str, streams: Iterable[tuple[str, str, str]]) -> set[Attendant]:
    """Return the notes of a node that holds these streams: id and name of the person, and since when."""
    found: dict[str, Attendant] = {}
    for person, name, since in streams:
        known = found.get(person)
        if known is None or since < known.since:
            found[person] = Attendant(node, person, name, since)
    return set(found.values())


def present(renewed: Iterable[tuple[bytes, float]], now: float) -> list[Attendant]:
    """Return who is there, each person once, who came first before.

    `renewed` are notes as stored, each with the second of Unix time of its renewal by the same clock as `now`.
    """
    people: dict[str, Attendant] = {}
    for stored, at in renewed:
        attendant = Attendant.read(stored)
        known = people.get(attendant.person)
        if now - at < GONE_AFTER and (known is None or attendant.since < known.since):
            people[attendant.person] = attendant
    return sorted(people.values(), key=lambda each: (each.since, each.person))
