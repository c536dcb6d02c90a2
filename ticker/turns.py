"""Whose turn it is: a share of many at a time, so that each is taken once a round and the work is spread."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import islice


class Turns:
    """Takes names in turn. Who is new has its turn in the next round at the latest."""

    def __init__(self, length: int, least: int) -> None:
        """`length` is how many calls of `next` make a round; each takes `least` names, if there are as many."""
        self._length = length
        self._least = least
        self._share = 0
        self._rest: Iterator[str] = iter(())

    def next(self, names: Collection[str]) -> list[str]:
        """Return those whose turn it is; `names` are all that there are. One that is gone may be among them."""
        taken = list(islice(self._rest, self._share))
        if not taken:
            self._share, self._rest = max(-(-len(names) // self._length), self._least), iter(list(names))
            taken = list(islice(self._rest, self._share))
        return taken


def without_turn(names: Mapping[str, object], had: AbstractSet[str]) -> AbstractSet[str]:
    """Return the names that are not among those that had a turn: mostly none, which is found in a tenth of the time."""
    return frozenset() if names.keys() <= had else names.keys() - had
