"""Pages that rewrite themselves: attributes written again, elements replaced, taken out, moved to other documents."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.waiting import until_drawn
from tests.browser.widget.conftest import Host, texts, ticker
from tests.browser.widget.test_many_widgets import streams, watching
from tests.service import Service

AGAIN = "widget => { for (const { name, value } of [...widget.attributes]) widget.setAttribute(name, value) }"


def test_attributes_written_again_end_no_pause(host: Host, service: Service, feed: str) -> None:
    widget = host.open(ticker(feed, limit="5", lang="en"))
    host.until_state("live")
    widget.evaluate("widget => widget.pause()")
    service.file(feed, "Later")
    expect(widget.locator("[part=new]")).to_have_text("1 new")
    widget.evaluate(AGAIN)
    assert texts(widget) == ["Dispatch 2", "Dispatch 1", "Dispatch 0"]
    expect(widget.locator("[part=badge]")).to_have_text("PAUSED")


def test_attributes_written_again_and_again_keep_history_from_nobody(host: Host, service: Service) -> None:
    feed = service.open_feed()
    service.file(feed, "The first", urgency="flash")
    for number in range(20):
        service.file(feed, f"Dispatch {number}")
    widget = host.open(ticker(feed, min_urgency="flash"))
    widget.evaluate(f"widget => void setInterval({AGAIN}, 200, widget)")
    expect(widget.locator("[part=text]")).to_have_text("The first")


def test_an_element_replaced_again_and_again_keeps_the_connection(host: Host, service: Service, feed: str) -> None:
    widget = host.open(f'<div id="place">{ticker(feed)}</div>')
    host.until_state("live")
    for _ in range(5):
        host.page.evaluate("place.innerHTML = place.innerHTML")
        expect(widget.locator("[part=text]")).to_have_count(3)
    host.until_state("live")
    assert streams(host) == [feed]
    host.page.evaluate("place.replaceChildren()")
    service.until(lambda: watching(service, feed) == 0)
    # A connection that came after the first one ended is of its own.
    host.page.evaluate("feed => { place.innerHTML = `<breaking-ticker feed=${feed}></breaking-ticker>` }", feed)
    host.until_state("live")
    assert streams(host) == [feed, feed]


def test_without_a_feed_nothing_is_live(host: Host, feed: str) -> None:
    widget = host.open(ticker(feed))
    host.until_state("live")
    widget.evaluate("widget => widget.removeAttribute('feed')")
    host.until_state("connecting")
    expect(widget.locator("[part=badge]")).to_have_text("CONNECTING")
    assert [each["state"] for each in host.seen("states")][-2:] == ["live", "connecting"]


def test_another_feed_out_of_sight_is_not_live(host: Host, service: Service, feed: str) -> None:
    widget = host.open('<div id="above"></div>', ticker(feed))
    host.until_state("live")
    host.page.evaluate("above.style.height = '5000px'")
    until_drawn(host.page)
    widget.evaluate("(widget, feed) => widget.setAttribute('feed', feed)", service.open_feed())
    host.until_state("connecting")
    expect(widget.locator("[part=badge]")).to_have_text("CONNECTING")


def test_one_taken_out_is_not_live_and_comes_back_with_the_feed_and_language_it_was_given(
    host: Host, service: Service, feed: str
) -> None:
    other = service.open_feed()
    killed = service.file(feed, "UNSAID")
    service.http.post(f"/v1/feeds/{feed}/dispatches/{killed['id']}/kill", json={"reason": "Wrong"})
    widget = host.open(ticker(feed))
    host.until_state("live")
    expect(widget.locator("[part=tombstone]")).to_contain_text("Withdrawn")
    take_out = "window.kept = document.querySelector('breaking-ticker'); kept.remove()"
    host.page.evaluate(take_out)
    host.until(lambda: host.page.evaluate("kept.state") == "connecting")
    host.page.evaluate("kept.lang = 'es'; document.body.append(kept)")
    expect(widget.locator("[part=tombstone]")).to_contain_text("Retirada")
    host.page.evaluate(take_out)
    host.until(lambda: host.page.evaluate("kept.state") == "connecting")
    host.gate.blocked.add(f"/v1/feeds/{other}/")
    host.page.evaluate("feed => { kept.setAttribute('feed', feed); document.body.append(kept) }", other)
    expect(widget.locator("[part=link]").first).to_have_attribute("href", f"{host.gate.url}/feeds/{other}")
    expect(widget.locator("[data-id]")).to_have_count(0)
    expect(widget.get_by_text("Read it there")).to_be_visible()


def test_one_moved_into_another_document_keeps_its_style(host: Host, service: Service, feed: str) -> None:
    host.open(ticker(feed), "<iframe></iframe>")
    host.until_state("live")
    host.page.evaluate(
        "document.querySelector('iframe').contentDocument.body.append(document.querySelector('breaking-ticker'))"
    )
    widget = host.page.frame_locator("iframe").locator("breaking-ticker")
    box = "element => getComputedStyle(element).boxSizing"
    assert widget.locator(".w").evaluate(box) == "border-box"
    service.file(feed, "After the move")
    expect(widget.locator("[part=text]").first).to_have_text("After the move")
    host.until_state("live", widget=widget)
    assert host.errors == []
    host.picture("moved")


def test_one_made_for_another_document_is_whole(host: Host, feed: str) -> None:
    host.open("<iframe></iframe>")
    host.page.evaluate(
        """feed => customElements.whenDefined("breaking-ticker").then(() => {
            const widget = document.createElement("breaking-ticker");
            widget.setAttribute("feed", feed);
            document.querySelector("iframe").contentDocument.body.append(widget);
        })""",
        feed,
    )
    widget = host.page.frame_locator("iframe").locator("breaking-ticker")
    expect(widget.locator("[part=text]")).to_have_count(3)
    host.until_state("live", widget=widget)
    assert widget.locator(".w").evaluate("element => getComputedStyle(element).boxSizing") == "border-box"
    assert host.errors == []


def test_in_a_document_that_nobody_sees_it_does_nothing(host: Host, feed: str) -> None:
    host.open()
    host.page.evaluate(
        """feed => customElements.whenDefined("breaking-ticker").then(() => {
            const widget = document.createElement("breaking-ticker");
            widget.setAttribute("feed", feed);
            document.implementation.createHTMLDocument().body.append(widget);
        })""",
        feed,
    )
    until_drawn(host.page)
    assert streams(host) == []
    assert host.errors == []


@pytest.mark.parametrize("lang", ["ar", "es"])
def test_a_shadow_root_is_in_the_language_of_its_host(host: Host, feed: str, lang: str) -> None:
    host.open(f'<section lang="{lang}"><div id="place"></div></section>')
    host.page.evaluate(
        """feed => {
            const widget = document.createElement("breaking-ticker");
            widget.setAttribute("feed", feed);
            place.attachShadow({ mode: "open" }).append(widget);
        }""",
        feed,
    )
    latest = {"ar": "آخر الأخبار", "es": "Últimas noticias"}[lang]
    expect(host.page.locator("breaking-ticker [part=link]").first).to_have_text(latest)
