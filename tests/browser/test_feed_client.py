"""The feed client in a real browser: networks that block its transports, and what only a real page can do to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, Route, WebSocket, expect

from tests.browser.waiting import PATIENCE
from tests.proxy import proxy
from tests.service import Service

FEED = Path(__file__).parents[2] / "clients" / "feed"

PAGE = """<!doctype html><title>feed</title><p id="badge"></p><ol id="list"></ol><script type="module">
import { follow } from "/test/index.js";
follow({
  src: location.origin, feed: "breaking", limit: 100,
  onchange({ state, status }) {
    badge.textContent = status.name;
    list.replaceChildren(...state.dispatches.map((dispatch) => {
      const item = document.createElement("li");
      item.textContent = dispatch.text ?? "killed";
      return item;
    }));
  },
});
</script>"""


def without_websocket(piece: bytes) -> bytes:
    return piece.replace(b"Upgrade: websocket", b"X-Without: websocket")


def without_streams(piece: bytes) -> bytes:
    return without_websocket(piece).replace(b"Accept: text/event-stream", b"Accept: application/json ")


class Traffic:
    """What a page asked for."""

    def __init__(self, tab: Page) -> None:
        self.sockets: list[WebSocket] = []
        self.urls: list[str] = []
        tab.on("websocket", lambda socket: self.sockets.append(socket))  # noqa: PLW0108  # Playwright marks it
        tab.on("request", self._note)

    def _note(self, request: Request) -> None:
        self.urls.append(request.url)

    def of(self, route: str) -> list[str]:
        return [url for url in self.urls if f"/v1/feeds/breaking/{route}" in url]


@pytest.fixture
def service(own_service: Service) -> Service:
    return own_service


def open_page(tab: Page, origin: str) -> Traffic:
    """A page that follows the feed through that origin."""

    def give(route: Route) -> None:
        name = route.request.url.rsplit("/", 1)[1]
        if name == "page":
            route.fulfill(content_type="text/html", body=PAGE)
        else:
            route.fulfill(content_type="text/javascript", body=(FEED / name).read_text("utf-8"))

    tab.route("**/test/*", give)
    traffic = Traffic(tab)
    tab.goto(f"{origin}/test/page")
    return traffic


def complete_and_live(tab: Page, service: Service) -> None:
    """The list ends complete, and LIVE is right: while all is well, and when it isn't."""
    badge, items = tab.locator("#badge"), tab.locator("#list li")
    expect(badge).to_have_text("live", timeout=PATIENCE)
    receipts = [service.file("breaking", f"Number {number}") for number in range(3)]
    kill = service.http.post(f"/v1/feeds/breaking/dispatches/{receipts[1]['id']}/kill", json={"reason": "not true"})
    assert kill.status_code == 200, kill.text
    expect(items).to_have_text(["Number 2", "killed", "Number 0", "Before"])
    expect(badge).to_have_text("live")
    with service.frozen("valkey-server"):
        expect(badge).to_have_text("delayed", timeout=PATIENCE)
    expect(badge).to_have_text("live", timeout=PATIENCE)
    service.file("breaking", "After")
    expect(items).to_have_text(["After", "Number 2", "killed", "Number 0", "Before"])


def test_by_websocket(service: Service, tab: Page) -> None:
    service.file("breaking", "Before")
    traffic = open_page(tab, service.url)
    complete_and_live(tab, service)
    assert traffic.sockets
    assert not traffic.of("changes")


def test_a_proxy_that_blocks_websockets(service: Service, tab: Page) -> None:
    service.file("breaking", "Before")
    with proxy(service, ask=without_websocket) as port:
        traffic = open_page(tab, f"http://127.0.0.1:{port}")
        complete_and_live(tab, service)
        tab.close()
    assert len(traffic.sockets) == 2
    assert traffic.of("live")
    assert not traffic.of("changes")


def test_a_proxy_that_blocks_streams_too(service: Service, tab: Page) -> None:
    service.file("breaking", "Before")
    with proxy(service, ask=without_streams) as port:
        traffic = open_page(tab, f"http://127.0.0.1:{port}")
        complete_and_live(tab, service)
        tab.close()
    assert len(traffic.sockets) == 2
    polls = traffic.of("changes")
    assert polls[0].endswith("/changes")
    assert all("?after=" in url and url.endswith("&wait=10") for url in polls[1:])
