"""What a widget says when something between the service and the reader's eyes fails."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.browser.embedding import dispatches, inside, kill, on_air, texts, ticker, with_widget
from tests.browser.site import Site
from tests.browser.waiting import until
from tests.service import Service

LIVE = 20_000

OBSERVED = """element => new Promise((done) => {
  new IntersectionObserver((_, observer) => { observer.disconnect(); done(); }).observe(element);
})"""
"""Waits until the observers of the page, the widget's before this one, have been told what is in sight."""


@pytest.fixture
def feed(service: Service) -> str:
    return on_air(service)


def state(tab: Page, name: str) -> None:
    expect(tab.locator("breaking-ticker").first).to_have_js_property("state", name, timeout=LIVE)


def test_what_cannot_be_drawn_ends_live_and_comes_again(
    service: Service, site: Site, browser: Browser, feed: str
) -> None:
    wrong = service.file(feed, "Wrong")
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(with_widget(site, ticker(service, feed)))
    state(tab, "live")
    tab.evaluate(
        """() => {
          window.states = [];
          addEventListener("ticker-state", ({ detail }) => window.states.push(detail.state));
          const whole = Element.prototype.replaceChildren;
          let faults = 1;
          Element.prototype.replaceChildren = function (...nodes) {
            if (this.dataset.id && faults-- > 0) throw new Error("broken page");
            return whole.apply(this, nodes);
          };
        }"""
    )
    kill(service, feed, wrong, "not so")
    expect(tab.locator("[part=tombstone]")).to_contain_text("not so", timeout=LIVE)
    assert "Wrong" not in inside(tab, "root.textContent")
    state(tab, "live")
    assert tab.evaluate("window.states") == ["catching-up", "live"]
    context.close()


def test_what_can_never_be_drawn_asks_for_a_reload(service: Service, site: Site, browser: Browser, feed: str) -> None:
    service.file(feed, "One")
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(with_widget(site, ticker(service, feed)))
    state(tab, "live")
    tab.evaluate("() => { Node.prototype.insertBefore = () => { throw new Error('broken page'); }; }")
    service.file(feed, "Two")
    expect(tab.locator("[part=badge]")).to_have_text("Reload the page", timeout=LIVE)
    assert inside(tab, "host.state") != "live"
    context.close()


def test_delayed_and_back_are_said_once(own_service: Service, site: Site, tab: Page) -> None:
    own_service.settings["drain"] = "0"
    feed = on_air(own_service)
    own_service.file(feed, "One")
    tab.goto(with_widget(site, ticker(own_service, feed)))
    state(tab, "live")
    tab.evaluate(
        """() => {
          window.said = [];
          const region = document.querySelector("breaking-ticker").shadowRoot.querySelector("[role=status]");
          const hear = () => region.textContent && window.said.push(region.textContent.trim());
          new MutationObserver(hear).observe(region, { childList: true });
        }"""
    )
    with own_service.frozen("valkey-server"):
        expect(tab.locator("[part=badge]")).to_contain_text("DELAYED", timeout=LIVE)
        state(tab, "delayed")
        tab.wait_for_timeout(2_500)
    state(tab, "live")
    until(tab, lambda: "LIVE" in tab.evaluate("window.said"))
    tab.wait_for_timeout(1_000)
    assert tab.evaluate("window.said") == ["DELAYED", "LIVE"]


def test_asleep_it_hangs_up_and_awake_it_is_live_only_with_new_proof(
    service: Service, site: Site, browser: Browser, feed: str
) -> None:
    first = service.file(feed, "First")
    context = browser.new_context()
    tab = context.new_page()
    sockets: list[WebSocketRoute] = []

    def route(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.connect_to_server()

    tab.route_web_socket("**/live*", route)
    tab.clock.install()
    body = ticker(service, feed) + '<div style="block-size: 300vh"></div><p id=end>End</p>'
    tab.goto(with_widget(site, body))
    tab.clock.run_for(1_000)
    state(tab, "live")
    tab.locator("#end").scroll_into_view_if_needed()
    tab.locator("#end").evaluate(OBSERVED)
    tab.clock.fast_forward(4 * 60_000)
    service.file(feed, "While it is out of sight")
    expect(dispatches(tab)).to_have_count(2, timeout=LIVE)
    tab.clock.fast_forward(90_000)
    tab.wait_for_timeout(300)
    known = len(sockets)
    kill(service, feed, first, "while it slept")
    tab.wait_for_timeout(500)
    assert texts(tab) == ["While it is out of sight", "First"]
    tab.evaluate("scrollTo(0, 0)")
    tab.locator("#end").evaluate(OBSERVED)
    tab.clock.run_for(1_000)
    expect(tab.locator("[part=tombstone]")).to_contain_text("while it slept", timeout=LIVE)
    state(tab, "live")
    assert len(sockets) > known
    context.close()


def test_a_feed_that_is_closed_says_so(service: Service, site: Site, tab: Page, feed: str) -> None:
    service.file(feed, "The last word")
    tab.goto(with_widget(site, ticker(service, feed)))
    state(tab, "live")
    assert service.http.delete(f"/v1/feeds/{feed}").is_success
    state(tab, "closed")
    expect(tab.locator("[part=badge]")).to_have_text("CLOSED")
    assert texts(tab) == ["The last word"]


def test_where_no_stream_gets_through_it_is_live_by_long_poll(
    service: Service, site: Site, browser: Browser, feed: str
) -> None:
    for n in range(3):
        service.file(feed, f"Dispatch {n}")
    context = browser.new_context()
    tab = context.new_page()
    tab.route_web_socket("**/live*", lambda socket: socket.close())
    tab.route("**/live*", lambda route: route.abort())
    tab.goto(with_widget(site, ticker(service, feed)))
    expect(tab.locator("breaking-ticker")).to_have_js_property("state", "live", timeout=2 * LIVE)
    service.file(feed, "Dispatch 3")
    expect(dispatches(tab).first).to_contain_text("Dispatch 3")
    assert texts(tab) == [f"Dispatch {n}" for n in (3, 2, 1, 0)]
    context.close()


def test_elements_stay_flat_over_many_dispatches(service: Service, site: Site, tab: Page, feed: str) -> None:
    tab.goto(with_widget(site, ticker(service, feed)))
    state(tab, "live")
    count = "root.querySelectorAll('*').length"
    for n in range(15):
        service.file(feed, f"Dispatch {n}")
    expect(dispatches(tab).first).to_contain_text("Dispatch 14")
    tab.wait_for_timeout(1_000)
    before = inside(tab, count)
    for n in range(15, 150):
        service.file(feed, f"Dispatch {n}")
    expect(dispatches(tab).first).to_contain_text("Dispatch 149")
    tab.wait_for_timeout(1_000)
    assert abs(inside(tab, count) - before) <= 4
