"""The reader page for everybody: both directions, both widths, light and dark, with and without JavaScript."""

import re
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.service import Service

Scheme = Literal["light", "dark"]

NOT_LIVE = re.compile(r"^Not live, as of \d\d:\d\d UTC$")

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"

DISPATCHES: dict[str, list[tuple[str | None, str, str]]] = {
    "en": [
        ("Civil Defence spokesman", "Fire at fuel depot on Pier 7 — المرفأ مغلق", "flash"),
        (None, "Plain", "normal"),
    ],
    "ar": [("المتحدث باسم الدفاع المدني", "تحويل العبارة MV Calloway وعلى متنها 412 راكبا", "bulletin")],
}


@pytest.fixture
def pages(service: Service) -> dict[str, str]:
    """A feed in each language with a dispatch of each kind, and where its page is."""
    found = {}
    for language, dispatches in DISPATCHES.items():
        feed = service.open_feed(language)
        for source, text, urgency in dispatches:
            fields = {"source": source} if source else {}
            service.file(feed, text, urgency=urgency, sections=["MENA"], link="https://news.example/a", **fields)
        wrong = service.file(feed, "UNSAID")
        corrected = service.file(feed, "Forty")
        address = f"/v1/feeds/{feed}/dispatches"
        service.http.post(f"{address}/{wrong['id']}/kill", json={"reason": "It was not so"})
        changes = {"text": "Sixty", "note": "The number"}
        service.http.patch(f"{address}/{corrected['id']}", json=changes, headers={"if-match": "*"})
        found[language] = f"{service.url}/feeds/{feed}"
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("language", DISPATCHES)
def test_nothing_overflows_and_axe_finds_nothing(
    browser: Browser, pages: dict[str, str], language: str, width: int, scheme: Scheme
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    tab = context.new_page()
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    tab.goto(pages[language])
    expect(tab.locator("#badge")).to_have_attribute("data-state", "live", timeout=20_000)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate("document.documentElement.dir") == {"en": "ltr", "ar": "rtl"}[language]
    tab.evaluate(AXE.read_text("utf-8"))
    found = tab.evaluate("axe.run().then(result => result.violations.map(each => each.id + ': ' + each.help))")
    assert found == []
    assert complaints == []  # of the content security policy above all
    context.close()


def test_without_javascript_the_page_is_whole_and_says_that_it_is_not_live(
    browser: Browser, pages: dict[str, str]
) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(pages["en"])
    assert tab.locator(".dispatch .words").all_inner_texts() == ["Sixty", "Plain", DISPATCHES["en"][0][1]]
    expect(tab.locator(".tombstone")).to_contain_text("It was not so")
    expect(tab.locator("#badge")).to_have_text(NOT_LIVE)
    expect(tab.get_by_role("link", name="Reload")).to_be_visible()
    expect(tab.locator("#pause")).to_be_hidden()
    assert "UNSAID" not in tab.content()
    context.close()


def test_a_kill_takes_the_text_off_an_open_page_and_off_air_shows(service: Service, tab: Page) -> None:
    feed = service.open_feed()
    id = service.file(feed, "UNSAID", source="Harbour police")["id"]
    tab.goto(f"{service.url}/feeds/{feed}")
    expect(tab.locator("#badge")).to_have_attribute("data-state", "live", timeout=20_000)
    service.http.post(f"/v1/feeds/{feed}/dispatches/{id}/kill", json={"reason": "It was not so"})
    expect(tab.locator(".tombstone")).to_contain_text("It was not so")
    assert "UNSAID" not in tab.evaluate("document.body.innerText")
    service.http.put(f"/v1/feeds/{feed}/air", json={"on": False})
    expect(tab.locator("#badge")).to_contain_text("OFF AIR")


def test_a_reader_who_has_scrolled_is_not_moved_and_told_how_many_wait(service: Service, tab: Page) -> None:
    feed = service.open_feed()
    for number in range(20):
        service.file(feed, f"Dispatch {number} " + "x" * 200)
    tab.goto(f"{service.url}/feeds/{feed}")
    expect(tab.locator("#badge")).to_have_attribute("data-state", "live", timeout=20_000)
    tab.evaluate("scrollTo(0, 900)")
    place = "document.querySelectorAll('.dispatch')[8].getBoundingClientRect().top"
    before = tab.evaluate(place)
    for number in range(3):
        service.file(feed, f"new {number}")
    expect(tab.locator("#fresh")).to_contain_text("3")
    assert tab.evaluate(place) == pytest.approx(before, abs=1)
    tab.locator("#fresh").click()
    expect(tab.locator(".dispatch .words").first).to_have_text("new 2")
