"""A pinned dispatch that is older than all that the page shows."""

import pytest
from playwright.sync_api import Page, expect

from tests.service import Service


@pytest.fixture
def old(service: Service) -> tuple[str, str]:
    """A feed, and the id of a dispatch in it that is older than the snapshot."""
    feed = service.open_feed()
    id = service.file(feed, "How to reach the hospitals", source="Ministry of health")["id"]
    return feed, id


def bury(service: Service, feed: str) -> None:
    for number in range(21):
        service.file(feed, f"Dispatch {number}")


def pin(service: Service, feed: str, id: str | None) -> None:
    address = f"/v1/feeds/{feed}/pin"
    response = service.http.put(address, json={"id": id}) if id else service.http.delete(address)
    assert response.status_code == 200


def open_live(tab: Page, service: Service, feed: str) -> None:
    tab.goto(f"{service.url}/feeds/{feed}")
    expect(tab.locator("#badge")).to_have_attribute("data-state", "live", timeout=20_000)


def test_it_stands_on_top_of_a_page_that_opens_and_a_kill_takes_it_away(
    service: Service, tab: Page, old: tuple[str, str]
) -> None:
    feed, id = old
    pin(service, feed, id)
    bury(service, feed)
    open_live(tab, service, feed)
    assert tab.locator(".dispatch").count() == 21
    first = tab.locator(".dispatch").first
    expect(first).to_contain_text("How to reach the hospitals")
    expect(first.locator(".pin")).to_be_visible()
    address = f"/v1/feeds/{feed}/dispatches/{id}"
    service.http.patch(address, json={"text": "UNSAID"}, headers={"if-match": "*"})
    expect(first).to_contain_text("UNSAID")
    service.http.post(f"{address}/kill", json={"reason": "The roads are closed"})
    expect(tab.locator(".tombstone")).to_contain_text("The roads are closed")
    assert "UNSAID" not in tab.evaluate("document.body.innerText")
    expect(first).to_contain_text("Dispatch 20")
    pin(service, feed, None)
    expect(tab.locator(".tombstone")).to_have_count(0)


def test_pinned_while_the_page_is_open_it_is_asked_for(service: Service, tab: Page, old: tuple[str, str]) -> None:
    feed, id = old
    bury(service, feed)
    open_live(tab, service, feed)
    assert "hospitals" not in tab.evaluate("document.body.innerText")
    pin(service, feed, id)
    expect(tab.locator(".dispatch").first).to_contain_text("How to reach the hospitals")
    expect(tab.locator(".dispatch").first.locator(".pin")).to_be_visible()
    pin(service, feed, None)
    expect(tab.locator(".dispatch").first).to_contain_text("Dispatch 20")
    expect(tab.locator(".dispatch")).to_have_count(20)
    assert "hospitals" not in tab.evaluate("document.body.innerText")
