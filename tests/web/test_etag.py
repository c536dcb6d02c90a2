"""ETags as clients and proxies send them back, and If-Match in all its forms."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.service import Service
from tests.web.test_held import soon
from ticker.web.etag import IfMatch, content_of, revision_of, tag_of_dispatch


@pytest.mark.parametrize(
    ("tag", "content"),
    [
        ('"1"', "1"),
        ('W/"1"', "1"),
        ('"1-gzip"', "1"),
        ('"1-br"', "1"),
        ('"1--gzip"', "1"),
        ('W/"42-9f3ac01b77e2"', "42-9f3ac01b77e2"),
        ('"42-9f3ac01b77e2-gzip"', "42-9f3ac01b77e2"),
        ('""', ""),
        ("1", None),
        ('"1', None),
        ('w/"1"', None),
    ],
)
def test_what_a_proxy_added_to_an_etag_is_dropped(tag: str, content: str | None) -> None:
    assert content_of(tag) == content


@pytest.mark.parametrize(
    ("tag", "revision"),
    [
        ('"3"', 3),
        ("3", 3),
        ('"r3"', 3),
        ('"3.0a1b2c3d"', 3),
        ('W/"3.0a1b2c3d-gzip"', 3),
        ('"3.x"', None),
        ("three", None),
    ],
)
def test_an_etag_of_a_dispatch_names_its_revision(tag: str, revision: int | None) -> None:
    assert revision_of(tag) == revision


def test_the_etag_changes_with_the_editions_in_any_order() -> None:
    assert tag_of_dispatch(3, []) == "3"
    both = tag_of_dispatch(3, ["arabic/1", "spanish/2"])
    assert both == tag_of_dispatch(3, ["spanish/2", "arabic/1"])
    assert both != tag_of_dispatch(3, ["arabic/1"]) != tag_of_dispatch(3, [])
    assert revision_of(f'"{both}"') == 3


def test_a_change_must_find_the_revision_that_it_was_merged_with() -> None:
    assert IfMatch(None).base(7) == 7
    assert IfMatch((6, 7)).base(7) == 7
    assert IfMatch((6,)).base(7) == -1


def test_a_fingerprint_has_the_revisions_in_one_form() -> None:
    assert [IfMatch(None).sent(), IfMatch((3,)).sent(), IfMatch((4, 3)).sent()] == [None, 3, [3, 4]]


@pytest.mark.parametrize("match", ['"1-gzip"', 'W/"1-br"', '"7", "1"', '"1.0a1b2c3d"'])
def test_a_correction_is_taken_whatever_form_its_etag_came_back_in(service: Service, match: str) -> None:
    feed = service.open_feed()
    address = f"/v1/feeds/{feed}/dispatches/{service.file(feed, 'one')['id']}"
    assert service.http.patch(address, json={"text": "two"}, headers={"if-match": match}).status_code == 200


@pytest.mark.parametrize("path", ["/v1/feeds/{feed}", "/v1/feeds/{feed}/dispatches/{id}", "/embed/v1/ticker.js"])
def test_an_etag_is_found_in_whichever_line_of_if_none_match(service: Service, path: str) -> None:
    feed = service.open_feed()
    address = path.format(feed=feed, id=service.file(feed, "one")["id"])
    tag = service.http.get(address).headers["etag"]
    for lines in (['"another"', tag], [tag, '"another"']):
        headers = [("if-none-match", line) for line in lines]
        assert service.http.get(address, headers=headers).status_code == 304
    assert service.http.get(address, headers=[("if-none-match", '"another"')] * 2).status_code == 200


def test_a_list_without_the_current_revision_is_refused(service: Service) -> None:
    feed = service.open_feed()
    address = f"/v1/feeds/{feed}/dispatches/{service.file(feed, 'one')['id']}"
    response = service.http.patch(address, json={"text": "two"}, headers={"if-match": '"2", "3"'})
    assert (response.status_code, response.json()["revision"]) == (412, 1)


def test_an_asterisk_with_others_is_refused(service: Service) -> None:
    feed = service.open_feed()
    address = f"/v1/feeds/{feed}/dispatches/{service.file(feed, 'one')['id']}"
    response = service.http.patch(address, json={"text": "two"}, headers={"if-match": '"1", *'})
    assert (response.status_code, response.json()["field"]) == (400, "If-Match")


def test_corrections_of_any_revision_at_once_are_all_taken(service: Service) -> None:
    feed = service.open_feed()
    address = f"/v1/feeds/{feed}/dispatches/{service.file(feed, 'one')['id']}"
    changes = [{"text": "two"}, {"source": "Mayor"}, {"dateline": "Beirut"}, {"story": "bridge"}] * 3

    def correct(change: dict[str, str]) -> int:
        return service.http.patch(address, json=change, headers={"if-match": "*"}).status_code

    with ThreadPoolExecutor(12) as desk:
        assert set(desk.map(correct, changes)) == {200}
    dispatch = service.http.get(address).json()
    assert dispatch["revision"] == 13
    assert {"text": "two", "source": "Mayor", "dateline": "Beirut", "story": "bridge"}.items() <= dispatch.items()


def test_edits_of_any_revision_of_a_held_dispatch_at_once_are_all_taken(service: Service) -> None:
    feed = service.open_feed()
    held = service.file(feed, "one", release_at=soon(hours=1))
    address = f"/v1/feeds/{feed}/held/{held['id']}"
    changes = [{"text": "two"}, {"source": "Mayor"}, {"dateline": "Beirut"}] * 4

    def edit(change: dict[str, str]) -> int:
        return service.http.patch(address, json=change, headers={"if-match": "*"}).status_code

    with ThreadPoolExecutor(12) as desk:
        assert set(desk.map(edit, changes)) == {200}
    record = service.http.get(address).json()
    assert record["revision"] == 13
    assert {"text": "two", "source": "Mayor", "dateline": "Beirut"}.items() <= record.items()


def test_a_client_with_an_older_list_of_editions_gets_the_dispatch_again(service: Service) -> None:
    feed, other = service.open_feed(), service.open_feed()
    id = service.file(feed, "one")["id"]
    address = f"/v1/feeds/{feed}/dispatches/{id}"
    before = service.http.get(address)
    known = {"if-none-match": before.headers["etag"]}
    assert service.http.get(address, headers=known).status_code == 304
    service.file(other, "uno", edition_of=f"{feed}/{id}")
    after = service.http.get(address, headers=known)
    assert after.status_code == 200
    assert len(after.json()["editions"]) == 1
    compressed = after.headers["etag"].replace('"', "").join(('"', '-gzip"'))
    assert service.http.get(address, headers={"if-none-match": compressed}).status_code == 304
    match = {"if-match": after.headers["etag"]}
    assert service.http.patch(address, json={"text": "two"}, headers=match).status_code == 200
