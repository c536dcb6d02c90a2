"""The fragment in a page of another site: whole without scripts, and taken over in place under a strict policy."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.browser.site import SCRIPT, Site
from tests.browser.waiting import until
from tests.service import Service
from ticker.web.assets import CLIENTS
from ticker.web.embed.drawing import STYLE_HASH

WATCH = """
window.shifts = [];
window.refused = [];
new PerformanceObserver((list) => window.shifts.push(...list.getEntries().flatMap(
  ({sources}) => sources.map(({currentRect: {y, height}}) => y + height))))
  .observe({type: "layout-shift", buffered: true});
addEventListener("securitypolicyviolation", ({violatedDirective, blockedURI}) =>
  window.refused.push(`${violatedDirective} ${blockedURI}`));
"""

PLACES = """() => [...document.querySelector("breaking-ticker").shadowRoot.querySelectorAll("li, .bar, ol")]
  .map((each) => { const {x, y, width, height} = each.getBoundingClientRect(); return [x, y, width, height]; })"""

STATE = "document.querySelector('breaking-ticker').state"


@pytest.fixture(scope="module")
def feed(service: Service) -> str:
    feed = service.open_feed()
    for number in range(8):
        urgency = ("normal", "urgent", "bulletin", "flash")[number % 4]
        service.file(feed, f"Dispatch {number} " + "word " * 20, source="Harbour police", urgency=urgency)
    wrong = service.file(feed, "UNSAID")["id"]
    service.http.post(f"/v1/feeds/{feed}/dispatches/{wrong}/kill", json={"reason": "It was not so"})
    service.until(lambda: "UNSAID" not in str(service.snapshot(feed)))
    return feed


def policy(service: Service) -> str:
    """The strictest policy of a host, with what the gallery tells it to add."""
    own, socket = service.url, service.url.replace("http", "ws")
    return (
        f"default-src 'none'; script-src {own}; connect-src {own} {socket}; style-src {STYLE_HASH}; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


def included(service: Service, feed: str, query: str = "") -> str:
    return service.http.get(f"/embed/feeds/{feed}/fragment?{query}").text


@pytest.mark.parametrize("query", ["", "layout=strip", "lang=ar", "theme=dark&limit=3"])
def test_it_is_taken_over_under_a_strict_policy_without_a_shift(
    tab: Page, service: Service, site: Site, feed: str, query: str
) -> None:
    tab.add_init_script(WATCH)
    hold: list[object] = []
    tab.route("**/embed/v1/ticker.js", lambda route: hold.append(route))  # noqa: PLW0108
    body = f"<p>Before</p>{included(service, feed, query)}<p id=after>After</p>"
    tab.goto(site.page(body, content_security_policy=policy(service)), wait_until="commit")
    service.until(lambda: tab.evaluate("document.querySelector('#after') !== null") and hold)
    expect(tab.locator("[data-id]").first).to_be_visible()
    before = tab.evaluate(PLACES), tab.evaluate("document.querySelector('#after').getBoundingClientRect().y")
    hold[0].continue_()  # type: ignore[attr-defined]
    service.until(lambda: tab.evaluate(STATE) == "live")
    after = tab.evaluate(PLACES), tab.evaluate("document.querySelector('#after').getBoundingClientRect().y")
    assert before == after
    # The badge says less than it did, so what stands beside it in the bar moves along; nothing else does.
    bar = tab.evaluate(f"({PLACES})()")[0]
    assert [lower for lower in tab.evaluate("window.shifts") if lower > bar[1] + bar[3]] == []
    assert tab.evaluate("window.refused") == []
    expect(tab.locator("[part=badge]")).to_have_text(re.compile("LIVE|مباشر"))


def test_without_scripts_it_can_be_read_and_says_that_it_is_not_live(
    browser: Browser, service: Service, site: Site, feed: str
) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(site.page(included(service, feed, "limit=3&schema=always")))
    expect(tab.locator("[part=text]")).to_have_count(2)
    expect(tab.locator("[part=text]").first).to_be_visible()
    expect(tab.locator("[part=tombstone]")).to_contain_text("It was not so")
    expect(tab.locator("[part=badge]")).to_contain_text("Not live, as of")
    for name in ("pause", "new"):
        expect(tab.locator(f"[part={name}]")).to_be_hidden()
    assert "UNSAID" not in tab.content()
    context.close()


def test_a_browser_without_declarative_shadow_roots_shows_the_link(
    tab: Page, service: Service, site: Site, feed: str
) -> None:
    old = included(service, feed, "script=no").replace("shadowrootmode", "shadowroot")
    tab.goto(site.page(old))
    expect(tab.get_by_role("link")).to_have_attribute("href", f"{service.url}/feeds/{feed}")
    expect(tab.get_by_role("link")).to_be_visible()


@pytest.mark.parametrize("first", ["old", "new"])
def test_an_old_and_a_new_copy_of_the_script_on_one_page_work(
    tab: Page, service: Service, site: Site, feed: str, first: str
) -> None:
    old = (CLIENTS / "dist/ticker.js").read_text("utf-8") + "\n/* as it was once */\n"
    site.publish(old, "/old/ticker.js", content_type=SCRIPT)
    scripts = [
        f'<script type="module" src="{src}"></script>'
        for src in ("/old/ticker.js", f"{service.url}/embed/v1/ticker.js")
    ]
    scripts = scripts if first == "old" else scripts[::-1]
    sockets: list[object] = []
    tab.on("websocket", lambda socket: sockets.append(socket))  # noqa: PLW0108
    body = "".join(scripts) + f'<breaking-ticker feed="{feed}" src="{service.url}"></breaking-ticker>' * 2
    tab.goto(site.page(body))
    live = "[...document.querySelectorAll('breaking-ticker')].every((each) => each.state === 'live')"
    service.until(lambda: tab.evaluate(live))
    assert len(sockets) == 1
    service.file(feed, f"after {first}")
    for index in (0, 1):
        expect(tab.locator("breaking-ticker").nth(index).locator("[part=text]").first).to_have_text(f"after {first}")


@pytest.mark.parametrize("query", ["layout=line", "hold=1"])
def test_what_was_drawn_stays_until_the_logs_time_is_known_and_a_kill_reaches_it(
    tab: Page, service: Service, site: Site, query: str
) -> None:
    feed = service.open_feed()
    drawn = service.file(feed, "Bridge closed", urgency="flash")
    service.until(lambda: "Bridge closed" in included(service, feed, query))
    sockets: list[WebSocketRoute] = []

    def connect(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.send(json.dumps(service.snapshot(feed)))  # and no beat, which would prove the time

    tab.route_web_socket("**/live*", connect)
    tab.goto(site.page(included(service, feed, query)))
    # It is delayed if the snapshot took more than five seconds; what was drawn has to stay all the same.
    until(tab, lambda: sockets and tab.evaluate(STATE) in ("catching-up", "delayed"))
    expect(tab.locator("[part=text]")).to_have_text("Bridge closed")
    expect(tab.locator("[part=text]")).to_be_visible()
    kill = {"id": drawn["id"], "reason": "it was not", "at": drawn["filed"], "filed": drawn["filed"], "revision": 2}
    sockets[-1].send(json.dumps({"type": "kill", "position": "9-0123456789ab", **kill}))
    expect(tab.locator("[part=tombstone]")).to_contain_text("it was not")
    expect(tab.locator("[part=text]")).to_have_count(0)
    sockets[-1].close()


def test_without_the_service_it_is_not_printed_as_of_now(tab: Page, service: Service, site: Site, feed: str) -> None:
    tab.route("**/v1/feeds/**", lambda route: route.abort())
    tab.route_web_socket("**/live*", lambda socket: socket.close())
    tab.goto(site.page(included(service, feed)))
    expect(tab.locator("[part=badge]")).to_contain_text("DELAYED")
    assert tab.locator(".w").get_attribute("data-as-of") is None
