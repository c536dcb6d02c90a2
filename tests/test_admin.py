"""What an admin sends: feeds to open and to edit, and keys to issue."""

from __future__ import annotations

from typing import Any

import pytest

from ticker.admin import FeedEdit, FeedPlan, KeyPlan
from ticker.dispatch import check
from ticker.errors import Invalid

FEED = {"name": "sport"}
KEY = {"name": "Mona", "role": "editor"}


def fault(model: type[FeedEdit | FeedPlan | KeyPlan], request: dict[str, Any]) -> tuple[str, str]:
    """The one field at fault, and what is wrong with it."""
    with pytest.raises(Invalid) as refused:
        check(model, request)
    (found,) = refused.value.faults
    return found


@pytest.mark.parametrize("name", ["UTC", "Asia/Beirut", "America/Argentina/Ushuaia"])
def test_a_time_zone_is_one_of_the_iana_database(name: str) -> None:
    assert check(FeedPlan, FEED | {"timezone": name}).timezone == name
    assert check(FeedEdit, {"timezone": name}).changes() == {"timezone": name}


@pytest.mark.parametrize("name", ["Beirut", "", "asia/beirut", "../UTC"])
def test_another_time_zone_is_refused(name: str) -> None:
    for field, detail in (fault(FeedPlan, FEED | {"timezone": name}), fault(FeedEdit, {"timezone": name})):
        assert field == "timezone"
        assert detail == "is not a time zone such as UTC or Asia/Beirut (IANA Time Zone Database)"


def test_a_feed_can_be_opened_again_and_not_closed_by_an_edit() -> None:
    assert check(FeedEdit, {"closed": None}).changes() == {"closed": None}
    field, detail = fault(FeedEdit, {"closed": "2026-11-25T18:00:00Z"})
    assert field == "closed"
    assert "must be null" in detail


def test_an_edit_names_something_to_change() -> None:
    with pytest.raises(Invalid, match="title: is missing; name at least one setting to change"):
        check(FeedEdit, {}).changes()


@pytest.mark.parametrize("rate", [None, 1, 600])
def test_a_rate_is_at_least_one_change_a_minute(rate: int | None) -> None:
    assert check(KeyPlan, KEY | {"rate": rate}).rate == rate
    assert fault(KeyPlan, KEY | {"rate": 0})[0] == "rate"
