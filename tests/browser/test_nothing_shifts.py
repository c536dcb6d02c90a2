"""What a reader looks at does not jump: arrivals shift no layout, and nothing moves that the reader has touched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.waiting import until
from tests.service import Service

WATCH = """
  window.shifts = [];
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) {
      const nodes = entry.sources.map(({node}) => node?.className ?? node?.nodeName);
      window.shifts.push([entry.value, entry.hadRecentInput, nodes.join()]);
    }
  }).observe({type: "layout-shift", buffered: true});
"""
"""The Layout Instability API: each shift, and what shifted."""

ARRIVALS = 30
URGENCIES = ("normal", "flash", "bulletin", "urgent", "normal")


@pytest.fixture
def feed(service: Service) -> str:
    name = service.open_feed()
    for number in range(20):
        service.file(name, f"Before {number}", urgency=URGENCIES[number % 5], source="Harbour police")
    return name


@pytest.fixture(
    params=[(390, "no-preference"), (1280, "no-preference"), (390, "reduce")], ids=["390", "1280", "reduced"]
)
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    width, motion = request.param
    context = browser.new_context(viewport={"width": width, "height": 844}, reduced_motion=motion)
    tab = context.new_page()
    tab.add_init_script(WATCH)
    yield tab
    context.close()


def open_live(tab: Page, url: str) -> None:
    tab.goto(url)
    expect(tab.locator("#badge")).to_have_attribute("data-state", "live", timeout=20_000)


def settle(tab: Page) -> list[Any]:
    """What shifted up to now, once every motion is over and two frames are drawn."""
    shifts: list[Any] = tab.evaluate("""async () => {
      const moving = document.getAnimations().filter(({effect}) => effect.getTiming().iterations !== Infinity);
      await Promise.allSettled(moving.map(({finished}) => finished));
      while (document.querySelector("[style*=transform]")) await new Promise(requestAnimationFrame);
      await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50))));
      return shifts;
    }""")
    return shifts


def change(service: Service, feed: str, number: int, id: str) -> None:
    """Correct, kill or pin now and then, as a newsroom does."""
    address = f"/v1/feeds/{feed}/dispatches/{id}"
    if number % 10 == 3:
        changes = {"text": "A longer text than before " * 8, "note": "The number was wrong"}
        service.http.patch(address, json=changes, headers={"if-match": "*"}).raise_for_status()
    elif number % 10 == 5:
        service.http.post(f"{address}/kill", json={"reason": "It was not so"}).raise_for_status()
    elif number % 10 == 8:
        service.http.put(f"/v1/feeds/{feed}/pin", json={"id": id}).raise_for_status()


def test_at_the_top_arrivals_show_at_once_and_shift_nothing(service: Service, feed: str, page: Page) -> None:
    open_live(page, f"{service.url}/feeds/{feed}")
    shown = page.locator(".dispatch .words")
    for number in range(ARRIVALS):
        text = f"Arrival {number} " + "says more than others " * (number % 7)
        id = service.file(feed, text.strip(), urgency=URGENCIES[number % 5])["id"]
        expect(page.locator(f"[data-id='{id}']")).to_have_count(1)
        change(service, feed, number, id)
    expect(shown.filter(has_text=f"Arrival {ARRIVALS - 1}")).to_be_in_viewport()
    assert settle(page) == []


def test_a_story_page_shifts_nothing_either(service: Service, page: Page) -> None:
    feed = service.open_feed()
    service.file(feed, "First", story="s")
    open_live(page, f"{service.url}/feeds/{feed}/stories/s")
    for number in range(5):
        id = service.file(feed, f"Arrival {number}", story="s", urgency=URGENCIES[number])["id"]
        expect(page.locator(f"[data-id='{id}']")).to_have_count(1)
    assert settle(page) == []


def test_the_observer_would_see_a_shift(service: Service, feed: str, page: Page) -> None:
    open_live(page, f"{service.url}/feeds/{feed}")
    page.evaluate("document.querySelector('#dispatches').style.marginTop = '120px'")
    until(page, lambda: page.evaluate("shifts.length > 0"))  # an entry is handed over some time after its frame
    assert [source for *_, source in settle(page)] != []


@pytest.mark.parametrize("hand", ["focus", "selection", "press", "scroll"])
def test_what_a_reader_touched_stays_and_arrivals_wait_until_they_let_go(
    service: Service, feed: str, tab: Page, hand: str
) -> None:
    tab.add_init_script(WATCH)
    open_live(tab, f"{service.url}/feeds/{feed}")
    touched = tab.locator(".dispatch").nth(2)
    if hand == "focus":
        touched.locator(".permalink").focus()
    elif hand == "selection":
        touched.locator(".words").evaluate("element => getSelection().selectAllChildren(element)")
    elif hand == "press":
        touched.hover()
        tab.mouse.down()
    else:
        tab.evaluate("scrollTo(0, 120)")
    tab.evaluate("shifts.length = 0")
    box = touched.bounding_box()
    for number in range(3):
        service.file(feed, f"Waiting {number}")
    expect(tab.locator("#fresh")).to_have_text("3 new")
    assert touched.bounding_box() == box
    assert settle(tab) == []
    if hand == "focus":
        tab.evaluate("document.activeElement.blur()")
    elif hand == "selection":
        tab.evaluate("getSelection().removeAllRanges()")
    elif hand == "press":
        tab.mouse.up()
    else:
        tab.evaluate("scrollTo(0, 0)")
    expect(tab.locator(".dispatch .words").first).to_have_text("Waiting 2")
    expect(tab.locator("#fresh")).to_be_hidden()


def test_more_than_the_page_holds_is_said_and_a_paused_page_counts_too(service: Service, feed: str, tab: Page) -> None:
    open_live(tab, f"{service.url}/feeds/{feed}")
    tab.locator("#pause").click()
    expect(tab.locator("#badge")).to_have_text("PAUSED")
    service.file(feed, "Late")
    fresh = tab.locator("#fresh")
    expect(fresh).to_have_text("1 new")
    for number in range(100):
        service.file(feed, f"Later {number}")
    expect(fresh).to_have_text("100+ new")
    assert tab.locator(".dispatch").count() == 20
    fresh.click()
    expect(tab.locator(".dispatch .words").first).to_have_text("Later 99")
    expect(tab.locator("#badge")).to_have_text("LIVE")
    expect(fresh).to_be_hidden()


@pytest.mark.parametrize("language", ["en", "ar", "es"])
@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("path", ["", "/stories/s"])
def test_the_script_takes_over_without_a_shift(
    service: Service, browser: Browser, language: str, width: int, path: str
) -> None:
    feed = service.open_feed(language)
    for number in range(4):
        service.file(feed, f"Before {number}", story="s")
    context = browser.new_context(viewport={"width": width, "height": 844})
    tab = context.new_page()
    tab.add_init_script(WATCH)
    open_live(tab, f"{service.url}/feeds/{feed}{path}")
    assert settle(tab) == []
    context.close()


WORDS = orjson.loads(Path("clients/reader/words.json").read_bytes())

SAY = """([words, watching]) => {
  const write = (id, text) => {
    const element = document.createElement("span");
    element.textContent = text;
    document.getElementById(id).replaceChildren(...(text ? [element] : []));
    return element;
  };
  const badge = document.getElementById("badge");
  const found = [];
  for (const count of ["", watching]) {
    for (const [state, text] of Object.entries(words)) {
      badge.dataset.state = state;
      const text_of = write("badge-word", text).firstChild;
      if (document.getElementById("watching")) write("watching", count);
      const whole = [...text.matchAll(/\\S+/g)].every(({0: word, index}) => {
        const range = document.createRange();
        range.setStart(text_of, index);
        range.setEnd(text_of, index + word.length);
        return new Set([...range.getClientRects()].map(({top}) => top)).size === 1;
      });
      found.push([document.getElementById("bar").getBoundingClientRect().height, whole]);
    }
  }
  return found;
}"""
"""Write each state into the bar as the script does, alone and beside how many watch: how high it is, and whether each
word is on one row."""


@pytest.mark.parametrize("language", ["en", "ar", "es"])
@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("path", ["", "/stories/s"])
def test_whatever_the_bar_says_it_keeps_its_height_and_its_words_whole(
    service: Service, browser: Browser, language: str, width: int, path: str
) -> None:
    feed, words = service.open_feed(language), WORDS[language]
    service.file(feed, "First", story="s")
    context = browser.new_context(viewport={"width": width, "height": 844})
    tab = context.new_page()
    open_live(tab, f"{service.url}/feeds/{feed}{path}")
    age = words["minutes"].replace("{n}", "59")
    said = {name.replace("_", "-"): words[name] for name in ("connecting", "catching_up", "off_air", "paused", "live")}
    said |= {"delayed": words["delayed"].replace("{age}", age), "reload": words["reload"]}
    heights, whole = zip(*tab.evaluate(SAY, [said, words["watching"].replace("{n}", "10,342")]), strict=True)
    assert len(set(heights)) == 1
    assert all(whole)
    context.close()
