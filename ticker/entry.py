"""The log's entries, the chain of hashes that ties them together, and positions in it.

An entry is a line of JSON, written once by the journal's script and never changed. Its hash covers the hash before it
and its own text, so two histories that differ anywhere before an offset differ in the hash at that offset. It is SHA-1,
because that is the digest that Redis scripts have: it distinguishes histories, and is not a defence against
somebody who can write to Redis.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Final, NamedTuple, Self

import orjson

TAG_LENGTH: Final = 12
"""Hex digits of the hash in a position: 48 bits, enough that two forks never have the same by chance."""

_POSITION: Final = re.compile(r"(0|[1-9][0-9]{0,15})-([0-9a-f]{12})")


class Position(NamedTuple):
    """A place in one history of one feed. Written `offset-tag`; opaque to clients."""

    offset: int
    tag: str

    def __str__(self) -> str:
        return f"{self.offset}-{self.tag}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the position that a client sent back, or None if no server writes positions so."""
        match = _POSITION.fullmatch(text)
        return cls(int(match[1]), match[2]) if match else None


class Tail(NamedTuple):
    """Where a history ends: the offset and the whole hash of its last entry."""

    offset: int
    hash: str

    @property
    def position(self) -> Position:
        return Position(self.offset, self.hash[:TAG_LENGTH])


class Entry(NamedTuple):
    """One change of a feed, as it is in the log.

    Attributes:
        tail: offset and hash of this entry.
        text: the JSON line as it was hashed.
        kind: what changed, such as `file` or `kill`; `ticker.changes.KINDS` has them all.
        at: when it was written, RFC 3339, by the clock of Redis.
        content: the other members; they depend on the kind.
    """

    tail: Tail
    text: bytes
    kind: str
    at: str
    content: dict[str, Any]

    @classmethod
    def read(cls, offset: int, hash: str, text: bytes) -> Self:
        """Parse an entry as the journal stores and publishes it."""
        content = orjson.loads(text)
        return cls(Tail(offset, hash), text, content.pop("kind"), content.pop("at"), content)

    def follows(self, tail: Tail) -> bool:
        """Return True if this entry is the next one of the history that ends at `tail`."""
        return self.tail.offset == tail.offset + 1 and self.tail.hash == chain(tail.hash, self.text)


def chain(before: str, text: bytes) -> str:
    """Return the hash of an entry, given the hash before it."""
    return hashlib.sha1(before.encode() + text, usedforsecurity=False).hexdigest()
