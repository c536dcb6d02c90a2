"""A page of another origin than the service's, in which its widget stands."""

from __future__ import annotations

import http.server
import threading
from pathlib import Path
from typing import Any, Self

from playwright.sync_api import Locator, Page

from tests.service import Service

SCRIPT = Path(__file__).parents[2] / "clients" / "dist" / "ticker.js"

COUNT_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const { sources } of list.getEntries()) {
    for (const { node } of sources) {
      const place = node?.getRootNode() === document ? node.nodeName : "inside";
      window.shifts.push(place);
    }
  }
}).observe({ type: "layout-shift", buffered: true });
"""
"""Tells in `shifts` what moved in the page, and `inside` for what moved in a widget."""


class Embedder:
    """A web server of somebody else's: it has the pages that a test gives it, and the widget's script."""

    def __init__(self) -> None:
        pages = self.pages = dict[str, tuple[str, dict[str, str]]]()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                headers = {"content-type": "text/html; charset=utf-8"}
                if self.path.endswith("/embed/v1/ticker.js"):
                    body = SCRIPT.read_bytes()
                    headers = {"content-type": "text/javascript; charset=utf-8", "access-control-allow-origin": "*"}
                elif self.path in pages:
                    text, more = pages[self.path]
                    body, headers = text.encode(), headers | more
                else:
                    self.send_error(404)
                    return
                self.send_response(200)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def page(self, body: str, head: str = "", html: str = 'lang="en"', prefix: str = "", **headers: str) -> str:
        """Publish a page that loads the widget, and return its URL."""
        path = f"/page{len(self.pages)}"
        script = f'<script type="module" src="{prefix}/embed/v1/ticker.js"></script>'
        top = f"<head><title>A page</title><link rel=icon href=data:,>{head}{script}</head>"
        text = f"<!doctype html><html {html}>{top}<body>{body}</body></html>"
        self.pages[path] = (text, {name.replace("_", "-"): value for name, value in headers.items()})
        return self.url + path


def ticker(service: Service, feed: str, attributes: str = "", inner: str = "") -> str:
    """The element as an embedder writes it."""
    return f'<breaking-ticker src="{service.url}" feed="{feed}" {attributes}>{inner}</breaking-ticker>'


def on_air(service: Service) -> str:
    """A feed of the test's own that is on air, and its name."""
    feed = service.open_feed()
    assert service.http.put(f"/v1/feeds/{feed}/air", json={"on": True}).status_code == 200
    return feed


def kill(service: Service, feed: str, receipt: dict[str, Any], reason: str) -> None:
    answer = service.http.post(f"/v1/feeds/{feed}/dispatches/{receipt['id']}/kill", json={"reason": reason})
    assert answer.status_code == 200, answer.text


def correct(service: Service, feed: str, receipt: dict[str, Any], **fields: Any) -> None:
    address = f"/v1/feeds/{feed}/dispatches/{receipt['id']}"
    answer = service.http.patch(address, json=fields, headers={"if-match": f'"{receipt["revision"]}"'})
    assert answer.status_code == 200, answer.text


def inside(tab: Page, expression: str) -> Any:
    """The value of a JavaScript expression of the first widget's `host` and shadow `root`."""
    return tab.locator("breaking-ticker").first.evaluate(
        f"host => {{ const root = host.shadowRoot; return {expression}; }}"
    )


def dispatches(tab: Page) -> Locator:
    return tab.locator("breaking-ticker [data-id]")


def texts(tab: Page) -> list[str]:
    """What each dispatch says, or the whole tombstone, in the order of the list."""
    return tab.locator("breaking-ticker [part~=text], breaking-ticker [part~=tombstone]").all_inner_texts()
