"""Filing over HTTP: every rule of the dispatch table, what a refusal says, and what a repeated request gets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest

from tests.service import Service
from ticker.dispatch import MAX_BODY

FULL: dict[str, Any] = {
    "text": "Bridge closed to traffic",
    "source": "Harbour police",
    "byline": "Amal Haddad",
    "dateline": "Fishmarket Quay",
    "urgency": "flash",
    "language": "en-GB",
    "sections": ["Politics", "MENA"],
    "places": ["Marrowgate"],
    "story": "harbour-fire",
    "link": "https://news.example/harbour?id=7#top",
    "occurred": "2026-11-22T18:04:05+03:00",
}
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def _post(service: Service, feed: str, body: Any, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return service.http.post(
        f"/v1/feeds/{feed}/dispatches",
        content=content,
        headers={"content-type": "application/json"} | {name.replace("_", "-"): said for name, said in headers.items()},
    )


def test_a_filed_dispatch_has_a_receipt_and_is_readable_at_its_location(service: Service) -> None:
    feed = service.open_feed()
    answer = _post(service, feed, FULL)
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    receipt = answer.json()
    assert {"id", "position", "revision", "filed"} <= receipt.keys()
    assert answer.headers["location"] == f"/v1/feeds/{feed}/dispatches/{receipt['id']}"
    assert answer.headers["etag"] == '"1"'
    assert RFC3339.fullmatch(receipt["filed"])
    found = service.http.get(answer.headers["location"])
    assert found.headers["etag"] == '"1"'
    said = FULL | {"occurred": "2026-11-22T15:04:05.000Z"}
    assert {name: found.json()[name] for name in said} == said
    servers = {name: found.json()[name] for name in ("id", "filed", "updated", "revision", "status")}
    assert servers == {
        "id": receipt["id"],
        "filed": receipt["filed"],
        "updated": receipt["filed"],
        "revision": 1,
        "status": "usable",
    }


def test_receipts_give_sortable_ids_and_the_position_of_the_entry(service: Service) -> None:
    feed = service.open_feed()
    receipts = [service.file(feed, f"line {number}") for number in range(3)]
    assert [receipt["position"].split("-")[0] for receipt in receipts] == ["1", "2", "3"]
    assert sorted(receipt["id"] for receipt in receipts) == [receipt["id"] for receipt in receipts]
    service.until(lambda: service.snapshot(feed)["position"] == receipts[-1]["position"])


def test_a_field_that_is_not_given_has_its_default(service: Service) -> None:
    feed = service.open_feed("ar")
    receipt = service.file(feed, "  إغلاق الميناء  ")
    found = service.http.get(f"/v1/feeds/{feed}/dispatches/{receipt['id']}").json()
    assert (found["text"], found["urgency"], found["language"]) == ("إغلاق الميناء", "normal", "ar")


BROKEN: list[tuple[str, Any]] = [
    ("text", None),
    ("text", ""),
    ("text", " \t "),
    ("text", 7),
    ("text", ["x"]),
    ("text", "x" * 1001),
    ("text", "two\nlines"),
    ("text", "a\x00b"),
    ("text", "a\u2028b"),
    ("source", "x" * 201),
    ("source", "a\x1b[31m"),
    ("source", True),
    ("byline", "x\ty"),
    ("dateline", "x" * 101),
    ("urgency", "FLASH"),
    ("urgency", 1),
    ("urgency", ""),
    ("language", "english please"),
    ("language", "e"),
    ("sections", "Politics"),
    ("sections", [""]),
    ("sections", ["x" * 61]),
    ("places", [1]),
    ("places", ["x"] * 11),
    ("story", "Not A Slug"),
    ("link", "javascript:alert(1)"),
    ("link", "/relative"),
    ("link", "ftp://news.example/x"),
    ("link", 'https://news.example/"onclick="x'),
    ("occurred", "yesterday"),
    ("occurred", "2026-11-22T18:04:05"),
    ("occurred", 1790000000),
]


@pytest.mark.parametrize(("field", "value"), BROKEN, ids=[f"{field}-{n}" for n, (field, _) in enumerate(BROKEN)])
def test_a_field_that_breaks_its_rule_is_refused_by_name_and_nothing_is_filed(
    service: Service, field: str, value: Any
) -> None:
    before = service.snapshot("breaking")
    answer = _post(service, "breaking", {"text": "fine", field: value})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["field"].split(".")[0] == field
    assert problem["detail"].startswith(problem["field"])
    assert [fault["field"].split(".")[0] for fault in problem["errors"]] == [field] * len(problem["errors"])
    # The time of the last proof moves on while nothing changes.
    assert service.snapshot("breaking") | {"at": None} == before | {"at": None}


def test_a_thousand_characters_of_any_kind_fit(service: Service) -> None:
    feed = service.open_feed()
    for text in ("x" * 1000, "م" * 1000, "🚨" * 1000):
        receipt = service.file(feed, text)
        assert service.http.get(f"/v1/feeds/{feed}/dispatches/{receipt['id']}").json()["text"] == text


def test_a_missing_text_and_all_unknown_fields_are_named_at_once(service: Service) -> None:
    answer = _post(service, "breaking", {"headline": "x", "urgencey": "flash"})
    assert answer.status_code == 422
    assert {fault["field"] for fault in answer.json()["errors"]} == {"text", "headline", "urgencey"}


@pytest.mark.parametrize("field", ["id", "filed", "updated", "revision", "status", "note"])
def test_what_is_not_a_correspondents_to_say_is_refused(service: Service, field: str) -> None:
    answer = _post(service, "breaking", {"text": "x", field: "1"})
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert "urgency" in answer.json()["detail"], "it says which fields there are"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"text=x",
        b'{"text": "x",}',
        b'["text"]',
        b'"text"',
        b"null",
        b'{"text": "\xff\xfe"}',
        b"\xff\xfe{\0}\0",
    ],
)
def test_a_body_that_is_no_json_object_in_utf_8_is_a_bad_request(service: Service, body: bytes) -> None:
    answer = _post(service, "breaking", body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_problem_has_the_members_of_rfc_9457(service: Service) -> None:
    answer = _post(service, "nowhere", {"text": "x"})
    problem = answer.json()
    assert answer.status_code == problem["status"] == 404
    assert problem["type"].startswith("urn:ticker:problem:")
    assert problem["title"]
    assert "nowhere" in problem["detail"]
    assert answer.headers["cache-control"] == "no-store"


def _padded(size: int) -> bytes:
    return b'{"text": "x"' + b" " * (size - 13) + b"}"


def _in_chunks(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 1000):
        yield body[start : start + 1000]


@pytest.mark.parametrize("way", ["content-length", "chunked"])
@pytest.mark.parametrize("size", [MAX_BODY, MAX_BODY + 1, 1 << 20])
def test_a_body_has_at_most_16_kib(service: Service, size: int, way: str) -> None:
    feed = service.open_feed()
    body = _padded(size)
    # A connection of its own: the service may close it on somebody who sends a megabyte.
    answer = httpx.post(
        f"{service.url}/v1/feeds/{feed}/dispatches",
        content=body if way == "content-length" else _in_chunks(body),
        headers=service.authorization,
    )
    if size == MAX_BODY:
        assert answer.status_code == 201
        return
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert str(MAX_BODY) in answer.json()["detail"]
    assert service.snapshot(feed)["dispatches"] == []


def test_one_idempotency_key_quoted_or_bare_gets_the_original_answer(service: Service) -> None:
    feed = service.open_feed()
    answers = [_post(service, feed, FULL, idempotency_key=key) for key in ('"a b"', "a b", '"a b"')]
    assert [answer.status_code for answer in answers] == [201] * 3
    assert len({answer.text for answer in answers}) == 1
    assert len({(answer.headers["location"], answer.headers["etag"]) for answer in answers}) == 1
    assert ["idempotent-replayed" in answer.headers for answer in answers] == [False, True, True]
    service.until(lambda: len(service.snapshot(feed)["dispatches"]) == 1)
    assert service.file(feed, "next")["position"].startswith("2-"), "a repeated request is not an entry"


def test_the_same_payload_in_another_spelling_is_the_same(service: Service) -> None:
    feed = service.open_feed()
    first = _post(service, feed, b'{"text": "caf\\u00e9", "urgency": "flash"}', idempotency_key="k")
    second = _post(service, feed, '{ "urgency":"flash", "text":" café " }'.encode(), idempotency_key="k")
    assert (second.status_code, second.json()) == (201, first.json())


def test_another_payload_under_the_same_key_is_refused(service: Service) -> None:
    feed = service.open_feed()
    assert _post(service, feed, {"text": "one"}, idempotency_key="k").status_code == 201
    answer = _post(service, feed, {"text": "two"}, idempotency_key="k")
    assert (answer.status_code, answer.json()["field"]) == (422, "Idempotency-Key")
    assert answer.json()["type"] == "urn:ticker:problem:idempotency-key-reused"
    assert _post(service, feed, {"text": "one"}, idempotency_key="k").status_code == 201, "the first still stands"


def test_of_two_idempotency_keys_neither_is_chosen(service: Service) -> None:
    feed = service.open_feed()
    address = f"/v1/feeds/{feed}/dispatches"
    for second in ("two", "one"):
        lines = [("idempotency-key", "one"), ("idempotency-key", second)]
        refused = service.http.post(address, json={"text": "a"}, headers=lines)
        assert (refused.status_code, refused.json()["field"]) == (400, "Idempotency-Key")
    assert service.snapshot(feed)["dispatches"] == []


def test_an_idempotency_key_is_its_holders_own(service: Service) -> None:
    feed = service.open_feed()
    ids = set()
    for _ in range(2):
        key = service.http.post("/v1/keys", json={"name": "Amal", "role": "correspondent"}).json()["key"]
        answer = _post(service, feed, {"text": "one"}, idempotency_key="mine", authorization=f"Bearer {key}")
        assert answer.status_code == 201
        ids.add(answer.json()["id"])
    assert len(ids) == 2


def test_a_refused_request_leaves_its_idempotency_key_free(service: Service) -> None:
    feed = service.open_feed()
    assert _post(service, feed, {"text": ""}, idempotency_key="k").status_code == 422
    assert _post(service, feed, {"text": "said"}, idempotency_key="k").status_code == 201


@pytest.mark.parametrize("key", ["", '""', "x" * 256])
def test_an_idempotency_key_has_1_to_255_characters(service: Service, key: str) -> None:
    answer = _post(service, "breaking", {"text": "x"}, idempotency_key=key)
    assert (answer.status_code, answer.json()["field"]) == (400, "Idempotency-Key")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/feeds", {"GET", "HEAD", "POST"}),
        ("PUT", "/v1/feeds/breaking/dispatches", {"GET", "HEAD", "POST"}),
        ("PUT", "/v1/feeds/breaking/dispatches/x", {"GET", "HEAD", "PATCH"}),
        ("GET", "/v1/feeds/breaking/pin", {"PUT", "DELETE"}),
    ],
)
def test_the_response_to_a_wrong_method_has_every_right_one(
    service: Service, method: str, path: str, allowed: set[str]
) -> None:
    answer = service.http.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.headers["allow"].split(", ")) == allowed
