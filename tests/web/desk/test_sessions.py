"""Sessions over HTTP, across two nodes: what a cookie opens, from where, and until when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.service import Service
from tests.web.desk.desk import OURS, cookie_of, key, signed_in

OWN = [{"sec-fetch-site": "same-origin"}, {"origin": "{url}"}]
"""What a browser sends from a page of the service: the second over plain HTTP."""
FOREIGN = [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "none"},
    {"sec-fetch-site": "cross-site", "origin": "{url}"},
    {"sec-fetch-site": ""},
    {"origin": "https://elsewhere.example"},
    {"origin": "null"},
    {"origin": "{url}.elsewhere.example"},
    {},
]
"""What it sends from anywhere else, and what no browser of today sends with a change."""


def headers(sent: dict[str, str], url: str) -> dict[str, str]:
    return {name: value.replace("{url}", url) for name, value in sent.items()}


# Signing in


def test_a_key_becomes_a_session_that_files_on_another_node(service: Service, other_node: Service) -> None:
    issued = key(service, "correspondent", "breaking")
    with (
        signed_in(service.url, key=issued["key"]) as browser,
        httpx.Client(base_url=other_node.url, headers=OURS | browser.cookie) as on_other,
    ):
        session = on_other.get("/desk/session").json()
        assert session == browser.http.get("/desk/session").json() | {"expires": session["expires"]}
        assert session["person"]["name"] == "Lena Ortiz"
        assert (session["role"], session["feeds"]) == ("correspondent", ["breaking"])
        assert session["begun"] < session["expires"]
        filed = on_other.post("/v1/feeds/breaking/dispatches", json={"text": "Filed with a session"})
        assert filed.status_code == 201, filed.text
        pin = on_other.put("/v1/feeds/breaking/pin", json={"id": filed.json()["id"]})
        assert pin.status_code == 403, "a session reaches no farther than its key"


def test_guessing_a_key_by_signing_in_is_counted_as_anywhere_else(service: Service) -> None:
    def unknown_keys() -> int:
        lines = service.http.get("/metrics").text.splitlines()
        return int(next(line for line in lines if line.startswith("ticker_unknown_keys_total ")).split()[1])

    before = unknown_keys()
    answer = httpx.post(f"{service.url}/desk/session", json={"key": "tk_guessed"}, headers=OURS)
    assert (answer.status_code, unknown_keys()) == (401, before + 1)


def test_a_key_of_all_feeds_has_none_listed(service: Service) -> None:
    with signed_in(service.url, key=service.key) as browser:
        assert browser.http.get("/desk/session").json()["feeds"] is None


def test_the_cookie_is_for_this_browser_and_this_site_alone(service: Service) -> None:
    answer = httpx.post(f"{service.url}/desk/session", json={"key": service.key})
    assert answer.headers["cache-control"] == "no-store"
    cookie = cookie_of(answer)["session"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
    assert (cookie["secure"], cookie["domain"]) == ("", "")
    assert len(cookie.value) >= 43
    assert cookie.value not in answer.text
    assert service.key not in answer.text


def test_behind_tls_the_cookie_is_bound_to_the_host(tmp_path: Path) -> None:
    with Service(tmp_path, public_url="https://news.example/ticker") as service:
        answer = service.http.post("/desk/session", json={"key": service.key})
        cookie = cookie_of(answer)["__Host-session"]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
        assert (cookie["secure"], cookie["domain"]) == (True, "")
        for name, status in (("session", 401), ("__Host-session", 200)):
            sent = {"cookie": f"{name}={cookie.value}"}
            assert httpx.get(f"{service.url}/desk/session", headers=sent).status_code == status
        # Behind the proxy, the service's own origin is that of its public URL.
        sent = {"cookie": f"__Host-session={cookie.value}", "origin": "https://news.example"}
        assert httpx.delete(f"{service.url}/desk/session", headers=sent).status_code == 204


def test_below_a_prefix_the_plain_cookie_is_sent_nowhere_else(tmp_path: Path) -> None:
    with Service(tmp_path, public_url="http://news.example/ticker") as service:
        cookie = cookie_of(service.http.post("/ticker/desk/session", json={"key": service.key}))["session"]
        assert (cookie["path"], cookie["secure"]) == ("/ticker", "")


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"key": "tk_never_issued"}, 401, "Authorization"),
        ({}, 422, "key"),
        ({"key": ""}, 422, "key"),
        ({"key": None}, 422, "key"),
        ({"key": 7}, 422, "key"),
        ({"key": "x" * 513}, 422, "key"),
        ({"key": "tk_1", "name": "Lena"}, 422, "name"),
        ([], 400, None),
    ],
)
def test_what_is_no_key_begins_no_session(service: Service, body: Any, status: int, field: str | None) -> None:
    answer = httpx.post(f"{service.url}/desk/session", json=body)
    assert (answer.status_code, answer.json().get("field")) == (status, field)
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("sent", [each for each in FOREIGN if each])
def test_no_other_site_signs_a_visitor_in(service: Service, sent: dict[str, str]) -> None:
    answer = httpx.post(
        f"{service.url}/desk/session",
        content=f'{{"key": "{service.key}"}}',
        headers={"content-type": "text/plain", **headers(sent, service.url)},
    )
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:ticker:problem:cross-site")
    assert "set-cookie" not in answer.headers


# From where a cookie is accepted


@pytest.mark.parametrize("sent", OWN)
def test_a_page_of_the_service_writes_with_the_cookie(service: Service, sent: dict[str, str]) -> None:
    with signed_in(service.url, key=service.key) as browser:
        answer = httpx.put(
            f"{service.url}/v1/feeds/breaking/air",
            json={"on": True},
            headers=browser.cookie | headers(sent, service.url),
        )
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("sent", FOREIGN)
def test_no_other_page_writes_with_the_cookie(service: Service, sent: dict[str, str]) -> None:
    feed = service.open_feed()
    with signed_in(service.url, key=service.key) as browser:
        cookie = browser.cookie | headers(sent, service.url)
        asked: list[tuple[str, str, dict[str, Any]]] = [
            ("POST", f"/v1/feeds/{feed}/dispatches", {"json": {"text": "forged"}}),
            ("POST", f"/v1/feeds/{feed}/dispatches", {"content": '{"text": "forged"}'}),  # as a form may send it
            ("DELETE", f"/v1/feeds/{feed}", {}),
            ("DELETE", "/desk/session", {}),
        ]
        for method, path, body in asked:
            answer = httpx.request(method, service.url + path, headers=cookie, **body)
            assert (answer.status_code, answer.json()["type"]) == (403, "urn:ticker:problem:cross-site")
            assert answer.json()["field"] in ("Sec-Fetch-Site", "Origin")
        assert service.snapshot(feed)["dispatches"] == []
        assert browser.http.get("/desk/session").status_code == 200


def test_a_key_beside_the_cookie_is_what_counts(service: Service) -> None:
    feed = service.open_feed()
    with signed_in(service.url, key=service.key) as browser:
        cookie = browser.cookie | {"origin": "https://elsewhere.example"}
        answer = httpx.post(
            f"{service.url}/v1/feeds/{feed}/dispatches",
            json={"text": "a program"},
            headers=cookie | service.authorization,
        )
        assert answer.status_code == 201
        wrong = {"authorization": "Bearer tk_never_issued"}
        assert httpx.get(f"{service.url}/v1/keys", headers=browser.cookie | wrong).status_code == 401


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"origin": "{url}"}, 200),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"origin": "https://elsewhere.example"}, 403),
    ],
)
def test_other_sites_read_nothing_with_the_cookie(service: Service, sent: dict[str, str], status: int) -> None:
    with signed_in(service.url, key=service.key) as browser:
        for path in ("/v1/keys", "/desk/session", "/desk/sessions", "/v1/feeds/breaking/held"):
            answer = httpx.get(service.url + path, headers=browser.cookie | headers(sent, service.url))
            assert answer.status_code == status


def private_feed(service: Service) -> str:
    feed = service.open_feed()
    assert service.http.patch(f"/v1/feeds/{feed}", json={"visibility": "private"}).status_code == 200
    return feed


def test_a_private_feed_is_there_for_the_desk_and_for_no_other_site(service: Service) -> None:
    feed = private_feed(service)
    socket = f"{service.url.replace('http', 'ws')}/v1/feeds/{feed}/live"
    with signed_in(service.url, key=key(service, "correspondent", feed)["key"]) as browser:
        assert browser.http.get(f"/v1/feeds/{feed}").status_code == 200
        assert feed in browser.http.get("/v1/feeds").text
        assert browser.http.get("/v1/feeds").headers["cache-control"] == "no-store"
        with connect(socket, additional_headers=browser.cookie | {"origin": service.url}) as connection:
            assert f'"feed":"{feed}"' in str(connection.recv(timeout=15))
        for sent in FOREIGN:
            with pytest.raises(InvalidStatus) as refused:
                connect(socket, additional_headers=browser.cookie | headers(sent, service.url))
            assert refused.value.response.status_code == 404, sent
        from_elsewhere = browser.cookie | {"origin": "https://elsewhere.example"}
        assert httpx.get(f"{service.url}/v1/feeds/{feed}", headers=from_elsewhere).status_code == 404
        assert feed not in httpx.get(f"{service.url}/v1/feeds", headers=from_elsewhere).text


# Until when


def test_signing_out_ends_the_session_everywhere_and_clears_the_cookie(service: Service, other_node: Service) -> None:
    with signed_in(service.url, key=service.key) as browser:
        cookie = browser.cookie
        answer = browser.http.delete("/desk/session")
        assert (answer.status_code, answer.content) == (204, b"")
        assert cookie_of(answer)["session"]["max-age"] == "0"
        assert not browser.http.cookies
        for node in (service, other_node):
            gone = httpx.get(f"{node.url}/desk/session", headers=cookie)
            assert (gone.status_code, gone.json()["type"]) == (401, "urn:ticker:problem:unauthorized")
        assert browser.http.delete("/desk/session").status_code == 204, "there is nothing left to end"
    assert httpx.get(f"{service.url}/desk/session").status_code == 401


def test_a_session_is_dead_at_once_with_its_key(service: Service, other_node: Service) -> None:
    issued = key(service)
    with signed_in(service.url, key=issued["key"]) as browser:
        assert other_node.http.delete(f"/v1/keys/{issued['id']}").status_code == 204
        for node in (service, other_node):
            for path in ("/desk/session", "/v1/feeds/breaking/held"):
                answer = httpx.get(node.url + path, headers=browser.cookie)
                assert answer.status_code == 401
                assert browser.secret not in answer.text
        listed = service.http.get("/desk/sessions?all").json()["sessions"]
        assert issued["id"] not in {each["person"]["id"] for each in listed}


def test_sessions_are_listed_and_ended_by_their_owner_or_an_admin(service: Service, other_node: Service) -> None:
    mona, lena = key(service, name="Mona"), key(service, "editor", name="Lena")
    with signed_in(service.url, key=mona["key"]) as phone, signed_in(other_node.url, key=mona["key"]) as laptop:
        agent = {"user-agent": "Firefox on a laptop"}
        tablet = laptop.http.post("/desk/session", json={"key": mona["key"]}, headers=agent).json()
        listed = phone.http.get("/desk/sessions").json()["sessions"]
        assert len(listed) == 3
        assert [each["current"] for each in listed] == [True, False, False]
        assert (listed[2]["id"], listed[2]["agent"]) == (tablet["id"], "Firefox on a laptop")
        assert phone.secret not in str(listed)
        with signed_in(service.url, key=lena["key"]) as other:
            assert {each["person"]["name"] for each in other.http.get("/desk/sessions").json()["sessions"]} == {"Lena"}
            assert other.http.get("/desk/sessions?all").status_code == 403
            assert other.http.delete(f"/desk/sessions/{tablet['id']}").status_code == 403
            assert other.http.delete("/desk/sessions/s0000000000000000").status_code == 404
        assert phone.http.delete(f"/desk/sessions/{tablet['id']}").status_code == 204
        assert laptop.http.get("/desk/session").status_code == 401, "ended on another node"
        everybodys = service.http.get("/desk/sessions?all").json()["sessions"]
        assert listed[0]["id"] in {each["id"] for each in everybodys}
        assert not any(each["current"] for each in everybodys)
        assert other_node.http.delete(f"/desk/sessions/{listed[0]['id']}").status_code == 204
        assert phone.http.get("/desk/session").status_code == 401


def test_a_reader_of_a_private_feed_leaves_with_the_session(service: Service, other_node: Service) -> None:
    feed = private_feed(service)
    socket = f"{service.url.replace('http', 'ws')}/v1/feeds/{feed}/live"
    with (
        signed_in(service.url, key=service.key) as browser,
        signed_in(service.url, key=service.key) as stays,
        connect(socket, additional_headers=browser.cookie | {"origin": service.url}) as connection,
        connect(socket, additional_headers=stays.cookie | {"origin": service.url}) as other,
    ):
        id = browser.http.get("/desk/session").json()["id"]
        assert other_node.http.delete(f"/desk/sessions/{id}").status_code == 204
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                connection.recv(timeout=25)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008
        filed = service.file(feed, "still read by the other session")
        while filed["id"] not in str(other.recv(timeout=25)):
            pass


def test_a_page_that_takes_the_cookie_for_that_of_another_person_changes_nothing(service: Service) -> None:
    mona, omar = key(service, name="Mona"), key(service, name="Omar")
    feed = service.open_feed()
    address = f"/v1/feeds/{feed}/dispatches"
    with signed_in(service.url, key=omar["key"]) as browser:
        wrong = browser.http.post(address, json={"text": "By Mona"}, headers={"ticker-person": mona["id"]})
        assert (wrong.status_code, wrong.json()["type"]) == (401, "urn:ticker:problem:unauthorized")
        assert browser.http.get("/desk/session", headers={"ticker-person": mona["id"]}).status_code == 401
        refused = browser.http.delete("/desk/session", headers={"ticker-person": mona["id"]})
        assert (refused.status_code, refused.headers.get("set-cookie")) == (401, None)
        assert browser.http.get("/desk/session").status_code == 200
        assert service.snapshot(feed)["dispatches"] == []
        right = browser.http.post(address, json={"text": "By Omar"}, headers={"ticker-person": omar["id"]})
        assert right.status_code == 201
    # A key says by itself whose it is.
    answer = httpx.post(
        service.url + address,
        json={"text": "By Omar, by key"},
        headers={"authorization": f"Bearer {omar['key']}", "ticker-person": mona["id"]},
    )
    assert answer.status_code == 201
