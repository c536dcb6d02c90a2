"""Times as people write them, in the terminal's zone, and how they were read, printed in full."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.command import Here, at
from tests.service import Service
from ticker.cli import moment as module
from ticker.cli.moment import moment
from ticker.dispatch import rfc3339
from ticker.errors import Invalid


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def _at_moment(monkeypatch: pytest.MonkeyPatch, now: str) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.fromisoformat(now).astimezone(tz)

    monkeypatch.setattr(module, "datetime", Clock)


@pytest.mark.parametrize(
    ("now", "written", "side", "understood"),
    [
        ("2026-11-25T16:00:00+01:00", "15:09", "past", "2026-11-25T14:09:00.000Z"),
        ("2026-11-25T15:09:00+01:00", "15:09", "past", "2026-11-25T14:09:00.000Z"),
        ("2026-11-25T00:10:00+01:00", "23:55", "past", "2026-11-24T22:55:00.000Z"),
        ("2026-11-25T23:00:00+01:00", "06:00", "future", "2026-11-26T05:00:00.000Z"),
        ("2026-11-25T23:00:00+01:00", "6:00", "future", "2026-11-26T05:00:00.000Z"),
        ("2026-11-25T05:00:00+01:00", "06:00:30", "future", "2026-11-25T05:00:30.000Z"),
        ("2026-11-25T16:00:00+01:00", "-5m", "past", "2026-11-25T14:55:00.000Z"),
        ("2026-11-25T16:00:00+01:00", "-90s", "past", "2026-11-25T14:58:30.000Z"),
        ("2026-11-25T16:00:00+01:00", "+30m", "future", "2026-11-25T15:30:00.000Z"),
        ("2026-11-25T16:00:00+01:00", "+2 h", "future", "2026-11-25T17:00:00.000Z"),
        ("2026-11-25T16:00:00+01:00", "+1d", "future", "2026-11-26T15:00:00.000Z"),
        ("2026-11-25T16:00:00+01:00", "2026-07-01 15:09", "past", "2026-07-01T13:09:00.000Z"),
        ("2026-11-25T16:00:00+01:00", "2026-07-01T15:09:10", "past", "2026-07-01T13:09:10.000Z"),
        # The night in which clocks are put back has 25 hours: five in the morning of the next day is one further off.
        ("2026-10-24T12:00:00+02:00", "05:00", "future", "2026-10-25T04:00:00.000Z"),
        ("2026-03-28T12:00:00+01:00", "05:00", "future", "2026-03-29T03:00:00.000Z"),
    ],
)
def test_a_time_is_understood_in_the_zone_of_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    berlin: None,
    now: str,
    written: str,
    side: Any,
    understood: str,
) -> None:
    _at_moment(monkeypatch, now)
    assert moment("release_at", written, side=side) == understood
    echo = capsys.readouterr().err
    assert echo.startswith(f"ticker: --release-at {written} is ")
    full = echo.strip().split(" is ")[1]
    assert rfc3339(datetime.fromisoformat(full)) == understood
    assert full[-6:] in ("+01:00", "+02:00")


def test_a_time_in_full_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    for written in ("2026-11-22T18:04:05+03:00", "2026-11-22T18:04:05.123Z", None):
        assert moment("occurred", written, side="past") == written
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "written",
    [
        "tomorrow",
        "25:00",
        "15.09",
        "5m",
        "-5",
        "+9y",
        "15:60",
        "2026-02-30 10:00",
        "-99999d999",
        "\u0660\u0665:\u0660\u0660",
        "now",
    ],
)
def test_what_is_no_time_is_refused_with_examples(written: str) -> None:
    with pytest.raises(Invalid, match=r"^occurred: "):
        moment("occurred", written, side="past")


@pytest.mark.parametrize("written", ["+99999d", "-99999d"])
def test_a_time_beyond_the_calendar_is_no_fault_of_ours(written: str) -> None:
    assert moment("occurred", written, side="past")


def test_an_event_five_minutes_ago_and_an_embargo_of_half_an_hour(service: Service, here: Here) -> None:
    feed, now = service.open_feed(), datetime.now(UTC)
    filed = here(at(service), "file", "one", "--feed", feed, "--occurred", "-5m")
    assert (filed.status, filed.errors.splitlines()[0][: len("ticker: --occurred -5m is 2")]) == (
        *(0, "ticker: --occurred -5m is 2"),
    )
    found = service.http.get(f"/v1/feeds/{feed}/dispatches/{json.loads(filed.output)['id']}").json()
    assert abs(datetime.fromisoformat(found["occurred"]) - (now - timedelta(minutes=5))) < timedelta(seconds=30)
    held = here(at(service), "file", "two", "--feed", feed, "--release-at", "+30m")
    due = datetime.fromisoformat(json.loads(held.output)["release_at"])
    assert abs(due - (now + timedelta(minutes=30))) < timedelta(seconds=30)
    clock = (datetime.now().astimezone() - timedelta(minutes=1)).strftime("%H:%M")
    corrected = here(at(service), "correct", json.loads(filed.output)["id"], "--feed", feed, "--occurred", clock)
    assert corrected.status == 0
    assert f"--occurred {clock} is " in corrected.errors
