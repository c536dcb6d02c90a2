"""Who may invite whom, and where."""

from __future__ import annotations

from typing import Any

import pytest

from ticker.desk.invitation import InvitationPlan, granted, link
from ticker.errors import Forbidden

PERSON = "p3a91c07be552"


def plan(**members: Any) -> InvitationPlan:
    return InvitationPlan(**{"name": "Omar", "role": "correspondent", **members})


@pytest.mark.parametrize(
    ("wanted", "role", "feeds", "got"),
    [
        ({}, "editor", ["a"], ["a"]),
        ({}, "editor", [], []),
        ({"feeds": ["a"]}, "editor", ["a", "b"], ["a"]),
        ({"feeds": ["a"], "role": "editor"}, "editor", [], ["a"]),
        ({"role": "admin"}, "admin", ["a"], ["a"]),
        ({"person": PERSON}, "admin", [], []),
    ],
)
def test_nobody_is_invited_farther_than_who_invites_reaches(
    wanted: dict[str, Any], role: str, feeds: list[str], got: list[str]
) -> None:
    assert granted(plan(**wanted), role, feeds) == got


@pytest.mark.parametrize(
    ("wanted", "role", "feeds", "field"),
    [
        ({"role": "admin"}, "editor", [], "role"),
        ({"role": "editor"}, "correspondent", [], "role"),
        ({"feeds": ["a", "b"]}, "editor", ["a"], "feeds"),
        ({"person": PERSON}, "editor", [], "person"),
        ({"person": PERSON}, "admin", ["a"], "person"),
    ],
)
def test_who_goes_beyond_that_learns_which_member_is_at_fault(
    wanted: dict[str, Any], role: str, feeds: list[str], field: str
) -> None:
    with pytest.raises(Forbidden) as refused:
        granted(plan(**wanted), role, feeds)
    assert refused.value.field == field


def test_the_secret_is_in_the_fragment_of_the_link() -> None:
    assert link("https://news.example/ticker", "x") == "https://news.example/ticker/desk#invitation=x"
