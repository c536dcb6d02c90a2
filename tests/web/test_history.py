"""Reading over HTTP: feeds, snapshots, history page by page, single dispatches; caching and other sites' pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest
from starlette.middleware.gzip import GZipMiddleware

from tests.service import Service
from tests.web.test_live import Plain


@pytest.fixture(scope="module")
def choosy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that lets the pages of two sites read it."""
    with Service(tmp_path_factory.mktemp("c"), origins="https://a.example, https://b.example:8443") as running:
        yield running


def _file(service: Service, feed: str, *texts: str, **fields: Any) -> list[str]:
    """File dispatches and wait until the node shows the last of them; return their ids."""
    receipts = [service.file(feed, text, **fields) for text in texts]
    service.until(lambda: service.snapshot(feed)["position"] == receipts[-1]["position"])
    return [receipt["id"] for receipt in receipts]


def _pages(service: Service, address: str) -> list[list[str]]:
    """Texts page by page, as a program gets them that follows rel=next to the end."""
    pages = []
    while address:
        answer = service.http.get(address)
        assert answer.status_code == 200, answer.text
        pages.append([line.get("text", "") for line in answer.json()["dispatches"]])
        address = answer.links.get("next", {}).get("url", "")
    return pages


def test_the_list_of_feeds_begins_with_breaking(service: Service) -> None:
    feed = service.open_feed("ar")
    answer = service.http.get("/v1/feeds")
    listed = answer.json()["feeds"]
    assert listed[0]["name"] == "breaking"
    mine = next(one for one in listed if one["name"] == feed)
    assert (mine["title"], mine["language"]) == (feed, "ar")


def test_a_snapshot_is_the_same_object_as_the_first_frame(service: Service) -> None:
    feed = service.open_feed()
    _file(service, feed, *(f"line {number}" for number in range(25)))
    snapshot = service.snapshot(feed)
    with service.websocket(feed) as connection:
        assert orjson.loads(connection.recv(timeout=30)) | {"at": None} == snapshot | {"at": None}
    assert snapshot.keys() == {"type", "feed", "position", "at", "reset", "air", "pinned", "dispatches"}
    assert (snapshot["type"], snapshot["feed"], snapshot["reset"]) == ("snapshot", feed, False)
    assert [line["text"] for line in snapshot["dispatches"]] == [f"line {number}" for number in range(24, 4, -1)]


def test_a_snapshot_is_not_sent_again_until_it_changes(service: Service) -> None:
    feed = service.open_feed()
    (id,) = _file(service, feed, "one")
    address = f"/v1/feeds/{feed}"
    tag = service.http.get(address).headers["etag"]
    assert tag == f'W/"{service.snapshot(feed)["position"]}"'
    strong = tag.removeprefix("W/")
    lists = {tag: tag, strong: strong, f'"x", {tag}': tag, f'"x",{tag}': tag, f'"x",{strong}': strong, "*": tag}
    for known, named in lists.items():
        answer = service.http.get(address, headers={"if-none-match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", named)
        assert answer.headers["ticker-at"]
        assert "max-age=1" in answer.headers["cache-control"]
    assert service.http.get(address, headers={"if-none-match": '"x"'}).status_code == 200
    assert service.http.put(f"/v1/feeds/{feed}/pin", json={"id": id}).status_code == 200
    service.until(lambda: service.http.get(address, headers={"if-none-match": tag}).status_code == 200)
    assert service.http.get(address).headers["etag"] != tag


def test_one_dispatch_has_its_revision_as_etag(service: Service) -> None:
    feed = service.open_feed()
    address = f"/v1/feeds/{feed}/dispatches/{service.file(feed, 'one')['id']}"
    assert service.http.get(address, headers={"if-none-match": '"1"'}).status_code == 304
    service.http.patch(address, json={"text": "two"}, headers={"if-match": '"1"'})
    answer = service.http.get(address, headers={"if-none-match": '"1"'})
    assert (answer.status_code, answer.headers["etag"], answer.json()["text"]) == (200, '"2"', "two")


def test_one_dispatch_comes_with_its_public_revisions(service: Service) -> None:
    feed = service.open_feed()
    address = f"/v1/feeds/{feed}/dispatches/{service.file(feed, 'one')['id']}"
    for revision, text in ((1, "two"), (2, "three")):
        changes = {"text": text, "note": f"note on {text}"}
        assert service.http.patch(address, json=changes, headers={"if-match": f'"{revision}"'}).status_code == 200
    found = service.http.get(address).json()
    assert (found["text"], found["revision"]) == ("three", 3)
    revisions = {revision["revision"]: revision for revision in found["revisions"]}
    assert [revisions[number]["text"] for number in (1, 2)] == ["one", "two"]
    assert revisions[2]["note"] == "note on two"
    assert revisions[1]["updated"] == found["filed"]


def test_one_dispatch_comes_with_its_newest_revisions_and_a_link_to_the_others(service: Service) -> None:
    feed = service.open_feed()
    address = f"/v1/feeds/{feed}/dispatches/{service.file(feed, 'one')['id']}"
    for _ in range(44):
        assert service.http.patch(address, json={"text": "more"}, headers={"if-match": "*"}).status_code == 200
    found, next_page = [], address
    while next_page:
        answer = service.http.get(next_page)
        assert answer.json()["revision"] == 45
        found.append([revision["revision"] for revision in answer.json()["revisions"]])
        next_page = answer.links.get("next", {}).get("url", "")
    assert found == [[*range(25, 45)], [*range(5, 25)], [1, 2, 3, 4]]
    for before in ("0", "x", "1000000000", ""):
        assert service.http.get(f"{address}?before={before}").json()["field"] == "before"


def test_a_page_ends_where_its_dispatches_are_large(service: Service) -> None:
    feed = service.open_feed()
    largest = {"text": "ش" * 1000, "sections": [f"{n}{'م' * 59}" for n in range(10)], "byline": "ش" * 200}
    for _ in range(90):
        filed = service.http.post(f"/v1/feeds/{feed}/dispatches", json={**largest, "story": "large"}).json()
    service.until(lambda: service.snapshot(feed)["position"] == filed["position"])
    address, counts = f"/v1/feeds/{feed}/dispatches?limit=100", []
    while address:
        answer = service.http.get(address)
        assert len(answer.content) < 270_000
        counts.append(len(answer.json()["dispatches"]))
        address = answer.links.get("next", {}).get("url", "")
    assert (len(counts), sum(counts)) == (2, 90)
    page = service.http.get(f"/feeds/{feed}/stories/large")
    assert "?before=" in page.text
    assert len(page.content) < 1_000_000


@pytest.mark.parametrize("path", ["", "/{feed}", "/{feed}/dispatches?limit=1", "/{feed}/dispatches/{id}"])
def test_head_has_the_headers_of_get_without_the_body(service: Service, path: str) -> None:
    feed = service.open_feed()
    id, _ = _file(service, feed, "one", "two")
    address = "/v1/feeds" + path.replace("{feed}", feed).replace("{id}", id)
    head, get = service.http.head(address), service.http.get(address)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-length", "etag", "link", "cache-control"):
        assert head.headers.get(name) == get.headers.get(name)


def test_head_of_a_live_stream_ends_and_leaves_no_reader_behind(service: Service) -> None:
    feed = service.open_feed()
    with httpx.Client(base_url=service.url, timeout=30) as http:
        head = http.head(f"/v1/feeds/{feed}/live", headers={"accept": "text/event-stream"})
        assert head.status_code in (200, 405)
        assert http.get(f"/v1/feeds/{feed}").status_code == 200, "the same connection goes on"
    service.until(lambda: f'ticker_readers{{feed="{feed}"}} 0' in service.http.get("/metrics").text)


def test_history_is_read_page_by_page_to_its_end(service: Service) -> None:
    feed = service.open_feed()
    _file(service, feed, *(f"line {number}" for number in range(45)))
    newest = [f"line {number}" for number in range(44, -1, -1)]
    address = f"/v1/feeds/{feed}/dispatches"
    assert _pages(service, address) == [newest[:20], newest[20:40], newest[40:]]
    assert _pages(service, f"{address}?limit=45") == [newest]
    assert _pages(service, f"{address}?limit=44") == [newest[:44], newest[44:]]
    assert _pages(service, f"{address}?limit=1")[44] == ["line 0"]


def test_dispatches_filed_meanwhile_neither_shift_nor_repeat_a_page(service: Service) -> None:
    feed = service.open_feed()
    _file(service, feed, "one", "two", "three", "four")
    first = service.http.get(f"/v1/feeds/{feed}/dispatches?limit=2")
    _file(service, feed, "five")
    second = service.http.get(first.links["next"]["url"])
    assert [line["text"] for line in second.json()["dispatches"]] == ["two", "one"]
    assert "next" not in second.links


def test_an_empty_history_is_one_empty_page(service: Service) -> None:
    assert _pages(service, f"/v1/feeds/{service.open_feed()}/dispatches") == [[]]


def test_history_shows_the_current_revision_of_each_dispatch(service: Service) -> None:
    feed = service.open_feed()
    one, two, _ = _file(service, feed, "one", "two", "three")
    service.http.patch(f"/v1/feeds/{feed}/dispatches/{one}", json={"text": "eins"}, headers={"if-match": "*"})
    service.http.post(f"/v1/feeds/{feed}/dispatches/{two}/kill", json={"reason": "wrong"})
    answer = service.http.get(f"/v1/feeds/{feed}/dispatches")
    assert answer.headers["cache-control"].startswith("public, max-age=")
    assert [line.get("text", line["status"]) for line in answer.json()["dispatches"]] == ["three", "killed", "eins"]
    before = service.http.get(f"/v1/feeds/{feed}/dispatches", params={"before": two})
    assert [line["text"] for line in before.json()["dispatches"]] == ["eins"], "a killed line is still a place"


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.5", "ten", "", "٣", "1_0", "99999999999999999999"])
def test_a_page_has_1_to_100_dispatches(service: Service, limit: str) -> None:
    answer = service.http.get("/v1/feeds/breaking/dispatches", params={"limit": limit})
    assert (answer.status_code, answer.json()["field"]) == (422, "limit")


def test_the_bounds_of_a_page_themselves_are_fine(service: Service) -> None:
    for limit in (1, 100):
        assert service.http.get(f"/v1/feeds/breaking/dispatches?limit={limit}").status_code == 200


def test_a_parameter_that_is_not_there_is_refused_by_name(service: Service) -> None:
    answer = service.http.get("/v1/feeds/breaking/dispatches?limt=5&befor=x")
    assert answer.status_code == 422
    assert {fault["field"] for fault in answer.json()["errors"]} == {"limt", "befor"}


def test_history_before_a_dispatch_that_never_was_is_not_found(service: Service) -> None:
    feed = service.open_feed()
    (elsewhere,) = _file(service, service.open_feed(), "one")
    for before in ("x", elsewhere):
        answer = service.http.get(f"/v1/feeds/{feed}/dispatches", params={"before": before})
        assert answer.status_code == 404


@pytest.mark.parametrize("name", ["section", "place", "story"])
def test_history_can_be_narrowed_and_its_next_pages_stay_narrow(service: Service, name: str) -> None:
    feed = service.open_feed()
    mine, other = ("fire", "flood") if name == "story" else ("Port & docks", "Old town")
    for number in range(6):
        label = mine if number % 2 else other
        fields = {"story": label} if name == "story" else {f"{name}s": ["Marrowgate", label]}
        _file(service, feed, f"line {number}", **fields)
    _file(service, feed, "line 6")
    address = httpx.URL(f"/v1/feeds/{feed}/dispatches", params={name: mine, "limit": "2"})
    pages = [page for page in _pages(service, str(address)) if page]
    assert [text for page in pages for text in page] == ["line 5", "line 3", "line 1"]
    assert all(len(page) <= 2 for page in pages)
    nobody = httpx.URL(f"/v1/feeds/{feed}/dispatches", params={name: "nobody"})
    assert [text for page in _pages(service, str(nobody)) for text in page] == []


def _found(service: Service, feed: str, *asked: tuple[str, str]) -> list[str]:
    """Texts on all pages of a search."""
    address = httpx.URL(f"/v1/feeds/{feed}/dispatches", params=[*asked, ("limit", "2")])
    return [text for page in _pages(service, str(address)) for text in page]


def test_filters_name_several_labels_and_are_combined_on_every_page(service: Service) -> None:
    feed = service.open_feed()
    _file(service, feed, "a", sections=["Politics"], places=["MENA"], urgency="flash", story="storm")
    _file(service, feed, "b", sections=["Sport"], places=["MENA"], urgency="urgent")
    _file(service, feed, "c", sections=["Culture"], places=["MENA"], urgency="flash")
    _file(service, feed, "d", sections=["Politics", "Sport"], places=["Washington, D.C."], urgency="bulletin")
    _file(service, feed, "e", sections=["Politics"], places=["D.C."])
    for asked, texts in {
        (("section", "Politics,Sport"),): "edba",
        (("section", " Politics , Sport "),): "edba",
        (("section", "Politics"), ("section", "Culture")): "edca",
        (("section", "Politics,Sport"), ("place", "MENA")): "ba",
        (("section", "Politics"), ("min_urgency", "urgent")): "da",
        (("min_urgency", "flash"),): "ca",
        (("min_urgency", "bulletin"),): "dca",
        (("min_urgency", "normal"),): "edcba",
        (("section", "Politics"), ("place", "MENA"), ("story", "storm"), ("min_urgency", "flash")): "a",
        (("place", "Washington, D.C."),): "ed",
        (("section", "Politics,nobody"), ("place", "nowhere")): "",
    }.items():
        assert "".join(_found(service, feed, *asked)) == texts, asked


def test_a_killed_dispatch_is_found_by_its_labels_and_by_no_urgency(service: Service) -> None:
    feed = service.open_feed()
    id, _ = _file(service, feed, "one", "two", sections=["Fire"], urgency="flash")
    service.http.post(f"/v1/feeds/{feed}/dispatches/{id}/kill", json={"reason": "wrong"})
    assert _found(service, feed, ("section", "Fire,Flood")) == ["two", ""]
    assert _found(service, feed, ("section", "Fire"), ("min_urgency", "urgent")) == ["two"]


def test_a_filter_that_is_none_is_refused(service: Service) -> None:
    for asked, field in {"min_urgency=high": "min_urgency", "place=" + ",".join(map(str, range(30))): "place"}.items():
        answer = service.http.get(f"/v1/feeds/breaking/dispatches?{asked}")
        assert (answer.status_code, answer.json()["field"]) == (422, field)


class Compressed(Plain):
    """A node whose responses are compressed."""

    def application(self) -> Any:
        return GZipMiddleware(super().application(), minimum_size=1)


def test_conditional_requests_work_through_compression(service: Service) -> None:
    """As gzip in front or in the service leaves the tags alone, a client that was given one may send it back."""
    with Compressed(service) as node:
        http = node.http
        for encoding in ("gzip", "identity"):
            answer = http.get("/v1/feeds/breaking", headers={"accept-encoding": encoding})
            assert answer.headers.get("content-encoding", "identity") == encoding
            assert answer.json()["type"] == "snapshot"
            tag = answer.headers["etag"]
            assert tag.startswith("W/"), "a strong tag would promise the same bytes"
            again = http.get("/v1/feeds/breaking", headers={"accept-encoding": encoding, "if-none-match": tag})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
            assert again.headers["ticker-at"]


def test_a_corrected_dispatch_is_found_by_its_current_labels_in_the_place_where_it_was_filed(service: Service) -> None:
    feed = service.open_feed()
    wrong, *_ = _file(service, feed, "one", "two", sections=["Fire"], places=["Quay"], story="fire")
    changes = {"sections": ["Flood", "Fire"], "places": [], "story": "flood"}
    address = f"/v1/feeds/{feed}/dispatches"
    service.http.patch(f"{address}/{wrong}", json=changes, headers={"if-match": "*"})
    found = {
        "section=Flood": ["one"],
        "section=Fire": ["two", "one"],
        "place=Quay": ["two"],
        "story=fire": ["two"],
        "story=flood": ["one"],
    }
    for query, texts in found.items():
        assert [text for page in _pages(service, f"{address}?{query}") for text in page] == texts
    before = service.http.get(f"{address}?section=Flood&before={wrong}").json()["dispatches"]
    assert before == []


@pytest.mark.parametrize("path", ["", "/dispatches", "/dispatches/x", "/live"])
def test_a_feed_that_is_not_there_is_a_problem_everywhere(service: Service, path: str) -> None:
    answer = service.http.get(f"/v1/feeds/nowhere{path}", headers={"accept": "text/event-stream, text/html"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "nowhere" in answer.json()["detail"]


PUBLIC = ["/v1/feeds", "/v1/feeds/breaking", "/v1/feeds/breaking/dispatches"]


@pytest.mark.parametrize("path", PUBLIC)
def test_any_site_may_read_by_default(service: Service, path: str) -> None:
    answer = service.http.get(path, headers={"origin": "https://anywhere.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("path", PUBLIC)
@pytest.mark.parametrize("origin", ["https://a.example", "https://b.example:8443"])
def test_an_allowed_site_may_read_and_caches_keep_sites_apart(choosy: Service, path: str, origin: str) -> None:
    answer = choosy.http.get(path, headers={"origin": origin})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, origin)
    assert answer.headers["vary"] == "Origin" + (", Authorization, Cookie" if path == "/v1/feeds" else "")


@pytest.mark.parametrize(
    "origin", ["https://c.example", "http://a.example", "https://b.example", "https://a.example.evil", "null"]
)
def test_another_site_may_not_read(choosy: Service, origin: str) -> None:
    for path in PUBLIC:
        answer = choosy.http.get(path, headers={"origin": origin})
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["vary"] == "Origin"
    live = choosy.http.get("/v1/feeds/breaking/live", headers={"origin": origin, "accept": "text/event-stream"})
    assert (live.status_code, live.json()["field"]) == (403, "Origin")


def test_the_not_modified_of_an_allowed_site_is_readable_too(choosy: Service) -> None:
    headers = {"origin": "https://a.example", "if-none-match": "*"}
    answer = choosy.http.get("/v1/feeds/breaking", headers=headers)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (304, "https://a.example")


def test_no_site_may_write_with_a_readers_browser(service: Service) -> None:
    preflight = {"origin": "https://anywhere.example", "access-control-request-method": "POST"}
    answer = service.http.options("/v1/feeds/breaking/dispatches", headers=preflight)
    assert "access-control-allow-methods" not in answer.headers
    assert not answer.is_success
