"""What a reader sees of a widget in somebody else's page, in a real browser in front of the real service."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.browser.embedding import COUNT_SHIFTS, correct, dispatches, inside, kill, on_air, texts, ticker, with_widget
from tests.browser.site import Site
from tests.browser.waiting import until, until_drawn
from tests.service import Service

LIVE = 20_000
"""Milliseconds until a page that has a path to the service must say so."""

EVENTS = """
window.events = [];
for (const name of ["dispatch", "kill", "state", "shown"]) {
  document.addEventListener(`ticker-${name}`, ({ type, detail, composed }) => {
    window.events.push({ type, detail, composed });
  });
}
"""


@pytest.fixture
def feed(service: Service) -> str:
    return on_air(service)


def live(tab: Page) -> None:
    expect(tab.locator("breaking-ticker [part=badge]").first).to_have_text("LIVE", timeout=LIVE)


def scroll(tab: Page, top: int) -> None:
    tab.locator("[part=list]").evaluate("(list, top) => { list.scrollTop = top; }", top)


def test_it_shows_the_feed_and_tells_the_page(service: Service, site: Site, tab: Page, feed: str) -> None:
    first = service.file(feed, "Filed before", source="Harbour police", urgency="flash", link="https://news.example/a")
    tab.add_init_script(EVENTS)
    tab.goto(with_widget(site, ticker(service, feed, inner='<a href="#feed">The feed</a>')))
    live(tab)
    assert tab.evaluate("document.querySelector('breaking-ticker').state") == "live"
    assert tab.evaluate("document.querySelector('breaking-ticker').matches(':state(live)')")
    expect(tab.locator("breaking-ticker > a")).to_be_hidden()
    item = dispatches(tab).first
    assert item.get_attribute("data-id") == first["id"]
    assert item.locator("[part=source]").inner_text() == "Harbour police: "
    assert item.locator("[part=urgency]").inner_text() == "FLASH"
    links = item.locator("[part=link]").evaluate_all("links => links.map(a => [a.href, a.target, a.rel])")
    assert links == [
        [f"{service.url}/feeds/{feed}/{first['id']}", "_blank", "noopener"],
        ["https://news.example/a", "_blank", "noopener"],
    ]
    second = service.file(feed, "Filed while it is open")
    expect(dispatches(tab)).to_have_count(2)
    assert texts(tab) == ["Filed while it is open", "Filed before"]
    kill(service, feed, second, "it was not so")
    expect(tab.locator("[part=tombstone]")).to_contain_text("Reason: it was not so")
    found = tab.evaluate("window.events")
    assert {event["composed"] for event in found} == {True}
    assert [event["detail"]["id"] for event in found if event["type"] == "ticker-kill"] == [second["id"]]
    filed = [event["detail"] for event in found if event["type"] == "ticker-dispatch"]
    assert [(each["dispatch"]["text"], each["correction"]) for each in filed] == [("Filed while it is open", False)]
    shown = [[each["text"] for each in e["detail"]["dispatches"]] for e in found if e["type"] == "ticker-shown"]
    assert shown == [["Filed before"], ["Filed while it is open"]]
    assert "live" in [event["detail"]["state"] for event in found if event["type"] == "ticker-state"]
    frozen = "document.querySelector('breaking-ticker').dispatches"
    assert tab.evaluate(f"[{frozen}, {frozen}[0]].map(Object.isFrozen)") == [True, True]
    assert tab.evaluate(f"{frozen}.map(each => each.id)") == [second["id"], first["id"]]


def test_what_a_reader_touched_does_not_move(service: Service, site: Site, tab: Page, feed: str) -> None:
    receipts = [service.file(feed, f"Dispatch {n}, long enough to take two rows of a phone") for n in range(10)]
    tab.add_init_script(COUNT_SHIFTS)
    tab.goto(with_widget(site, "<p>Before</p>" + ticker(service, feed) + "<p>After</p>"))
    live(tab)
    tab.evaluate("window.shifts.length = 0")
    scroll(tab, 200)
    seen = dispatches(tab).nth(4)
    until_drawn(tab)
    place = seen.bounding_box()
    service.file(feed, "It waits")
    fresh = tab.locator("[part=new]")
    expect(fresh).to_have_text("1 new")
    assert "It waits" not in texts(tab)
    # A correction and a kill of what is shown never wait, and keep the reader's place.
    correct(service, feed, receipts[9], text="Corrected, and now so long that it takes several rows of a phone " * 3)
    kill(service, feed, receipts[8], "no")
    expect(tab.locator("[part=correction]")).to_have_count(1)
    expect(tab.locator("[part=tombstone]")).to_have_count(1)
    until_drawn(tab)
    after = seen.bounding_box()
    # The browser anchors a scrolled list to whole pixels.
    assert place is not None and after is not None and abs(after["y"] - place["y"]) < 1
    fresh.click()
    expect(dispatches(tab).first).to_contain_text("It waits")
    expect(fresh).to_be_hidden()
    assert tab.locator("[part=list]").evaluate("list => list.scrollTop") == 0
    # Back at the top, with the focus on a button, the next one shows at once.
    service.file(feed, "At once")
    expect(dispatches(tab).first).to_contain_text("At once")
    assert "P" not in tab.evaluate("window.shifts")


@pytest.mark.parametrize(
    "touch",
    [
        "root.querySelector('[data-id] a').focus({ preventScroll: true })",
        "root.getSelection().selectAllChildren(root.querySelector('[part=text]'))",
    ],
)
def test_a_reader_who_has_focus_or_selection_in_it_is_not_disturbed(
    service: Service, site: Site, tab: Page, feed: str, touch: str
) -> None:
    service.file(feed, "First")
    tab.goto(with_widget(site, ticker(service, feed)))
    live(tab)
    inside(tab, touch)
    service.file(feed, "Second")
    expect(tab.locator("[part=new]")).to_have_text("1 new")
    assert texts(tab) == ["First"]
    inside(tab, "[root.activeElement?.blur(), getSelection().removeAllRanges()]")
    expect(dispatches(tab)).to_have_count(2)


def test_a_pause_stops_all_but_kills(service: Service, site: Site, tab: Page, feed: str) -> None:
    wrong = service.file(feed, "Wrong")
    tab.goto(with_widget(site, ticker(service, feed)))
    live(tab)
    pause = tab.locator("[part=pause]")
    pause.click()
    expect(tab.locator("[part=badge]")).to_have_text("PAUSED")
    expect(pause).to_have_text("Resume")
    status = tab.locator("[role=status]")
    expect(status).to_have_text("PAUSED")
    service.file(feed, "New", urgency="flash")
    correct(service, feed, wrong, text="Still wrong")
    expect(tab.locator("[part=new]")).to_have_text("1 new")
    assert texts(tab) == ["Wrong"]
    service.http.post(f"/v1/feeds/{feed}/dispatches/{wrong['id']}/kill", json={"reason": "made up"})
    expect(tab.locator("[part=tombstone]")).to_contain_text("made up")
    tab.wait_for_timeout(1_000)
    assert status.inner_text() in ("PAUSED", "")
    assert tab.locator("[role=alert]").inner_text() == ""
    assert tab.evaluate("document.querySelector('breaking-ticker').paused")
    tab.evaluate("document.querySelector('breaking-ticker').resume()")
    expect(dispatches(tab)).to_have_count(2)
    expect(tab.locator("[part=badge]")).to_have_text("LIVE")
    expect(status).to_have_text("LIVE")


def test_what_is_said_aloud(service: Service, site: Site, tab: Page, feed: str) -> None:
    service.file(feed, "There at load")
    tab.goto(with_widget(site, ticker(service, feed)))
    live(tab)
    status, alert = tab.locator("[role=status]"), tab.locator("[role=alert]")
    assert [status.inner_text(), alert.inner_text()] == ["", ""]
    normal = service.file(feed, "New", source="City hall")
    expect(status).to_have_text("City hall: New")
    service.file(feed, "خبر", language="ar", urgency="urgent")
    expect(status).to_have_text("URGENT: خبر")
    assert status.locator("p").evaluate("p => [p.lang, p.dir]") == ["ar", "rtl"]
    correct(service, feed, normal, text="Corrected words")
    expect(status).to_contain_text("Corrected words")
    expect(status).to_contain_text("Corrected ")
    flash = service.file(feed, "Big", urgency="flash")
    expect(alert).to_have_text("FLASH: Big")
    kill(service, feed, flash, "it was small")
    expect(alert).to_contain_text("Withdrawn at ")
    expect(alert).to_contain_text("Reason: it was small")
    assert "Big" not in inside(tab, "root.textContent")


def test_of_many_at_once_only_the_newest_are_said(service: Service, site: Site, tab: Page, feed: str) -> None:
    tab.clock.install()
    tab.goto(with_widget(site, ticker(service, feed)))
    expect(tab.locator("breaking-ticker")).to_have_js_property("state", "live", timeout=LIVE)
    tab.clock.pause_at(tab.evaluate("Date.now()") / 1000 + 1)  # however long it takes to file them, they come at once
    for n in range(5):
        service.file(feed, f"Dispatch {n}")
    expect(dispatches(tab)).to_have_count(5)
    tab.clock.run_for(1_000)
    said = tab.locator("[role=status] p")
    expect(said).to_have_count(3)
    assert said.all_inner_texts() == ["Dispatch 2", "Dispatch 3", "Dispatch 4"]


def test_hold_shows_nothing_that_is_mended_meanwhile(service: Service, site: Site, tab: Page, feed: str) -> None:
    tab.add_init_script(
        """
        window.seen = new Set();
        setInterval(() => {
          const root = document.querySelector("breaking-ticker")?.shadowRoot;
          const all = root?.querySelectorAll("[part=text], [part=tombstone]") ?? [];
          for (const text of all) window.seen.add(text.textContent);
        }, 20);
        """
    )
    tab.goto(with_widget(site, ticker(service, feed, 'hold="15"')))
    expect(tab.locator("breaking-ticker")).to_have_js_property("state", "live", timeout=LIVE)
    killed = service.file(feed, "Killed in time")
    corrected = service.file(feed, "Wrong words")
    kill(service, feed, killed, "no")
    correct(service, feed, corrected, text="Right words")
    service.file(feed, "Fine")
    tab.wait_for_timeout(2_000)
    assert texts(tab) == []
    expect(dispatches(tab)).to_have_count(2)
    assert texts(tab) == ["Fine", "Right words"]
    until(tab, lambda: tab.evaluate("window.seen.size") >= 2)
    assert set(tab.evaluate("[...window.seen]")) == {"Fine", "Right words"}


def test_a_filter_fills_up_from_history_with_one_request(service: Service, site: Site, tab: Page, feed: str) -> None:
    for n in range(4):
        service.file(feed, f"Sport {n}", sections=["Sport"])
    for n in range(22):
        service.file(feed, f"Other {n}")
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(with_widget(site, ticker(service, feed, 'sections="Sport" limit="3"')))
    expect(dispatches(tab)).to_have_count(3)
    assert texts(tab) == ["Sport 3", "Sport 2", "Sport 1"]
    history = [url for url in asked if "/dispatches?" in url]
    assert history == [f"{service.url}/v1/feeds/{feed}/dispatches?limit=3&section=Sport"]
    newest = service.file(feed, "Sport 4", sections=["Sport", "Local"])
    service.file(feed, "Other 22")
    expect(dispatches(tab).first).to_contain_text("Sport 4")
    kill(service, feed, newest, "wrong")
    expect(tab.locator("[part=tombstone]")).to_have_count(1)
    assert len([url for url in asked if "/dispatches?" in url]) == 1


def test_history_is_asked_with_all_the_filters(service: Service, site: Site, tab: Page, feed: str) -> None:
    service.file(feed, "Both", sections=["World"], places=["MENA"], urgency="urgent")
    service.file(feed, "Not here", sections=["World"], places=["Elsewhere"], urgency="urgent")
    service.file(feed, "Not so urgent", sections=["Sport"], places=["MENA"])
    service.file(feed, "Sport", sections=["Sport"], places=["MENA"], urgency="flash")
    for n in range(20):
        service.file(feed, f"Other {n}")
    tab.goto(with_widget(site, ticker(service, feed, 'sections="World, Sport" places="MENA" min-urgency="urgent"')))
    expect(dispatches(tab)).to_have_count(2)
    assert texts(tab) == ["Sport", "Both"]


def test_one_connection_for_all_widgets_of_a_feed_and_none_when_they_are_gone(
    service: Service, site: Site, tab: Page, feed: str
) -> None:
    other = on_air(service)
    service.file(feed, "One")
    sockets: list[WebSocket] = []
    tab.on("websocket", lambda socket: sockets.append(socket))  # noqa: PLW0108  # Playwright marks what it is given
    two = ticker(service, feed) + ticker(service, feed, 'layout="strip"')
    tab.goto(with_widget(site, f'<div id="a">{two}</div><div id="b"></div>'))
    live(tab)
    assert len(sockets) == 1
    # Moved, it goes on.
    tab.evaluate("b.append(document.querySelector('breaking-ticker'))")
    tab.wait_for_timeout(300)
    assert len(sockets) == 1
    # One gone, the other goes on.
    tab.evaluate("document.querySelector('#a breaking-ticker').remove()")
    service.file(feed, "Two")
    expect(dispatches(tab)).to_have_count(2)
    assert len(sockets) == 1
    # Another feed is another connection.
    service.file(other, "Of another feed")
    tab.evaluate("feed => document.querySelector('breaking-ticker').setAttribute('feed', feed)", other)
    expect(dispatches(tab)).to_have_count(1)
    assert texts(tab) == ["Of another feed"]
    assert len(sockets) == 2
    until(tab, sockets[0].is_closed)
    tab.evaluate("document.querySelector('breaking-ticker').remove()")
    until(tab, sockets[1].is_closed)


def test_made_by_script_and_changed_while_it_runs(service: Service, site: Site, tab: Page, feed: str) -> None:
    for n in range(4):
        service.file(feed, f"Dispatch {n}", urgency="urgent" if n % 2 else "normal")
    tab.goto(with_widget(site, "<main></main>"))
    tab.evaluate(
        """([src, feed]) => {
          const widget = document.createElement("breaking-ticker");
          widget.setAttribute("src", src + "/");
          widget.setAttribute("feed", feed);
          document.querySelector("main").append(widget);
        }""",
        [service.url, feed],
    )
    expect(dispatches(tab)).to_have_count(4)
    change = "([name, value]) => document.querySelector('breaking-ticker').setAttribute(name, value)"
    tab.evaluate(change, ["limit", "2"])
    expect(dispatches(tab)).to_have_count(2)
    tab.evaluate(change, ["min-urgency", "urgent"])
    assert texts(tab) == ["Dispatch 3", "Dispatch 1"]
    tab.evaluate(change, ["lang", "ar"])
    expect(tab.locator("[part=pause]")).to_have_text("إيقاف مؤقت")
    expect(tab.locator("[part=urgency]").first).to_have_text("عاجل")
    assert tab.locator(".w").evaluate("w => getComputedStyle(w).direction") == "rtl"
    assert dispatches(tab).first.evaluate("item => [item.lang, item.dir]") == ["en", "ltr"]


def test_a_pinned_dispatch_stands_first(service: Service, site: Site, tab: Page, feed: str) -> None:
    old = service.file(feed, "How to reach the hospitals")
    service.file(feed, "News")
    tab.goto(with_widget(site, ticker(service, feed)))
    expect(dispatches(tab)).to_have_count(2)
    service.http.put(f"/v1/feeds/{feed}/pin", json={"id": old["id"]})
    expect(dispatches(tab).first).to_contain_text("How to reach the hospitals")
    service.file(feed, "More news")
    expect(dispatches(tab)).to_have_count(3)
    assert texts(tab) == ["How to reach the hospitals", "More news", "News"]
