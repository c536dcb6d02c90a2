"""Several widgets on a page, and what pages do to elements: add, remove, move, and load the script twice."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.widget.conftest import Host, texts, ticker
from tests.service import Service


def streams(host: Host) -> list[str]:
    """Feeds of the live streams that were asked for."""
    return [asked.path.split("/")[3] for asked in host.gate.asked if asked.how == "websocket"]


def test_two_widgets_of_a_feed_share_one_connection(host: Host, service: Service, feed: str) -> None:
    widgets = host.open(ticker(feed), ticker(feed, layout="strip", min_urgency="urgent"))
    host.until_state("live", widget=widgets.nth(0))
    host.until_state("live", widget=widgets.nth(1))
    service.file(feed, "Bridge closed", urgency="urgent")
    service.file(feed, "Bridge is painted")
    expect(widgets.nth(0).locator("[part=text]").first).to_have_text("Bridge is painted")
    expect(widgets.nth(1).locator("[part=text]").first).to_have_text("Bridge closed")
    assert streams(host) == [feed]
    # What is paused in one goes on in the other.
    widgets.nth(0).evaluate("widget => widget.pause()")
    service.file(feed, "Bridge open", urgency="urgent")
    expect(widgets.nth(1).locator("[part=text]").first).to_have_text("Bridge open")
    assert texts(widgets.nth(0))[0] == "Bridge is painted"
    assert streams(host) == [feed]
    host.picture("two-widgets")


def test_three_feeds_have_a_connection_each_and_are_not_mixed(host: Host, service: Service) -> None:
    feeds = [service.open_feed(language) for language in ("en", "ar", "es")]
    widgets = host.open(*(ticker(feed, style="--ticker-height: 12em") for feed in feeds))
    for index in range(3):
        host.until_state("live", widget=widgets.nth(index))
    for feed, text in zip(feeds, ("Bridge closed", "الجسر مغلق", "Puente cerrado"), strict=True):
        service.file(feed, text)
    for index, text in enumerate(("Bridge closed", "الجسر مغلق", "Puente cerrado")):
        expect(widgets.nth(index).locator("[part=text]")).to_have_text(text)
    # Each dispatch keeps its own language and direction in an English page.
    arabic = widgets.nth(1).locator("[part=dispatch]")
    expect(arabic).to_have_attribute("lang", "ar")
    expect(arabic).to_have_attribute("dir", "rtl")
    assert sorted(streams(host)) == sorted(feeds)
    host.picture("three-feeds")


def test_a_removed_widget_hangs_up_and_a_returning_one_is_whole(host: Host, service: Service, feed: str) -> None:
    widgets = host.open(ticker(feed))
    host.until_state("live")
    service.until(lambda: watching(service, feed) == 1)
    host.page.evaluate("window.kept = document.querySelector('breaking-ticker'); kept.remove()")
    service.until(lambda: watching(service, feed) == 0)
    service.file(feed, "While it was away")
    host.page.evaluate("document.body.append(kept)")
    expect(widgets.locator("[part=text]").first).to_have_text("While it was away")
    host.until_state("live")
    assert texts(widgets) == ["While it was away", "Dispatch 2", "Dispatch 1", "Dispatch 0"]
    assert len(streams(host)) == 2
    assert host.errors == []


def test_a_moved_widget_keeps_its_connection_and_its_list(host: Host, service: Service, feed: str) -> None:
    widgets = host.open(ticker(feed), after="<aside></aside>")
    host.until_state("live")
    item = "document.querySelector('breaking-ticker').shadowRoot.querySelector('[data-id]')"
    host.page.evaluate(f"window.first = {item}")
    host.page.evaluate("document.querySelector('aside').append(document.querySelector('breaking-ticker'))")
    service.file(feed, "After the move")
    expect(widgets.locator("[part=text]").first).to_have_text("After the move")
    assert host.page.evaluate("first.isConnected")  # its elements were not drawn again
    assert streams(host) == [feed]
    assert [state["state"] for state in host.seen("states")].count("live") == 1
    assert host.state() == "live"


def test_an_element_that_a_script_adds_later_joins_the_connection(host: Host, service: Service, feed: str) -> None:
    host.open(ticker(feed))
    host.until_state("live")
    host.page.evaluate(
        "feed => document.body.append(Object.assign(document.createElement('breaking-ticker'), {id: 'later'}))"
        " ?? document.querySelector('#later').setAttribute('feed', feed)",
        feed,
    )
    later = host.page.locator("#later")
    expect(later.locator("[part=text]")).to_have_count(3)
    host.until_state("live", widget=later)
    assert streams(host) == [feed]


def test_another_feed_by_attribute_replaces_list_and_connection(host: Host, service: Service, feed: str) -> None:
    other = service.open_feed()
    service.file(other, "Of the other feed")
    widget = host.open(ticker(feed))
    host.until_state("live")
    widget.evaluate("(widget, feed) => widget.setAttribute('feed', feed)", other)
    expect(widget.locator("[part=text]")).to_have_text("Of the other feed")
    host.until_state("live")
    assert streams(host) == [feed, other]
    service.until(lambda: watching(service, feed) == 0)


def test_the_script_loaded_twice_registers_once(host: Host, service: Service, feed: str) -> None:
    again = host.script.replace("/ticker.js", "/ticker.js?copy")
    widgets = host.open(ticker(feed), ticker(feed), after=again)
    host.until_state("live", widget=widgets.nth(0))
    host.until_state("live", widget=widgets.nth(1))
    assert len(host.gate.paths("/embed/v1/ticker.js")) == 2
    service.file(feed, "Bridge closed")
    for index in range(2):
        expect(widgets.nth(index).locator("[part=text]").first).to_have_text("Bridge closed")
    assert streams(host) == [feed]
    assert host.errors == []


def watching(service: Service, feed: str) -> int:
    """How many readers the node serves on this feed, by its own metrics."""
    beginning = f'ticker_readers{{feed="{feed}"}} '
    (found,) = (line for line in service.http.get("/metrics").text.splitlines() if line.startswith(beginning))
    return int(float(found.removeprefix(beginning)))
