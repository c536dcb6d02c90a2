"""Keys over HTTP, as an admin has them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.service import Service


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
        ({"name": "x", "role": "editor", "feeds": []}, "feeds"),
        ({"name": "x", "role": "editor", "feeds": None}, "feeds"),
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
