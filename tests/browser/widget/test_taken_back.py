"""What was said and is wrong is readable nowhere; what is not shown is not said; and no state outlasts its proof."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.waiting import until_drawn
from tests.browser.widget.conftest import Host, ticker
from tests.service import Service


def kill(service: Service, feed: str, id: str) -> None:
    response = service.http.post(f"/v1/feeds/{feed}/dispatches/{id}/kill", json={"reason": "Wrong"})
    assert response.status_code == 200, response.text


def until_nowhere(host: Host, text: str) -> None:
    """Wait until neither the page nor the widget holds it."""
    whole = "document.documentElement.outerHTML + document.querySelector('breaking-ticker').shadowRoot.innerHTML"
    host.until(lambda: text not in host.page.evaluate(whole), say=lambda: f"{text} is still there")


def alerted(host: Host, service: Service, feed: str) -> tuple[Locator, str]:
    """Return a widget that has said a flash aloud, and the flash's id."""
    widget = host.open(ticker(feed))
    host.until_state("live")
    id: str = service.file(feed, "UNSAID", urgency="flash")["id"]
    expect(widget.locator("[role=alert]")).to_contain_text("UNSAID")
    return widget, id


def test_a_kill_of_what_has_left_the_list_is_taken_out_of_what_was_said(
    host: Host, service: Service, feed: str
) -> None:
    widget, id = alerted(host, service, feed)
    for number in range(110):
        service.file(feed, f"Then {number}")
    expect(widget.locator("[part=text]").first).to_have_text("Then 109")
    kill(service, feed, id)
    until_nowhere(host, "UNSAID")


@pytest.mark.parametrize(("name", "value"), [("min-urgency", "flash"), ("sections", "Sport"), ("layout", "line")])
def test_a_kill_of_what_no_longer_passes_is_taken_out_of_what_was_said(
    host: Host, service: Service, feed: str, name: str, value: str
) -> None:
    widget = host.open(ticker(feed))
    host.until_state("live")
    id = service.file(feed, "UNSAID")["id"]
    expect(widget.locator("[role=status]")).to_contain_text("UNSAID")
    widget.evaluate("(widget, [name, value]) => widget.setAttribute(name, value)", [name, value])
    kill(service, feed, id)
    until_nowhere(host, "UNSAID")


def test_a_kill_that_only_a_snapshot_tells_of_is_taken_out_of_what_was_said(
    host: Host, service: Service, feed: str
) -> None:
    widget, id = alerted(host, service, feed)
    host.gate.cut()
    kill(service, feed, id)
    for number in range(30):
        service.file(feed, f"Then {number}")
    # Its position is given up, as after a fork, and a snapshot has to tell.
    widget.evaluate("widget => { Node.prototype.insertBefore = () => { throw new Error('broken') } }")
    host.gate.mend()
    host.until(lambda: any("broken" in error for error in host.errors))
    host.page.evaluate("delete Node.prototype.insertBefore")
    until_nowhere(host, "UNSAID")


def test_what_was_corrected_is_taken_out_of_what_was_said(host: Host, service: Service, feed: str) -> None:
    widget = host.open(ticker(feed))
    host.until_state("live")
    id = service.file(feed, "Forty dead", urgency="flash")["id"]
    expect(widget.locator("[role=alert]")).to_contain_text("Forty dead")
    address = f"/v1/feeds/{feed}/dispatches/{id}"
    service.http.patch(address, json={"text": "Four hurt"}, headers={"if-match": "*"})
    expect(widget.locator("[role=status]")).to_contain_text("Four hurt")
    until_nowhere(host, "Forty dead")


def test_a_kill_is_taken_out_of_the_structured_data_of_a_fragment(host: Host, service: Service, feed: str) -> None:
    id = service.file(feed, "UNSAID")["id"]
    service.until(lambda: "UNSAID" in str(service.snapshot(feed)))
    fragment = service.http.get(f"/embed/feeds/{feed}/fragment?schema=always&script=no").text
    assert fragment.count("UNSAID") > 1
    host.open(fragment.replace(service.url, host.gate.url))
    host.until_state("live")
    assert host.page.locator("breaking-ticker script").count() == 1  # it stays while it is right
    kill(service, feed, id)
    until_nowhere(host, "UNSAID")


def test_a_line_that_was_closed_says_nothing_more(host: Host, service: Service) -> None:
    feed = service.open_feed()
    widget = host.open(ticker(feed, layout="line"))
    host.until_state("live")
    service.file(feed, "The first", urgency="flash")
    expect(widget.locator("[role=alert]")).to_contain_text("The first")
    widget.locator(".close").click()
    service.file(feed, "The second", urgency="flash")
    host.until(lambda: "The second" in str(widget.evaluate("widget => widget.dispatches")))
    host.page.wait_for_timeout(1_000)  # what belongs together is gathered for 700 ms
    expect(widget.locator("[role=alert]")).not_to_contain_text("The second")
    # As another layout it is there again.
    widget.evaluate("widget => widget.setAttribute('layout', 'list')")
    service.file(feed, "The third", urgency="flash")
    expect(widget.locator("[role=alert]")).to_contain_text("The third")


@pytest.mark.parametrize("why", ["paused", "scrolled"])
def test_a_list_that_stands_still_is_printed_as_of_then(host: Host, service: Service, why: str) -> None:
    feed = service.open_feed()
    for number in range(10):
        service.file(feed, f"Dispatch {number} {'word ' * 30}")
    widgets = host.open(ticker(feed), ticker(feed))
    for index in range(2):
        host.until_state("live", widget=widgets.nth(index))
    (still, printed), (other, compared) = ((each, each.locator(".w")) for each in (widgets.nth(0), widgets.nth(1)))
    if why == "paused":
        still.evaluate("widget => widget.pause()")
    else:
        still.locator("[part=list]").evaluate("list => list.scrollTo(0, 100)")
        until_drawn(host.page)
    service.file(feed, "Later")
    expect(still.locator("[part=new]")).to_have_text("1 new")
    before = printed.get_attribute("data-as-of")
    assert before
    expect(other.locator("[part=text]").first).to_have_text("Later")
    host.until(lambda: compared.get_attribute("data-as-of") != before)
    host.page.wait_for_timeout(100)
    assert printed.get_attribute("data-as-of") == before
    still.evaluate("widget => { widget.pause(); widget.resume() }")
    expect(printed).not_to_have_attribute("data-as-of", before)
