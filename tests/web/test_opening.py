"""Feeds as an admin opens them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.service import Service


def _open(service: Service, name: str, **plan: Any) -> httpx.Response:
    return service.http.post("/v1/feeds", json={"name": name, **plan})


def test_an_opened_feed_is_there_and_can_be_filed_to_at_once(service: Service) -> None:
    for number in range(10):  # "at once" can be luck; ten times it is not
        name = f"fresh-{number}"
        answer = _open(service, name, title="Frischer Kanal", language="de")
        assert answer.status_code == 201
        assert answer.headers["location"] == f"/v1/feeds/{name}"
        assert service.http.get(answer.headers["location"]).status_code == 200
        filed = service.http.post(f"/v1/feeds/{name}/dispatches", json={"text": "eins"})
        assert filed.status_code == 201
        assert filed.json()["position"].startswith("1-")


def test_a_feed_is_described_as_it_was_opened(service: Service) -> None:
    answer = _open(service, "described", title="أخبار", language="ar")
    opened = answer.json()
    assert (opened["name"], opened["title"], opened["language"]) == ("described", "أخبار", "ar")
    service.until(lambda: service.http.get("/v1/feeds/described").status_code == 200)
    listed = {feed["name"]: feed for feed in service.http.get("/v1/feeds").json()["feeds"]}
    assert (listed["described"]["title"], listed["described"]["language"]) == ("أخبار", "ar")
    assert listed["described"]["position"].startswith("0-")


def test_a_feed_without_a_title_has_its_name_and_english(service: Service) -> None:
    opened = _open(service, "plain").json()
    assert (opened["title"], opened["language"]) == ("plain", "en")


def test_a_feed_is_opened_once(service: Service) -> None:
    assert _open(service, "only").status_code == 201
    service.until(lambda: service.http.get("/v1/feeds/only").status_code == 200)
    service.file("only", "one")
    for name in ("only", "breaking"):
        answer = _open(service, name, title="Another", language="fr")
        assert (answer.status_code, answer.json()["field"]) == (409, "name")
    listed = {feed["name"]: feed for feed in service.http.get("/v1/feeds").json()["feeds"]}
    assert (listed["only"]["title"], listed["breaking"]["language"]) == ("only", "en")
    assert [line["text"] for line in service.snapshot("only")["dispatches"]] == ["one"], "its lines are unharmed"


@pytest.mark.parametrize(
    "name", ["", "A", "-a", "a_b", "a b", "a/b", "a.b", "ä", "a\n", "x" * 65, "{a}", None, 7], ids=repr
)
def test_a_feed_name_is_small_letters_digits_and_hyphens(service: Service, name: Any) -> None:
    answer = service.http.post("/v1/feeds", json={"name": name})
    assert (answer.status_code, answer.json()["field"]) == (422, "name")


@pytest.mark.parametrize("name", ["7", "a-", "x" * 64, "2026-election"])
def test_a_feed_name_at_its_limits_is_fine(service: Service, name: str) -> None:
    assert _open(service, name).status_code == 201


@pytest.mark.parametrize(
    ("plan", "field"),
    [({"language": "english please"}, "language"), ({"title": ""}, "title"), ({"lang": "en"}, "lang")],
)
def test_the_rest_of_a_feed_has_rules_too(service: Service, plan: dict[str, Any], field: str) -> None:
    answer = _open(service, "never", **plan)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
