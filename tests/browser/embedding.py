"""A page of another site with a widget in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page

from tests.browser.site import SCRIPT, Site
from tests.service import Service

DIST = Path(__file__).parents[2] / "clients" / "dist" / "ticker.js"

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


def with_widget(
    site: Site, body: str, head: str = "", html: str = 'lang="en"', prefix: str = "", **headers: str
) -> str:
    """Put a page on a site that has a copy of the widget's script, under a prefix of paths, and return its URL."""
    copy = DIST.read_text("utf-8")
    path = f"{prefix}/embed/v1/ticker.js"
    site.publish(copy, path, content_type=SCRIPT, access_control_allow_origin="*")
    return site.page(body, f'{head}<script type="module" src="{path}"></script>', html, **headers)


def ticker(service: Service, feed: str, attributes: str = "", inner: str = "") -> str:
    """The element as an embedder writes it."""
    return f'<breaking-ticker src="{service.url}" feed="{feed}" {attributes}>{inner}</breaking-ticker>'


def on_air(service: Service) -> str:
    """A feed of the test's own that is on air, and its name."""
    feed = service.open_feed()
    assert service.http.put(f"/v1/feeds/{feed}/air", json={"on": True}).status_code == 200
    return feed


def kill(service: Service, feed: str, receipt: dict[str, Any], reason: str) -> None:
    response = service.http.post(f"/v1/feeds/{feed}/dispatches/{receipt['id']}/kill", json={"reason": reason})
    assert response.status_code == 200, response.text


def correct(service: Service, feed: str, receipt: dict[str, Any], **fields: Any) -> None:
    address = f"/v1/feeds/{feed}/dispatches/{receipt['id']}"
    response = service.http.patch(address, json=fields, headers={"if-match": f'"{receipt["revision"]}"'})
    assert response.status_code == 200, response.text


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
