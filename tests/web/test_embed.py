"""What pages of other sites load, include and frame, as it leaves the service."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.service import Service
from tests.web.test_pages import HTML, NASTY
from ticker.web.assets import ASSETS, CLIENTS
from ticker.web.embed.scripts import read_released

RELEASED = CLIENTS / "released"
VERSIONS = sorted(path.name for path in RELEASED.iterdir() if path.is_dir())


class Drawn(HTMLParser):
    """A fragment or a frame as a browser with declarative shadow roots reads it, scripts apart.

    Attributes:
        tags: every element with its attributes, in order.
        texts: text of each dispatch, by id, in order.
        text: all of the text outside scripts and styles.
        data: what JSON-LD blocks hold.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, str] = {}
        self.text = self.style = ""
        self.data: list[dict[str, Any]] = []
        self._open: list[tuple[str, dict[str, str]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = tag, {name: value or "" for name, value in attrs}
        self.tags.append(element)
        if tag not in ("meta", "link"):
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        tag, attributes = self._open[-1] if self._open else ("", {})
        if tag == "script" and attributes.get("type") == "application/ld+json":
            self.data.append(json.loads(data))
        elif tag == "style":
            self.style += data
        elif tag != "script":
            self.text += data
            for _, around in self._open:
                if "data-id" in around:
                    self.texts[around["data-id"]] = self.texts.get(around["data-id"], "") + data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def part(self, name: str) -> list[dict[str, str]]:
        return [attributes for _, attributes in self.tags if attributes.get("part") == name]


def drawn(service: Service, path: str, status: int = 200) -> Drawn:
    response = service.http.get(path, headers=HTML)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return Drawn(response.text)


def file(service: Service, feed: str, *texts: str, **fields: Any) -> list[str]:
    receipts = [service.file(feed, text, **fields) for text in texts]
    service.until(lambda: service.snapshot(feed)["position"] == receipts[-1]["position"])
    return [receipt["id"] for receipt in receipts]


@pytest.fixture(scope="module")
def feed(service: Service) -> str:
    """A feed with one of each kind of dispatch."""
    name = service.open_feed()
    address = f"/v1/feeds/{name}/dispatches"
    (pinned,) = file(service, name, "Bridge closed", source="Harbour police", urgency="flash", byline="Lena Ortiz")
    (corrected,) = file(service, name, "Forty")
    (killed,) = file(service, name, "UNSAID")
    file(service, name, "كل شيء", source="Reuters نقلا", language="ar", link="https://news.example/a?b=1&c=2")
    service.http.patch(
        f"{address}/{corrected}", json={"text": "Sixty", "note": "The number"}, headers={"if-match": "*"}
    )
    service.http.post(f"{address}/{killed}/kill", json={"reason": "It was not so"})
    service.http.put(f"/v1/feeds/{name}/pin", json={"id": pinned})
    service.until(lambda: service.snapshot(name)["pinned"] == pinned)
    service.until(lambda: service.snapshot(name).get("at"))
    return name


# The script


def test_the_current_script_is_the_bundle_and_is_asked_for_again_with_its_tag(service: Service) -> None:
    response = service.http.get("/embed/v1/ticker.js", headers={"origin": "https://elsewhere.example"})
    assert response.content == (CLIENTS / "dist/ticker.js").read_bytes()
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["cache-control"] == "public, max-age=300"
    again = {"if-none-match": response.headers["etag"], "accept-encoding": "gzip"}
    known = service.http.get("/embed/v1/ticker.js", headers=again)
    assert (known.status_code, known.content) == (304, b"")
    assert known.headers["etag"] == response.headers["etag"]
    assert known.headers["access-control-allow-origin"] == "*"
    assert service.http.get("/embed/v1/ticker.js", headers={"if-none-match": '"another"'}).status_code == 200


@pytest.mark.parametrize("version", ["9.9.9", "0.1", "v2", "..", "0.1.0-beta"])
def test_what_was_not_released_is_not_there(service: Service, version: str) -> None:
    assert service.http.get(f"/embed/{version}/ticker.js").status_code == 404


@pytest.mark.parametrize("version", VERSIONS)
def test_a_released_script_is_byte_for_byte_what_was_released(service: Service, version: str) -> None:
    promised = (RELEASED / version / "ticker.js.sha384").read_text("ascii").strip()
    response = service.http.get(f"/embed/{version}/ticker.js")
    digest = base64.b64encode(hashlib.sha384(response.content).digest()).decode()
    assert f"sha384-{digest}" == promised
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["access-control-allow-origin"] == "*"
    assert promised in service.http.get("/embed", headers=HTML).text


def test_every_version_is_released_whole_and_by_its_number() -> None:
    found = read_released(RELEASED)
    assert sorted(found) == VERSIONS
    for version in VERSIONS:
        assert sorted(path.name for path in (RELEASED / version).iterdir()) == ["ticker.js", "ticker.js.sha384"]


def test_releases_are_read_from_their_folders_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for version in ("0.10.0", "0.9.1", "drafts"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "ticker.js").write_text(f"/* {version} */")
        (tmp_path / version / "ticker.js.sha384").write_text(f"sha384-{version}\n")
    found = read_released(tmp_path)
    assert list(found) == ["0.9.1", "0.10.0"]
    assert (found["0.9.1"].integrity, found["0.9.1"].plain) == ("sha384-0.9.1", b"/* 0.9.1 */")


# The fragment


def test_a_fragment_is_the_element_with_what_it_shows_and_the_script_element(service: Service, feed: str) -> None:
    page = drawn(service, f"/embed/feeds/{feed}/fragment")
    assert page.tags[0] == ("script", {"type": "module", "src": f"{service.url}/embed/v1/ticker.js"})
    (element,) = page.all("breaking-ticker")
    assert element == {"feed": feed, "src": service.url, "lang": "en"}
    assert page.all("template") == [{"shadowrootmode": "open"}]
    texts = list(page.texts.values())
    assert "Harbour police: Bridge closed" in texts[0]  # the pinned one stands first
    assert "Pinned" in texts[0]
    assert ["كل شيء" in texts[1], "It was not so" in texts[2], "Sixty" in texts[3]] == [True] * 3
    assert "The number" in texts[3]
    assert "UNSAID" not in page.text
    assert "Forty" not in page.text
    assert page.tags[-1] == ("a", {"href": f"{service.url}/feeds/{feed}"})


def test_a_fragment_shows_that_it_is_not_live_and_as_of_when(service: Service, feed: str) -> None:
    page = drawn(service, f"/embed/feeds/{feed}/fragment")
    assert re.search(r"Not live, as of \d\d:\d\d UTC", page.text)
    assert "LIVE" not in page.text
    assert all("data-state" not in attributes for _, attributes in page.tags)
    assert [attributes["role"] for _, attributes in page.tags if attributes.get("role") in ("status", "alert")]


def test_a_fragment_without_the_script_and_with_attributes(service: Service, feed: str) -> None:
    page = drawn(service, f"/embed/feeds/{feed}/fragment?script=no&theme=dark&lang=ar&layout=strip&limit=2")
    assert page.all("script") == []
    (element,) = page.all("breaking-ticker")
    assert element == {
        "feed": feed, "src": service.url, "layout": "strip", "limit": "2", "lang": "ar", "theme": "dark"
    }  # fmt: skip
    assert len(page.texts) == 2
    assert ["hidden" in each for each in page.part("dispatch")] == [False, True]
    assert "خبر عاجل" in page.text
    words = next(attributes for _, attributes in page.tags if attributes.get("class") == "w strip")
    assert (words["lang"], words["dir"]) == ("ar", "rtl")


def test_the_style_of_every_fragment_is_one_and_its_hash_is_in_the_policy_and_in_the_gallery(
    service: Service, feed: str
) -> None:
    styles = {drawn(service, f"/embed/feeds/{feed}/fragment?{query}").style for query in ("", "layout=line", "lang=ar")}
    (style,) = styles
    assert style == ASSETS["widget.css"].plain.decode().strip()
    digest = f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"
    policy = service.http.get(f"/embed/feeds/{feed}/fragment").headers["content-security-policy"]
    assert digest in policy
    assert "unsafe" not in policy
    assert digest in drawn(service, "/embed").text


def test_a_fragment_has_no_style_and_no_handler_but_that_one(service: Service, feed: str) -> None:
    page = drawn(service, f"/embed/feeds/{feed}/fragment?schema=always")
    assert [tag for tag, _ in page.tags].count("style") == 1
    for _, attributes in page.tags:
        assert not [name for name in attributes if name == "style" or name.startswith("on")]


def test_times_are_in_the_feeds_zone_and_links_leave_the_page_alone(service: Service, feed: str) -> None:
    page = drawn(service, f"/embed/feeds/{feed}/fragment")
    (pinned, *_) = [id for id, text in page.texts.items() if "Pinned" in text]
    assert re.search(r"\d\d:\d\d UTC", page.texts[pinned])
    for link in page.part("link"):
        assert (link["target"], link["rel"]) == ("_blank", "noopener")
    assert "https://news.example/a?b=1&c=2" in [link["href"] for link in page.part("link")]


def test_structured_data_is_there_when_asked_for(service: Service, feed: str) -> None:
    assert drawn(service, f"/embed/feeds/{feed}/fragment").data == []
    assert drawn(service, f"/embed/feeds/{feed}/fragment?schema=off").data == []
    (posting,) = drawn(service, f"/embed/feeds/{feed}/fragment?schema=auto").data
    assert posting["@type"] == "LiveBlogPosting"
    assert posting["url"] == f"{service.url}/feeds/{feed}"
    bodies = [update["articleBody"] for update in posting["liveBlogUpdate"]]
    assert bodies == ["كل شيء", "Sixty", "Bridge closed"]
    anchors = {update["url"].partition("#")[2] for update in posting["liveBlogUpdate"]}
    ids = {attributes.get("id") for _, attributes in drawn(service, f"/feeds/{feed}").tags}
    assert anchors < ids  # each leads to its place on that page
    (elsewhere,) = drawn(service, f"/embed/feeds/{feed}/fragment?schema=always&page=https://news.example/live").data
    assert elsewhere["url"] == "https://news.example/live"
    assert {update["url"].partition("#")[0] for update in elsewhere["liveBlogUpdate"]} == {"https://news.example/live"}


def test_nothing_a_correspondent_says_becomes_markup(service: Service) -> None:
    plain, nasty = service.open_feed(), service.open_feed()
    file(service, plain, *("harmless" for _ in NASTY), source="x", byline="x", sections=["x"])
    for text in NASTY:
        file(service, nasty, text, source=text, byline=text, sections=[text[:60].strip()])
    query = "schema=always"
    page, harmless = (drawn(service, f"/embed/feeds/{name}/fragment?{query}") for name in (nasty, plain))
    shapes = [[(tag, sorted(attributes)) for tag, attributes in each.tags] for each in (page, harmless)]
    assert shapes[0] == shapes[1]
    for text, shown in zip(reversed(NASTY), page.texts.values(), strict=True):
        assert shown.count(text) == 3
    assert [update["articleBody"] for update in page.data[0]["liveBlogUpdate"]] == list(reversed(NASTY))
    id = next(iter(page.texts))
    assert drawn(service, f"/embed/feeds/{nasty}/{id}").texts[id].count(NASTY[-1]) == 3


def test_without_dispatches_the_elements_own_content_is_seen(service: Service) -> None:
    name = service.open_feed("ar")
    page = drawn(service, f"/embed/feeds/{name}/fragment?schema=always")
    assert (page.texts, page.data) == ({}, [])
    assert "hidden" in page.part("list")[0]
    assert page.all("slot") == [{}]  # so what stands inside the element is seen: a link to the feed
    (line,) = [
        each for _, each in drawn(service, f"/embed/feeds/{name}?layout=line").tags if each.get("class") == "w line"
    ]
    assert "hidden" in line  # which takes no room


@pytest.mark.parametrize("kind", ["", "/fragment"])
def test_what_has_dispatches_is_kept_for_a_second_and_a_kill_is_out_at_once(service: Service, kind: str) -> None:
    name = service.open_feed()
    (id,) = file(service, name, "UNSAID")
    path = f"/embed/feeds/{name}{kind}"
    response = service.http.get(path, headers=HTML)
    assert "UNSAID" in response.text
    # An address made of the request's Host is for nobody else.
    kept = "private, max-age=1" if kind else "public, max-age=1"
    assert response.headers["cache-control"] == kept
    service.http.post(f"/v1/feeds/{name}/dispatches/{id}/kill", json={"reason": "It was not so"})
    service.until(lambda: service.snapshot(name)["dispatches"][0]["status"] == "killed")
    killed = service.http.get(path, headers=HTML).text
    assert ("UNSAID" in killed, "It was not so" in killed) == (False, True)


def test_a_held_dispatch_is_not_in_it_and_one_killed_meanwhile_never_was(service: Service) -> None:
    name = service.open_feed()
    (early,) = file(service, name, "early")
    (wrong,) = file(service, name, "UNSAID")
    service.http.post(f"/v1/feeds/{name}/dispatches/{wrong}/kill", json={"reason": "It was not so"})
    (late,) = file(service, name, "late")
    path = f"/embed/feeds/{name}/fragment"
    assert list(drawn(service, f"{path}?hold=300").texts) == []
    service.until(lambda: late in drawn(service, f"{path}?hold=2").texts)
    assert list(drawn(service, f"{path}?hold=2").texts) == [late, early]
    assert list(drawn(service, path).texts) == [late, wrong, early]


def test_what_memory_has_too_few_of_comes_from_history(service: Service) -> None:
    name = service.open_feed()
    urgent = file(service, name, *(f"urgent {number}" for number in range(4)), urgency="urgent", sections=["Politics"])
    plain = file(service, name, *(f"plain {number}" for number in range(40)))
    path = f"/embed/feeds/{name}/fragment"
    assert list(drawn(service, f"{path}?min-urgency=urgent").texts) == list(reversed(urgent))
    assert list(drawn(service, f"{path}?sections=Politics,Sport&limit=3").texts) == list(reversed(urgent[1:]))
    assert list(drawn(service, f"{path}?limit=50").texts) == list(reversed(urgent + plain))
    assert list(drawn(service, f"{path}?places=nowhere").texts) == []


def test_while_redis_is_away_what_is_in_memory_is_served(own_service: Service) -> None:
    (id, *_) = file(own_service, "breaking", *(f"line {number}" for number in range(25)))
    newest = own_service.snapshot("breaking")["dispatches"][0]["id"]
    with own_service.frozen("valkey"):
        assert len(drawn(own_service, "/embed/feeds/breaking/fragment?limit=50").texts) == 20
        assert len(drawn(own_service, "/embed/feeds/breaking?limit=5").texts) == 5
        assert list(drawn(own_service, f"/embed/feeds/breaking/{newest}").texts) == [newest]
        assert own_service.http.get(f"/embed/feeds/breaking/{id}", headers=HTML).status_code == 503
        assert drawn(own_service, "/embed").all("breaking-ticker")


# The frame, and the card


def test_a_frame_is_a_page_with_the_fragment_in_it_for_those_without_scripts(service: Service, feed: str) -> None:
    page = drawn(service, f"/embed/feeds/{feed}?theme=dark&lang=es")
    (root,) = page.all("html")
    assert root == {"lang": "es", "dir": "ltr", "data-theme": "dark"}
    assert {"name": "color-scheme", "content": "dark"} in page.all("meta")
    assert {"name": "robots", "content": "noindex"} in page.all("meta")
    assert [each["href"] for each in page.all("link") if each["rel"] == "canonical"] == [f"/feeds/{feed}"]
    assert len(page.all("breaking-ticker")) == len(page.all("script")) == 1
    assert len(page.texts) == 4
    assert {"name": "color-scheme", "content": "light dark"} in drawn(service, f"/embed/feeds/{feed}").all("meta")


@pytest.mark.parametrize("kind", ["frame", "card", "error"])
def test_any_site_may_frame_it_and_nothing_else_gets_in(service: Service, feed: str, kind: str) -> None:
    (id, *_) = drawn(service, f"/embed/feeds/{feed}").texts
    path = {"frame": f"/embed/feeds/{feed}", "card": f"/embed/feeds/{feed}/{id}", "error": "/embed/feeds/nowhere"}[kind]
    headers = service.http.get(path, headers=HTML).headers
    assert "x-frame-options" not in headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy.get("frame-ancestors", "*") == "*"
    assert "unsafe" not in headers["content-security-policy"]
    if kind != "error":
        assert policy["require-trusted-types-for"] == "'script'"
        assert policy["script-src"] == policy["connect-src"] == "'self'"


def test_a_card_is_one_dispatch_and_its_tombstone_once_it_was_killed(service: Service, feed: str) -> None:
    name = service.open_feed()
    (id, other) = file(service, name, "UNSAID", "another", source="Harbour police")
    card = drawn(service, f"/embed/feeds/{name}/{id}")
    assert list(card.texts) == [id]
    assert "Harbour police: UNSAID" in card.texts[id]
    assert card.all("link")[0] == {"rel": "canonical", "href": f"/feeds/{name}/{id}"}
    service.http.post(f"/v1/feeds/{name}/dispatches/{id}/kill", json={"reason": "It was not so"})
    service.until(lambda: any(each["status"] == "killed" for each in service.snapshot(name)["dispatches"]))
    response = service.http.get(f"/embed/feeds/{name}/{id}", headers=HTML)
    assert (response.status_code, "UNSAID" in response.text) == (410, False)
    assert "It was not so" in Drawn(response.text).texts[id]
    assert response.headers["cache-control"] == "public, max-age=1"
    assert drawn(service, f"/embed/feeds/{name}/{other}").texts


# What is wrong


@pytest.mark.parametrize("path", ["/embed/feeds/breaking", "/embed/feeds/breaking/fragment", "/embed"])
def test_a_wrong_parameter_is_refused_by_name(service: Service, path: str) -> None:
    response = service.http.get(f"{path}?colour=red")
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["field"] == "colour"


def test_errors_fit_where_they_are_shown(service: Service) -> None:
    framed = service.http.get("/embed/feeds/nowhere", headers={**HTML, "accept-language": "ar"})
    assert framed.status_code == 404
    assert 'dir="rtl"' in framed.text
    assert framed.headers["cache-control"] == "no-store"
    named = service.http.get("/embed/feeds/breaking?colour=%3Cb%3E", headers=HTML)
    assert named.status_code == 422
    assert "colour" in named.text
    included = service.http.get("/embed/feeds/nowhere/fragment", headers=HTML)
    assert included.status_code == 404
    assert re.fullmatch(r"<!-- 404 .*nowhere.* -->\n", included.text)
    problem = service.http.get("/embed/feeds/nowhere/fragment")
    assert problem.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("name", ["--><script>", "a--!><b", "<!--"])
def test_no_error_ends_the_comment_around_it(service: Service, name: str) -> None:
    response = service.http.get(f"/embed/feeds/breaking/fragment?{name}=1", headers=HTML)
    inner = response.text.removeprefix("<!-- ").removesuffix(" -->\n")
    assert not {"<", ">", "--"} & set(re.findall(r"<|>|--", inner))


# The gallery


@pytest.fixture(scope="module")
def gallery(service: Service, feed: str) -> Iterator[Drawn]:
    yield drawn(service, f"/embed?feed={feed}")


def test_the_gallery_has_each_attribute_live_and_the_markup_to_copy(
    service: Service, feed: str, gallery: Drawn
) -> None:
    shown = gallery.all("breaking-ticker")
    assert all(element["feed"] == feed for element in shown)
    for name in ("layout", "limit", "hold", "min-urgency", "sections", "places", "lang", "theme"):
        assert any(name in element for element in shown), name
    assert {element.get("layout") for element in shown} == {None, "strip", "line"}
    assert f'<script type="module" src="{service.url}/embed/v1/ticker.js"></script>' in gallery.text
    assert f'<breaking-ticker feed="{feed}" layout="strip">' in gallery.text
    assert f"frame-src {service.url}" in gallery.text
    assert f"connect-src {service.url} {service.url.replace('http', 'ws')}" in gallery.text
    assert f"/embed/feeds/{feed}/fragment" in gallery.text
    assert "no access log" in gallery.text


def test_everything_that_the_widget_has_is_in_the_gallery(gallery: Drawn) -> None:
    source = (CLIENTS / "widget/element.js").read_text("utf-8")
    tags = re.findall(r"@(?:csspart|cssprop|cssstate) ([\w-]+)|@fires [^}]*}>?} ([\w-]+)|@attr {.*?} ([\w-]+)", source)
    names = [next(filter(None, each)) for each in tags]
    assert len(names) > 30
    for name in names:
        assert name in gallery.text, name


def test_the_gallery_speaks_of_the_feed_and_the_language_that_are_chosen(service: Service, feed: str) -> None:
    page = drawn(service, f"/embed?feed={feed}&lang=ar")
    assert {element["lang"] for element in page.all("breaking-ticker")} == {"ar"}
    assert [each["value"] for each in page.all("option") if "selected" in each] == [feed, "ar"]
    assert service.http.get("/embed?feed=nowhere").status_code == 404
    assert service.http.get("/embed?lang=tlh").json()["field"] == "lang"
