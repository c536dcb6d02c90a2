"""Known breaks of a law that are still open: which law, in which situation. They are reported, and fail nothing.

A row is taken out with the change that mends it. A whole run of `scripts/faults` says which rows it did not see.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from tests.faults.history import Violation


class Known(NamedTuple):
    """A known break.

    Attributes:
        law, situation: as in `Violation`.
        kinds: of faults that can bring it about; none if it needs no fault.
        what: what happens.
    """

    law: str
    situation: str
    kinds: frozenset[str]
    what: str

    def may_happen(self, kinds: set[str]) -> bool:
        """Return True if it may happen in a plan with these kinds of faults."""
        return not self.kinds or bool(self.kinds & kinds)


KNOWN: Final[tuple[Known, ...]] = ()


def known(violation: Violation) -> Known | None:
    """Return the known break that a violation is an instance of."""
    for one in KNOWN:
        if (one.law, one.situation) == (violation.law, violation.situation):
            return one
    return None


def split(violations: list[Violation]) -> tuple[list[Violation], list[Violation]]:
    """Return new violations and known ones."""
    return [one for one in violations if known(one) is None], [one for one in violations if known(one) is not None]
