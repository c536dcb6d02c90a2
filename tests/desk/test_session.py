"""How long a session lasts, and what one begins with."""

from __future__ import annotations

import pytest

from ticker.desk.session import IDLE_TIMEOUT, LONGEST, MAX_AGENT, SignIn, agent, seconds_left
from ticker.dispatch import read
from ticker.errors import Invalid

DAY = 24 * 3600


@pytest.mark.parametrize(
    ("age", "left"),
    [
        (0, IDLE_TIMEOUT),
        (29 * DAY, IDLE_TIMEOUT),
        (30 * DAY - IDLE_TIMEOUT, IDLE_TIMEOUT),
        (30 * DAY - IDLE_TIMEOUT + 1, IDLE_TIMEOUT - 1),
        (30 * DAY - 0.5, 0),
        (30 * DAY, 0),
        (31 * DAY, 0),
    ],
)
def test_a_session_lasts_12_hours_without_use_and_30_days_in_all(age: float, left: int) -> None:
    assert (IDLE_TIMEOUT, LONGEST) == (12 * 3600, 30 * DAY)
    assert seconds_left(1_800_000_000.0, 1_800_000_000.0 + age) == left


def test_of_a_user_agent_only_what_can_be_shown_is_kept() -> None:
    assert agent(None) == ""
    assert agent("Mozilla/5.0 (\x1b[31mAndroid\n)") == "Mozilla/5.0 ([31mAndroid)"
    assert agent("x" * 5000) == "x" * MAX_AGENT


def test_a_session_begins_with_a_key_or_an_invitation() -> None:
    assert read(SignIn, b'{"key": "tk_1"}').given() == "key"
    assert read(SignIn, b'{"invitation": "x"}').given() == "invitation"


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"key": null}', b'{"key": "tk_1", "invitation": "x"}', b'{"key": null, "invitation": "x"}'],
)
def test_a_session_begins_with_exactly_one_of_them(body: bytes) -> None:
    with pytest.raises(Invalid, match="key: is required"):
        read(SignIn, body).given()
