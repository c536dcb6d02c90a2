"""Pages beside the live list: one dispatch, a tombstone, an error, a closed feed, a page not live, the reference."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.test_reader_page_looks import AXE, Scheme
from tests.service import Service

TEXTS = {"en": "Bridge closed " * 3, "ar": "إغلاق الجسر " * 3, "es": "Puente cerrado " * 3}


@pytest.fixture(scope="module")
def pages(service: Service) -> dict[tuple[str, str], str]:
    """Paths by kind and language."""
    found = {}
    for language, text in TEXTS.items():
        feed, closed = service.open_feed(language), service.open_feed(language)
        source = {"source": "Reuters نقلا عن الميناء"}
        id = service.file(feed, text.strip(), urgency="flash", story="s", byline="Lena Ortiz", **source)["id"]
        address = f"/v1/feeds/{feed}/dispatches"
        changes = {"text": (text * 9).strip(), "note": "The number"}
        service.http.patch(f"{address}/{id}", json=changes, headers={"if-match": "*"})
        killed = service.file(feed, "UNSAID")["id"]
        service.http.post(f"{address}/{killed}/kill", json={"reason": "It was not so"})
        service.file(closed, text.strip())
        service.http.delete(f"/v1/feeds/{closed}")
        for kind, path in (
            ("dispatch", f"/feeds/{feed}/{id}"),
            ("killed", f"/feeds/{feed}/{killed}"),
            ("error", f"/feeds/{feed}/nothing"),
            ("closed", f"/feeds/{closed}"),
            ("not-live", f"/feeds/{feed}"),
        ):
            found[kind, language] = service.url + path
    found["docs", "en"] = service.url + "/docs"
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_overflows_and_axe_finds_nothing(
    browser: Browser, pages: dict[tuple[str, str], str], language: str, scheme: Scheme, width: int
) -> None:
    for (kind, of), url in pages.items():
        if of != language:
            continue
        context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
        tab = context.new_page()
        if kind == "not-live":
            tab.route("**/assets/*.js", lambda route: route.abort())
        tab.goto(url)
        if kind in ("closed", "not-live"):
            expect(tab.locator("#badge")).to_have_attribute("data-state", kind)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, kind
        tab.evaluate(AXE.read_text("utf-8"))
        found = tab.evaluate("axe.run().then(result => result.violations.map(each => each.id + ': ' + each.help))")
        assert found == [], kind
        context.close()


def test_on_paper_there_are_dates_and_as_of_and_no_badge(
    browser: Browser, service: Service, pages: dict[tuple[str, str], str]
) -> None:
    for script in (True, False):
        context = browser.new_context(java_script_enabled=script, timezone_id="UTC", locale="en-GB")
        tab = context.new_page()
        tab.goto(pages["not-live", "en"])
        if script:
            expect(tab.locator("#badge")).to_have_attribute("data-state", "live", timeout=20_000)
        tab.emulate_media(media="print")
        for hidden in ("#badge", "#pause", ".reload", "#watching"):
            expect(tab.locator(hidden)).to_be_hidden()
        as_of = tab.locator("#as-of")
        expect(as_of).to_be_visible()
        expect(as_of).to_contain_text("As of")
        for moment in (as_of.locator("time"), tab.locator(".dispatch time").first):
            title = moment.get_attribute("title")
            assert "20" in (title or ""), "the year"
            if script:  # at one moment, since each beat writes another
                printed, title = moment.evaluate(
                    "element => [getComputedStyle(element, '::after').content, element.title]"
                )
                assert printed.strip('"') == title
                assert moment.evaluate("element => getComputedStyle(element).fontSize") == "0px"
        context.close()
