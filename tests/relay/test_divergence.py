"""A fork is told from an upstream that remembers too little."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from ticker.entry import Tail
from ticker.feed import WINDOW, Feed
from ticker.relay.divergence import diverged


def dispatch(number: int, text: str = "Quake", revision: int = 1) -> dict[str, Any]:
    return {"id": f"{number:08}", "text": text, "revision": revision}


def feed(offset: int, dispatches: Iterable[dict[str, Any]]) -> Feed:
    newest = sorted(dispatches, key=lambda each: str(each["id"]), reverse=True)[:WINDOW]
    return Feed("breaking", "Breaking news", "en", Tail(offset, "0" * 12), dispatches=newest)


OURS = feed(3, [dispatch(number) for number in (1, 2, 3)])


@pytest.mark.parametrize(
    ("offset", "dispatches", "lost"),
    [
        pytest.param(2, [dispatch(1), dispatch(2)], True, id="a log that ends earlier"),
        pytest.param(3, [dispatch(1), dispatch(2), dispatch(4)], True, id="another end"),
        pytest.param(9, [dispatch(n) for n in range(1, 10)], False, id="it went on"),
        pytest.param(9, [dispatch(n) for n in (1, 2, *range(4, 11))], True, id="one is missing"),
        pytest.param(9, [dispatch(n) for n in range(4, 13)], True, id="all are missing from all there are"),
        pytest.param(90, [dispatch(n) for n in range(1, 91)], False, id="all shown are newer"),
        pytest.param(22, [dispatch(n) for n in range(1, 23)], False, id="some shown are newer"),
        pytest.param(23, [dispatch(n) for n in (1, 2, *range(4, 24))], False, id="one may have been filed before them"),
        pytest.param(22, [dispatch(n) for n in (1, 2, *range(4, 22))], True, id="one is missing from among them"),
        pytest.param(9, [dispatch(1), dispatch(2, "Mild quake", 2), dispatch(3)], False, id="corrected since"),
        pytest.param(9, [dispatch(1), dispatch(2, "Flood"), dispatch(3)], True, id="another text at the same revision"),
    ],
)
def test_only_a_log_that_has_lost_something_has_diverged(
    offset: int, dispatches: list[dict[str, Any]], *, lost: bool
) -> None:
    assert diverged(OURS, feed(offset, dispatches)) is lost


def test_a_correction_that_is_lost_is_seen() -> None:
    ours = feed(4, [dispatch(1), dispatch(2, "Mild quake", 2)])
    assert diverged(ours, feed(5, [dispatch(1), dispatch(2), dispatch(3)]))
