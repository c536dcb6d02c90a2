"""Where a feed is being brought: to entries that arrived, or to where its log was found to end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ticker.entry import Entry, Tail
from ticker.ring import Ring


class Proof(NamedTuple):
    """What proves a feed once it has all that was in the log when a probe was sent; as in `follow.Prove`."""

    at: str
    beat: bool
    asked: float


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a feed is being brought.

    Attributes:
        last: offset up to which entries are read from the log.
        entries: what is published then; each follows the one before it.
        end: or where the log was found to end. With neither, the history that this node has is lost.
        proof: what proves the feed when it is there.
    """

    last: int
    end: Tail | None = None
    entries: Sequence[Entry] = ()
    proof: Proof | None = None

    def forked(self, tail: Tail, ring: Ring) -> bool:
        """Return True if what this node has, up to `tail`, is of another history than the goal."""
        if self.entries:
            return not self.entries[0].follows(tail)
        if self.end is None:
            return True  # the log is not there, or shorter than it was
        if self.end.offset == tail.offset:  # which may not be in the ring yet
            return self.end.hash != tail.hash
        return ring.contradicts(self.end.position)
