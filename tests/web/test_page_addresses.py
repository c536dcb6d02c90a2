"""What pages say of their own address, where the service knows it; and what of feeds that are closed or not public."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service import Service
from tests.web.test_pages import HTML, Page

BASE = "https://news.example/ticker"


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that knows under which address it is read, with a feed in two languages and one that is private."""
    folder: Path = tmp_path_factory.mktemp("known")
    with Service(folder, public_url=BASE) as service:
        for name, language, more in (
            ("marada", "en", {}),
            ("marada-ar", "ar", {"edition_of": "marada"}),
            ("marada-es", "es", {"edition_of": "marada", "visibility": "unlisted"}),
            ("secret", "en", {"visibility": "private", "title": "Secret desk"}),
        ):
            plan = {"name": name, "language": language, **more}
            assert service.http.post("/v1/feeds", json=plan).status_code == 201
        service.until(lambda: service.http.get("/v1/feeds/secret").status_code == 200)
        yield service


def _links(page: Page, rel: str) -> list[dict[str, str]]:
    return [link for link in page.all("link") if link["rel"] == rel]


def test_each_page_has_one_canonical_address(known: Service) -> None:
    id = known.file("marada", "One", story="bridge")["id"]
    for path, canonical in (
        ("/feeds/marada", "/feeds/marada"),
        ("/ticker/feeds/marada?utm_source=x", "/feeds/marada"),
        (f"/feeds/marada/{id}", f"/feeds/marada/{id}"),
        ("/feeds/marada/stories/bridge", "/feeds/marada/stories/bridge"),
        ("/", "/feeds/breaking"),
    ):
        page = Page(known.http.get(path, headers=HTML).text)
        assert [link["href"] for link in _links(page, "canonical")] == [BASE + canonical]
        assert [meta["content"] for meta in page.all("meta") if meta.get("property") == "og:url"] == [BASE + canonical]
        for link in page.all("link") + page.all("script") + page.all("a"):
            address = link.get("href", link.get("src", BASE))
            assert address.startswith((BASE, "#", "?")) or not address, address


def test_editions_name_each_other_by_language(known: Service) -> None:
    expected = {"en": f"{BASE}/feeds/marada", "ar": f"{BASE}/feeds/marada-ar"}
    for feed in ("marada", "marada-ar"):
        page = Page(known.http.get(f"/feeds/{feed}", headers=HTML).text)
        assert {link["hreflang"]: link["href"] for link in _links(page, "alternate") if "hreflang" in link} == expected


def test_robots_txt_has_the_prefix(known: Service) -> None:
    assert known.http.get("/robots.txt").text == "User-agent: *\nDisallow: /ticker/v1/\n"
    assert known.http.get("/ticker/favicon.ico").status_code == 200


def test_an_error_page_does_not_name_a_feed_that_the_reader_may_not_know(known: Service) -> None:
    key = known.http.headers["authorization"]
    for path in ("/feeds/secret", "/feeds/secret/nothing"):
        response = known.http.get(path, headers={**HTML, "authorization": ""})
        assert response.status_code == 404
        assert "Secret desk" not in response.text
    response = known.http.get("/feeds/secret/nothing", headers={**HTML, "authorization": key})
    assert "Secret desk" in response.text
    response = known.http.get("/feeds/marada/nothing", headers=HTML)
    assert f"{BASE}/feeds/marada" in {link["href"] for link in Page(response.text).all("a")}


def test_a_closed_feed_shows_since_when_and_is_not_in_the_masthead(service: Service) -> None:
    feed = service.open_feed()
    id = service.file(feed, "The last update", story="s")["id"]
    closed = service.http.delete(f"/v1/feeds/{feed}").json()["closed"]
    service.until(lambda: service.snapshot(feed).get("closed") is not None)
    for path in ("", "/stories/s"):
        page = Page(service.http.get(f"/feeds/{feed}{path}", headers=HTML).text)
        badge = next(each for _, each in page.tags if each.get("id") == "badge")
        assert badge["data-state"] == "closed"
        assert f"Closed {closed[:10]}" in page.text
        assert page.data["snapshot"]["closed"] == closed
        assert "The last update" in page.lines[id]
    front = Page(service.http.get("/", headers=HTML).text)
    assert f"/feeds/{feed}" not in {link.get("href") for link in front.all("a")}
