"""The page of one story: its dispatches, newest first, with and without JavaScript."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.test_reader_page_looks import AXE, NOT_LIVE, Scheme
from tests.service import Service

STORY = "marada-bridge"


class Newsroom:
    """A feed of the test's own, in which dispatches are filed into a story or not."""

    def __init__(self, service: Service, language: str = "en") -> None:
        self.service = service
        self.feed = service.open_feed(language)
        self.url = f"{service.url}/feeds/{self.feed}/stories/{STORY}"

    def file(self, text: str, **fields: Any) -> str:
        id: str = self.service.file(self.feed, text, **{"story": STORY, **fields})["id"]
        return id

    def correct(self, id: str, **changes: Any) -> None:
        address = f"/v1/feeds/{self.feed}/dispatches/{id}"
        assert self.service.http.patch(address, json=changes, headers={"if-match": "*"}).status_code == 200

    def kill(self, id: str, reason: str) -> None:
        address = f"/v1/feeds/{self.feed}/dispatches/{id}/kill"
        assert self.service.http.post(address, json={"reason": reason}).status_code == 200


@pytest.fixture
def newsroom(service: Service) -> Newsroom:
    return Newsroom(service)


def shown(tab: Page) -> list[str]:
    """What each dispatch says, in order; of a tombstone, all but the hour."""
    return [re.sub(r"\d\d:\d\d( UTC)?", "…", text) for text in tab.locator(".dispatch .text").all_inner_texts()]


def open_live(tab: Page, url: str) -> None:
    tab.goto(url)
    expect(tab.locator("#badge")).to_have_attribute("data-state", "live", timeout=20_000)


def test_an_open_story_goes_on_as_the_story_does(newsroom: Newsroom, tab: Page) -> None:
    first = newsroom.file("Barge strikes the bridge", source="Harbour police")
    second = newsroom.file("UNSAID")
    other = newsroom.file("Parliament meets", story="budget")
    open_live(tab, newsroom.url)
    expect(tab.locator(".slug")).to_have_text("Marada bridge")
    assert shown(tab) == ["UNSAID", "Harbour police: Barge strikes the bridge"]
    expect(tab).to_have_title(f"Marada bridge: UNSAID · {newsroom.feed}")

    newsroom.file("Elsewhere", story="budget")
    newsroom.file("Bridge closed")
    expect(tab.locator(".dispatch")).to_have_count(3)
    expect(tab.locator(".dispatch .text").first).to_have_text("Bridge closed")
    expect(tab).to_have_title(f"Marada bridge: Bridge closed · {newsroom.feed}")

    newsroom.correct(first, text="Barge strikes the pier", note="The pier alone")
    expect(tab.locator(".dispatch").last).to_contain_text("The pier alone")
    assert shown(tab)[-1] == "Harbour police: Barge strikes the pier"

    newsroom.kill(second, "It was not so")
    expect(tab.locator(".tombstone")).to_contain_text("It was not so")
    assert "UNSAID" not in tab.evaluate("document.body.innerText")

    newsroom.correct(other, story=STORY, text="Parliament speaks of the bridge")
    expect(tab.locator(".dispatch")).to_have_count(4)
    assert shown(tab)[:2] == ["Bridge closed", "Parliament speaks of the bridge"], "where it was filed"
    newsroom.correct(other, story="budget")
    expect(tab.locator(".dispatch")).to_have_count(3)


def test_a_paused_story_stands_still_save_for_a_kill(newsroom: Newsroom, tab: Page) -> None:
    first = newsroom.file("UNSAID")
    open_live(tab, newsroom.url)
    tab.locator("#pause").click()
    newsroom.file("Later")
    newsroom.kill(first, "It was not so")
    expect(tab.locator(".tombstone")).to_be_visible()
    assert tab.locator(".dispatch").count() == 1
    tab.locator("#pause").click()
    expect(tab.locator(".dispatch .text").first).to_have_text("Later")


AWAY = """
    // A connection to the feed that the test takes away, and gives back from a place that no server ever wrote, so that
    // the page is answered with a reset.
    const Real = WebSocket;
    globalThis.WebSocket = class extends Real {
      constructor(url) {
        if (globalThis.way === "none") throw new Error("no way");
        super(globalThis.way === "lost" ? url.replace(/after=.*/, "after=7-000000000000") : url);
        globalThis.cut = () => this.close();
      }
    };
"""


def test_after_a_reset_the_story_is_asked_for_until_it_comes(newsroom: Newsroom, tab: Page) -> None:
    killed = newsroom.file("UNSAID")
    moved = newsroom.file("Moved away")
    asked: list[str] = []

    def refuse_once(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            route.abort()
        else:
            route.continue_()

    tab.route("**/dispatches?story=*", refuse_once)
    tab.add_init_script(AWAY)
    open_live(tab, newsroom.url)
    tab.evaluate("way = 'none'; cut()")
    newsroom.kill(killed, "It was not so")
    newsroom.correct(moved, story="budget")
    for number in range(20):  # so that the snapshot has nothing of the two any more
        newsroom.file(f"Elsewhere {number}", story="budget")
    newsroom.file("Bridge closed")
    tab.evaluate("way = 'lost'; dispatchEvent(new Event('online'))")
    expect(tab.locator(".tombstone")).to_contain_text("It was not so", timeout=20_000)
    assert shown(tab) == ["Bridge closed", "Withdrawn at …. Reason: It was not so"]
    assert len(asked) == 2


def test_without_javascript_the_story_is_whole(browser: Browser, newsroom: Newsroom) -> None:
    newsroom.file("Barge strikes the bridge")
    killed = newsroom.file("UNSAID")
    newsroom.file("Bridge closed")
    newsroom.kill(killed, "It was not so")
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{newsroom.service.url}/feeds/{newsroom.feed}")
    tab.get_by_role("link", name="This story").first.click()
    tab.wait_for_url(newsroom.url)
    assert shown(tab) == ["Bridge closed", "Withdrawn at …. Reason: It was not so", "Barge strikes the bridge"]
    assert "UNSAID" not in tab.content()
    expect(tab.locator("#badge")).to_have_text(NOT_LIVE)
    expect(tab.get_by_role("link", name="This story")).to_have_count(0)
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 1280])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_nothing_overflows_and_axe_finds_nothing(
    browser: Browser, service: Service, language: str, width: int, scheme: Scheme
) -> None:
    newsroom = Newsroom(service, language)
    newsroom.file("Fire at fuel depot on Pier 7 — المرفأ مغلق", source="Civil Defence spokesman", urgency="flash")
    newsroom.kill(newsroom.file("UNSAID"), "It was not so")
    newsroom.correct(
        newsroom.file("Forty", link="https://news.example/a", places=["MENA"]), text="Sixty", note="The number"
    )
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    tab = context.new_page()
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    open_live(tab, newsroom.url)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.evaluate(AXE.read_text("utf-8"))
    found = tab.evaluate("axe.run().then(result => result.violations.map(each => each.id + ': ' + each.help))")
    assert found == []
    assert complaints == []
    context.close()


def test_a_kill_of_what_left_the_story_is_taken_out_of_what_was_said(tab: Page, newsroom: Newsroom) -> None:
    newsroom.file("First")
    open_live(tab, newsroom.url)
    id = newsroom.file("UNSAID", urgency="flash")
    expect(tab.locator("#alarm")).to_contain_text("UNSAID")
    newsroom.correct(id, story="another-story")
    expect(tab.locator(".dispatch")).to_have_count(1)
    newsroom.kill(id, "It was not so")
    expect(tab.locator("#alarm")).not_to_contain_text("UNSAID")
    assert "UNSAID" not in tab.content()
