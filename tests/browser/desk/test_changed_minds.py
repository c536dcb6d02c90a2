"""What an author changes after filing: no words are lost, and none go out that were taken away."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import BrowserContext, Locator, expect

from tests.browser.desk.desk import PATIENCE, Desk
from tests.browser.desk.lost_responses import texts, without_answers
from tests.service import Service

STORE_SLOWLY = """() => {
  const { set } = Object.getOwnPropertyDescriptor(IDBTransaction.prototype, "oncomplete");
  globalThis.stored = [];
  globalThis.storeNow = () => globalThis.stored.splice(0).forEach((act) => act());
  Object.defineProperty(IDBTransaction.prototype, "oncomplete", {
    set(act) { set.call(this, (event) => globalThis.stored.push(() => act(event))); },
  });
}"""
"""Lets the browser's database say that it has stored something only when `storeNow` is called."""

STORE_AT_ONCE = """() => {
  setInterval(() => globalThis.storeNow(), 10);
}"""

STORE_NOTHING = """() => {
  IDBObjectStore.prototype.put = () => { throw new DOMException("The storage is full", "QuotaExceededError"); };
  globalThis.reportError = () => {};
}"""

AHEAD = """{
  const Real = Date;
  const ahead = 3 * 3_600_000;
  globalThis.Date = class extends Real {
    constructor(...given) { if (given.length) super(...given); else super(Real.now() + ahead); }
    static now() { return Real.now() + ahead; }
  };
}"""
"""A phone whose clock is three hours ahead."""


def dispatches(service: Service, feed: str) -> list[dict[str, Any]]:
    """The dispatches of a feed, newest first."""
    found: list[dict[str, Any]] = service.http.get(f"/v1/feeds/{feed}/dispatches").json()["dispatches"]
    return found


def old(desk: Desk) -> Locator:
    return desk.tab.locator("[data-outbox][data-asks]")


def file_yesterday(service: Service, desk: Desk) -> None:
    """File what arrives unanswered, and let more than a day pass."""
    desk.file("Words of yesterday")
    service.until(lambda: texts(service, desk.feed) == ["Words of yesterday"])
    desk.age(hours=25)
    expect(old(desk)).to_have_count(1, timeout=PATIENCE)


def test_what_was_edited_after_an_unknown_outcome_is_shown_and_takes_away_what_it_lacks(
    service: Service, phone: BrowserContext, feed: str
) -> None:
    with without_answers(service, phone, feed) as (desk, cut):
        source = desk.tab.locator("input[name=source]")
        source.fill("Ministry")
        desk.file("The bridge is closed")
        service.until(lambda: texts(service, feed) == ["The bridge is closed"])
        desk.outbox.first.locator("button[name=edit]").click()
        source.fill("")
        desk.file("The bridge is open")
        expect(desk.outbox.first).to_contain_text("The bridge is open")
        desk.outbox.first.locator("button[name=edit]").click()
        expect(desk.text).to_have_value("The bridge is open")
        expect(source).to_have_value("")
        desk.tab.locator("button[name=stop-editing]").click()
        expect(desk.outbox.first.locator("button[name=take-back]")).to_be_visible()
        cut.left = 0
        service.until(lambda: texts(service, feed) == ["The bridge is open"])
        assert "source" not in dispatches(service, feed)[0]


def test_what_was_edited_after_a_day_is_what_is_sent_again(service: Service, phone: BrowserContext, feed: str) -> None:
    with without_answers(service, phone, feed) as (desk, cut):
        file_yesterday(service, desk)
        cut.left = 0
        old(desk).locator("button[name=edit]").click()
        desk.file("Words of today")
        expect(old(desk)).to_contain_text("Words of today")
        old(desk).locator("button[name=again]").click()
        service.until(lambda: texts(service, feed) == ["Words of yesterday", "Words of today"])


def test_an_old_one_is_removed_and_not_promised_a_kill(service: Service, phone: BrowserContext, feed: str) -> None:
    with without_answers(service, phone, feed) as (desk, _):
        file_yesterday(service, desk)
        old(desk).locator("button[name=take-back]").click()
        expect(desk.outbox).to_have_count(0)


def test_on_a_phone_with_a_wrong_clock_what_arrived_is_found_and_nothing_happens_in_the_future(
    service: Service, phone: BrowserContext, feed: str
) -> None:
    phone.add_init_script(AHEAD)
    with without_answers(service, phone, feed) as (desk, _):
        desk.tab.locator("button[name=more]").click()
        desk.tab.locator("input[name=occurred]").check()
        desk.file("The bridge is closed")
        service.until(lambda: texts(service, feed) == ["The bridge is closed"])
        [filed] = dispatches(service, feed)
        assert filed["occurred"] <= filed["filed"][:17] + "99"
        # As if a day had passed for the service alone: the time at which it was written stays.
        desk.age(hours=25)
        expect(old(desk)).to_have_count(1, timeout=PATIENCE)
        desk.age(hours=-24)
        desk.tab.reload()
        expect(old(desk)).to_have_count(1, timeout=PATIENCE)
        desk.until_live()
        old(desk).locator("button[name=look]").click()
        expect(desk.tab.locator("dialog h2")).to_have_text("It is in the feed")


def test_an_edition_stays_one_and_no_other_becomes_one(service: Service, phone: BrowserContext, desk: Desk) -> None:
    other = f"{desk.feed}ar"
    body = {"name": other, "title": "ع", "language": "ar", "edition_of": desk.feed}
    service.http.post("/v1/feeds", json=body).raise_for_status()
    original = f"{desk.feed}/{service.file(desk.feed, 'The bridge is closed')['id']}"
    tab = Desk(desk.tab, service.url, other)
    tab.open()
    tab.until_live()
    phone.route("**/dispatches", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    tab.file("لا علاقة له")
    tab.tab.goto(f"{service.url}/desk/{other}#edition_of={original.replace('/', '%2F')}")
    tab.tab.reload()
    expect(tab.tab.locator("#original")).to_contain_text("The bridge is closed")
    tab.text.fill("الجسر مغلق")
    tab.outbox.first.locator("button[name=edit]").click()
    expect(tab.tab.locator("#original")).to_be_hidden()
    tab.tab.locator("button[name=file]").click()
    expect(tab.text).to_have_value("الجسر مغلق")  # what was put aside
    tab.tab.locator("button[name=file]").click()
    expect(tab.outbox).to_have_count(2)
    tab.outbox.nth(1).locator("button[name=edit]").click()
    tab.file("الجسر مفتوح")
    phone.unroute("**/dispatches")
    service.until(lambda: texts(service, other)[-1:] == ["الجسر مفتوح"])
    assert [each.get("edition_of") for each in dispatches(service, other)] == [original, None]


def test_what_is_typed_while_a_dispatch_is_being_stored_stays(service: Service, desk: Desk, feed: str) -> None:
    desk.tab.evaluate(STORE_SLOWLY)
    desk.text.fill("First")
    desk.text.press("Control+Enter")
    desk.text.press_sequentially(" Second")
    desk.tab.evaluate(STORE_AT_ONCE)
    expect(desk.text).to_have_value("Second")
    desk.until_noted("Second")
    service.until(lambda: texts(service, feed) == ["First"])


def test_where_nothing_can_be_stored_a_correction_stays_open_and_a_kill_is_said_not_to_be_one(
    service: Service, desk: Desk, feed: str
) -> None:
    row = desk.row(service.file(feed, "The bridge is closed")["id"])
    expect(row).to_be_visible(timeout=PATIENCE)
    desk.tab.evaluate(STORE_NOTHING)
    row.locator("button[name=correct]").click()
    corrected = desk.tab.locator("textarea[name=corrected-text]")
    corrected.fill("The bridge is open")
    desk.tab.locator("button[name=send-correction]").click()
    expect(desk.tab.locator("dialog .error")).to_contain_text("could not store")
    expect(corrected).to_have_value("The bridge is open")
    desk.tab.keyboard.press("Escape")
    row.locator("button[name=kill]").click()
    desk.tab.locator("button[name=reason-choice]").first.click()
    expect(desk.tab.locator("#notices")).to_contain_text("nothing was killed")


def test_an_edit_of_a_held_one_that_fails_keeps_its_words(service: Service, phone: BrowserContext, desk: Desk) -> None:
    desk.file("/hold 2h The bridge is closed")
    desk.tab.locator("#held button[name=edit-held]").click()
    text = desk.tab.locator("textarea[name=corrected-text]")
    text.fill("The bridge is open")
    phone.route("**/held/*", lambda route: route.abort() if route.request.method == "PATCH" else route.continue_())
    desk.tab.locator("button[name=send-correction]").click()
    expect(desk.tab.locator("dialog .error")).to_contain_text("did not answer")
    phone.unroute("**/held/*")
    [held] = service.http.get(f"/v1/feeds/{desk.feed}/held").json()["held"]
    service.http.patch(
        f"/v1/feeds/{desk.feed}/held/{held['id']}", json={"text": "The bridge may open"}, headers={"if-match": '"1"'}
    ).raise_for_status()
    desk.tab.locator("button[name=send-correction]").click()
    expect(desk.tab.locator("dialog .conflict")).to_contain_text("The bridge may open")
    expect(text).to_have_value("The bridge is open")
    desk.tab.locator("button[name=keep-mine]").click()
    desk.tab.locator("button[name=send-correction]").click()
    expect(desk.tab.locator("#held")).to_contain_text("The bridge is open")


def test_what_waits_for_another_feed_says_which_and_is_asked_about_in_its_language(
    service: Service, phone: BrowserContext, desk: Desk
) -> None:
    other = Desk(desk.tab, service.url, service.open_feed("ar"))
    other.open()
    other.until_live()
    phone.route("**/dispatches", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    other.file("الجسر مغلق (2).")
    desk.open()
    desk.until_live()
    row = desk.outbox.first
    expect(row.locator("a")).to_have_attribute("href", f"/desk/{other.feed}")
    expect(row.locator("span[dir=rtl][lang=ar]")).to_have_text("الجسر مغلق (2).")
    expect(row.locator("button[name=edit]")).to_have_count(0)
    expect(row).to_contain_text("No answer yet")
    row.locator("button[name=take-back]").click()
    expect(desk.tab.locator("button[name=reason-choice]").first).to_have_attribute("lang", "ar")


def test_editions_in_other_feeds_are_offered_until_each_was_killed(service: Service, desk: Desk, feed: str) -> None:
    original = service.file(feed, "The bridge is closed")["id"]
    for language in ("ar", "es"):
        body = {"name": feed + language, "title": language, "language": language, "edition_of": feed}
        service.http.post("/v1/feeds", json=body).raise_for_status()
        service.file(feed + language, "x", edition_of=f"{feed}/{original}")
    desk.row(original).locator("button[name=kill]").click()
    desk.tab.locator("button[name=reason-choice]").first.click()
    offers = desk.tab.locator("button[name=kill-edition]")
    expect(offers).to_have_count(2)
    offers.first.click()
    desk.tab.keyboard.press("Escape")
    for left in (1, 0):
        offers.first.click()
        desk.tab.locator("button[name=reason-choice]").first.click()
        expect(offers).to_have_count(left)
    for language in ("ar", "es"):
        service.until(lambda of=feed + language: dispatches(service, of)[0]["status"] == "killed")


def test_a_tap_beside_a_correction_does_not_cost_what_was_typed(service: Service, desk: Desk, feed: str) -> None:
    row = desk.row(service.file(feed, "The bridge is closed")["id"])
    row.locator("button[name=correct]").click()
    corrected = desk.tab.locator("textarea[name=corrected-text]")
    desk.tab.mouse.click(5, 5)
    expect(corrected).to_have_count(0)  # nothing was typed
    row.locator("button[name=correct]").click()
    corrected.fill("The bridge is open")
    desk.tab.mouse.click(5, 5)
    expect(corrected).to_have_value("The bridge is open")


def test_the_button_stays_under_the_thumb_however_long_the_text_is(desk: Desk) -> None:
    desk.tab.set_viewport_size({"width": 360, "height": 740})
    desk.text.fill("/hold 2h @Reuters #Transport " + "A long text. " * 70)
    expect(desk.tab.locator("button[name=file]")).to_be_in_viewport(ratio=1)


def test_two_corrections_on_a_bad_line_are_no_conflict_with_oneself(
    service: Service, phone: BrowserContext, desk: Desk, feed: str
) -> None:
    row = desk.row(service.file(feed, "The bridge is closed")["id"])
    expect(row).to_be_visible(timeout=PATIENCE)
    phone.set_offline(True)
    for n, text in enumerate(("The bridge is open", "The bridge is open again"), 1):
        row.locator("button[name=correct]").click()
        desk.tab.locator("textarea[name=corrected-text]").fill(text)
        desk.tab.locator("button[name=send-correction]").click()
        expect(desk.outbox).to_have_count(n)
    phone.set_offline(False)
    service.until(lambda: texts(service, feed) == ["The bridge is open again"])
    assert dispatches(service, feed)[0]["revision"] == 3
