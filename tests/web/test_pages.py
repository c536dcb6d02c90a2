"""Reader pages as the service sends them: whole without JavaScript, safe whatever the text, in the feed's words."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import httpx
import orjson
import pytest

from tests.service import Service

HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
NASTY = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x="',
    "' & &lt; &amp;lt; \\u003c \\",
    "{{ 7*7 }}{% raw %}",
]
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """A page read as a browser without scripts reads it.

    Attributes:
        root: attributes of the html element.
        tags: every element with its attributes, in order.
        lines: text of each line in the list, by dispatch id, in order.
        data: what the data block holds.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.lines: dict[str, str] = {}
        self.titles: list[str] = []
        self.text = ""
        self._open: list[tuple[str, dict[str, str]]] = []
        self._data = ""
        self.feed(html)
        self.close()
        assert self._open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = tag, {name: value or "" for name, value in attrs}
        self.tags.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if not self._open:
            assert not data.strip()
            return
        tag, attributes = self._open[-1]
        if tag == "script":
            self._data += data if attributes.get("id") == "page-data" else ""
            return
        if tag == "title":
            self.titles.append(data)
        self.text += data
        for _, around in self._open:
            if "data-id" in around:
                self.lines[around["data-id"]] = self.lines.get(around["data-id"], "") + data

    @property
    def root(self) -> dict[str, str]:
        return next(attributes for tag, attributes in self.tags if tag == "html")

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = orjson.loads(self._data)
        return data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def _page(service: Service, path: str, code: int = 200) -> Page:
    answer = service.http.get(path, headers=HTML)
    assert answer.status_code == code
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return Page(answer.text)


def _shape(page: Page) -> list[tuple[str, set[str]]]:
    """Elements and the names of their attributes; which of the feeds is this one is left out."""
    return [(tag, attributes.keys() - {"aria-current"}) for tag, attributes in page.tags]


def _file(service: Service, feed: str, *texts: str, **fields: Any) -> list[str]:
    receipts = [service.file(feed, text, **fields) for text in texts]
    service.until(lambda: service.snapshot(feed)["position"] == receipts[-1]["position"])
    return [receipt["id"] for receipt in receipts]


def test_the_front_page_is_the_breaking_feed(service: Service) -> None:
    (id,) = _file(service, "breaking", "Bridge closed to traffic", source="Harbour police", urgency="flash")
    for path in ("/", "/feeds/breaking"):
        page = _page(service, path)
        assert page.titles == ["Breaking news"]
        assert "Harbour police:" in page.lines[id]
        assert "Bridge closed to traffic" in page.lines[id]
        assert "FLASH" in page.lines[id]


def test_a_page_shows_the_newest_first_and_links_each_dispatch(service: Service) -> None:
    feed = service.open_feed()
    ids = _file(service, feed, *(f"line {number}" for number in range(22)))
    page = _page(service, f"/feeds/{feed}")
    assert list(page.lines) == list(reversed(ids[2:]))
    linked = {link["href"] for link in page.all("a") if link.get("class") == "permalink"}
    assert linked == {f"/feeds/{feed}/{id}" for id in ids[2:]}
    for id in (ids[0], ids[-1]):
        assert "line" in _page(service, f"/feeds/{feed}/{id}").lines[id]


def test_the_data_block_is_the_snapshot_the_page_was_drawn_from(service: Service) -> None:
    feed = service.open_feed()
    _file(service, feed, "one", "two")
    drawn = _page(service, f"/feeds/{feed}").data["snapshot"]
    assert drawn | {"at": None} == service.snapshot(feed) | {"at": None}, "only the last proof may be another by then"


def test_nothing_a_correspondent_says_becomes_markup(service: Service) -> None:
    plain = service.open_feed()
    _file(service, plain, *("harmless" for _ in NASTY), source="x", byline="x", sections=["x"], places=["x"])
    feed = service.open_feed()
    for text in NASTY:
        (id,) = _file(service, feed, text, source=text, byline=text, sections=[text[:60].strip()], places=["x"])
        alone = _page(service, f"/feeds/{feed}/{id}")
        assert alone.lines[id].count(text) >= 3
        assert [tag for tag, _ in alone.tags].count("script") <= 2
    page = _page(service, f"/feeds/{feed}")
    harmless = _page(service, f"/feeds/{plain}")
    assert _shape(page) == _shape(harmless)
    assert [line["text"] for line in page.data["snapshot"]["dispatches"]] == NASTY[::-1]
    for text, shown in zip(reversed(NASTY), page.lines.values(), strict=True):
        assert text in shown


def test_what_an_editor_or_admin_says_is_text_too(service: Service) -> None:
    nasty = NASTY[0]
    assert service.http.post("/v1/feeds", json={"name": "nasty", "title": nasty}).status_code == 201
    service.until(lambda: service.http.get("/v1/feeds/nasty").status_code == 200)
    (id,) = _file(service, "nasty", "x")
    address = f"/v1/feeds/nasty/dispatches/{id}"
    service.http.put("/v1/feeds/nasty/air", json={"on": True, "label": nasty, "url": "https://tv.example/?a=1&b='2'"})
    service.http.patch(address, json={"text": "y", "note": nasty}, headers={"if-match": "*"})
    service.until(lambda: service.snapshot("nasty")["position"].startswith("3-"))
    page = _page(service, "/feeds/nasty")
    assert page.titles == [nasty]
    assert nasty in page.lines[id]
    assert next(link for link in page.all("a") if link.get("id") == "broadcast")["href"] == (
        "https://tv.example/?a=1&b='2'"
    )
    service.http.post(f"{address}/kill", json={"reason": nasty})
    service.until(lambda: service.snapshot("nasty")["position"].startswith("4-"))
    for path, code in (("/feeds/nasty", 200), (f"/feeds/nasty/{id}", 410)):
        page = _page(service, path, code)
        assert nasty in page.lines[id]
        assert all("alert" not in content for script in page.all("script") for content in script.values())


def _directives(answer: httpx.Response) -> dict[str, list[str]]:
    parts = [part.split() for part in answer.headers["content-security-policy"].split(";")]
    return {name: values for name, *values in parts}


@pytest.mark.parametrize(
    "path", ["/", "/feeds/breaking", "/feeds/breaking/{id}", "/feeds/breaking/stories/s", "/feeds/nowhere", "/nowhere"]
)
def test_a_page_runs_nothing_but_our_own_files(service: Service, path: str) -> None:
    (id,) = _file(service, "breaking", "one", story="s")
    answer = service.http.get(path.replace("{id}", id), headers=HTML)
    policy = _directives(answer)
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == ["'self'"]
    assert policy["base-uri"] == ["'none'"]
    assert policy["frame-ancestors"] == ["'none'"]
    assert policy["require-trusted-types-for"] == ["'script'"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"]
    page = Page(answer.text)
    for script in page.all("script"):
        assert script.get("src", "").startswith("/assets/") or script.get("type") == "application/json"
    for _, attributes in page.tags:
        assert not any(name == "style" or name.startswith("on") for name in attributes)
    assert page.all("style") == []


def test_everything_a_page_asks_for_is_there_with_its_type(service: Service) -> None:
    (id,) = _file(service, "breaking", "one", story="s")
    asked = set()
    for path in ("/", f"/feeds/breaking/{id}", "/feeds/breaking/stories/s"):
        page = _page(service, path)
        asked |= {link["href"] for link in page.all("link")} | {script.get("src", "/") for script in page.all("script")}
    types = {
        ".js": "text/javascript; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".svg": "image/svg+xml",
        ".ico": "image/x-icon",
    }
    files = {path for path in asked if path.startswith("/assets/")}
    assert {path[path.rindex(".") :] for path in files} == set(types)
    for path in asked:
        answer = service.http.get(path)
        assert answer.status_code == 200, path
        if path in files:
            assert answer.headers["content-type"] == types[path[path.rindex(".") :]]
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    "path", ["/assets/", "/assets/reader.js", "/assets/nothing-0123456789.js", "/assets/%2e%2e/manifest.json"]
)
def test_beyond_the_assets_there_is_nothing(service: Service, path: str) -> None:
    answer = service.http.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_arabic_feed_reads_from_the_right(service: Service) -> None:
    feed = service.open_feed("ar")
    arabic, english = _file(service, feed, "إغلاق الميناء"), _file(service, feed, "Harbour closed", language="en")
    page = _page(service, f"/feeds/{feed}")
    assert (page.root["lang"], page.root["dir"]) == ("ar", "rtl")
    items = {item["data-id"]: item for item in page.all("li") if "data-id" in item}
    assert (items[arabic[0]]["lang"], items[arabic[0]]["dir"]) == ("ar", "rtl")
    assert (items[english[0]]["lang"], items[english[0]]["dir"]) == ("en", "ltr")
    alone = _page(service, f"/feeds/{feed}/{arabic[0]}")
    assert (alone.root["lang"], alone.root["dir"]) == ("ar", "rtl")


def test_a_language_without_words_of_ours_still_says_which_it_is(service: Service) -> None:
    feed = service.open_feed("ur")
    (id,) = _file(service, feed, "بندرگاہ بند")
    page = _page(service, f"/feeds/{feed}")
    assert (page.root["lang"], page.root["dir"]) == ("en", "ltr"), "the page's own words are English"
    line = next(item for item in page.all("li") if item.get("data-id") == id)
    assert (line["lang"], line["dir"]) == ("ur", "rtl")


@pytest.mark.parametrize(
    "path", ["/feeds/nowhere", "/feeds/breaking/nothing", "/feeds/breaking/stories/none", "/nowhere", "/feeds/"]
)
def test_a_missing_page_is_a_page_for_people_and_a_problem_for_programs(service: Service, path: str) -> None:
    page = _page(service, path, 404)
    assert "404" in page.text
    assert "/" in {link["href"] for link in page.all("a")}, "there is a way on"
    answer = service.http.get(path, headers={"accept": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_a_missing_address_is_quoted_as_text(service: Service) -> None:
    page = _page(service, "/feeds/%3Cscript%3Ealert(1)%3C%2Fscript%3E", 404)
    assert page.all("script") == []
    assert "<script>" in page.text


def test_a_pinned_dispatch_is_on_top_without_javascript_too(service: Service) -> None:
    feed = service.open_feed()
    first, second, third = _file(service, feed, "one", "two", "three")
    assert service.http.put(f"/v1/feeds/{feed}/pin", json={"id": first}).status_code == 200
    service.until(lambda: service.snapshot(feed)["pinned"] == first)
    assert list(_page(service, f"/feeds/{feed}").lines) == [first, third, second]


def test_a_pinned_dispatch_older_than_the_page_is_on_top_and_its_tombstone_last(service: Service) -> None:
    feed = service.open_feed()
    (old,) = _file(service, feed, "UNSAID")
    assert service.http.put(f"/v1/feeds/{feed}/pin", json={"id": old}).status_code == 200
    newest = _file(service, feed, *(f"line {number}" for number in range(20)))[::-1]
    page = _page(service, f"/feeds/{feed}")
    assert list(page.lines) == [old, *newest]
    assert "Pinned" in page.lines[old]
    assert page.data["snapshot"]["pinned_dispatch"]["id"] == old
    service.http.post(f"/v1/feeds/{feed}/dispatches/{old}/kill", json={"reason": "There was no fire"})
    service.until(lambda: service.snapshot(feed)["pinned_dispatch"]["status"] == "killed")
    answer = service.http.get(f"/feeds/{feed}", headers=HTML)
    assert list(Page(answer.text).lines) == [*newest, old]
    assert "There was no fire" in Page(answer.text).lines[old]
    assert "UNSAID" not in answer.text


def test_a_story_page_has_the_storys_dispatches_newest_first(service: Service) -> None:
    feed = service.open_feed()
    first, wrong = _file(service, feed, "one", "UNSAID", story="marada-bridge")
    (other,) = _file(service, feed, "elsewhere", story="budget")
    (last,) = _file(service, feed, "two", story="marada-bridge")
    service.http.post(f"/v1/feeds/{feed}/dispatches/{wrong}/kill", json={"reason": "There was no fire"})
    answer = service.http.get(f"/feeds/{feed}/stories/marada-bridge", headers=HTML)
    page = Page(answer.text)
    assert list(page.lines) == [last, wrong, first]
    assert "There was no fire" in page.lines[wrong]
    assert "UNSAID" not in answer.text
    assert page.titles == [f"Marada bridge: two · {feed}"]
    assert page.data["story"] == "marada-bridge"
    onward = f"/feeds/{feed}/stories/marada-bridge"
    assert onward not in {link.get("href") for link in page.all("a")}, "it is here already"
    for path in (f"/feeds/{feed}", f"/feeds/{feed}/{first}"):
        assert onward in {link.get("href") for link in _page(service, path).all("a")}
    links = [link.get("href") for link in _page(service, f"/feeds/{feed}/{other}").all("a")]
    assert f"/feeds/{feed}/stories/budget" in links


def test_a_long_story_is_whole_page_by_page(service: Service) -> None:
    feed = service.open_feed()
    ids = _file(service, feed, *(f"line {number}" for number in range(105)), story="long")
    page = _page(service, f"/feeds/{feed}/stories/long")
    assert list(page.lines) == ids[:4:-1]
    (onward,) = (link["href"] for link in page.all("a") if link.get("rel") == "next")
    older = _page(service, onward)
    assert list(older.lines) == ids[4::-1]
    assert f"/feeds/{feed}/stories/long" in {link.get("href") for link in older.all("a")}, "there is a way back"


def test_a_corrected_dispatch_has_a_mark_and_its_revisions(service: Service) -> None:
    feed = service.open_feed()
    (id,) = _file(service, feed, "Forty firefighters")
    changes = {"text": "Sixty firefighters", "note": "The number was wrong"}
    service.http.patch(f"/v1/feeds/{feed}/dispatches/{id}", json=changes, headers={"if-match": "*"})
    service.until(lambda: service.snapshot(feed)["position"].startswith("2-"))
    line = _page(service, f"/feeds/{feed}").lines[id]
    assert "Corrected" in line
    assert "The number was wrong" in line
    assert "Forty" not in line
    alone = _page(service, f"/feeds/{feed}/{id}")
    assert "Sixty firefighters" in alone.lines[id]
    assert "Forty firefighters" in alone.text, "the line's own page shows its public revisions"


def test_the_page_of_a_dispatch_shows_its_newest_revisions_and_leads_to_the_others(service: Service) -> None:
    feed = service.open_feed()
    (id,) = _file(service, feed, "Report 1 arrives")
    for revision in range(2, 24):
        changes = {"text": f"Report {revision} arrives"}
        service.http.patch(f"/v1/feeds/{feed}/dispatches/{id}", json=changes, headers={"if-match": "*"})
    newest = _page(service, f"/feeds/{feed}/{id}")
    assert "Report 22 arrives" in newest.text
    assert "Report 2 arrives" not in newest.text
    (older,) = {link["href"] for link in newest.all("a") if "?before=" in (link.get("href") or "")}
    assert older == f"/feeds/{feed}/{id}?before=3"
    oldest = _page(service, older)
    assert "Report 2 arrives" in oldest.text
    assert "Report 3 arrives" not in oldest.text
    assert "Report 23 arrives" in oldest.lines[id], "the dispatch itself is as it is now"


def test_the_page_of_a_killed_dispatch_is_gone_and_has_the_reason(service: Service) -> None:
    feed = service.open_feed()
    (id,) = _file(service, feed, "UNSAID")
    service.http.post(f"/v1/feeds/{feed}/dispatches/{id}/kill", json={"reason": "There was no fire"})
    answer = service.http.get(f"/feeds/{feed}/{id}", headers=HTML)
    assert (answer.status_code, answer.headers["cache-control"]) == (410, "public, max-age=1")
    assert "There was no fire" in Page(answer.text).lines[id]
    assert "UNSAID" not in answer.text
