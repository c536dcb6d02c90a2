"""What only a real page can do to its connection: lose the network, be left, come back from the back-forward cache."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect

from tests.browser.conftest import FLAGS
from tests.service import Service

PATIENCE = 30_000
AT_ONCE = 3_000
"""Milliseconds: less than the wait that an event has to cut short."""

SOON = 8_000
"""The same, where Chromium itself lets a WebSocket wait for up to five seconds, since others failed before it."""

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
    tab.goto(service.url)
    badge = tab.locator("#badge")
    expect(badge).to_have_attribute("data-state", "live", timeout=PATIENCE)
    sockets: list[str] = []
    tab.on("websocket", lambda socket: sockets.append(socket.url))
    tab.context.set_offline(True)
    expect(badge).not_to_have_attribute("data-state", "live", timeout=AT_ONCE)
    tab.context.set_offline(False)
    expect(badge).to_have_attribute("data-state", "live", timeout=AT_ONCE)
    assert sockets


def test_a_reader_who_comes_back_need_not_wait(service: Service, tab: Page) -> None:
    tab.add_init_script(SLOWEST)
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
    for _ in range(600):
        if len(failed) >= 6:  # after 0.5, 1, 2, 4, 8 and 16 seconds; the next follows after 30
            break
        tab.wait_for_timeout(100)
    service.start()
    assert len(sockets) == 6
    expect(badge).not_to_have_attribute("data-state", "live")
    tab.evaluate('Object.defineProperty(document, "hidden", {value: true, configurable: true})')
    tab.evaluate('document.dispatchEvent(new Event("visibilitychange", {bubbles: true}))')
    tab.wait_for_timeout(1_000)
    assert len(sockets) == 6, "a page that becomes hidden waits on"
    tab.evaluate("delete document.hidden")
    tab.evaluate('document.dispatchEvent(new Event("visibilitychange", {bubbles: true}))')
    expect(badge).to_have_attribute("data-state", "live", timeout=SOON)
    assert len(sockets) == 7
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
    service.until(lambda: readers(service) == 0, within=5.0)
    service.file("breaking", "While the reader was away")
    cached.go_back(wait_until="commit")
    expect(cached.locator(".dispatch .words").first).to_have_text("While the reader was away", timeout=SOON)
    expect(badge).to_have_attribute("data-state", "live", timeout=SOON)
    assert cached.evaluate("globalThis.persisted") is True, "the page came from the cache"
    service.until(lambda: readers(service) == 1)
