"""The checker: all laws over one whole history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from tests.faults.history import History, Violation
from tests.faults.laws.desk import held, reports
from tests.faults.laws.kills import kills
from tests.faults.laws.order import order
from tests.faults.laws.promises import promises, responses
from tests.faults.laws.proofs import delayed, proofs
from tests.faults.laws.streams import streams


def recovery(history: History) -> Iterator[Violation]:
    """Law: when nothing is broken any more, everything is in sync again."""
    for who, failure in history.failures:
        yield Violation("recovery", history.ended, who, failure)


LAWS: Final[tuple[Callable[[History], Iterator[Violation]], ...]] = (
    order,
    promises,
    responses,
    streams,
    kills,
    proofs,
    delayed,
    held,
    reports,
    recovery,
)


def check(history: History) -> list[Violation]:
    """Return every break of a law, in the order of time."""
    laws = LAWS if history.log.taken else (recovery,)  # a plan that did not come to its end has no log to compare with
    return sorted((broken for law in laws for broken in law(history)), key=lambda broken: broken.time)
