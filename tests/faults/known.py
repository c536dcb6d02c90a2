"""Known breaks of a law that are still open: which law, in which situation. They are reported, and fail nothing.

A row is taken out with the change that mends it. A whole run of `scripts/faults` says which rows it did not see.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from tests.faults.history import Violation


class Known(NamedTuple):
    """A known break: its law and situation as in `Violation`, and what happens."""

    law: str
    situation: str
    what: str


KNOWN: Final = (
    Known("back", "behind", "a node that is behind puts back a reader who comes from one that was ahead"),
    Known("kill", "behind", "the same, and the older place has text that was killed since"),
    Known("age", "frozen", "a first beat is older than its connection after a worker was frozen"),
    Known("response", "closed transport", "500 where a connection to Redis was reset while it was idle, not 503"),
    Known("whole", "closed transport", "the same, as a traceback in the service's log"),
    Known("report", "released", "a released dispatch has no `kept` in its delivery report"),
    Known("report", "before a fault", "what a worker measured in the second before a fault is lost"),
)


def known(violation: Violation) -> Known | None:
    """Return the known break that a violation is an instance of."""
    for one in KNOWN:
        if (one.law, one.situation) == (violation.law, violation.situation):
            return one
    return None


def split(violations: list[Violation]) -> tuple[list[Violation], list[Violation]]:
    """Return new violations and known ones."""
    return [one for one in violations if known(one) is None], [one for one in violations if known(one) is not None]
