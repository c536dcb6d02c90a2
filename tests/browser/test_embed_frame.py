"""The iframe way, in a page of another site: colours from the first paint, a height that is told, a card that lives."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Frame, Page, WebSocketRoute, expect

from tests.browser.site import Site
from tests.browser.waiting import until
from tests.service import Service
from tests.web.test_embed import drawn

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
DARK, LIGHT = "rgb(18, 18, 18)", "rgb(255, 255, 255)"
GROUNDS = """[document.documentElement, document.querySelector("#card") ?? document.querySelector("breaking-ticker")
  .shadowRoot.querySelector(".w")].map((each) => getComputedStyle(each).backgroundColor)"""

LIST = 'document.querySelector("breaking-ticker").shadowRoot.querySelector("ol")'


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a browser whose system is light, and which passes a frame's scheme on as it does for readers."""
    context = browser.new_context(viewport={"width": 1000, "height": 900}, color_scheme="null")
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


def frame(service: Service, path: str, height: int = 300) -> str:
    return f'<iframe src="{service.url}{path}" title="News" width="400" height="{height}" frameborder="0"></iframe>'


def inner(page: Page) -> Frame:
    (frame,) = page.frames[1:]
    return frame


@pytest.mark.parametrize("kind", ["feed", "card"])
@pytest.mark.parametrize(
    ("theme", "element", "ground"),
    [
        ("light", "dark", LIGHT),
        ("dark", "light", DARK),
        ("auto", "dark", DARK),
        ("auto", "light", LIGHT),
        ("auto", "light dark", LIGHT),
    ],
)
def test_it_is_opaque_and_in_the_right_colours_before_any_script_runs(
    page: Page, service: Service, site: Site, theme: str, element: str, ground: str, kind: str
) -> None:
    feed = service.open_feed()
    id = service.file(feed, "Bridge closed", source="Harbour police")["id"]
    path = f"/embed/feeds/{feed}" + (f"/{id}" if kind == "card" else "")
    page.route("**/assets/embed-*.js", lambda route: route.abort())
    style = f"<style>iframe {{ color-scheme: {element} }}</style>"
    page.goto(site.page(frame(service, f"{path}?theme={theme}"), style))
    assert inner(page).evaluate(GROUNDS) == [ground, ground]


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_frame_goes_live_and_scrolls_inside_its_height(
    page: Page, service: Service, site: Site, language: str
) -> None:
    feed = service.open_feed(language)
    for number in range(12):
        service.file(feed, f"Dispatch {number}", source="Harbour police")
    page.goto(site.page(frame(service, f"/embed/feeds/{feed}")))
    service.until(lambda: inner(page).evaluate("document.querySelector('breaking-ticker').state") == "live")
    service.file(feed, "the newest")
    expect(page.frame_locator("iframe").locator("[part=text]").first).to_have_text("the newest")
    sizes = "[document.documentElement.scrollHeight, innerHeight]"
    assert inner(page).evaluate(sizes) == [300, 300]
    assert inner(page).evaluate(f"(list => list.scrollHeight > list.clientHeight)({LIST})")
    assert page.evaluate("document.querySelector('iframe').getBoundingClientRect().height") == 300
    assert complaints(inner(page)) == []


def complaints(frame: Frame) -> list[str]:
    """What axe finds wrong in a frame."""
    frame.evaluate(AXE.read_text("utf-8"))
    found = "axe.run().then(({violations}) => violations.map(({id, help}) => `${id}: ${help}`))"
    listed: list[str] = frame.evaluate(found)
    return listed


def five_lines(service: Service) -> str:
    """What the gallery gives to hosts that fit the height."""
    (found,) = [text for text in snippets(service) if '"ticker-height"' in text]
    return found


def snippets(service: Service) -> list[str]:
    page = service.http.get("/embed", headers={"accept": "text/html"}).text
    return [html.unescape(text) for text in re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", page, re.DOTALL)]


def test_a_host_that_listens_gets_the_height_of_the_content_and_no_other_page_is_heard(
    page: Page, service: Service, site: Site
) -> None:
    feed = service.open_feed()
    for number in range(10):
        service.file(feed, f"Dispatch {number}")
    lines = five_lines(service)
    assert len(lines.splitlines()) == 5
    forged = '<iframe srcdoc=\'<script>parent.postMessage({type: "ticker-height", height: 7}, "*")</script>\'></iframe>'
    page.goto(site.page(f"{frame(service, f'/embed/feeds/{feed}', 200)}{forged}<script>{lines}</script>"))
    box = "document.querySelectorAll('iframe')[{}].getBoundingClientRect().height"
    service.until(lambda: page.evaluate(box.format(0)) > 300)
    assert page.evaluate(box.format(1)) > 100  # it is not seven pixels high
    whole = f"(list => list.scrollHeight <= list.clientHeight + 1)({LIST})"
    service.until(lambda: page.frames[1].evaluate(whole))
    before = page.evaluate(box.format(0))
    for number in range(10):  # ten longer ones take the place of the ten that are there
        service.file(feed, f"longer {number} " + "word " * 60)
    service.until(lambda: page.evaluate(box.format(0)) > before + 200)
    service.until(lambda: page.frames[1].evaluate(whole))
    for dispatch in service.snapshot(feed)["dispatches"][:10]:
        service.http.post(f"/v1/feeds/{feed}/dispatches/{dispatch['id']}/kill", json={"reason": "wrong"})
    service.until(lambda: page.evaluate(box.format(0)) < before + 100)  # and it shrinks again


def test_a_card_is_corrected_and_killed_where_it_stands_and_says_when_it_cannot_be(
    page: Page, service: Service, site: Site
) -> None:
    feed = service.open_feed()
    id = service.file(feed, "Forty", source="Harbour police")["id"]
    for number in range(25):  # it has left the snapshot
        service.file(feed, f"Dispatch {number}")
    address = f"/v1/feeds/{feed}/dispatches/{id}"
    page.goto(site.page(frame(service, f"/embed/feeds/{feed}/{id}")))
    card = page.frame_locator("iframe")
    expect(card.locator("[part=text]")).to_have_text("Forty")
    expect(card.locator("#as-of")).to_be_hidden(timeout=20_000)
    service.http.patch(address, json={"text": "Sixty", "note": "The number"}, headers={"if-match": "*"})
    expect(card.locator("[part=text]")).to_have_text("Sixty")
    expect(card.locator("[part=correction]")).to_contain_text("The number")
    assert complaints(inner(page)) == []
    service.http.post(f"{address}/kill", json={"reason": "It was not so"})
    expect(card.locator("[part=tombstone]")).to_contain_text("It was not so")
    everything = inner(page).content()
    assert not any(text in everything for text in ("Forty", "Sixty", "Harbour police", "The number"))
    expect(card.locator("[data-id]")).to_have_count(1)


def test_a_card_asks_what_became_of_it_when_a_snapshot_does_not_say(page: Page, service: Service) -> None:
    feed = service.open_feed()
    id = service.file(feed, "UNSAID")["id"]
    sockets: list[WebSocketRoute] = []
    page.route_web_socket("**/live**", lambda socket: sockets.append(socket))  # noqa: PLW0108
    page.goto(f"{service.url}/embed/feeds/{feed}/{id}")
    expect(page.locator("[part=text]")).to_have_text("UNSAID")
    expect(page.locator("#as-of")).to_be_visible()
    service.http.post(f"/v1/feeds/{feed}/dispatches/{id}/kill", json={"reason": "It was not so"})
    snapshot: dict[str, Any] = {**service.snapshot(feed), "reset": True, "dispatches": []}
    until(page, lambda: sockets)
    sockets[-1].send(json.dumps(snapshot))
    expect(page.locator("[part=tombstone]")).to_contain_text("It was not so")


def test_a_card_of_a_killed_dispatch_is_its_tombstone(page: Page, service: Service, site: Site) -> None:
    feed = service.open_feed()
    id = service.file(feed, "UNSAID")["id"]
    service.http.post(f"/v1/feeds/{feed}/dispatches/{id}/kill", json={"reason": "It was not so"})
    service.until(lambda: "UNSAID" not in str(service.snapshot(feed)))
    page.goto(site.page(frame(service, f"/embed/feeds/{feed}/{id}")))
    expect(page.frame_locator("iframe").locator("[part=tombstone]")).to_contain_text("It was not so")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_without_scripts_a_frame_and_a_card_are_whole_and_say_that_they_are_not_live(
    browser: Browser, service: Service, site: Site, scheme: Literal["light", "dark"]
) -> None:
    feed = service.open_feed()
    id = service.file(feed, "Bridge closed", source="Harbour police", urgency="flash")["id"]
    service.until(lambda: "Not live" in drawn(service, f"/embed/feeds/{feed}").text)
    context = browser.new_context(java_script_enabled=False, color_scheme=scheme)
    tab = context.new_page()
    for path in (f"/embed/feeds/{feed}", f"/embed/feeds/{feed}/{id}"):
        tab.goto(site.page(frame(service, path)))
        seen = tab.frame_locator("iframe")
        expect(seen.locator("[part=text]")).to_have_text("Bridge closed")
        expect(seen.locator("[part=text]")).to_be_visible()
        expect(seen.get_by_text("Not live, as of")).to_be_visible()
    context.close()


def test_a_refused_frame_says_why_instead_of_staying_blank(page: Page, service: Service, site: Site) -> None:
    page.goto(site.page(frame(service, "/embed/feeds/nowhere")))
    expect(page.frame_locator("iframe").locator("h1")).to_be_visible()
