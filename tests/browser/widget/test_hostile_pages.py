"""Pages that make it hard: strict policies, a reset of every style, quirks mode, and text that wants to be markup."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.widget.conftest import Host, texts, ticker
from tests.service import Service

BAIT = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>"


def strict(host: Host) -> str:
    """The policy that an embedder has to set, and nothing more."""
    origin = host.gate.url
    return (
        f"default-src 'none'; script-src {origin}; connect-src {origin} {origin.replace('http', 'ws')}; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


@pytest.mark.parametrize("layout", ["list", "strip", "line"])
def test_a_strict_policy_with_trusted_types_is_never_violated(
    host: Host, service: Service, feed: str, layout: str
) -> None:
    widget = host.open(ticker(feed, layout=layout, schema="always"), content_security_policy=strict(host))
    host.until_state("live")
    receipt = service.file(feed, "Bridge closed", urgency="flash", link="https://news.example/a", byline="Lena Ortiz")
    expect(widget.locator("[part=text]").first).to_have_text("Bridge closed")
    service.http.patch(
        f"/v1/feeds/{feed}/dispatches/{receipt['id']}",
        json={"text": "Bridge open", "note": "It reopened"},
        headers={"if-match": "*"},
    )
    expect(widget.locator("[part=correction]")).to_be_visible()
    widget.evaluate("widget => { widget.pause(); widget.resume(); widget.setAttribute('lang', 'ar') }")
    expect(widget.locator("[part=correction]")).to_be_visible()
    service.http.post(f"/v1/feeds/{feed}/dispatches/{receipt['id']}/kill", json={"reason": "Wrong"})
    expect(widget.locator("[data-id]").filter(has_text="Bridge open")).to_have_count(0)
    assert host.seen("violations") == []
    assert host.errors == []
    # The widget's own style came in spite of `default-src 'none'`.
    assert widget.locator(".w").evaluate("element => getComputedStyle(element).boxSizing") == "border-box"
    host.picture(f"strict-{layout}")


def test_a_reset_of_every_style_reaches_nothing_inside(host: Host, feed: str) -> None:
    measure = """widget => [...widget.shadowRoot.querySelectorAll('.w, .w *')].map((element) => {
        const { display, font, color, padding, margin, border, position, width, height } = getComputedStyle(element);
        return [element.localName, element.className, display, font, color, padding, margin, border, position, width];
    })"""
    plain = host.open(ticker(feed))
    host.until_state("live")
    before = plain.evaluate(measure)
    # The page's own font is `inherit`ed on purpose; `unset` leaves the browser's default in both.
    reset = host.open(ticker(feed), head="<style>* { all: unset !important }</style>")
    host.until_state("live")
    expect(reset).to_be_visible()
    after = reset.evaluate(measure)
    assert len(before) == len(after)
    # `all: unset` takes the page's margins, so widths differ; what belongs to the widget does not.
    assert [each[:-1] for each in after] == [each[:-1] for each in before]
    host.picture("all-unset")


def test_quirks_mode_changes_nothing(host: Host, feed: str) -> None:
    boxes = """widget => [...widget.shadowRoot.querySelectorAll('.w, .w *')].map((element) => {
        const { width, height } = element.getBoundingClientRect();
        return [element.localName, element.className, width, height, getComputedStyle(element).font];
    })"""
    found = []
    for doctype in ("<!doctype html>", ""):
        widget = host.open(f'<div style="width: 400px">{ticker(feed)}</div>', doctype=doctype)
        host.until_state("live")
        found.append(widget.evaluate(boxes))
    assert host.page.evaluate("document.compatMode") == "BackCompat"
    assert found[0] == found[1]
    host.picture("quirks")


def test_markup_in_every_field_is_shown_as_text(host: Host, service: Service) -> None:
    feed = service.open_feed()
    fields = {
        "source": BAIT,
        "byline": BAIT,
        "dateline": "<img src=x onerror=alert(1)>",
        "sections": [BAIT[:60]],
        "places": [BAIT[:60]],
        "story": "img-onerror",
        "link": "https://news.example/<img src=x onerror=alert(1)>",
        "urgency": "flash",
    }
    kept = service.http.post(f"/v1/feeds/{feed}/dispatches", json={"text": BAIT, **fields})
    if kept.status_code == 422:  # a field whose rule refuses it is safe already
        for fault in kept.json()["errors"]:
            fields.pop(fault["field"].partition(".")[0].partition("[")[0], None)
        kept = service.http.post(f"/v1/feeds/{feed}/dispatches", json={"text": BAIT, **fields})
    assert kept.status_code == 201, kept.text
    corrected = service.file(feed, "Forty")
    service.http.patch(
        f"/v1/feeds/{feed}/dispatches/{corrected['id']}", json={"text": BAIT, "note": BAIT}, headers={"if-match": "*"}
    )
    killed = service.file(feed, BAIT)
    service.http.post(f"/v1/feeds/{feed}/dispatches/{killed['id']}/kill", json={"reason": BAIT})
    for layout in ("list", "strip", "line"):
        widget = host.open(ticker(feed, layout=layout, schema="always"))
        host.until_state("live")
        service.file(feed, f"{BAIT} live", urgency="flash", source=BAIT)
        expect(widget.locator("[part=text]").first).to_have_text(f"{BAIT} live")
        assert widget.evaluate("widget => widget.shadowRoot.querySelectorAll('img, script').length") == 0
        assert host.page.title() == "Somebody else"
        host.picture(f"markup-{layout}")
    assert host.errors == []


@pytest.mark.parametrize("layout", ["list", "strip", "line"])
@pytest.mark.parametrize("width", [320, 600])
def test_a_word_of_a_thousand_characters_stays_inside(
    host: Host, service: Service, feed: str, layout: str, width: int
) -> None:
    word = "Donaudampfschiff" * 62 + "Ahoi"
    service.file(feed, word[:1000], source="x" * 200, byline="y" * 100, urgency="flash")
    host.page.set_viewport_size({"width": width, "height": 700})
    widget = host.open(ticker(feed, layout=layout))
    host.until_state("live")
    expect(widget.locator("[part=text]").first).to_be_visible()
    assert texts(widget)[0] == word[:1000]
    assert host.page.evaluate("document.documentElement.scrollWidth") <= width
    for part in (".w", "[part=list]"):
        assert widget.locator(part).evaluate("element => element.scrollWidth <= element.clientWidth")
    box = widget.locator(".w").bounding_box()
    assert box is not None
    assert box["height"] <= 700
    # Pause stays within reach, whatever is shown.
    expect(widget.locator("[part=pause]")).to_be_in_viewport() if layout != "line" else None
    host.picture(f"word-{layout}-{width}")
