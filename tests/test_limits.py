"""Limits of what one feed and one key may take up, as the script of the log gets them."""

from __future__ import annotations

import pytest

from ticker.limits import Limits

LIMITS = Limits(revisions=2, labels=3, held=4, held_by_key=5)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("file", {"max_labels": 3}),
        ("correct", {"max_revisions": 2, "max_labels": 3}),
        ("hold", {"max_held": 4, "max_held_by_key": 5}),
        ("edit", {}),
        ("kill", {}),
        ("pin", {}),
    ],
)
def test_a_change_gets_the_limits_that_it_can_reach(kind: str, expected: dict[str, int]) -> None:
    assert LIMITS.arguments(kind, released=False, confirmed=False) == expected
    assert LIMITS.arguments(kind, released=True, confirmed=False) == {}
    assert LIMITS.arguments(kind, released=False, confirmed=True) == {}
    assert Limits().arguments(kind, released=False, confirmed=False) == {}
