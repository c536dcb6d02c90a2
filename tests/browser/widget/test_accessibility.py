"""axe finds nothing in any layout, theme, direction and size, and nothing has to be scrolled sideways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import ViewportSize, expect

from tests.browser.widget.conftest import Host, ticker
from tests.service import Service

AXE = Path(__file__).parents[3] / "node_modules" / "axe-core" / "axe.min.js"
SIZES: dict[str, ViewportSize] = {
    "phone": {"width": 320, "height": 640},
    "wide": {"width": 1280, "height": 1024},
    "zoom-400": {"width": 320, "height": 256},
}
"""CSS pixels; the last is what 1280 x 1024 has at 400 %."""
FIND = """() => axe.run('main').then(({ violations }) => violations.map(
    ({ id, nodes }) => [id, ...nodes.map(({ target, failureSummary }) => target.join(' ') + ': ' + failureSummary)]
))"""


@pytest.fixture
def full(service: Service) -> dict[str, str]:
    """A feed in each direction with a dispatch of each kind."""
    found = {}
    for language, text in (("en", "Fire at fuel depot on Pier 7"), ("ar", "حريق في مستودع الوقود على الرصيف السابع")):
        feed = found[language] = service.open_feed(language)
        wrong, corrected = service.file(feed, "Wrong"), service.file(feed, "Forty")
        address = f"/v1/feeds/{feed}/dispatches"
        service.http.post(f"{address}/{wrong['id']}/kill", json={"reason": "It was not so"})
        changes = {"text": "Sixty", "note": "The number"}
        service.http.patch(f"{address}/{corrected['id']}", json=changes, headers={"if-match": "*"})
        for urgency in ("normal", "urgent", "bulletin", "flash"):
            fields = {"source": "Civil Defence", "byline": "Lena Ortiz", "link": "https://news.example/a"}
            pinned = service.file(feed, text, urgency=urgency, **fields)
        service.file(
            feed,
            "A line in English" if language == "ar" else "سطر بالعربية",
            language="ar" if language == "en" else "en",
        )
        service.http.put(f"/v1/feeds/{feed}/pin", json={"id": pinned["id"]})
    return found


@pytest.mark.parametrize("layout", ["list", "strip", "line"])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_axe_finds_nothing_and_nothing_overflows(host: Host, full: dict[str, str], layout: str, language: str) -> None:
    page = host.page
    page.emulate_media(color_scheme="light", forced_colors="none")
    widget = host.open(
        ticker(full[language], layout=layout),
        lang=language,
        head='<meta name="color-scheme" content="light dark">',
    )
    if language == "ar":
        page.evaluate("document.documentElement.dir = 'rtl'")
        widget.evaluate("widget => widget.setAttribute('lang', 'ar')")
    host.until_state("live")
    expect(widget.locator("[part=text]").first).to_be_visible()
    page.evaluate(AXE.read_text("utf-8"))
    wrong: list[Any] = []
    for scheme in ("light", "dark"):
        for name, size in SIZES.items():
            for forced in ("none", "active"):
                page.emulate_media(color_scheme=scheme, forced_colors=forced)
                page.set_viewport_size(size)
                if forced == "none" or name == "phone":
                    wrong += [[scheme, name, forced, *each] for each in page.evaluate(FIND)]
                assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], (name, scheme)
                host.picture(f"axe-{layout}-{language}-{scheme}-{name}-{forced}")
    assert wrong == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_theme_of_its_own_wins_over_the_page(host: Host, full: dict[str, str], theme: str) -> None:
    other = "dark" if theme == "light" else "light"
    host.page.emulate_media(color_scheme=other)  # type: ignore[arg-type]
    widget = host.open(ticker(full["en"], theme=theme), head=f'<meta name="color-scheme" content="{other}">')
    host.until_state("live")
    shade = widget.locator(".w").evaluate("""element => {
        const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d');
        canvas.fillStyle = getComputedStyle(element).backgroundColor;
        canvas.fillRect(0, 0, 1, 1);
        return canvas.getImageData(0, 0, 1, 1).data[0];
    }""")
    assert (shade > 128) == (theme == "light")
    host.page.evaluate(AXE.read_text("utf-8"))
    assert host.page.evaluate(FIND) == []
    host.picture(f"theme-{theme}")


@pytest.mark.parametrize("layout", ["list", "strip"])
def test_every_control_is_large_enough_and_reached_by_keyboard(host: Host, full: dict[str, str], layout: str) -> None:
    widget = host.open(ticker(full["en"], layout=layout))
    host.until_state("live")
    small = widget.evaluate("""widget => [...widget.shadowRoot.querySelectorAll('a, button')].filter((element) => {
        const { width, height } = element.getBoundingClientRect();
        return width && (width < 24 || height < 24);
    }).map((element) => element.outerHTML)""")
    assert small == []
    reached = set()
    for _ in range(40):
        host.page.keyboard.press("Tab")
        active = widget.evaluate(
            "({ shadowRoot: { activeElement: at } }) => at && (at.getAttribute('part') ?? at.className)"
        )
        if active is not None:
            reached.add(active)
        elif reached:
            break
    assert "pause" in reached
    assert "link" in reached
    assert "list" in reached or layout == "strip"


def test_the_focus_stays_on_a_dispatch_that_is_corrected_or_killed(host: Host, service: Service) -> None:
    feed = service.open_feed()
    id = service.file(feed, "Forty")["id"]
    widget = host.open(ticker(feed))
    host.until_state("live")
    item = widget.locator(f"[data-id='{id}']")
    item.locator("[part=link]").focus()
    address = f"/v1/feeds/{feed}/dispatches/{id}"
    service.http.patch(address, json={"text": "Four"}, headers={"if-match": "*"})
    expect(item.locator("[part=text]")).to_have_text("Four")
    expect(item.locator("[part=link]")).to_be_focused()
    service.http.post(f"{address}/kill", json={"reason": "Wrong"})
    expect(item.locator("[part=tombstone]")).to_be_visible()
    expect(item.locator("[part=link]")).to_be_focused()
    # So what comes meanwhile waits.
    service.file(feed, "Later")
    expect(widget.locator("[part=new]")).to_have_text("1 new")
