"""Feeds and keys over HTTP, as an admin has them; and what an operator's machines ask."""

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


def test_a_key_is_shown_once_and_listed_by_its_holder(service: Service) -> None:
    feed = service.open_feed()
    answer = service.http.post("/v1/keys", json={"name": "Amal Haddad", "role": "editor", "feeds": [feed]})
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    issued = answer.json()
    assert issued["key"].startswith("tk_")
    assert len(issued["key"]) >= 32
    holders = service.http.get("/v1/keys")
    listed = {holder["id"]: holder for holder in holders.json()["keys"]}
    assert listed[issued["id"]] == {name: value for name, value in issued.items() if name != "key"} | {"used": None}
    assert (listed[issued["id"]]["role"], listed[issued["id"]]["feeds"]) == ("editor", [feed])
    for secret in (issued["key"], service.key):
        assert secret not in holders.text


def test_two_keys_are_never_alike(service: Service) -> None:
    issued = [service.http.post("/v1/keys", json={"name": "x", "role": "editor"}).json() for _ in range(5)]
    assert len({one["key"] for one in issued}) == len({one["id"] for one in issued}) == 5


@pytest.mark.parametrize(
    ("plan", "field"),
    [
        ({"role": "editor"}, "name"),
        ({"name": "", "role": "editor"}, "name"),
        ({"name": "x"}, "role"),
        ({"name": "x", "role": "root"}, "role"),
        ({"name": "x", "role": "editor", "feeds": "breaking"}, "feeds"),
        ({"name": "x", "role": "editor", "feeds": ["No Name"]}, "feeds.0"),
        ({"name": "x", "role": "editor", "key": "tk_of_my_own"}, "key"),
    ],
)
def test_a_key_that_breaks_a_rule_is_not_issued(service: Service, plan: dict[str, Any], field: str) -> None:
    before = [holder["id"] for holder in service.http.get("/v1/keys").json()["keys"]]
    answer = service.http.post("/v1/keys", json=plan)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert [holder["id"] for holder in service.http.get("/v1/keys").json()["keys"]] == before


def test_an_admin_of_some_feeds_cannot_issue_keys_for_others(service: Service) -> None:
    feed = service.open_feed()
    answer = service.http.post("/v1/keys", json={"name": "x", "role": "admin", "feeds": [feed]})
    if answer.status_code == 422:
        return  # a service may also know no such admins
    headers = {"authorization": f"Bearer {answer.json()['key']}"}
    wider = service.http.post("/v1/keys", json={"name": "y", "role": "admin"}, headers=headers)
    assert wider.status_code == 403


def test_a_revoked_key_is_no_longer_listed_and_cannot_be_revoked_again(service: Service) -> None:
    id = service.http.post("/v1/keys", json={"name": "x", "role": "editor"}).json()["id"]
    answer = service.http.delete(f"/v1/keys/{id}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert id not in {holder["id"] for holder in service.http.get("/v1/keys").json()["keys"]}
    again = service.http.delete(f"/v1/keys/{id}")
    assert again.status_code == 404
    assert again.headers["content-type"] == "application/problem+json"


def test_an_admin_key_from_the_environment_goes_when_another_is_set(own_service: Service) -> None:
    service = own_service
    old = service.authorization
    service.stop()
    service.key = service.settings["admin_key"] = "tk_of_the_next_deployment"
    service.start()
    assert service.http.get("/v1/keys").status_code == 200
    assert service.http.get("/v1/keys", headers=old).status_code == 401, "a rotated key is worthless"


def test_a_balancer_learns_that_the_service_is_alive_and_ready(service: Service) -> None:
    for path in ("/healthz", "/readyz"):
        service.until(lambda path=path: service.http.get(path).status_code == 200)
        assert service.http.get(path).headers["cache-control"] == "no-store"


def test_metrics_are_in_the_format_that_prometheus_reads(service: Service) -> None:
    feed = service.open_feed()
    service.file(feed, "one")
    service.until(lambda: service.snapshot(feed)["position"].startswith("1-"))
    with service.websocket(feed) as connection:
        connection.recv(timeout=10)
        answer = service.http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert f'ticker_readers{{feed="{feed}"}} 1' in lines
    assert f'ticker_offset{{feed="{feed}"}} 1' in lines
    samples = [line for line in lines if not line.startswith("#")]
    named = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    assert {line.split("{")[0].split()[0] for line in samples} == named
    assert all(float(line.rsplit(" ", 1)[1]) >= 0 for line in samples)
