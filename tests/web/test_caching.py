"""What caches may do with each response: the table in PROTOCOL.md, and what is said below it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

import httpx
import pytest
from starlette.routing import Route

from tests.service import Service
from tests.test_docs import PROTOCOL, rows, section
from tests.web.desk.desk import signed_in
from tests.web.test_described import tomorrow
from tests.web.test_visibility import feed_that_is
from ticker.web.app import FILES, OPERATIONS, ROUTES
from ticker.web.assets import ASSETS
from ticker.web.headers import COMPRESS_FROM

LONG = "A sentence that is repeated until a response with it is worth compressing. " * 13
WITHOUT_KEY = {operation.path for operation in OPERATIONS if operation.role is None and not operation.session}
PUBLIC = "public, max-age=1"
STREAMS = "/live", "/v1/relay"
"""Ends of the paths of streams."""


class Row(NamedTuple):
    """What the table has of a path; `hosted` is its Cache-Control where the service has no public URL."""

    caching: str
    hosted: str
    vary: set[str]
    tag: str


def table() -> dict[str, Row]:
    """The table, by path."""
    found: dict[str, Row] = {}
    for cells in rows(section(PROTOCOL, "Caching"))[1:]:
        paths, values = re.findall(r"`(/[^`]*)`", cells[0]), re.findall(r"`([^`]+)`", cells[1])
        vary = set(re.findall(r"[\w-]+", cells[2]))
        for path in paths or ["every other path"]:
            assert path not in found, path
            found[path] = Row(values[0], values[-1], vary, cells[3])
    return found


TABLE = table()
REST = TABLE.pop("every other path")
PATHS = sorted(
    {route.path for route in [*ROUTES, *FILES] if isinstance(route, Route) and "GET" in (route.methods or ())}
)


class Places(NamedTuple):
    """A feed with a dispatch of each kind, and where they are."""

    service: Service
    feed: str
    id: str
    killed: str
    held: str

    def address(self, path: str) -> str:
        """The address of a path of the table."""
        own = {"feed": self.feed, "story": "a-story", "version": "0.1.0", "file": ASSETS["reader.js"].file}
        own["id"] = self.held if "/held/" in path else self.id
        address = re.sub(r"{(\w+)}", lambda found: own[found[1]], path)
        return address + (f"?url=/feeds/{self.feed}" if path == "/oembed" else "")

    def get(self, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        """Request a path, with a key only if it needs one; of a stream, the head."""
        theirs = {} if path in WITHOUT_KEY or "assets" in path else self.service.authorization
        theirs = theirs | ({"accept": "text/event-stream"} if path.endswith(STREAMS) else {}) | headers
        with (
            closing(httpx.Client(base_url=self.service.url, timeout=20)) as client,
            client.stream(method, self.address(path), headers=theirs) as response,
        ):
            if not path.endswith(STREAMS):
                response.read()
            return response


def places(service: Service, visibility: str = "public") -> Places:
    feed = feed_that_is(service, visibility)
    story, killed = (service.file(feed, LONG[:990], story=name)["id"] for name in ("a-story", "another"))
    service.http.post(f"/v1/feeds/{feed}/dispatches/{killed}/kill", json={"reason": "wrong"})
    held = service.file(feed, "later", release_at=tomorrow())["id"]
    service.until(lambda: len(service.snapshot(feed)["dispatches"]) == 2)
    return Places(service, feed, story, killed, held)


@pytest.fixture(scope="module")
def public(service: Service) -> Places:
    return places(service)


@pytest.fixture(scope="module", params=["relative", "absolute"])
def either(
    request: pytest.FixtureRequest, public: Places, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Places]:
    """A service that does not know its own address, and one that does."""
    if request.param == "relative":
        yield public
        return
    with Service(tmp_path_factory.mktemp("a"), public_url="https://news.example") as service:
        yield places(service)


def varies(response: httpx.Response) -> set[str]:
    return {name for name in re.split(r"[, ]+", response.headers.get("vary", "")) if name}


def test_every_path_of_the_table_is_a_route() -> None:
    assert set(TABLE) <= set(PATHS)
    assert len(TABLE) > 20
    assert REST.caching == "no-store"


@pytest.mark.parametrize("path", [path for path in PATHS if path != "/desk/session"])
def test_each_route_does_what_the_table_says(either: Places, path: str) -> None:
    row = TABLE.get(path, REST)
    response = either.get(path, **{"accept-encoding": "identity"})
    assert response.status_code == 200
    known = either.service.settings.get("public_url")
    assert response.headers["cache-control"] == (row.caching if known else row.hosted)
    assert varies(response) - {"Accept-Encoding"} == row.vary
    tag = response.headers.get("etag", "")
    if path in TABLE:  # one of what no cache keeps is for If-Match
        assert {"": "", "W": "weak", '"': "strong"}[tag[:1]] == row.tag.partition(",")[0]
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize("path", [path for path in PATHS if path != "/desk/session"])
def test_the_head_alone_says_the_same(public: Places, path: str) -> None:
    full, head = (public.get(path, method, **{"accept-encoding": "identity"}) for method in ("GET", "HEAD"))
    assert (head.status_code, head.headers["cache-control"]) == (200, full.headers["cache-control"])
    assert varies(head) | {"Accept-Encoding"} == varies(full) | {"Accept-Encoding"}


def test_no_response_may_be_served_stale(public: Places) -> None:
    for path in PATHS:
        assert "stale" not in public.get(path).headers["cache-control"], path


def test_what_may_be_compressed_varies_by_it(public: Places) -> None:
    for path in set(PATHS) - {"/v1/feeds/{feed}/changes"}:
        if path.endswith(STREAMS):
            continue
        plain, packed = (public.get(path, **{"accept-encoding": coding}) for coding in ("identity", "gzip"))
        compressible = len(plain.content) >= COMPRESS_FROM
        assert ("Accept-Encoding" in varies(plain), "Accept-Encoding" in varies(packed)) == (compressible,) * 2, path
        assert ("content-encoding" in packed.headers) == compressible, path


@pytest.mark.parametrize("extra", [{}, {"content-length": "0"}], ids=["handed over", "plain"])
@pytest.mark.parametrize("status", [200, 204])
def test_changes_are_alike_whichever_way_they_go(public: Places, status: int, extra: dict[str, str]) -> None:
    after = {"after": public.service.snapshot(public.feed)["position"]} if status == 204 else {}
    response = httpx.get(public.service.url + f"/v1/feeds/{public.feed}/changes", params=after, headers=extra)
    assert (response.status_code, response.headers["cache-control"]) == (status, PUBLIC)
    assert varies(response) <= {"Accept-Encoding"}


def test_a_session_is_nobody_elses(public: Places) -> None:
    with signed_in(public.service.url, key=public.service.key) as browser:
        for path in ("/desk/session", "/desk/sessions", "/v1/feeds/{feed}/held"):
            response = browser.http.get(public.address(path))
            assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")


def test_an_unlisted_feed_is_cached_as_a_public_one_and_a_private_one_never(service: Service) -> None:
    unlisted, private = (places(service, visibility) for visibility in ("unlisted", "private"))
    for path in [path for path in PATHS if "{feed}" in path and path in WITHOUT_KEY and not path.startswith("/desk")]:
        response = unlisted.get(path)
        assert (response.status_code, response.headers["cache-control"]) == (200, TABLE[path].hosted), path
        nobody, holder = private.get(path), private.get(path, **service.authorization)
        assert (nobody.status_code, nobody.headers["cache-control"]) == (404, "no-store"), path
        assert holder.status_code == 200, path
        assert "no-store" in holder.headers["cache-control"], path


def test_a_list_that_shows_more_to_some_varies_by_who_asks_and_is_kept_for_the_others(public: Places) -> None:
    feed_that_is(public.service, "private")
    for path in ("/v1/feeds", "/v1/feeds/{feed}/dispatches/{id}"):
        assert varies(public.get(path)) >= {"Authorization", "Cookie"}
    assert public.get("/v1/feeds", **public.service.authorization).headers["cache-control"] == "no-store"


def test_where_origins_are_listed_what_other_sites_may_read_varies_by_theirs(service: Service) -> None:
    public = places(service)
    edited = service.http.patch(f"/v1/feeds/{public.feed}", json={"origins": ["https://a.example"]})
    assert edited.status_code == 200
    for path in ("", "/changes", "/dispatches", "/labels", "/dispatches/{id}", "/live"):
        for sent in ({}, {"origin": "https://a.example"}, {"origin": "https://b.example"}):
            response = public.get("/v1/feeds/{feed}" + path, **sent)
            assert "Origin" in varies(response), (path, sent)
            refused = sent.get("origin") == "https://b.example"
            assert response.status_code == (403 if refused else 200), (path, sent)
            assert not refused or response.headers["cache-control"] == "no-store", path


# Errors


def killed(public: Places) -> list[str]:
    """The addresses that have a tombstone."""
    return [
        f"/v1/feeds/{public.feed}/dispatches/{public.killed}",
        f"/feeds/{public.feed}/{public.killed}",
        f"/embed/feeds/{public.feed}/{public.killed}",
    ]


def test_a_tombstone_is_kept_as_the_dispatch_was(public: Places) -> None:
    for address in killed(public):
        response = httpx.get(public.service.url + address)
        assert (response.status_code, response.headers["cache-control"]) == (410, PUBLIC), address


def test_a_tombstone_of_a_private_feed_is_not(service: Service) -> None:
    for address in killed(places(service, "private")):
        response = service.http.get(address)
        assert (response.status_code, response.headers["cache-control"]) == (410, "no-store"), address


def test_the_end_of_a_feed_is_kept_unless_a_stream_is_asked_for_or_a_key_is_shown(service: Service) -> None:
    feed = service.open_feed()
    assert service.http.delete(f"/v1/feeds/{feed}").status_code == 200
    address, events = f"{service.url}/v1/feeds/{feed}", {"accept": "text/event-stream"}
    for path, headers, expected in (
        ("/changes", {}, PUBLIC),
        ("/changes", {"cookie": "of=another-service"}, PUBLIC),
        ("/changes", service.authorization, "no-store"),
        ("/changes", {"cookie": "session=of-this-service"}, "no-store"),
        ("/live", events, "no-store"),
    ):
        response = httpx.get(address + path, headers=headers)
        assert (response.status_code, response.headers["cache-control"]) == (410, expected), (path, headers)
    filed = service.http.post(f"/v1/feeds/{feed}/dispatches", json={"text": "too late"})
    assert (filed.status_code, filed.headers["cache-control"]) == (410, "no-store")


def test_while_redis_is_away_a_crowd_shares_the_503(own_service: Service) -> None:
    feed = own_service.open_feed()
    id = own_service.file(feed, "a line")["id"]
    address = f"{own_service.url}/v1/feeds/{feed}/dispatches"
    with own_service.frozen("valkey"):
        for headers, expected in (({}, PUBLIC), (own_service.authorization, "no-store")):
            response = httpx.get(f"{address}/{id}", headers=headers, timeout=20)
            assert (response.status_code, response.headers["cache-control"]) == (503, expected)
            assert int(response.headers["retry-after"]) > 0
        filed = httpx.post(address, json={"text": "x"}, headers=own_service.authorization, timeout=20)
        assert (filed.status_code, filed.headers["cache-control"]) == (503, "no-store")


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/v1/feeds/nowhere", 404),
        ("/v1/feeds/nowhere/changes", 404),
        ("/feeds/nowhere", 404),
        ("/v1/feeds/breaking/dispatches/none", 404),
        ("/v1/feeds/breaking/changes?wait=31", 422),
        ("/v1/feeds/breaking/held", 401),
        ("/assets/reader-0123456789.css.map", 404),
        ("/no/such/path", 404),
        ("/v1/feeds/breaking/live", 426),
    ],
)
def test_other_errors_are_not_kept(service: Service, address: str, status: int) -> None:
    for accept in ("*/*", "text/html"):
        response = httpx.get(service.url + address, headers={"accept": accept})
        assert (response.status_code, response.headers["cache-control"]) == (status, "no-store")


# Validators


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_304_has_the_very_tag_that_was_sent(public: Places, coding: str) -> None:
    path = "/v1/feeds/{feed}/dispatches/{id}"
    tag = public.get(path, **{"accept-encoding": coding}).headers["etag"]
    assert tag.startswith("W/") == (coding == "gzip")
    for sent in (tag, f'"0", {tag}', tag.replace('1"', '1-br"')):
        unchanged = public.get(path, **{"if-none-match": sent, "accept-encoding": coding})
        assert (unchanged.status_code, unchanged.headers["etag"]) == (304, sent.removeprefix('"0", '))
        assert unchanged.headers["cache-control"] == PUBLIC
    assert public.get(path, **{"if-none-match": '"2"'}).status_code == 200


def test_a_correction_takes_the_tag_of_a_compressed_response(service: Service) -> None:
    public = places(service)
    path = "/v1/feeds/{feed}/dispatches/{id}"
    tag = public.get(path, **{"accept-encoding": "gzip"}).headers["etag"]
    assert tag == 'W/"1"'
    corrected = service.http.patch(public.address(path), json={"text": "short"}, headers={"if-match": tag})
    assert corrected.status_code == 200
