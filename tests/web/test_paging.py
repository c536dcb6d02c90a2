"""Long lists come in pages: each is small, and its Link leads to the next."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.cli.command import Here, at
from tests.service import Service
from ticker.web.audit import MAX_AUDITS
from ticker.web.feeds import MAX_EDITIONS
from ticker.web.pages import MASTHEAD_FEEDS
from ticker.web.paging import MAX_BYTES, fitting


def pages(http: httpx.Client, address: str, headers: dict[str, str] | None = None) -> Iterator[Any]:
    """The pages of a list, as a program gets them that follows rel=next to the end."""
    while address:
        answer = http.get(address, headers=headers)
        assert answer.status_code == 200, answer.text
        yield answer.json()
        address = answer.links.get("next", {}).get("url", "")


def key(service: Service, name: str, role: str = "correspondent") -> dict[str, str]:
    issued = service.http.post("/v1/keys", json={"name": name, "role": role}).json()
    return {"authorization": f"Bearer {issued['key']}"}


def hold(service: Service, feed: str, text: str, at: str, headers: dict[str, str]) -> str:
    body = {"text": text, "release_at": at}
    answer = service.http.post(f"/v1/feeds/{feed}/dispatches", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    id: str = answer.json()["id"]
    return id


def test_a_page_has_as_many_items_as_fit() -> None:
    assert fitting([], 10) == 0
    assert fitting(["a"] * 5, 10) == 5
    assert fitting(["a"] * 15, 10) == 10
    large = "a" * (MAX_BYTES // 4)
    assert fitting([large] * 10, 10) == 3
    assert fitting([large * 5, "a"], 10) == 1, "one that is larger than a page is a page of its own"


def test_held_dispatches_come_in_pages_of_what_the_key_may_see(service: Service) -> None:
    feed, mona, luis = service.open_feed(), key(service, "Mona"), key(service, "Luis")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    # Many are due at the same moment.
    moments = [(tomorrow + timedelta(seconds=number // 5)).isoformat() for number in range(12)]
    mine = [hold(service, feed, f"{number}", moment, mona) for number, moment in enumerate(moments)]
    theirs = [hold(service, feed, f"x{number}", moment, luis) for number, moment in enumerate(moments)]
    address = f"/v1/feeds/{feed}/held?limit=5"
    seen = [[each["id"] for each in page["held"]] for page in pages(service.http, address, mona)]
    assert [len(page) for page in seen] == [5, 5, 2]
    assert sorted(id for page in seen for id in page) == sorted(mine)
    found = [each for page in pages(service.http, address) for each in page["held"]]
    assert [(each["release_at"], each["id"]) for each in found] == sorted(
        (each["release_at"], each["id"]) for each in found
    )
    assert {each["id"] for each in found} == {*mine, *theirs}
    # What a page ended with is spiked before the next page is asked for.
    first = service.http.get(address, headers=mona)
    service.http.request("DELETE", f"/v1/feeds/{feed}/held/{seen[0][-1]}").raise_for_status()
    second = service.http.get(first.links["next"]["url"], headers=mona)
    assert [each["id"] for each in second.json()["held"]] == seen[1]
    for query, field in (("limit=0", "limit"), ("limit=101", "limit"), ("after=x", "after"), ("after=", "after")):
        assert service.http.get(f"/v1/feeds/{feed}/held?{query}").json()["field"] == field


def test_keys_come_in_pages(service: Service, here: Here) -> None:
    names = [f"holder {number}" for number in range(7)]
    for name in names:
        key(service, name)
    seen = list(pages(service.http, "/v1/keys?limit=3"))
    assert all(len(page["keys"]) <= 3 for page in seen)
    listed = [holder for page in seen for holder in page["keys"]]
    assert [holder["name"] for holder in listed if holder["name"] in names] == names
    assert len({holder["id"] for holder in listed}) == len(listed)
    assert [holder["id"] for holder in listed] == [
        line.split("\t")[0] for line in here(at(service), "keys", "list").printed.splitlines()
    ]


def test_labels_come_in_pages_the_most_used_first(service: Service, here: Here) -> None:
    feed = service.open_feed()
    for number in range(9):
        service.file(feed, "a", sections=[f"s{other}" for other in range(number + 1)], places=["p"])
    seen = list(pages(service.http, f"/v1/feeds/{feed}/labels?limit=4"))
    assert [[each["label"] for each in page["sections"]] for page in seen] == [
        ["s0", "s1", "s2", "s3"],
        ["s4", "s5", "s6", "s7"],
        ["s8"],
    ]
    assert [len(page["places"]) for page in seen] == [1, 0, 0]
    service.file(feed, "a", sections=["s8"])
    (sections,) = [page["sections"] for page in pages(service.http, f"/v1/feeds/{feed}/labels")]
    assert sections[-2:] == [{"label": "s7", "dispatches": 2}, {"label": "s8", "dispatches": 2}], "what was kept is new"
    assert service.http.get(f"/v1/feeds/{feed}/labels?skip=x").json()["field"] == "skip"
    for number in range(20):
        service.file(feed, "a", sections=[f"t{number}{other}" for other in range(10)])
    printed = here(at(service), "labels", "--feed", feed, "--json").printed
    assert len(json.loads(printed)["sections"]) == 9 + 200


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with a hundred editions of one feed."""
    with Service(tmp_path_factory.mktemp("m")) as running:
        for number in range(105):
            plan = {"name": f"edition-{number:03}", "edition_of": "breaking"}
            running.http.post("/v1/feeds", json=plan).raise_for_status()
        running.until(lambda: running.http.get("/v1/feeds/edition-104").status_code == 200)
        yield running


def test_feeds_come_in_pages_in_one_order_with_some_of_their_editions(many: Service, here: Here) -> None:
    every = ["breaking", *(f"edition-{number:03}" for number in range(105))]
    seen = list(pages(many.http, "/v1/feeds"))
    assert [feed["name"] for page in seen for feed in page["feeds"]] == every
    assert len(seen) == 2, "it ends where it is large"
    for feeds in ([feed["name"] for feed in page["feeds"]] for page in pages(many.http, "/v1/feeds?limit=20")):
        assert feeds == every[:20]
        every = every[20:]
    every = ["breaking", *(f"edition-{number:03}" for number in range(105))]
    for page in seen:
        assert len(json.dumps(page)) < MAX_BYTES * 2
        assert all(len(feed["editions"]) == MAX_EDITIONS for feed in page["feeds"])
    (last,) = pages(many.http, "/v1/feeds?after=edition-102")
    assert [feed["name"] for feed in last["feeds"]] == ["edition-103", "edition-104"]
    listed = here(at(many), "feeds", "list").printed.splitlines()
    assert [line.split("\t")[0] for line in listed] == every
    beside = here({}, "feeds", "list", "--data", str(many.data)).printed.splitlines()
    assert [line.split("\t")[0] for line in beside] == every


def test_the_masthead_leads_to_some_feeds_and_the_one_that_is_shown(many: Service) -> None:
    page = many.http.get("/feeds/edition-104").text
    links = {f"edition-{number:03}" for number in range(105) if f'href="/feeds/edition-{number:03}"' in page}
    assert MASTHEAD_FEEDS - 1 <= len(links) <= MASTHEAD_FEEDS + MAX_EDITIONS
    assert "edition-104" in links


def test_a_worker_sends_so_many_audits_at_once_and_they_are_bounded_in_memory(own_service: Service) -> None:
    for _ in range(120):
        own_service.file("breaking", "ش" * 1000, byline="ش" * 200, dateline="ش" * 100)
    host, port = "127.0.0.1", own_service.port
    request = f"GET /v1/feeds/breaking/audit HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {own_service.key}\r\n\r\n"

    def ask() -> socket.socket:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # it takes almost nothing
        connection.connect((host, port))
        connection.sendall(request.encode())
        return connection

    unread = [ask() for _ in range(MAX_AUDITS)]
    try:
        for connection in unread:
            assert connection.recv(12) == b"HTTP/1.1 200"
        refused = own_service.http.get("/v1/feeds/breaking/audit")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert own_service.http.get("/v1/feeds/breaking").status_code == 200
    finally:
        for connection in unread:
            connection.close()
    own_service.until(lambda: own_service.http.get("/v1/feeds/breaking/audit").status_code == 200)
