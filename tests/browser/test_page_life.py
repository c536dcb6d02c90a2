"""What only a real page can do to its connection: lose the network, be left, come back from the back-forward cache."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect

from tests.browser.conftest import FLAGS
from tests.browser.waiting import PATIENCE, until
from tests.service import Service

ACTS = """
window.acts = [];
for (const name of ["offline", "online"]) {
  addEventListener(name, () => {
    acts.push(name);
    setTimeout(() => acts.push(document.getElementById("badge").dataset.state));
  });
}
const Real = WebSocket;
globalThis.WebSocket = class extends Real {
  constructor(url) {
    super(url);
    acts.push("connects");
  }
};
"""
"""Writes down what the page does at an event of the network, and what its badge says as soon as the event is over."""

SLOWEST = "Math.random = () => 0.999;"
"""Every wait is as long as it may be."""


@pytest.fixture
def service(own_service: Service) -> Service:
    return own_service


@pytest.fixture
def cached(browser: Browser) -> Iterator[Page]:
    """A tab of a browser that has its back-forward cache, which Playwright switches off."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    off = ["--disable-back-forward-cache"]
    with_cache = browser.browser_type.launch(executable_path=path, args=FLAGS, ignore_default_args=off)
    yield with_cache.new_page()
    with_cache.close()


def readers(service: Service) -> int:
    """How many readers this node holds."""
    found = [line for line in service.http.get("/metrics").text.splitlines() if line.startswith("ticker_readers{")]
    return int(sum(float(line.rsplit(" ", 1)[1]) for line in found))


def test_offline_is_not_live_and_online_reconnects_at_once(service: Service, tab: Page) -> None:
    tab.add_init_script(ACTS)
    tab.goto(service.url)
    badge = tab.locator("#badge")
    expect(badge).to_have_attribute("data-state", "live", timeout=PATIENCE)
    tab.evaluate("acts.length = 0")
    tab.context.set_offline(True)
    until(tab, lambda: len(tab.evaluate("acts")) > 1)
    offline, state, *_ = tab.evaluate("acts")
    assert offline == "offline"
    assert state != "live"
    tab.context.set_offline(False)
    until(tab, lambda: "online" in tab.evaluate("acts"))
    expect(badge).to_have_attribute("data-state", "live", timeout=PATIENCE)
    acts = tab.evaluate("acts")
    assert acts[acts.index("online") + 1] == "connects"


def test_a_reader_who_comes_back_need_not_wait(service: Service, tab: Page) -> None:
    tab.add_init_script(SLOWEST)
    tab.clock.install()
    tab.goto(service.url)
    badge = tab.locator("#badge")
    expect(badge).to_have_attribute("data-state", "live", timeout=PATIENCE)
    sockets: list[WebSocket] = []
    failed: list[WebSocket] = []

    def note(socket: WebSocket) -> None:
        sockets.append(socket)
        socket.on("close", lambda _: failed.append(socket))

    tab.on("websocket", note)
    service.stop()
    # After 0.5, 1, 2, 4, 8 and 16 seconds, and what Chromium adds since others failed before it; the next is to follow
    # after 30, but no time passes for the page any more.
    until(tab, lambda: len(failed) >= 6, within=90)
    tab.clock.pause_at(tab.evaluate("Date.now()") / 1000 + 1)
    service.start()
    assert len(sockets) == 6
    expect(badge).not_to_have_attribute("data-state", "live")
    tab.evaluate('Object.defineProperty(document, "hidden", {value: true, configurable: true})')
    tab.evaluate('document.dispatchEvent(new Event("visibilitychange", {bubbles: true}))')
    tab.wait_for_timeout(1_000)
    assert len(sockets) == 6, "a page that becomes hidden waits on"
    tab.evaluate("delete document.hidden")
    tab.evaluate('document.dispatchEvent(new Event("visibilitychange", {bubbles: true}))')
    expect(badge).to_have_attribute("data-state", "live", timeout=PATIENCE)
    assert len(sockets) == 7
    tab.clock.resume()
    count = len(sockets)
    tab.evaluate('document.dispatchEvent(new Event("visibilitychange", {bubbles: true}))')
    tab.wait_for_timeout(1_500)
    assert len(sockets) == count, "on a fresh path nothing is asked again"


def test_the_page_of_one_dispatch_does_not_say_now_for_ever(service: Service, tab: Page) -> None:
    id = service.file("breaking", "Just now")["id"]
    tab.clock.install()
    tab.goto(f"{service.url}/feeds/breaking/{id}")
    when = tab.locator(".permalink time")
    expect(when).to_have_text("now", timeout=PATIENCE)
    service.stop()  # without it, too: its beats would say what time it really is
    tab.clock.fast_forward(5 * 60_000)
    expect(when).to_have_text("5 min", timeout=PATIENCE)


def test_a_page_in_the_back_forward_cache_holds_no_place_and_comes_back_with_proof(
    service: Service, cached: Page
) -> None:
    cached.add_init_script('addEventListener("pageshow", (event) => { globalThis.persisted = event.persisted; });')
    cached.goto(service.url)
    badge = cached.locator("#badge")
    expect(badge).to_have_attribute("data-state", "live", timeout=PATIENCE)
    service.until(lambda: readers(service) == 1)
    cached.goto(f"{service.url}/docs")
    service.until(lambda: readers(service) == 0)
    service.file("breaking", "While the reader was away")
    cached.go_back(wait_until="commit")
    expect(cached.locator(".dispatch .words").first).to_have_text("While the reader was away", timeout=PATIENCE)
    expect(badge).to_have_attribute("data-state", "live", timeout=PATIENCE)
    assert cached.evaluate("globalThis.persisted") is True, "the page came from the cache"
    service.until(lambda: readers(service) == 1)
