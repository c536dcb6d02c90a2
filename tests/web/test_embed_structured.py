"""Structured data: what search engines ask of a LiveBlogPosting, and JSON that stays inside its script element."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.web.test_pages import NASTY
from ticker.web.embed.structured import live_blog, script_text

FEED = {"title": "Breaking news", "language": "en", "publisher": "Breaking news"}
PAGE = "https://news.example/live"


def dispatch(id: str, text: str = "Bridge closed", **fields: Any) -> dict[str, Any]:
    said = {"id": id, "text": text, "urgency": "normal", "language": "en", "status": "usable", "revision": 1}
    at = f"2026-03-11T14:1{id}:00.250Z"
    return said | {"filed": at, "updated": at} | fields


def posting(*dispatches: dict[str, Any], ended: str | None = None) -> dict[str, Any]:
    found = live_blog(FEED, list(dispatches), page=PAGE, anchor="line-", ended=ended)
    assert found is not None
    return found


def test_it_has_what_search_engines_ask_for() -> None:
    found = posting(dispatch("1"), dispatch("3", source="Harbour police", byline="Lena Ortiz"), dispatch("2"))
    assert found["@context"] == "https://schema.org"
    assert found["@type"] == "LiveBlogPosting"
    assert found["url"] == PAGE
    assert (found["coverageStartTime"], found["datePublished"]) == ("2026-03-11T14:11:00.250Z",) * 2
    assert found["dateModified"] == "2026-03-11T14:13:00.250Z"
    assert found["coverageEndTime"] == "2026-03-12T14:13:00.250Z"
    newest = found["liveBlogUpdate"][0]
    assert [each["url"] for each in found["liveBlogUpdate"]] == [f"{PAGE}#line-{id}" for id in "321"]
    assert newest == {
        "@type": "BlogPosting",
        "@id": f"{PAGE}#line-3",
        "url": f"{PAGE}#line-3",
        "headline": "Bridge closed",
        "articleBody": "Bridge closed",
        "inLanguage": "en",
        "datePublished": "2026-03-11T14:13:00.250Z",
        "dateModified": "2026-03-11T14:13:00.250Z",
        "creditText": "Harbour police",
        "author": {"@type": "Person", "name": "Lena Ortiz"},
    }


def test_a_correction_moves_when_it_was_modified_and_never_when_it_was_published() -> None:
    (update,) = posting(dispatch("1", updated="2026-03-11T15:00:00.250Z", revision=2))["liveBlogUpdate"]
    assert update["datePublished"] == "2026-03-11T14:11:00.250Z"
    assert update["dateModified"] == "2026-03-11T15:00:00.250Z"


def test_what_was_killed_is_not_in_it_and_alone_makes_none() -> None:
    dead: dict[str, Any] = {
        "id": "2",
        "filed": "2026-03-11T14:12:00.250Z",
        "updated": "2026-03-11T14:19:00.250Z",
        "status": "killed",
    }
    dead |= {"revision": 2, "reason": "wrong"}
    assert [each["url"] for each in posting(dispatch("1"), dead)["liveBlogUpdate"]] == [f"{PAGE}#line-1"]
    assert live_blog(FEED, [dead], page=PAGE, anchor="", ended=None) is None


def test_the_coverage_ends_when_it_ended() -> None:
    assert posting(dispatch("1"), ended="2026-03-11T16:00:00.000Z")["coverageEndTime"] == "2026-03-11T16:00:00.000Z"


def test_a_long_text_has_a_headline_that_is_cut_and_a_body_that_is_not() -> None:
    (update,) = posting(dispatch("1", "word " * 60))["liveBlogUpdate"]
    assert len(update["headline"]) <= 110
    assert update["headline"].endswith("word…")
    assert update["articleBody"] == "word " * 60


class Scripts(HTMLParser):
    """What a browser takes for the content of scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.content = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.content += data


@pytest.mark.parametrize("text", [*NASTY, "\u2028</SCRIPT >", "<!-- <script> -->"])
def test_no_text_ends_the_script_element(text: str) -> None:
    found = posting(dispatch("1", text, source=text))
    read = Scripts(f'<script type="application/ld+json">{script_text(found)}</script>')
    assert read.tags == ["script"]
    assert json.loads(read.content) == found
    assert not {"<", ">", "&", "\u2028"} & set(script_text(found))
