"""What search engines and link previews are told of a page: each thing that Lighthouse's SEO audit checks."""

from __future__ import annotations

import struct
from typing import Final

import pytest

from tests.service import Service
from tests.web.test_pages import HTML, Page
from ticker.web.wording import masthead, story_title

GENERIC: Final = {"click here", "click this", "go", "here", "this", "start", "right here", "more", "learn more"}
"""Link texts that say nothing of what they lead to (Lighthouse, link-text)."""

TITLES = [
    ("Breaking news", "en"),
    ("BREAKING", "en"),
    ("عاجل", "ar"),
    ("أخبار عاجلة — عاجل", "ar"),
    ("Última hora", "es"),
    ("ULTIMA HORA: el puerto", "es"),
    ("عاجل", "en"),
    ("Breaking news", "ar"),
    ("Última hora", "ar"),
    ("News, breaking", "es"),
]


@pytest.mark.parametrize(("title", "language"), TITLES)
def test_the_masthead_never_says_breaking_twice(title: str, language: str) -> None:
    assert masthead(title, language) == (None, title)


@pytest.mark.parametrize(
    ("title", "language", "word"),
    [
        ("Port Marada", "en", "BREAKING"),
        ("مرادة", "ar", "عاجل"),
        ("Groundbreaking", "en", "BREAKING"),
        ("", "es", "ÚLTIMA HORA"),
    ],
)
def test_a_title_that_does_not_say_it_has_the_word_before_it(title: str, language: str, word: str) -> None:
    assert masthead(title, language).word == word


def test_the_page_says_it_once(service: Service) -> None:
    page = Page(service.http.get("/", headers=HTML).text)
    assert page.text.casefold().count("breaking") == 2, "in the title and in the masthead"
    feed = service.open_feed()
    assert "BREAKING" in Page(service.http.get(f"/feeds/{feed}", headers=HTML).text).text


@pytest.mark.parametrize(
    ("slug", "title"), [("marada-bridge", "Marada bridge"), ("2026-budget", "2026 budget"), ("a--b-", "A b")]
)
def test_a_slug_becomes_a_title(slug: str, title: str) -> None:
    assert story_title(slug) == title


@pytest.fixture(scope="module")
def paths(service: Service) -> list[str]:
    feed = service.open_feed()
    ids = [
        service.file(
            feed, f"Bridge {number} is closed", source="Harbour police", story="bridge", link="https://news.example/a"
        )["id"]
        for number in range(2)
    ]
    return ["/", f"/feeds/{feed}", f"/feeds/{feed}/{ids[1]}", f"/feeds/{feed}/stories/bridge"]


def _meta(page: Page, name: str) -> str:
    (content,) = (meta["content"] for meta in page.all("meta") if name in (meta.get("name"), meta.get("property")))
    return content


def test_each_page_has_what_lighthouse_looks_for(service: Service, paths: list[str]) -> None:
    titles = set()
    for path in paths:
        response = service.http.get(path, headers=HTML)
        page = Page(response.text)
        assert response.status_code == 200
        assert page.root["lang"]
        assert "width=device-width" in _meta(page, "viewport")
        (title,) = page.titles
        titles.add(title)
        assert _meta(page, "description").strip()
        assert not any(meta.get("name") == "robots" for meta in page.all("meta")), "it may be indexed"
        assert "x-robots-tag" not in response.headers
        for link in page.all("a"):
            assert link.get("href") is not None or "hidden" in link, "it can be crawled"
            assert not link.get("href", "").startswith("javascript:")
        for name in ("og:type", "og:title", "og:description", "og:site_name", "og:locale"):
            assert _meta(page, name)
        assert [tag for tag, _ in page.tags].count("h1") == 1
        # Without its own address the service says none: a relative one is an error to search engines.
        assert not any(link["rel"] == "canonical" or "hreflang" in link for link in page.all("link"))
    assert len(titles) == len(paths), "each has a title of its own"
    assert not GENERIC & titles


def test_a_dispatch_describes_itself_and_a_withdrawn_one_does_not(service: Service) -> None:
    feed = service.open_feed()
    id = service.file(feed, "UNSAID", source="Harbour police", story="second-explosion")["id"]
    page = Page(service.http.get(f"/feeds/{feed}/{id}", headers=HTML).text)
    assert _meta(page, "description") == _meta(page, "og:title") == "Harbour police: UNSAID"
    assert _meta(page, "og:type") == "article"
    service.http.post(f"/v1/feeds/{feed}/dispatches/{id}/kill", json={"reason": "It was not so"})
    for path, code in ((id, 410), ("stories/second-explosion", 200)):
        response = service.http.get(f"/feeds/{feed}/{path}", headers=HTML)
        page = Page(response.text)
        assert response.status_code == code
        assert _meta(page, "robots") == "noindex"
        assert page.titles == [f"Withdrawn · {feed}"]
        assert "UNSAID" not in response.text
        assert "Second explosion" not in page.text, "the slug may say what was wrong"
        assert not any("property" in meta for meta in page.all("meta"))


def test_what_heads_a_story_is_never_what_was_withdrawn(service: Service) -> None:
    feed = service.open_feed()
    service.file(feed, "It stands", story="s")
    wrong = service.file(feed, "UNSAID", story="s")["id"]
    service.http.post(f"/v1/feeds/{feed}/dispatches/{wrong}/kill", json={"reason": "It was not so"})
    response = service.http.get(f"/feeds/{feed}/stories/s", headers=HTML)
    assert response.status_code == 200
    assert Page(response.text).titles == [f"S: It stands · {feed}"]


def test_a_long_text_makes_no_endless_title(service: Service) -> None:
    feed = service.open_feed()
    id = service.file(feed, "word " * 199 + "end", story="s")["id"]
    for path in (id, "stories/s"):
        (title,) = Page(service.http.get(f"/feeds/{feed}/{path}", headers=HTML).text).titles
        assert len(title) <= 70 + len(f" · {feed}")


def test_crawlers_may_read_pages_and_not_the_interface(service: Service) -> None:
    response = service.http.get("/robots.txt")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.text == "User-agent: *\nDisallow: /v1/\n"


def test_the_favicon_is_where_browsers_ask_for_it(service: Service) -> None:
    response = service.http.get("/favicon.ico")
    assert response.headers["content-type"] == "image/x-icon"
    reserved, kind, count = struct.unpack_from("<HHH", response.content)
    assert (reserved, kind, count) == (0, 1, 3)
    for index in range(count):
        width, height, *_, size, offset = struct.unpack_from("<BBBBHHII", response.content, 6 + 16 * index)
        assert width == height
        assert response.content[offset : offset + size].startswith(b"\x89PNG")


def test_the_longer_a_text_the_smaller_it_is_set_and_never_because_it_is_the_newest(service: Service) -> None:
    feed = service.open_feed()
    lengths = {0: "", 100: " medium", 220: " long", 1000: " long"}
    ids = [service.file(feed, "x" * max(length, 1), urgency="flash")["id"] for length in lengths]
    newest = service.file(feed, "An ordinary update")["id"]
    service.until(lambda: service.snapshot(feed)["dispatches"][0]["id"] == newest)
    page = Page(service.http.get(f"/feeds/{feed}", headers=HTML).text)
    classes = {item["data-id"]: item["class"] for item in page.all("li") if "data-id" in item}
    assert [classes[id] for id in ids] == [f"dispatch flash{name}" for name in lengths.values()]
    assert classes[newest] == "dispatch normal"
