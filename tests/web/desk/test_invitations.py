"""Invitations over HTTP: previewed, accepted once on any node, listed and withdrawn."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from tests.service import Service
from tests.web.desk.desk import OURS, Browser, expire, key, signed_in

PLAN = {"name": "Omar Nasser", "role": "correspondent", "feeds": ["breaking"]}


def invite(service: Service, secret: str, **plan: Any) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {secret}"}
    body = {name: value for name, value in (PLAN | plan).items() if value is not None}
    answer = httpx.post(f"{service.url}/v1/invitations", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def secret_of(made: dict[str, Any]) -> str:
    """What the desk's page takes out of the fragment."""
    return str(made["url"].partition("#invitation=")[2])


def accept(node: Service, secret: str) -> httpx.Response:
    return httpx.post(f"{node.url}/desk/session", json={"invitation": secret}, headers=OURS)


def test_an_invitation_becomes_one_session_on_any_node(service: Service, other_node: Service) -> None:
    lena = key(service, "editor", "breaking")
    made = invite(service, lena["key"])
    assert made["url"].startswith(f"{service.url}/desk#invitation=")
    assert made["qr"].startswith("<svg ")
    with signed_in(other_node.url, invitation=secret_of(made)) as phone:
        session = phone.http.get("/desk/session").json()
        assert (session["person"]["name"], session["role"], session["feeds"]) == (
            "Omar Nasser",
            "correspondent",
            ["breaking"],
        )
        filed = phone.http.post("/v1/feeds/breaking/dispatches", json={"text": "From a phone"})
        assert filed.status_code == 201
        again = accept(service, secret_of(made))
        assert (again.status_code, again.json()["type"]) == (410, "urn:ticker:problem:invitation-ended")
        assert "set-cookie" not in again.headers
        [listed] = [each for each in service.http.get("/v1/keys").json()["keys"] if each["name"] == "Omar Nasser"]
        assert service.http.delete(f"/v1/keys/{listed['id']}").status_code == 204
        assert phone.http.get("/desk/session").status_code == 401


def test_whatever_previews_the_link_spends_nothing(service: Service) -> None:
    made = invite(service, service.key)
    for agent in ("WhatsApp/2", "Slackbot-LinkExpanding 1.0"):
        for method in ("GET", "HEAD"):
            preview = httpx.request(method, made["url"], headers={"user-agent": agent})
            assert secret_of(made) not in preview.text + str(preview.request.url.raw_path)
    assert accept(service, secret_of(made)).status_code == 201


def test_an_expired_invitation_is_refused(service: Service, other_node: Service) -> None:
    made = invite(service, service.key)
    expire(service, "ticker:invitation:*")
    for node in (service, other_node):
        answer = accept(node, secret_of(made))
        assert (answer.status_code, answer.json()["type"]) == (410, "urn:ticker:problem:invitation-ended")
    assert accept(service, "never-made").status_code == 410


def test_no_other_site_accepts_an_invitation_for_a_visitor(service: Service) -> None:
    made = invite(service, service.key)
    body = {"invitation": secret_of(made)}
    refused = httpx.post(f"{service.url}/desk/session", json=body, headers={"origin": "https://elsewhere.example"})
    assert refused.status_code == 403
    assert accept(service, secret_of(made)).status_code == 201, "and it is not spent by that"


@pytest.mark.parametrize(
    ("plan", "field"),
    [({"role": "admin"}, "role"), ({"feeds": ["sports"]}, "feeds"), ({"person": "p000000000000"}, "person")],
)
def test_an_editor_invites_no_farther_than_their_own_reach(service: Service, plan: dict[str, Any], field: str) -> None:
    headers = {"authorization": f"Bearer {key(service, 'editor', 'breaking')['key']}"}
    answer = httpx.post(f"{service.url}/v1/invitations", json=PLAN | plan, headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (403, field)


def test_an_invitation_to_no_feeds_is_none_to_all(service: Service) -> None:
    answer = service.http.post("/v1/invitations", json=PLAN | {"feeds": []})
    assert (answer.status_code, answer.json()["field"]) == (422, "feeds")


def test_a_correspondent_invites_nobody_and_an_unknown_person_is_not_found(service: Service) -> None:
    headers = {"authorization": f"Bearer {key(service)['key']}"}
    assert httpx.post(f"{service.url}/v1/invitations", json=PLAN, headers=headers).status_code == 403
    unknown = service.http.post("/v1/invitations", json=PLAN | {"person": "p000000000000"})
    assert unknown.status_code == 404


def test_open_invitations_are_listed_and_withdrawn_by_who_made_them_or_an_admin(service: Service) -> None:
    lena, mona = key(service, "editor", "breaking"), key(service, "editor", name="Mona")
    lenas, monas = invite(service, lena["key"], feeds=None), invite(service, mona["key"])

    def ask(who: dict[str, Any], method: str, path: str = "") -> httpx.Response:
        headers = {"authorization": f"Bearer {who['key']}"}
        return httpx.request(method, f"{service.url}/v1/invitations{path}", headers=headers)

    [listed] = ask(lena, "GET").json()["invitations"]
    expected = PLAN | {"id": lenas["id"], "person": None, "expires": lenas["expires"]}
    assert listed == expected, "without feeds, those of who invites"
    everybodys = service.http.get("/v1/invitations")
    assert {lenas["id"], monas["id"]} <= {each["id"] for each in everybodys.json()["invitations"]}
    assert secret_of(lenas) not in everybodys.text
    assert ask(lena, "DELETE", f"/{monas['id']}").status_code == 403
    assert ask(lena, "DELETE", f"/{lenas['id']}").status_code == 204
    assert ask(lena, "DELETE", f"/{lenas['id']}").status_code == 404
    assert service.http.delete(f"/v1/invitations/{monas['id']}").status_code == 204
    for made in (lenas, monas):
        assert accept(service, secret_of(made)).status_code == 410


def test_an_editor_at_the_desk_invites_with_the_session(service: Service) -> None:
    with signed_in(service.url, key=key(service, "editor", "breaking")["key"]) as browser:
        made = browser.http.post("/v1/invitations", json=PLAN)
        assert made.status_code == 201
        assert re.fullmatch(r"[\w-]{43}", secret_of(made.json()))
        phone = Browser(service.url)
        with phone.http:
            assert phone.sign_in(invitation=secret_of(made.json()))["person"]["name"] == "Omar Nasser"
