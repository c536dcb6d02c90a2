"""The gallery: each example live, in both themes, on a phone and on a desk; its lines can be copied anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.site import Site
from tests.service import Service

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
HEAR = """status => {
  window.heard = [];
  const hear = () => status.textContent && heard.push(status.textContent);
  new MutationObserver(hear).observe(status, {childList: true});
}"""
"""Writes down what is said aloud, which is there for two seconds only."""
REACHES = "[...document.querySelectorAll('.stage breaking-ticker')].map((each) => each.state)"


@pytest.fixture(scope="module")
def feed(service: Service) -> str:
    feed = service.open_feed()
    for number in range(22):
        urgency = ("normal", "urgent", "bulletin", "flash")[number % 4]
        service.file(feed, f"Dispatch {number}", source="Harbour police", urgency=urgency, sections=["Politics"])
    return feed


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_overflows_axe_finds_nothing_and_the_policy_refuses_nothing(
    browser: Browser, service: Service, feed: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme=scheme, reduced_motion="reduce"
    )
    tab = context.new_page()
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(f"{service.url}/embed?feed={feed}")
    for stage in tab.locator(".stage").all():
        stage.scroll_into_view_if_needed()
    service.until(lambda: set(tab.evaluate(REACHES)) == {"live"})
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.evaluate(AXE.read_text("utf-8"))
    run = "axe.run({iframes: false}).then(({violations}) => violations.map(({id, nodes}) => `${id}: ${nodes[0].html}`))"
    found = tab.evaluate(run)
    assert found == []
    assert complaints == []
    context.close()


def test_all_examples_share_one_connection(tab: Page, service: Service, feed: str) -> None:
    sockets: list[object] = []
    tab.on("websocket", lambda socket: sockets.append(socket))  # noqa: PLW0108
    tab.route("**/embed/feeds/**", lambda route: route.abort())  # a frame has one of its own
    tab.goto(f"{service.url}/embed?feed={feed}")
    for stage in tab.locator(".stage").all():
        stage.scroll_into_view_if_needed()
    service.until(lambda: set(tab.evaluate(REACHES)) == {"live"})
    assert len(sockets) == 1


def test_a_line_is_copied_with_and_without_a_clipboard(browser: Browser, service: Service, feed: str) -> None:
    for clipboard in (True, False):
        context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
        tab = context.new_page()
        if not clipboard:  # as on a page that is no secure context
            tab.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
        tab.goto(f"{service.url}/embed?feed={feed}")
        snippet = tab.locator(".snippet").first
        snippet.get_by_role("status").evaluate(HEAR)
        snippet.get_by_role("button", name="Copy").click()
        tab.wait_for_function("heard.length > 0")
        assert tab.evaluate("heard") == ["Copied"]
        tab.locator("body").evaluate("""body => {
          const field = document.createElement("textarea");
          body.prepend(field);
          field.focus();
        }""")
        tab.keyboard.press("Control+V")
        expect(tab.locator("textarea")).not_to_have_value("")
        pasted = tab.locator("textarea").input_value()
        assert pasted.strip() == snippet.locator("code").inner_text().strip()
        context.close()


def test_the_line_works_as_it_is_on_somebody_elses_page(tab: Page, service: Service, site: Site, feed: str) -> None:
    tab.goto(f"{service.url}/embed?feed={feed}")
    line = tab.locator("#start .snippet code").inner_text()
    tab.goto(site.page(line))
    expect(tab.locator("breaking-ticker [part=text]").first).to_have_text("Dispatch 21", timeout=20_000)
    tab.goto("about:blank")


def test_without_scripts_the_examples_and_the_lines_are_there_and_the_form_works(
    browser: Browser, service: Service, feed: str
) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{service.url}/embed")
    tab.locator("select[name=feed]").select_option(feed)
    tab.locator("select[name=lang]").select_option("ar")
    tab.get_by_role("button", name="Show").click()
    expect(tab.locator(".stage [part=text]").first).to_have_text("Dispatch 21")
    expect(tab.locator(".stage [part=badge]").first).to_contain_text("غير مباشر")
    expect(tab.locator("#start .snippet code")).to_contain_text(f'<breaking-ticker feed="{feed}" lang="ar">')
    context.close()


def test_what_the_first_widget_tells_is_shown(tab: Page, service: Service, feed: str) -> None:
    tab.goto(f"{service.url}/embed?feed={feed}")
    tab.locator("breaking-ticker").first.scroll_into_view_if_needed()
    expect(tab.locator("#events")).to_contain_text("ticker-state", timeout=20_000)
    service.until(lambda: tab.evaluate("document.querySelector('breaking-ticker').state") == "live")
    id = service.file(feed, "UNSAID")["id"]
    expect(tab.locator("#events")).to_contain_text("UNSAID")
    service.http.post(f"/v1/feeds/{feed}/dispatches/{id}/kill", json={"reason": "It was not so"})
    expect(tab.locator("#events")).to_contain_text("ticker-kill")
    expect(tab.locator("#events")).not_to_contain_text("UNSAID")
