"""`ticker held`: lines under embargo, as the desk handles them from a terminal."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.command import Here, at
from tests.service import Service
from ticker.dispatch import rfc3339

DAY = timedelta(days=1)


def _hold(here: Here, service: Service, feed: str, text: str, days: int, *flags: str) -> tuple[str, str]:
    """Hold a line for that many days; return its id and when it is due."""
    due = rfc3339(datetime.now(UTC) + days * DAY)
    receipt = json.loads(here(at(service), "file", text, "--feed", feed, "--release-at", due, *flags).printed)
    assert (receipt["release_at"], receipt["revision"]) == (due, 1)
    return receipt["id"], due


def test_a_dispatch_can_be_held_until_its_time(service: Service, here: Here) -> None:
    feed = service.open_feed()
    hold = ["file", "embargoed", "--feed", feed, "--release-at"]
    for moment in ("tomorrow", "2026-01-01T00:00:00Z", "2126-01-01T00:00:00Z"):
        assert "release_at" in here(at(service), *hold, moment).complaint
    for empty in ("", " "):  # as of a variable that is not set
        assert "release_at" in here(at(service), *hold, empty).complaint
    assert service.snapshot(feed)["dispatches"] == []
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    receipt = json.loads(here(at(service), *hold, soon).printed)
    assert (receipt["revision"], "position" in receipt) == (1, False)
    assert service.snapshot(feed)["dispatches"] == []


def test_held_dispatches_are_listed_shown_released_and_spiked(service: Service, here: Here) -> None:
    where, feed = at(service), service.open_feed("ar")
    second, second_due = _hold(here, service, feed, "البنك المركزي يرفع سعر الفائدة", 2)
    first, first_due = _hold(here, service, feed, "الموازنة", 1, "--urgency", "urgent", "--source", "Treasury")
    listed = here(where, "held", "list", "--feed", feed).printed
    assert [line.split("\t") for line in listed.splitlines()] == [
        [first, first_due, "urgent", "الموازنة"],
        [second, second_due, "normal", "البنك المركزي يرفع سعر الفائدة"],
    ]
    shown = json.loads(here(where, "held", "show", first, "--feed", feed).printed)
    assert [shown[name] for name in ("text", "source", "status")] == ["الموازنة", "Treasury", "held"]

    receipt = json.loads(here(where, "held", "release", first, "--feed", feed).printed)
    assert (receipt["revision"], receipt["position"].split("-")[0]) == (1, "1")
    filed = service.http.get(f"/v1/feeds/{feed}/dispatches/{receipt['id']}").json()
    assert (filed["text"], filed["urgency"]) == ("الموازنة", "urgent")
    shown = json.loads(here(where, "held", "show", first, "--feed", feed).printed)
    assert (shown["status"], shown["dispatch"], "text" in shown) == ("released", receipt["id"], False)

    spiked = json.loads(here(where, "held", "spike", second, "--feed", feed, "--reason", "Not ours").printed)
    assert (spiked["id"], spiked["revision"]) == (second, 2)
    shown = json.loads(here(where, "held", "show", second, "--feed", feed).printed)
    assert (shown["status"], shown["reason"], "text" in shown) == ("spiked", "Not ours", False)
    assert here(where, "held", "list", "--feed", feed).printed == ""


def test_a_held_dispatch_is_spiked_without_a_reason_too(service: Service, here: Here) -> None:
    where, feed = at(service), service.open_feed()
    id, _ = _hold(here, service, feed, "one", 1)
    assert json.loads(here(where, "held", "spike", id, "--feed", feed).printed)["id"] == id
    assert "it was spiked" in here(where, "held", "release", id, "--feed", feed).complaint
    assert "it was spiked" in here(where, "held", "spike", id, "--feed", feed).complaint


@pytest.mark.parametrize("command", ["show", "release", "spike"])
def test_a_dispatch_that_was_never_held_is_named(service: Service, command: str, here: Here) -> None:
    assert "hnowhere" in here(at(service), "held", command, "hnowhere").complaint


def test_a_correspondent_sees_and_releases_only_their_own(service: Service, here: Here) -> None:
    feed = service.open_feed()
    id, _ = _hold(here, service, feed, "the admin's", 1)
    issued = service.http.post("/v1/keys", json={"name": "Amal", "role": "correspondent"}).json()
    hers = at(service, issued["key"])
    assert here(hers, "held", "list", "--feed", feed).printed == ""
    for command in ("show", "release", "spike"):
        assert "only held dispatches that it wrote itself" in here(hers, "held", command, id, "--feed", feed).complaint
    assert "TICKER_KEY" in here(at(service) | {"key": ""}, "held", "list", "--feed", feed).complaint


def test_a_parked_dispatch_is_listed_as_such(service: Service, here: Here) -> None:
    feed = service.open_feed()
    issued = service.http.post("/v1/keys", json={"name": "Mona", "role": "correspondent", "feeds": [feed]}).json()
    due = rfc3339(datetime.now(UTC) + DAY)
    where = at(service, issued["key"])
    id = json.loads(here(where, "file", "embargoed", "--feed", feed, "--release-at", due).printed)["id"]
    assert here(at(service), "keys", "revoke", issued["id"]).printed == ""
    assert "revoked" in here(where, "file", "another", "--feed", feed).complaint
    [line] = here(at(service), "held", "list", "--feed", feed).printed.splitlines()
    shown = json.loads(here(at(service), "held", "show", id, "--feed", feed).printed)
    assert line.split("\t") == [id, f"parked {shown['parked']}", "normal", "embargoed"]
