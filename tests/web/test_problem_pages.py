"""Errors for people: in the feed's language or the reader's, with the status, what to do, and a way on."""

from __future__ import annotations

import pytest

from tests.service import Service
from tests.web.test_pages import HTML, Page
from ticker.web.wording import PROBLEMS, WORDS, preferred


def _open(service: Service, path: str, **headers: str) -> tuple[int, Page]:
    response = service.http.get(path, headers={**HTML, **headers})
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert "Accept-Language" in response.headers["vary"]
    page = Page(response.text)
    assert {"name": "robots", "content": "noindex"} in page.all("meta")
    return response.status_code, page


@pytest.mark.parametrize("language", ["en", "ar", "es"])
def test_the_page_of_a_missing_dispatch_is_in_the_language_of_its_feed(service: Service, language: str) -> None:
    feed = service.open_feed(language)
    for path in (f"/feeds/{feed}/nothing", f"/feeds/{feed}/stories/none"):
        code, page = _open(service, path, **{"accept-language": "fr, es;q=0.5"})
        assert code == 404
        assert (page.root["lang"], page.root["dir"]) == (language, "rtl" if language == "ar" else "ltr")
        assert all(sentence in page.text for sentence in PROBLEMS[language]["404"])
        assert [link["href"] for link in page.all("a")] == [f"/feeds/{feed}", "/"]
        assert path in page.text


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("ar-EG", "ar"),
        ("es-419,es;q=0.9,en;q=0.8", "es"),
        ("fr, de;q=0.9", "en"),
        ("fr, en;q=0.1, ar;q=0.2", "ar"),
        ("es;q=0, en", "en"),
        ("es;q=bogus, ar;q=0.3", "ar"),
        ("", "en"),
        ("*", "en"),
    ],
)
def test_where_no_feed_is_named_the_reader_is_asked(service: Service, header: str, language: str) -> None:
    assert preferred(header) == language
    for path in ("/nowhere", "/feeds/nowhere", "/feeds/nowhere/x"):
        code, page = _open(service, path, **{"accept-language": header})
        assert (code, page.root["lang"]) == (404, language)
        assert "/" in {link["href"] for link in page.all("a")}


def test_during_an_outage_a_page_names_it_and_when_to_try_again(service: Service) -> None:
    feed = service.open_feed("es")
    with service.frozen("valkey"):
        response = service.http.get(f"/feeds/{feed}/00000000", headers=HTML)
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0
    page = Page(response.text)
    assert page.root["lang"] == "es"
    assert all(sentence in page.text for sentence in PROBLEMS["es"]["503"])
    assert "" in {link["href"] for link in page.all("a")}, "the same address, again"


def test_a_wrong_method_has_its_status_too(service: Service) -> None:
    response = service.http.post("/feeds/breaking", headers=HTML)
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")
    assert PROBLEMS["en"]["400"][0] in Page(response.text).text


def test_each_language_has_every_word() -> None:
    for table in (WORDS, PROBLEMS):
        for words in table.values():
            assert words.keys() == table["en"].keys()
            assert all(words.values())
