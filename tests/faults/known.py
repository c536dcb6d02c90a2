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
    Known("response", "closed transport", "500, not 503, after a connection to Redis was reset while it was idle"),
    Known("whole", "closed transport", "the same, as a traceback in the service's log"),
    Known(
        "response", "wait on a replica", "500, not 503, where a primary is demoted while a change waits for replicas"
    ),
    Known("whole", "wait on a replica", "the same, as a traceback in the service's log"),
    Known("whole", "read from two logs", "a page of history is read from two logs in a failover: a traceback, and 500"),
    Known("report", "released", "a released dispatch has no `kept` in its delivery report"),
    Known("report", "before a fault", "what a worker measured in the second before a fault is lost"),
)


RAISED: Final = {
    "unable to perform operation on <TCPTransport closed=True": "closed transport",
    "WAIT cannot be used with replica instances": "wait on a replica",
    "JSONDecodeError: Input must be bytes, bytearray, memoryview, or str": "read from two logs",
}
"""What the service prints of itself in known situations."""


def raised(failure: str) -> str:
    """Return the known situation in which a node prints this, or an empty text."""
    return next((situation for text, situation in RAISED.items() if text in failure), "")


def known(violation: Violation) -> Known | None:
    """Return the known break that a violation is an instance of."""
    for one in KNOWN:
        if (one.law, one.situation) == (violation.law, violation.situation):
            return one
    return None


def split(violations: list[Violation]) -> tuple[list[Violation], list[Violation]]:
    """Return new violations and known ones."""
    return [one for one in violations if known(one) is None], [one for one in violations if known(one) is not None]
