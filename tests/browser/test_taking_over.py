"""From what the service drew to what the script shows, and back: never LIVE without a script that runs and a proof."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import dropwhile

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.browser.conftest import FLAGS, chromium
from tests.browser.test_reader_page_looks import NOT_LIVE
from tests.browser.waiting import until
from tests.service import Service

PATHS = ["/feeds/{feed}", "/feeds/{feed}/stories/s"]


@pytest.fixture
def feed(service: Service) -> str:
    name = service.open_feed()
    service.file(name, "First", story="s")
    return name


@pytest.mark.parametrize("path", PATHS)
def test_a_page_whose_script_is_blocked_says_that_it_is_not_live(
    service: Service, feed: str, browser: Browser, path: str
) -> None:
    context = browser.new_context()
    tab = context.new_page()
    tab.route("**/assets/*.js", lambda route: route.abort())
    tab.goto(service.url + path.format(feed=feed))
    expect(tab.locator("#badge")).to_have_text(NOT_LIVE)
    expect(tab.get_by_role("link", name="Reload")).to_be_visible()
    expect(tab.locator("#pause")).to_be_hidden()
    context.close()


@pytest.mark.parametrize("broken", ["setInterval", "Intl.DateTimeFormat", "Element.prototype.querySelectorAll"])
@pytest.mark.parametrize("path", PATHS)
def test_a_script_that_fails_while_it_starts_leaves_no_claim_behind(
    service: Service, feed: str, browser: Browser, path: str, broken: str
) -> None:
    context = browser.new_context()
    tab = context.new_page()
    tab.add_init_script(f"{broken} = () => {{ throw new Error('broken') }}")
    errors: list[str] = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto(service.url + path.format(feed=feed))
    until(tab, lambda: errors)
    expect(tab.locator("#badge")).to_have_text(NOT_LIVE)
    expect(tab.get_by_role("link", name="Reload")).to_be_visible()
    expect(tab.locator("#pause")).to_be_hidden()
    context.close()


@pytest.mark.parametrize("path", [*PATHS, "/feeds/{feed}/{id}"])
def test_of_a_killed_dispatch_nothing_is_left_anywhere_in_an_open_page(
    service: Service, feed: str, tab: Page, path: str
) -> None:
    id = service.file(feed, "UNSAID", story="s", source="UNSAID too", byline="UNSAID as well")["id"]
    tab.goto(service.url + path.format(feed=feed, id=id))
    expect(tab.locator(".dispatch").first).to_contain_text("UNSAID")
    service.http.post(f"/v1/feeds/{feed}/dispatches/{id}/kill", json={"reason": "It was not so"})
    expect(tab.locator(".tombstone")).to_contain_text("It was not so")
    assert "UNSAID" not in tab.content()
    assert "UNSAID" not in tab.title()


def test_a_story_withdrawn_as_a_whole_loses_its_heading(service: Service, tab: Page) -> None:
    feed = service.open_feed()
    id = service.file(feed, "UNSAID", story="second-explosion")["id"]
    tab.goto(f"{service.url}/feeds/{feed}/stories/second-explosion")
    expect(tab.locator(".slug")).to_have_text("Second explosion")
    service.http.post(f"/v1/feeds/{feed}/dispatches/{id}/kill", json={"reason": "It was not so"})
    expect(tab.locator(".slug")).to_have_text("Withdrawn")
    expect(tab).to_have_title(f"Withdrawn · {feed}")
    assert "explosion" not in tab.content().lower(), "the address bar alone has the slug"
    service.file(feed, "It stands", story="second-explosion")
    expect(tab.locator(".slug")).to_have_text("Second explosion")


def test_a_story_that_was_withdrawn_before_the_page_opened_can_have_a_new_dispatch(service: Service, tab: Page) -> None:
    feed = service.open_feed()
    id = service.file(feed, "UNSAID", story="second-explosion")["id"]
    service.http.post(f"/v1/feeds/{feed}/dispatches/{id}/kill", json={"reason": "It was not so"})
    tab.goto(f"{service.url}/feeds/{feed}/stories/second-explosion")
    expect(tab.locator(".slug")).to_have_text("Withdrawn")
    assert "explosion" not in tab.content().lower()
    service.file(feed, "It stands", story="second-explosion")
    expect(tab.locator(".slug")).to_have_text("Second explosion")
    expect(tab).to_have_title(f"Second explosion: It stands · {feed}")


@pytest.fixture
def remembering(browser: Browser) -> Iterator[Page]:
    """A tab of a Chromium whose back-forward cache is on, as it is for readers."""
    other = browser.browser_type.launch(
        executable_path=chromium(),
        args=FLAGS,
        ignore_default_args=["--disable-back-forward-cache"],
    )
    yield other.new_page()
    other.close()


def watching(service: Service, feed: str) -> int:
    listed = service.http.get("/v1/feeds").json()["feeds"]
    count: int = next(each["watching"] for each in listed if each["name"] == feed)
    return count


def test_a_page_in_the_back_forward_cache_holds_no_place_and_comes_back_with_proof(
    service: Service, feed: str, remembering: Page
) -> None:
    tab = remembering
    tab.goto(f"{service.url}/feeds/{feed}")
    badge = tab.locator("#badge")
    expect(badge).to_have_attribute("data-state", "live", timeout=20_000)
    service.until(lambda: watching(service, feed) == 1)
    tab.evaluate("""() => {
      window.kept = [];
      addEventListener("pageshow", ({persisted}) => {
        const badge = document.getElementById("badge");
        kept.push(persisted, badge.dataset.state);
        new MutationObserver(() => kept.push(badge.dataset.state)).observe(badge, {attributeFilter: ["data-state"]});
      });
    }""")
    tab.goto(f"{service.url}/feeds/nowhere")
    service.until(lambda: watching(service, feed) == 0)
    service.file(feed, "While away")
    tab.go_back(wait_until="commit")
    expect(badge).to_have_attribute("data-state", "live", timeout=20_000)
    expect(tab.locator(".dispatch .words").first).to_have_text("While away")
    persisted, at_first, *later = tab.evaluate(
        "window.kept ?? [false, performance.getEntriesByType('navigation')[0].notRestoredReasons?.toJSON()]"
    )
    assert persisted, at_first
    assert at_first != "live"
    assert later[-1] == "live"
    service.until(lambda: watching(service, feed) == 1)


@pytest.mark.parametrize("path", PATHS)
def test_a_closed_feeds_page_says_so_and_holds_no_stream(service: Service, feed: str, tab: Page, path: str) -> None:
    streams: list[str] = []
    tab.on("websocket", lambda socket: streams.append(socket.url))
    tab.goto(service.url + path.format(feed=feed))
    badge = tab.locator("#badge")
    expect(badge).to_have_attribute("data-state", "live", timeout=20_000)
    assert len(streams) == 1
    service.http.delete(f"/v1/feeds/{feed}")
    expect(badge).to_have_attribute("data-state", "closed")
    expect(badge).to_contain_text("Closed ")
    expect(tab.locator("#said")).to_have_text("This feed is closed.")
    expect(tab.locator("#pause")).to_be_hidden()
    tab.reload()
    expect(badge).to_have_text(re.compile(r"^Closed .*\b20\d\d$"))
    tab.wait_for_timeout(500)
    assert len(streams) == 1


@pytest.mark.parametrize("path", PATHS)
def test_a_dispatch_that_cannot_be_shown_ends_live_until_it_is_shown(
    service: Service, feed: str, browser: Browser, path: str
) -> None:
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(service.url + path.format(feed=feed))
    badge = tab.locator("#badge")
    expect(badge).to_have_attribute("data-state", "live", timeout=20_000)
    tab.evaluate("""() => {
      window.said = [];
      new MutationObserver(() => said.push(badge.dataset.state)).observe(badge, {attributeFilter: ["data-state"]});
      window.insert = Node.prototype.insertBefore;
      Node.prototype.insertBefore = () => { throw new Error("broken"); };
    }""")
    id = service.file(feed, "Cannot be shown", story="s")["id"]
    expect(badge).to_have_attribute("data-state", "reload", timeout=60_000)
    expect(badge).to_have_text("Reload the page")
    expect(tab.get_by_role("link", name="Reload", exact=True)).to_be_visible()
    said = dropwhile(lambda state: state == "live", tab.evaluate("said"))  # it still was until the dispatch arrived
    assert "live" not in said
    assert tab.locator(f"[data-id='{id}']").count() == 0
    tab.evaluate("void (Node.prototype.insertBefore = insert)")
    expect(tab.locator(".dispatch .words").first).to_have_text("Cannot be shown", timeout=60_000)
    expect(badge).to_have_attribute("data-state", "live", timeout=60_000)
    context.close()


@pytest.mark.parametrize("path", PATHS)
def test_a_snapshot_takes_back_what_was_said_before_it(service: Service, feed: str, tab: Page, path: str) -> None:
    sockets: list[WebSocketRoute] = []
    tab.route_web_socket("**/live*", lambda socket: sockets.append(socket))  # noqa: PLW0108
    snapshot = service.snapshot(feed)
    said = snapshot["dispatches"][0] | {"id": "7" + "Z" * 25, "text": "UNSAID", "urgency": "flash"}
    tab.goto(service.url + path.format(feed=feed))
    until(tab, lambda: sockets)
    sockets[-1].send(json.dumps({"type": "dispatch", "position": "9-0123456789ab", "dispatch": said}))
    expect(tab.locator("#alarm")).to_contain_text("UNSAID")
    sockets[-1].send(json.dumps(snapshot | {"reset": True}))
    expect(tab.locator("#alarm")).to_have_text("")
    expect(tab.locator(".dispatch")).to_have_count(1)
    assert "UNSAID" not in tab.content()
