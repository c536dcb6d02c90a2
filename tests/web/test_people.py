"""People over HTTP: one body of work behind several keys."""

from __future__ import annotations

from typing import Any

import httpx

from tests.service import Service
from tests.web.desk.desk import signed_in


def add(service: Service, name: str) -> str:
    answer = service.http.post("/v1/people", json={"name": name})
    assert answer.status_code == 201, answer.text
    assert answer.json() == {"id": answer.json()["id"], "name": name, "keys": []}
    id: str = answer.json()["id"]
    return id


def key(service: Service, person: str | None, role: str = "correspondent", **plan: Any) -> dict[str, Any]:
    plan |= {} if person is None else {"person": person}
    answer = service.http.post("/v1/keys", json={"name": "A device", "role": role, **plan})
    assert answer.status_code == 201, answer.text
    issued: dict[str, Any] = answer.json()
    return issued


def ask(service: Service, issued: dict[str, Any], method: str, path: str, **more: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {issued['key']}", **more.pop("headers", {})}
    return httpx.request(method, service.url + path, headers=headers, **more)


def test_what_one_key_filed_another_of_the_same_person_corrects_and_kills(service: Service) -> None:
    feed, mona = service.open_feed(), add(service, "Mona")
    phone, laptop, other = key(service, mona), key(service, mona), key(service, None)
    dispatches = f"/v1/feeds/{feed}/dispatches"
    filed = ask(service, phone, "POST", dispatches, json={"text": "one"}).json()
    one = f"{dispatches}/{filed['id']}"
    any_revision = {"if-match": "*"}
    assert ask(service, other, "PATCH", one, json={"text": "two"}, headers=any_revision).status_code == 403
    assert ask(service, laptop, "PATCH", one, json={"text": "two"}, headers=any_revision).status_code == 200
    held = ask(service, phone, "POST", dispatches, json={"text": "held", "release_at": "2099-01-01T00:00:00Z"})
    assert held.status_code == 422
    assert ask(service, laptop, "POST", f"{one}/kill", json={"reason": "no"}).status_code == 200
    audit = service.http.get(f"/v1/feeds/{feed}/audit").text
    assert audit.count('"by":"Mona"') == 3
    assert "A device" not in audit


def test_a_repeated_request_may_come_from_another_device(service: Service) -> None:
    feed, mona = service.open_feed(), add(service, "Mona")
    answers = [
        ask(
            service,
            key(service, person),
            "POST",
            f"/v1/feeds/{feed}/dispatches",
            json={"text": "one"},
            headers={"idempotency-key": "k"},
        )
        for person in (mona, mona, None)
    ]
    ids = [answer.json()["id"] for answer in answers]
    assert (ids[0] == ids[1], ids[1] == ids[2]) == (True, False)


def test_two_keys_of_one_person_do_not_make_a_flash(service: Service) -> None:
    feed, mona = service.open_feed(), add(service, "Mona")
    service.http.patch(f"/v1/feeds/{feed}", json={"two_person_flash": True}).raise_for_status()
    phone, laptop, other = key(service, mona), key(service, mona, "editor"), key(service, None)
    filed = ask(
        service, phone, "POST", f"/v1/feeds/{feed}/dispatches", json={"text": "Dam breaks", "urgency": "flash"}
    ).json()
    confirm = f"/v1/feeds/{feed}/dispatches/{filed['id']}/confirm"
    assert ask(service, laptop, "POST", confirm).status_code == 403
    assert ask(service, other, "POST", confirm).status_code == 200


def test_a_person_is_as_fast_as_one_however_many_keys_they_have(service: Service) -> None:
    feed, mona = service.open_feed(), add(service, "Mona")
    keys = [key(service, mona, "editor", rate=2) for _ in range(6)]
    statuses = [ask(service, each, "PUT", f"/v1/feeds/{feed}/air", json={"on": True}).status_code for each in keys]
    assert statuses.count(429) >= 2, statuses  # the minute may turn between two of them, but not twice


def test_people_are_listed_with_their_keys_and_removed_with_them(service: Service) -> None:
    mona = add(service, "Mona")
    phone, laptop, other = key(service, mona), key(service, mona), key(service, None)
    listed = {each["id"]: each for each in service.http.get("/v1/people").json()["people"]}
    assert listed[mona] == {"id": mona, "name": "Mona", "keys": [phone["id"], laptop["id"]]}
    assert listed[other["id"]] == {"id": other["id"], "name": "A device", "keys": [other["id"]]}
    assert phone["person"] == {"id": mona, "name": "Mona"}
    with signed_in(service.url, key=phone["key"]) as browser:
        session = browser.http.get("/desk/session").json()
        assert session["person"] == {"id": mona, "name": "Mona"}
        with signed_in(service.url, key=laptop["key"]) as second:
            assert len(second.http.get("/desk/sessions").json()["sessions"]) == 2, "a person sees all of theirs"
        assert service.http.delete(f"/v1/people/{mona}").status_code == 204
        assert browser.http.get("/desk/session").status_code == 401
    for each, status in ((phone, 401), (laptop, 401), (other, 200)):
        assert ask(service, each, "GET", "/v1/feeds/breaking/held").status_code == status
    assert mona not in {each["id"] for each in service.http.get("/v1/people").json()["people"]}
    assert service.http.delete(f"/v1/people/{mona}").status_code == 404
    unknown = service.http.post("/v1/keys", json={"name": "x", "role": "editor", "person": mona})
    assert unknown.status_code == 404
