"""The widget's layouts and looks, what it takes over, and pages that make it hard for it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.embedding import (
    COUNT_SHIFTS,
    correct,
    dispatches,
    inside,
    kill,
    on_air,
    texts,
    ticker,
    with_widget,
)
from tests.browser.site import Site
from tests.browser.waiting import until
from tests.service import Service

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
STYLE = Path(__file__).parents[2] / "clients" / "widget" / "widget.css"
LIVE = 20_000

STRICT = (
    "default-src 'none'; script-src 'self'; connect-src {service} {socket}; base-uri 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)

CATCH_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
  window.violations.push(violatedDirective + " " + blockedURI);
});
"""


@pytest.fixture
def feed(service: Service) -> str:
    return on_air(service)


def live(tab: Page) -> None:
    expect(tab.locator("breaking-ticker").first).to_have_js_property("state", "live", timeout=LIVE)


def newsroom(service: Service, feed: str) -> None:
    """One dispatch of each kind."""
    corrected = service.file(feed, "Parliament will meet at 18:00", source="Speaker of parliament")
    correct(service, feed, corrected, note="not at 16:00")
    kill(service, feed, service.file(feed, "A second explosion was heard"), "there was none")
    service.file(feed, "السفينة MV Hope 3 كانت تحمل 1,200 طن", source="سلطة الميناء", language="ar", urgency="bulletin")
    service.file(feed, "Bridge closed", urgency="urgent", byline="Lena Ortiz", link="https://news.example/a")
    service.file(feed, "W" * 1_000, source="S" * 200)
    service.file(feed, "Two ships collide", source="Civil Defence spokesman", urgency="flash")


def test_a_strip_shows_one_at_a_time_and_moves_when_told(service: Service, site: Site, tab: Page, feed: str) -> None:
    for n in range(3):
        service.file(feed, f"Dispatch {n}")
    tab.goto(with_widget(site, ticker(service, feed, 'layout="strip"')))
    live(tab)
    seen = tab.locator("[data-id]:visible")
    expect(seen).to_have_count(1)
    expect(seen).to_contain_text("Dispatch 2")
    expect(dispatches(tab)).to_have_count(3)
    older, newer = tab.locator(".step").nth(1), tab.locator(".step").nth(0)
    assert newer.is_disabled()
    older.click()
    expect(seen).to_contain_text("Dispatch 1")
    # Away from the newest, an arrival waits; back at it, it shows.
    service.file(feed, "Dispatch 3")
    expect(tab.locator("[part=new]")).to_have_text("1 new")
    expect(seen).to_contain_text("Dispatch 1")
    newer.click()
    expect(seen).to_contain_text("Dispatch 3")
    expect(tab.locator("[part=new]")).to_be_hidden()
    older.click()
    older.click()
    older.click()
    assert older.is_disabled()
    expect(seen).to_contain_text("Dispatch 0")


def test_a_line_lies_over_the_page_for_a_flash_until_it_is_closed(
    service: Service, site: Site, tab: Page, feed: str
) -> None:
    service.file(feed, "Nothing for a line", urgency="urgent")
    tab.add_init_script(COUNT_SHIFTS)
    tab.goto(with_widget(site, "<p>Before</p>" + ticker(service, feed, 'layout="line"') + "<p id=after>After</p>"))
    live(tab)
    frame = tab.locator(".w")
    expect(frame).to_be_hidden()
    place = tab.locator("#after").bounding_box()
    assert inside(tab, "host.offsetHeight") == 0
    bulletin = service.file(feed, "A bulletin", urgency="bulletin")
    expect(frame).to_be_visible()
    assert texts(tab) == ["A bulletin"]
    service.file(feed, "A flash", urgency="flash")
    expect(tab.locator("[part=text]")).to_have_text("A flash")
    assert tab.locator("#after").bounding_box() == place
    kill(service, feed, bulletin, "no")
    tab.get_by_role("button", name="Close").click()
    expect(frame).to_be_hidden()
    service.file(feed, "Another flash", urgency="flash")
    tab.wait_for_timeout(500)
    expect(frame).to_be_hidden()
    assert tab.evaluate("window.shifts.filter(place => place !== 'inside')") == []


def test_a_line_shows_nothing_older_than_30_minutes(service: Service, site: Site, tab: Page, feed: str) -> None:
    service.file(feed, "A flash", urgency="flash")
    tab.clock.install()
    tab.goto(with_widget(site, ticker(service, feed, 'layout="line"')))
    expect(tab.locator(".w")).to_be_visible(timeout=LIVE)
    tab.clock.fast_forward(31 * 60_000)
    expect(tab.locator(".w")).to_be_hidden(timeout=LIVE)


def test_what_the_service_drew_is_taken_over_in_place(service: Service, site: Site, tab: Page, feed: str) -> None:
    receipts = [service.file(feed, f"Dispatch {n}") for n in range(3)]
    gone = service.file(feed, "Killed since it was drawn")
    kill(service, feed, gone, "no")
    snapshot = service.snapshot(feed)["dispatches"]
    items = "".join(
        f"""<li part="dispatch" class="normal" data-id="{id}" data-edition="usable1"
        lang="en" dir="ltr"><p class="meta">
        <a part="link" href="{service.url}/feeds/{feed}/{id}" target="_blank" rel="noopener">
        <time part="time" datetime="{filed}" class="ago">{filed[11:16]} UTC</time></a></p>
        <p class="says"><span part="text">{text}</span></p></li>"""
        for id, filed, text in [
            (gone["id"], gone["filed"], "Killed since it was drawn"),
            *((each["id"], each["filed"], each["text"]) for each in snapshot if "text" in each),
        ]
    )
    root = f"""<template shadowrootmode="open"><style>{STYLE.read_text("utf-8")}</style>
      <div class="w list" lang="en" dir="ltr"><div class="bar"><b part="badge">Not live, as of 18:52 UTC</b>
      <a part="link" href="{service.url}/feeds/{feed}">Latest news</a><button part="pause">Pause</button></div>
      <ol part="list" role="list" tabindex="0" aria-label="Latest news">{items}</ol></div>
      <div role="status"></div><div role="alert"></div></template>"""
    tab.add_init_script(
        COUNT_SHIFTS
        + """
        addEventListener("DOMContentLoaded", () => {
          window.before = [...document.querySelector("breaking-ticker").shadowRoot.querySelectorAll("[data-id]")];
          window.drawn = window.before.map((item) => item.textContent);
        });
        """
    )
    tab.goto(with_widget(site, ticker(service, feed, inner=root) + "<p>After</p>"))
    live(tab)
    expect(tab.locator("[part=tombstone]")).to_contain_text("Reason: no")
    now = inside(tab, "[...root.querySelectorAll('[data-id]')].map((item) => window.before.indexOf(item))")
    assert now == [0, 1, 2, 3]
    assert len(tab.evaluate("window.drawn")) == 4
    assert "Killed since" not in inside(tab, "root.textContent")
    assert inside(tab, "root.querySelectorAll('.w, style').length") == 1
    assert tab.evaluate("window.shifts.filter(place => place !== 'inside')") == []
    service.file(feed, "And it goes on")
    expect(dispatches(tab).first).to_contain_text("And it goes on")
    assert receipts[2]["id"] == dispatches(tab).nth(2).get_attribute("data-id")


def test_a_strict_policy_and_a_hostile_style_leave_it_whole(service: Service, site: Site, tab: Page, feed: str) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    service.file(feed, f"{hostile} text", source=f"{hostile} source", byline=f"{hostile} byline", urgency="flash")
    corrected = service.file(feed, "Right")
    correct(service, feed, corrected, note=f"{hostile} note")
    kill(service, feed, service.file(feed, "Killed"), f"{hostile} reason")
    tab.add_init_script(CATCH_VIOLATIONS)
    policy = STRICT.format(service=service.url, socket=service.url.replace("http", "ws"))
    tab.goto(with_widget(site, ticker(service, feed, inner="<a href=#x>x</a>"), content_security_policy=policy))
    live(tab)
    expect(dispatches(tab)).to_have_count(3)
    assert f"{hostile} text" in texts(tab)
    assert tab.locator("breaking-ticker img").count() == 0
    assert [each for each in tab.evaluate("window.violations") if "img-src" not in each] == []
    assert tab.context.cookies() == []
    assert tab.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    looks = "(({ display, borderTopWidth, blockSize }) => [display, borderTopWidth, blockSize])"
    looks += "(getComputedStyle(root.querySelector('.w')))"
    proper = inside(tab, looks)
    assert proper == ["flex", "1px", "480px"]
    tab.goto(with_widget(site, ticker(service, feed), head="<style>* { all: unset !important }</style>"))
    live(tab)
    assert inside(tab, looks) == proper
    assert inside(tab, "getComputedStyle(host).display") == "block"


@pytest.mark.parametrize("prefix", ["", "/ticker", "/embed/of/ours"])
def test_the_service_is_where_the_script_came_from(site: Site, browser: Browser, prefix: str) -> None:
    context = browser.new_context()
    tab = context.new_page()
    asked: list[str] = []
    tab.on("websocket", lambda socket: asked.append(socket.url))
    tab.goto(with_widget(site, '<breaking-ticker feed="breaking"></breaking-ticker>', prefix=prefix))
    expect(tab.locator(".bar [part=link]")).to_have_attribute("href", f"{site.origin}{prefix}/feeds/breaking")
    until(tab, lambda: asked)  # it connects only once it knows that it is seen
    assert asked[0] == f"{site.origin.replace('http', 'ws')}{prefix}/v1/feeds/breaking/live"
    context.close()


def test_an_old_copy_of_the_script_beside_a_new_one(service: Service, site: Site, tab: Page, feed: str) -> None:
    service.file(feed, "Once")
    define = "customElements.define('breaking-ticker', class extends HTMLElement { old = true })"
    old = f"<script type=module>{define}</script>"
    tab.goto(with_widget(site, ticker(service, feed), head=old))
    tab.wait_for_timeout(300)
    assert tab.evaluate("document.querySelector('breaking-ticker').old")


def test_the_fallback_stays_while_the_service_cannot_be_reached(site: Site, browser: Browser) -> None:
    context = browser.new_context()
    tab = context.new_page()
    dead = '<breaking-ticker src="http://127.0.0.1:9" feed="breaking"><a href="#feed">The feed</a></breaking-ticker>'
    tab.clock.install()
    tab.clock.pause_at(time.time() + 1)  # or its patience might be over before this looks
    tab.goto(with_widget(site, dead))
    badge = tab.locator("[part=badge]")
    expect(badge).to_have_text("CONNECTING")
    tab.clock.resume()
    expect(badge).to_contain_text("DELAYED", timeout=LIVE)
    expect(tab.locator("breaking-ticker > a")).to_be_visible()
    expect(tab.locator("[part=list]")).to_be_hidden()
    context.close()


@pytest.mark.parametrize("layout", ["list", "strip", "line"])
@pytest.mark.parametrize(("theme", "language"), [("light", "en"), ("dark", "ar"), ("dark", "en"), ("light", "es")])
def test_axe_finds_nothing_and_nothing_overflows(
    service: Service, site: Site, browser: Browser, feed: str, layout: str, theme: str, language: str
) -> None:
    newsroom(service, feed)
    context = browser.new_context(viewport={"width": 320, "height": 640})
    tab = context.new_page()
    direction = "rtl" if language == "ar" else "ltr"
    widget = ticker(service, feed, f'layout="{layout}" theme="{theme}"')
    body = f"<main><h1>A page</h1>{widget}</main>"
    tab.goto(with_widget(site, body, html=f'lang="{language}" dir="{direction}"'))
    live(tab)
    expect(dispatches(tab)).to_have_count(1 if layout == "line" else 6)
    if layout == "strip":
        tab.locator(".step").nth(1).click()  # the one of 1,000 letters without a space
    assert tab.evaluate("document.documentElement.scrollWidth") <= 320
    assert inside(tab, "((list) => list.scrollWidth - list.clientWidth)(root.querySelector('[part=list]'))") <= 0
    small = """[...root.querySelectorAll("button, a")].filter(each => each.checkVisibility())
      .map(each => [each.textContent, each.getBoundingClientRect().width, each.getBoundingClientRect().height])
      .filter(([, width, height]) => width < 24 || height < 24)"""
    assert inside(tab, small) == []
    tab.add_script_tag(path=str(AXE))
    found = tab.evaluate("axe.run().then(result => result.violations.map(each => each.id + ': ' + each.nodes[0].html))")
    assert found == []
    context.close()
