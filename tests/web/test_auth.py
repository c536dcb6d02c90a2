"""Keys over HTTP: who may do what, where, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from tests.service import Service
from ticker.client_address import ClientAddresses
from ticker.errors import InvalidToken
from ticker.guesses import Guesses
from ticker.journal.holder import Holder
from ticker.web import auth, credentials, key_lookup

WRITES: list[tuple[str, str, dict[str, Any] | None]] = [
    ("POST", "/v1/feeds/{feed}/dispatches", {"text": "x"}),
    ("PATCH", "/v1/feeds/{feed}/dispatches/{id}", {"text": "y"}),
    ("POST", "/v1/feeds/{feed}/dispatches/{id}/kill", {"reason": "z"}),
    ("PUT", "/v1/feeds/{feed}/pin", {"id": "{id}"}),
    ("DELETE", "/v1/feeds/{feed}/pin", None),
    ("PUT", "/v1/feeds/{feed}/air", {"on": True}),
]
ADMINS: list[tuple[str, str, dict[str, Any] | None]] = [
    ("POST", "/v1/feeds", {"name": "never-opened"}),
    ("GET", "/v1/keys", None),
    ("POST", "/v1/keys", {"name": "x", "role": "editor"}),
    ("DELETE", "/v1/keys/none", None),
]


@pytest.fixture(scope="module")
def stranger(service: Service) -> Iterator[httpx.Client]:
    """Somebody without a key."""
    with httpx.Client(base_url=service.url) as client:
        yield client


def _issue(service: Service, role: str, *feeds: str, name: str = "Amal") -> dict[str, Any]:
    answer = service.http.post("/v1/keys", json={"name": name, "role": role} | ({"feeds": feeds} if feeds else {}))
    assert answer.status_code == 201
    issued: dict[str, Any] = answer.json()
    return issued


def _key(service: Service, role: str, *feeds: str) -> dict[str, str]:
    return {"authorization": f"Bearer {_issue(service, role, *feeds)['key']}"}


def _ask(
    stranger: httpx.Client, headers: dict[str, str], asked: tuple[str, str, Any], feed: str = "breaking", id: str = "x"
) -> httpx.Response:
    method, path, body = asked
    if body is not None:
        body = {name: id if value == "{id}" else value for name, value in body.items()}
    address = path.replace("{feed}", feed).replace("{id}", id)
    return stranger.request(method, address, json=body, headers={"if-match": "*", **headers})


@pytest.mark.parametrize("asked", [*WRITES, *ADMINS], ids=lambda asked: f"{asked[0]} {asked[1]}")
def test_without_a_key_every_write_is_challenged_for_one(stranger: httpx.Client, asked: tuple[str, str, Any]) -> None:
    answer = _ask(stranger, {}, asked)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == 'Bearer realm="ticker"'  # RFC 6750: no error code, there was no key
    assert answer.json()["field"] == "Authorization"


@pytest.mark.parametrize(
    "authorization", ["Bearer", "Bearer tk_never_issued", "Bearer \xe9", "Basic dGs6dGs=", "tk_bare"]
)
def test_what_is_no_key_of_ours_is_challenged_too(stranger: httpx.Client, authorization: str) -> None:
    sent = httpx.Headers({"authorization": authorization}, encoding="latin-1")
    answer = stranger.post("/v1/feeds/breaking/dispatches", json={"text": "x"}, headers=sent)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith('Bearer realm="ticker"')


def test_the_challenge_tells_a_wrong_key_from_no_key(stranger: httpx.Client) -> None:
    answer = _ask(stranger, {"authorization": "Bearer tk_never_issued"}, WRITES[0])
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert "tk_never_issued" not in answer.text + str(answer.headers)


def test_an_insufficient_key_gets_the_challenge_of_rfc_6750(service: Service, stranger: httpx.Client) -> None:
    answer = _ask(stranger, _key(service, "correspondent"), ("PUT", "/v1/feeds/{feed}/air", {"on": True}))
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


def test_the_scheme_is_bearer_in_any_case(service: Service, stranger: httpx.Client) -> None:
    answer = _ask(stranger, {"authorization": f"bEaReR  {service.key}"}, WRITES[0], service.open_feed())
    assert answer.status_code == 201


def test_reading_needs_no_key_and_does_not_mind_a_bad_one(stranger: httpx.Client) -> None:
    paths = ["/v1/feeds", "/v1/feeds/breaking", "/v1/feeds/breaking/dispatches", "/", "/feeds/breaking"]
    for headers in ({}, {"authorization": "Bearer tk_never_issued"}):
        assert [stranger.get(path, headers=headers).status_code for path in paths] == [200] * 5


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("correspondent", [201, 200, 403, 403, 403, 200]),
        ("editor", [201, 200, 200, 200, 200, 200]),
        ("admin", [201, 200, 200, 200, 200, 200]),
    ],
)
def test_a_role_allows_what_it_is_documented_to(
    service: Service, stranger: httpx.Client, role: str, expected: list[int]
) -> None:
    feed, headers = service.open_feed(), _key(service, role)
    filed = _ask(stranger, headers, WRITES[0], feed)
    id = filed.json()["id"]
    _, correct, kill, pin, unpin, air = WRITES
    answers = [filed, *(_ask(stranger, headers, asked, feed, id) for asked in (correct, pin, unpin, air, kill))]
    assert [answer.status_code for answer in answers] == expected


@pytest.mark.parametrize("role", ["correspondent", "editor"])
@pytest.mark.parametrize("asked", ADMINS, ids=lambda asked: f"{asked[0]} {asked[1]}")
def test_feeds_and_keys_are_for_admins(
    service: Service, stranger: httpx.Client, asked: tuple[str, str, Any], role: str
) -> None:
    assert _ask(stranger, _key(service, role), asked).status_code == 403


def test_a_correspondent_changes_only_what_the_same_key_filed(service: Service, stranger: httpx.Client) -> None:
    feed = service.open_feed()
    mine, other = _key(service, "correspondent"), _key(service, "correspondent")  # two keys of one name
    id = _ask(stranger, mine, WRITES[0], feed).json()["id"]
    for asked in (WRITES[1], WRITES[2]):
        answer = _ask(stranger, other, asked, feed, id)
        assert answer.status_code == 403
    found = service.http.get(f"/v1/feeds/{feed}/dispatches/{id}").json()
    assert (found["text"], found["revision"], found["status"]) == ("x", 1, "usable")
    assert _ask(stranger, mine, WRITES[1], feed, id).status_code == 200
    assert _ask(stranger, mine, WRITES[2], feed, id).status_code == 200


def test_an_editor_changes_what_anybody_filed(service: Service, stranger: httpx.Client) -> None:
    feed, editor = service.open_feed(), _key(service, "editor")
    for asked in (WRITES[1], WRITES[2]):
        id = service.file(feed, "x")["id"]
        assert _ask(stranger, editor, asked, feed, id).status_code == 200


@pytest.mark.parametrize("role", ["correspondent", "editor"])
def test_a_key_of_some_feeds_writes_to_no_other(service: Service, stranger: httpx.Client, role: str) -> None:
    first, second, foreign = (service.open_feed() for _ in range(3))
    headers = _key(service, role, first, second)
    for feed in (first, second):
        assert _ask(stranger, headers, WRITES[0], feed).status_code == 201
    id = service.file(foreign, "x")["id"]
    service.until(lambda: service.snapshot(foreign)["dispatches"])
    before = service.snapshot(foreign)
    assert [_ask(stranger, headers, asked, foreign, id).status_code for asked in WRITES] == [403] * len(WRITES)
    # The time of the last proof moves on while nothing changes.
    assert service.snapshot(foreign) | {"at": None} == before | {"at": None}


def test_a_key_is_refused_before_it_learns_whether_a_feed_or_dispatch_exists(
    service: Service, stranger: httpx.Client
) -> None:
    headers = _key(service, "correspondent", service.open_feed())
    assert _ask(stranger, headers, WRITES[0], "nowhere").status_code == 403
    assert _ask(stranger, {}, WRITES[0], "nowhere").status_code == 401


def test_a_revoked_key_is_worthless_at_once_and_other_keys_are_not(service: Service, stranger: httpx.Client) -> None:
    feed = service.open_feed()
    issued, other = _issue(service, "editor"), _key(service, "editor")
    headers = {"authorization": f"Bearer {issued['key']}"}
    with httpx.Client(base_url=service.url, headers=headers) as open_line:
        assert open_line.post(f"/v1/feeds/{feed}/dispatches", json={"text": "x"}).status_code == 201
        assert service.http.delete(f"/v1/keys/{issued['id']}").status_code == 204
        assert open_line.post(f"/v1/feeds/{feed}/dispatches", json={"text": "y"}).status_code == 401
    assert _ask(stranger, other, WRITES[0], feed).status_code == 201


def test_a_revoked_holders_dispatches_stay_and_editors_still_change_them(
    service: Service, stranger: httpx.Client
) -> None:
    feed = service.open_feed()
    issued = _issue(service, "correspondent")
    id = _ask(stranger, {"authorization": f"Bearer {issued['key']}"}, WRITES[0], feed).json()["id"]
    service.http.delete(f"/v1/keys/{issued['id']}")
    assert _ask(stranger, _key(service, "editor"), WRITES[1], feed, id).status_code == 200


def test_keys_lie_nowhere_on_disk(service: Service) -> None:
    issued = _issue(service, "editor", name="Somebody Findable")
    files = [path.read_bytes() for path in service.data.rglob("*") if path.is_file()]
    assert any(b"Somebody Findable" in content for content in files), "the holder is kept"
    for secret in (issued["key"], service.key):
        assert not any(secret.encode() in content for content in files)
        assert not any(secret.removeprefix("tk_").encode() in content for content in files)


def test_who_filed_is_nobodys_to_read(service: Service, stranger: httpx.Client) -> None:
    feed = service.open_feed()
    issued = _issue(service, "correspondent", name="Whistle Blower")
    id = _ask(stranger, {"authorization": f"Bearer {issued['key']}"}, WRITES[0], feed).json()["id"]
    service.until(lambda: service.snapshot(feed)["dispatches"])
    for path in (f"/v1/feeds/{feed}", f"/v1/feeds/{feed}/dispatches/{id}", f"/feeds/{feed}", f"/feeds/{feed}/{id}"):
        answer = stranger.get(path)
        assert answer.status_code == 200
        assert "Whistle Blower" not in answer.text
        assert issued["id"] not in answer.text


async def _opened_meanwhile(monkeypatch: pytest.MonkeyPatch, *, valid_then: bool) -> Holder:
    """Authorize a request for a feed that is opened after its key was looked up."""
    key = Holder("mona", "Mona", "editor", "2026-01-01T00:00:00.000Z")
    looked_up = iter([key, key if valid_then else None])

    class Node:
        hub = SimpleNamespace(channels={})
        settings = SimpleNamespace(rate=0)
        registry = SimpleNamespace()
        addresses = ClientAddresses(())
        guesses = Guesses(lambda: 0.0)

        async def find(self, name: str) -> None:
            self.hub.channels[name] = None

    async def holder(_: str) -> Holder | None:
        return next(looked_up)

    async def note_use(_: Holder) -> None:
        pass

    node = Node()
    node.registry.holder, node.registry.note_use = holder, note_use
    for module in (auth, credentials, key_lookup):
        monkeypatch.setattr(module, "node_of", lambda _: node)
    scope = {"type": "http", "method": "POST", "headers": [(b"authorization", b"Bearer tk_x")]}
    return await auth.authorize(Request(scope | {"path_params": {"feed": "later"}}), "correspondent")


@pytest.mark.anyio
async def test_a_key_that_is_revoked_before_a_feed_is_opened_does_not_write_to_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Revoking it has not reached that feed, which was not there."""
    with pytest.raises(InvalidToken):
        await _opened_meanwhile(monkeypatch, valid_then=False)


@pytest.mark.anyio
async def test_a_key_that_is_valid_writes_to_a_feed_that_was_opened_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await _opened_meanwhile(monkeypatch, valid_then=True)).id == "mona"
