"""Two copies of the script on one page, as when an article from last year and a new one meet: the first one wins."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.widget.conftest import Host, ticker
from tests.browser.widget.test_many_widgets import streams
from tests.service import Service

RELEASED = Path(__file__).parents[3] / "clients" / "released"
VERSIONS = sorted(path.parent.name for path in RELEASED.glob("*/ticker.js"))


def test_some_version_is_released() -> None:
    assert "0.1.0" in VERSIONS


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("old_first", [True, False], ids=["old-first", "new-first"])
def test_a_released_script_beside_the_current_one(
    host: Host, service: Service, feed: str, version: str, *, old_first: bool
) -> None:
    old = host.script.replace("/v1/", f"/{version}/")
    first, then = (old, "") if old_first else ("", old)
    # `host.open` puts the current script before the elements; `head` comes before it, `after` at the end.
    widgets = host.open(ticker(feed), ticker(feed, layout="strip"), head=first, after=then)
    for index in range(2):
        host.until_state("live", widget=widgets.nth(index))
    service.file(feed, "Bridge closed")
    for index in range(2):
        expect(widgets.nth(index).locator("[part=text]").first).to_have_text("Bridge closed")
    assert sorted(asked.path for asked in host.gate.paths("/embed/")) == sorted(
        ["/embed/v1/ticker.js", f"/embed/{version}/ticker.js"]
    )
    assert streams(host) == [feed]
    assert host.errors == []
    host.picture(f"versions-{version}-{old_first}")


def test_an_element_that_somebody_else_has_defined_is_left_alone(host: Host, feed: str) -> None:
    theirs = "<script>customElements.define('breaking-ticker', class extends HTMLElement { theirs = true })</script>"
    widget = host.open(ticker(feed), head=theirs)
    host.until(lambda: len(host.gate.paths("/embed/")) == 1)
    host.page.wait_for_load_state("load")
    assert widget.evaluate("widget => widget.theirs")
    expect(widget.get_by_text("Read it there")).to_be_visible()
    assert host.errors == []
    assert streams(host) == []
