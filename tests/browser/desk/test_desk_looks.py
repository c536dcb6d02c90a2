"""The desk for everybody: axe finds nothing in any state, language and theme; it fits 320 px; no target is small."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.desk.desk import Desk
from tests.service import Service

WIDTHS = (320, 360, 1280) if "TICKER_SHOTS" in os.environ else (320, 1280)

Scheme = Literal["light", "dark"]

WORDS = Path(__file__).parents[3] / "clients" / "desk" / "words"
AXE = Path(__file__).parents[3] / "node_modules" / "axe-core" / "axe.min.js"

LOCALES = {"en": "en-GB", "ar": "ar", "es": "es-ES"}
DISPATCHES = {
    "en": ("Civil Defence spokesman", "Fire at a fuel depot on Pier 7; the harbour is closed to all traffic"),
    "ar": ("المتحدث باسم الدفاع المدني", "حريق في مستودع وقود على الرصيف 7 وإغلاق الميناء أمام الملاحة"),
    "es": (
        "Portavoz de Protección Civil",
        "Incendio en un depósito de combustible del muelle 7; el puerto está cerrado",
    ),
}

SMALL_TARGETS = """
() => [...document.querySelectorAll("button, input, select, textarea, summary, #feed-list a, .top a")]
  .filter((each) => each.checkVisibility({ visibilityProperty: true }) && each.type !== "checkbox")
  .map((each) => [each.name || each.id || each.textContent, each.getBoundingClientRect()])
  .filter(([, { width, height }]) => height < 43.9 || width < 43.9)
  .map(([name, { width, height }]) => `${name}: ${width} by ${height}`)
"""

TOO_WIDE = """
() => [...document.querySelectorAll("body *")]
  .filter((each) => each.getBoundingClientRect().right > innerWidth || each.getBoundingClientRect().left < 0)
  .map((each) => `${each.tagName}.${each.className} ${each.getBoundingClientRect().right}`)
"""

SMALL_INPUTS = """
() => [...document.querySelectorAll("input, select, textarea")]
  .filter((each) => parseFloat(getComputedStyle(each).fontSize) < 16).map((each) => each.name)
"""


@pytest.fixture(scope="module")
def feeds(service: Service) -> dict[str, str]:
    """A feed in each language, with a dispatch of each kind, and one that is held."""
    found = {}
    for language, (source, text) in DISPATCHES.items():
        feed = service.open_feed(language)
        for urgency in ("flash", "bulletin", "urgent", "normal"):
            service.file(feed, text, source=source, urgency=urgency, sections=["MENA"], link="https://news.example/a")
        wrong = service.file(feed, "UNSAID")
        corrected = service.file(feed, text)
        address = f"/v1/feeds/{feed}/dispatches"
        service.http.post(f"{address}/{wrong['id']}/kill", json={"reason": "It was not so"})
        service.http.patch(f"{address}/{corrected['id']}", json={"text": text + "."}, headers={"if-match": "*"})
        service.http.put(f"/v1/feeds/{feed}/pin", json={"id": corrected["id"]})
        service.file(feed, text, source=source, release_at="2026-12-31T18:00:00Z")
        found[language] = feed
    return found


class Looker:
    """Looks at a page in each of its states: with axe, with a ruler, and with a camera where one is asked for.

    `TICKER_SHOTS` names a folder for pictures.
    """

    def __init__(self, tab: Page, name: str) -> None:
        self.tab, self.name = tab, name

    def look(self, state: str) -> None:
        self.tab.wait_for_timeout(150)  # for what is drawn in the next frame; nothing depends on it
        if folder := os.environ.get("TICKER_SHOTS"):
            self.tab.screenshot(path=f"{folder}/{self.name}-{state}.png")
        width = self.tab.viewport_size["width"] if self.tab.viewport_size else 0
        if self.tab.evaluate("document.documentElement.scrollWidth") > width:
            raise AssertionError((state, self.tab.evaluate(TOO_WIDE)))
        self.tab.evaluate(AXE.read_text("utf-8"))
        found = self.tab.evaluate(
            "axe.run().then(({violations}) => violations.map((each) => `${each.id}: ${each.nodes.map((n) => n.html)}`))"
        )
        assert found == [], state
        assert self.tab.evaluate(SMALL_TARGETS) == [], state
        assert self.tab.evaluate(SMALL_INPUTS) == [], state


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> Scheme:
    found: Scheme = request.param
    return found


@pytest.fixture(params=WIDTHS)
def tab(browser: Browser, request: pytest.FixtureRequest, scheme: Scheme, language: str) -> Iterator[Page]:
    size = {"width": request.param, "height": 740 if request.param < 1000 else 900}
    context = browser.new_context(viewport=size, color_scheme=scheme, locale=LOCALES[language])  # type: ignore[arg-type]
    complaints: list[str] = []
    tab = context.new_page()
    tab.on("console", lambda message: complaints.append(message.text) if "Security Policy" in message.text else None)
    yield tab
    context.close()
    assert complaints == []


@pytest.fixture(params=DISPATCHES)
def language(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def test_every_state_fits_and_axe_finds_nothing(
    service: Service, feeds: dict[str, str], tab: Page, language: str, scheme: Scheme
) -> None:
    width = tab.viewport_size["width"] if tab.viewport_size else 0
    looker = Looker(tab, f"{language}-{scheme}-{width}")
    desk = Desk(tab, service.url, feeds[language])
    source, text = DISPATCHES[language]
    tab.goto(f"{service.url}/desk")
    expect(tab.locator("form[name=sign-in]")).to_be_visible()
    assert tab.evaluate("document.documentElement.dir") == ("rtl" if language == "ar" else "ltr")
    looker.look("1-sign-in")
    tab.fill("input[name=key]", service.key)
    tab.keyboard.press("Enter")
    expect(tab.locator("#feed-list a")).not_to_have_count(0)
    looker.look("2-feeds")
    desk.open()
    desk.until_live()
    looker.look("3-wire")
    expect(desk.text).to_be_focused()
    tab.keyboard.type(f'/urgent @"{source}" #MENA {text} ' + "x" * 40)
    looker.look("4-writing")
    tab.locator("button[name=more]").click()
    looker.look("5-more")
    tab.locator("button[name=more]").click()
    desk.text.fill("")
    tab.context.set_offline(True)
    desk.file(text)
    desk.file(text + " 2")
    expect(desk.in_state("waiting")).to_have_count(2)
    looker.look("6-offline")
    tab.context.set_offline(False)
    expect(desk.in_state("kept")).to_have_count(2)
    desk.file("\u202e")
    expect(desk.in_state("refused")).to_have_count(1)
    if language != "en":
        expect(desk.in_state("refused")).not_to_contain_text("direction")  # what the service says of it
    desk.file("\u200b\u3164")
    expect(desk.in_state("refused")).to_have_count(2)
    nothing_to_see = json.loads((WORDS / f"{language}.json").read_text("utf-8"))["only_invisible"]
    expect(desk.in_state("refused").locator(".parcel-text")).to_have_text([nothing_to_see] * 2)
    looker.look("7-kept-and-refused")
    for _ in range(2):
        desk.in_state("refused").locator("button[name=take-back]").first.click()
    expect(desk.in_state("refused")).to_have_count(0)
    tab.locator("#wire button[name=kill]").first.click()
    looker.look("8-kill")
    tab.keyboard.press("Escape")
    row = tab.locator("#wire [data-id]", has=tab.locator("button[name=correct]")).first
    id = row.get_attribute("data-id")
    row.locator("button[name=correct]").click()
    looker.look("9-correct")
    service.http.patch(
        f"/v1/feeds/{feeds[language]}/dispatches/{id}", json={"text": text + "!"}, headers={"if-match": "*"}
    )
    expect(tab.locator(".conflict")).to_be_visible()
    looker.look("a-conflict")
    tab.locator("button[name=keep-theirs]").click()
    tab.locator("#menu").click()
    for summary in tab.locator("dialog summary").all():
        summary.click()
    looker.look("b-menu")


def test_an_invitation_is_spent_by_a_button_not_by_opening_its_link(service: Service, phone: BrowserContext) -> None:
    posted: list[str] = []
    tab = phone.new_page()
    tab.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    tab.goto(f"{service.url}/desk#invitation=secret")
    expect(tab.locator("form[name=invitation]")).to_be_visible()
    assert posted == []
    looker = Looker(tab, "invitation")
    looker.look("invited")
    tab.locator("button[name=accept]").click()
    expect(tab.locator("#invitation-error")).not_to_be_empty()
    assert posted == [f"{service.url}/desk/session"]
