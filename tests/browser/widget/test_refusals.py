"""When the service does not let the widget in: closed feeds, refused origins, and nothing at the other end."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.widget.conftest import Host, texts, ticker
from tests.browser.widget.gate import Gate
from tests.service import Service

LIVE_STATES = {"live", "off-air"}


def names(host: Host) -> set[str]:
    """States that a widget has been in."""
    return {state["state"] for state in host.seen("states")}


def test_a_feed_that_is_closed_says_so_and_is_left_alone(host: Host, service: Service, feed: str) -> None:
    widget = host.open(ticker(feed))
    host.until_state("live")
    assert service.http.delete(f"/v1/feeds/{feed}").status_code in (200, 204)
    host.until_state("closed")
    expect(widget.locator("[part=badge]")).to_contain_text("CLOSED")
    assert texts(widget) == ["Dispatch 2", "Dispatch 1", "Dispatch 0"]
    asked = len(host.gate.asked)
    host.page.wait_for_timeout(3_000)  # longer than the first waits of a reconnect
    assert len(host.gate.asked) == asked
    host.picture("closed")
    # A page that is opened later shows the same.
    later = host.open(ticker(feed))
    host.until_state("closed")
    expect(later.locator("[part=text]")).to_have_text(["Dispatch 2", "Dispatch 1", "Dispatch 0"])
    assert not names(host) & LIVE_STATES


def test_a_feed_that_is_reopened_is_live_again_for_who_comes(host: Host, service: Service, feed: str) -> None:
    service.http.delete(f"/v1/feeds/{feed}")
    host.open(ticker(feed))
    host.until_state("closed")
    assert service.http.patch(f"/v1/feeds/{feed}", json={"closed": None}).status_code == 200
    host.open(ticker(feed))
    host.until_state("live")


@pytest.mark.parametrize("layout", ["list", "strip", "line"])
def test_a_page_whose_origin_is_refused_keeps_its_link(host: Host, tmp_path: Path, layout: str) -> None:
    with Service(tmp_path, origins="https://news.example") as service, Gate(service.port) as gate:
        host.gate = gate
        service.file("breaking", "Not for this page", urgency="flash")
        widget = host.open(ticker("breaking", layout=layout))
        host.until_state("delayed")
        host.until(lambda: {asked.how for asked in gate.asked} >= {"websocket", "event-stream"})
        assert texts(widget) == []
        assert not names(host) & LIVE_STATES
        if layout == "line":  # it lies over the page, and has nothing to say
            expect(widget.locator(".w")).to_be_hidden()
        else:
            expect(widget.get_by_text("Read it there")).to_be_visible()
        expect(widget.locator("[part=new]")).to_be_hidden()  # nothing waits
        host.picture(f"refused-{layout}")


def test_a_feed_that_does_not_exist_leaves_the_link(host: Host, service: Service) -> None:
    widget = host.open(ticker("no-such-feed"))
    host.until_state("delayed")
    expect(widget.get_by_text("Read it there")).to_be_visible()
    assert not names(host) & LIVE_STATES


def test_a_service_that_is_away_at_the_start_leaves_the_link_until_it_is_there(
    host: Host, service: Service, feed: str
) -> None:
    host.gate.blocked = {"/v1/"}
    widget = host.open(ticker(feed))
    host.until(lambda: len(host.gate.paths("/v1/")) > 0)
    host.until_state("delayed")
    link = widget.get_by_text("Read it there")
    expect(link).to_be_visible()
    assert not names(host) & LIVE_STATES
    host.picture("away")
    host.gate.blocked = set()
    host.until_state("live", within=60)
    expect(link).to_be_hidden()
    assert texts(widget) == ["Dispatch 2", "Dispatch 1", "Dispatch 0"]


def test_without_its_script_the_element_is_its_link(host: Host, feed: str) -> None:
    host.gate.blocked = {"/embed/"}
    widget = host.open(ticker(feed))
    link = widget.get_by_text("Read it there")
    expect(link).to_be_visible()
    assert link.get_attribute("href") == "https://news.example/"
