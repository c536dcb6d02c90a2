"""The desk as correspondents and editors use it: signing in, composing, the wire, killing, correcting."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.desk.desk import PATIENCE, Desk
from tests.service import Service

BRIDGE = "Bridge over the Marada closed after a barge strikes its pier"


def newest(service: Service, feed: str) -> dict[str, object]:
    found: dict[str, object] = service.snapshot(feed)["dispatches"][0]
    return found


def until_filed(service: Service, feed: str, count: int = 1) -> None:
    service.until(lambda: len(service.snapshot(feed)["dispatches"]) >= count)


def key_of(service: Service, role: str, name: str = "Lena Ortiz") -> str:
    key: str = service.http.post("/v1/keys", json={"name": name, "role": role}).json()["key"]
    return key


def test_a_wrong_key_is_said_to_be_wrong_and_the_key_is_nowhere_in_the_browser(
    service: Service, phone: BrowserContext, feed: str
) -> None:
    desk = Desk(phone.new_page(), service.url, feed)
    desk.open()
    desk.tab.fill("form[name=sign-in] input[name=key]", "tk_wrong")
    desk.tab.keyboard.press("Enter")
    expect(desk.tab.locator("#sign-in-error")).to_contain_text("not valid")
    desk.tab.fill("form[name=sign-in] input[name=key]", service.key)
    desk.tab.keyboard.press("Enter")
    desk.until_live()
    assert service.key not in desk.dump()


def test_from_the_open_desk_to_a_filed_dispatch_in_one_tap_besides_typing(
    service: Service, desk: Desk, feed: str
) -> None:
    expect(desk.text).to_be_focused()
    desk.tab.keyboard.type("/bulletin @Harbour_police #Transport " + BRIDGE)
    expect(desk.tab.locator("#understood")).to_contain_text("Bulletin")
    expect(desk.tab.locator("#understood")).to_contain_text("Source: Harbour police")
    expect(desk.tab.locator("#preview .words")).to_have_text(BRIDGE)
    desk.tab.locator("button[name=file]").tap()
    expect(desk.in_state("kept")).to_contain_text(re.compile(r"kept \d\d:\d\d:\d\d"), timeout=PATIENCE)
    expect(desk.in_state("kept")).to_contain_text("nodes: 1", timeout=PATIENCE)
    found = newest(service, feed)
    assert {name: found.get(name) for name in ("text", "source", "urgency", "sections", "occurred")} == {
        "text": BRIDGE,
        "source": "Harbour police",
        "urgency": "bulletin",
        "sections": ["Transport"],
        "occurred": None,
    }
    expect(desk.text).to_be_focused()
    expect(desk.tab.locator("select[name=urgency]")).to_have_value("normal")


def test_by_keyboard_alone(service: Service, desk: Desk, feed: str) -> None:
    keys = desk.tab.keyboard
    expect(desk.text).to_be_focused()
    keys.type(BRIDGE)
    keys.press("Control+Enter")
    until_filed(service, feed)
    id = str(newest(service, feed)["id"])
    expect(desk.row(id)).to_be_visible()
    for name in ("pin", "correct", "kill"):
        desk.row(id).locator(f"button[name={name}]").focus()
        keys.press("Enter")
        if name == "pin":
            service.until(lambda: service.snapshot(feed)["pinned"] == id)
        elif name == "correct":
            expect(desk.tab.locator("textarea[name=corrected-text]")).to_be_focused()
            keys.press("End")
            keys.type(" again")
            keys.press("Control+Enter")
            service.until(lambda: newest(service, feed).get("revision") == 2)
            expect(desk.row(id)).to_contain_text("again")
        else:
            expect(desk.tab.locator("dialog")).to_be_visible()
            for _ in range(2):  # past the button that closes it
                keys.press("Tab")
            expect(desk.tab.locator("dialog :focus")).to_have_attribute("name", "reason-choice")
            keys.press("Escape")
            expect(desk.tab.locator("dialog")).to_have_count(0)
            expect(desk.row(id).locator("button[name=kill]")).to_be_focused()
            keys.press("Enter")
            desk.tab.locator("dialog input[name=reason]").focus()
            keys.type("A reason of my own")
            keys.press("Enter")
            service.until(lambda: newest(service, feed)["status"] == "killed")
            assert newest(service, feed)["reason"] == "A reason of my own"


def test_an_unknown_command_files_nothing(service: Service, desk: Desk, feed: str) -> None:
    desk.text.fill("/flush " + BRIDGE)
    expect(desk.tab.locator("#understood .wrong")).to_contain_text("/flush")
    desk.tab.keyboard.press("Control+Enter")
    expect(desk.tab.locator("#compose-error")).to_contain_text("not a command")
    assert desk.outbox.count() == 0
    desk.text.fill("/hold 30m " + BRIDGE)
    expect(desk.tab.locator("button[name=file]")).to_have_text("Hold")


def test_similar_dispatches_show_while_one_types(service: Service, desk: Desk, feed: str) -> None:
    id = service.file(feed, BRIDGE, source="Coast guard")["id"]
    expect(desk.row(id)).to_be_visible()
    desk.text.press_sequentially("bridge over the marada closed")
    expect(desk.tab.locator("#similar")).to_contain_text("Coast guard: " + BRIDGE)
    desk.text.fill("Parliament votes on the budget")
    expect(desk.tab.locator("#similar")).to_be_hidden()


def test_nothing_takes_the_focus_or_the_text_while_the_wire_moves(service: Service, desk: Desk, feed: str) -> None:
    expect(desk.text).to_be_focused()
    desk.tab.keyboard.type("Half a sent")
    for number in range(5):
        id = service.file(feed, f"Dispatch {number}")["id"]
    expect(desk.row(id)).to_be_visible()
    service.http.post(f"/v1/feeds/{feed}/dispatches/{id}/kill", json={"reason": "It was not so"})
    expect(desk.row(id)).to_contain_text("It was not so")
    desk.tab.keyboard.type("ence")
    expect(desk.text).to_have_value("Half a sentence")
    desk.tab.wait_for_function("document.activeElement.name === 'text'")


def test_what_is_half_written_survives_the_page(desk: Desk) -> None:
    desk.text.fill("Half a sentence")
    desk.tab.fill("input[name=source]", "Harbour police")
    desk.until_noted("Harbour police")
    desk.tab.reload()
    expect(desk.text).to_have_value("Half a sentence")
    expect(desk.tab.locator("input[name=source]")).to_have_value("Harbour police")


@pytest.mark.parametrize("leaving", ["reload", "close"])
def test_what_is_typed_right_before_the_page_goes_survives_it(
    desk: Desk, another_tab: Callable[[], Desk], leaving: str
) -> None:
    desk.text.fill("Typed")
    desk.until_noted("Typed")  # so the draft was read, before which nothing is kept
    for time in range(5):
        desk.text.press_sequentially(f" {time}")
        getattr(desk.tab, leaving)()
        if leaving == "close":
            desk = another_tab()
        expect(desk.text).to_have_value("Typed" + "".join(f" {each}" for each in range(time + 1)))


HELD_READS = """
const get = IDBObjectStore.prototype.get;
IDBObjectStore.prototype.get = function (key) {
  const request = get.call(this, key);
  if (String(key).startsWith("draft:")) {
    Object.defineProperty(request, "onsuccess", { set() { document.documentElement.dataset.reads = "yes"; } });
  }
  return request;
};
"""
"""The draft is asked for, and never comes."""


def test_a_page_that_is_left_before_it_read_the_draft_leaves_it(desk: Desk, another_tab: Callable[[], Desk]) -> None:
    desk.text.fill("Half a sentence")
    desk.until_noted("Half a sentence")
    desk.tab.add_init_script(HELD_READS)
    desk.tab.reload()
    expect(desk.tab.locator("html[data-reads]")).to_have_count(1)
    desk.tab.goto("about:blank")
    expect(another_tab().text).to_have_value("Half a sentence")


def test_a_tab_in_which_nothing_was_typed_leaves_the_draft_of_another(
    desk: Desk, another_tab: Callable[[], Desk]
) -> None:
    other = another_tab()
    other.until_live()
    desk.text.fill("Half a sentence")
    desk.until_noted("Half a sentence")
    other.tab.goto("about:blank")
    desk.tab.close()
    expect(another_tab().text).to_have_value("Half a sentence")


def test_what_is_half_written_comes_back_after_one_in_the_outbox_was_edited(
    service: Service, phone: BrowserContext, desk: Desk, feed: str
) -> None:
    desk.until_installed()
    phone.set_offline(True)
    desk.file("Forty hurt")
    desk.text.fill("Half a sentence")
    desk.outbox.first.locator("button[name=edit]").click()
    expect(desk.text).to_have_value("Forty hurt")
    desk.text.fill("Fifty hurt")
    desk.tab.locator("button[name=file]").click()
    expect(desk.text).to_have_value("Half a sentence")
    desk.outbox.first.locator("button[name=edit]").click()
    desk.tab.locator("button[name=stop-editing]").click()
    expect(desk.text).to_have_value("Half a sentence")
    desk.tab.reload()
    expect(desk.text).to_have_value("Half a sentence")
    phone.set_offline(False)
    until_filed(service, feed)
    assert newest(service, feed)["text"] == "Fifty hurt"


def test_a_killed_text_does_not_stay_in_the_draft_of_another_tab(
    service: Service, desk: Desk, feed: str, another_tab: Callable[[], Desk]
) -> None:
    desk.text.fill("UNSAID barge strikes the pier")
    desk.until_noted("UNSAID")
    other = another_tab()
    expect(other.text).to_have_value("UNSAID barge strikes the pier")
    other.until_live()
    desk.tab.locator("button[name=file]").click()
    until_filed(service, feed)
    expect(other.row(str(newest(service, feed)["id"]))).to_be_visible()
    other.text.press("End")
    other.text.press_sequentially(" ")  # so that it lies in the browser once more
    other.until_noted("UNSAID")
    id = newest(service, feed)["id"]
    service.http.post(f"/v1/feeds/{feed}/dispatches/{id}/kill", json={"reason": "It was not so"})
    for tab in (desk, other):
        expect(tab.row(str(id))).to_contain_text("It was not so")
    expect(other.text).to_have_value("")
    service.until(lambda: not any("UNSAID" in tab.dump() for tab in (desk, other)))


def test_what_is_typed_before_the_draft_was_read_stays(desk: Desk) -> None:
    desk.text.fill("A draft of yesterday")
    desk.until_noted("A draft of yesterday")
    desk.tab.add_init_script(
        """const get = IDBObjectStore.prototype.get;
        IDBObjectStore.prototype.get = function (key) {
          const text = document.querySelector("textarea[name=text]");
          if (String(key).startsWith("draft:")) {
            text.value = "Typed at once";
            text.dispatchEvent(new InputEvent("input", { bubbles: true }));
          }
          return get.call(this, key);
        };"""
    )
    desk.tab.reload()
    desk.until_live()
    expect(desk.text).to_have_value("Typed at once")
    desk.tab.locator("button[name=file]").click()
    expect(desk.text).to_have_value("A draft of yesterday")


def test_a_kill_in_two_taps_and_its_text_is_nowhere(
    service: Service, phone: BrowserContext, desk: Desk, feed: str
) -> None:
    desk.until_installed()
    secret = "UNSAID barge strikes the pier"
    desk.file(secret)
    until_filed(service, feed)
    id = str(newest(service, feed)["id"])
    desk.row(id).locator("button[name=correct]").tap()
    desk.tab.fill("input[name=note]", "UNSAID note")
    desk.tab.locator("dialog button[name=cancel]").tap()
    desk.row(id).locator("button[name=kill]").tap()
    phone.set_offline(True)
    desk.tab.locator("button[name=reason-choice]").first.tap()
    expect(desk.row(id)).to_contain_text("Kill going out")
    expect(desk.row(id).locator("button")).to_have_count(0)  # nobody kills twice in a panic
    phone.set_offline(False)
    expect(desk.row(id)).to_contain_text("The source withdrew it.", timeout=PATIENCE)
    service.until(lambda: newest(service, feed)["status"] == "killed")
    expect(desk.tab.locator("#said, #alarm", has_text="UNSAID")).to_have_count(0)
    desk.until_forgotten("UNSAID")


def test_a_kill_by_somebody_else_closes_what_has_its_text(service: Service, desk: Desk, feed: str) -> None:
    id = service.file(feed, "UNSAID by another")["id"]
    desk.row(id).locator("button[name=correct]").click()
    expect(desk.tab.locator("textarea[name=corrected-text]")).to_have_value("UNSAID by another")
    service.http.post(f"/v1/feeds/{feed}/dispatches/{id}/kill", json={"reason": "It was not so"})
    expect(desk.tab.locator("dialog")).to_have_count(0)
    expect(desk.tab.locator("#notices")).to_contain_text("killed while you were correcting")
    desk.until_forgotten("UNSAID")


def test_two_who_correct_see_both_texts_and_decide(service: Service, desk: Desk, feed: str) -> None:
    id = service.file(feed, "Forty hurt")["id"]
    address = f"/v1/feeds/{feed}/dispatches/{id}"
    desk.row(id).locator("button[name=correct]").click()
    desk.tab.fill("textarea[name=corrected-text]", "Fifty hurt")
    service.http.patch(address, json={"text": "Sixty hurt"}, headers={"if-match": '"1"'})
    conflict = desk.tab.locator("dialog .conflict")
    expect(conflict).to_contain_text("Sixty hurt")
    expect(conflict).to_contain_text("Fifty hurt")
    desk.tab.locator("button[name=send-correction]").click()
    assert service.http.get(address).json()["revision"] == 2, "nothing goes before somebody has decided"
    desk.tab.locator("button[name=keep-mine]").click()
    desk.tab.locator("button[name=send-correction]").click()
    service.until(lambda: service.http.get(address).json()["text"] == "Fifty hurt")


def test_a_correction_that_was_overtaken_on_its_way_shows_both_texts(
    service: Service, phone: BrowserContext, desk: Desk, feed: str
) -> None:
    id = service.file(feed, "Forty hurt")["id"]
    address = f"/v1/feeds/{feed}/dispatches/{id}"
    desk.row(id).locator("button[name=correct]").click()
    phone.set_offline(True)
    desk.tab.fill("textarea[name=corrected-text]", "Fifty hurt")
    desk.tab.locator("button[name=send-correction]").click()
    expect(desk.in_state("waiting")).to_have_count(1)
    service.http.patch(address, json={"text": "Sixty hurt"}, headers={"if-match": '"1"'})
    phone.set_offline(False)
    expect(desk.in_state("refused")).to_contain_text("changed it meanwhile", timeout=PATIENCE)
    desk.tab.locator("button[name=compare]").click()
    expect(desk.tab.locator(".conflict")).to_contain_text("Sixty hurt")
    expect(desk.tab.locator(".conflict")).to_contain_text("Fifty hurt")
    desk.tab.locator("button[name=keep-mine]").click()
    desk.tab.locator("button[name=send-correction]").click()
    service.until(lambda: service.http.get(address).json()["text"] == "Fifty hurt")
    expect(desk.in_state("refused")).to_have_count(0)


def test_a_held_dispatch_is_edited_released_and_spiked(service: Service, desk: Desk, feed: str) -> None:
    desk.file("/hold 45m Central bank cuts its rate")
    held = desk.tab.locator("[data-held]")
    expect(held).to_contain_text("Central bank cuts its rate")
    held.locator("button[name=edit-held]").click()
    desk.tab.fill("textarea[name=corrected-text]", "Central bank cuts its key rate")
    desk.tab.locator("button[name=send-correction]").click()
    expect(held).to_contain_text("key rate")
    held.locator("button[name=release]").click()
    desk.tab.locator("button[name=release-now]").click()
    expect(held).to_have_count(0)
    until_filed(service, feed)
    assert newest(service, feed)["text"] == "Central bank cuts its key rate"
    later = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    service.http.post(f"/v1/feeds/{feed}/dispatches", json={"text": "Another", "release_at": later})
    desk.tab.reload()
    desk.tab.locator("[data-held] button[name=spike]").click()
    desk.tab.locator("button[name=spike-now]").click()
    expect(desk.tab.locator("[data-held]")).to_have_count(0)
    assert service.http.get(f"/v1/feeds/{feed}/held").json()["held"] == []


def test_on_air_and_off_from_the_menu(service: Service, desk: Desk, feed: str) -> None:
    desk.tab.locator("#menu").click()
    desk.tab.locator("button[name=air]").click()
    service.until(lambda: service.snapshot(feed)["air"]["on"] is False)
    expect(desk.tab.locator("#badge")).to_have_attribute("data-state", "off-air")


def test_a_wrong_kill_is_filed_again_from_the_audit(service: Service, desk: Desk, feed: str) -> None:
    id = service.file(feed, BRIDGE, source="Coast guard", urgency="urgent")["id"]
    service.http.post(f"/v1/feeds/{feed}/dispatches/{id}/kill", json={"reason": "It was not so"})
    desk.row(id).locator("button[name=refile]").click()
    expect(desk.text).to_have_value(BRIDGE)
    desk.tab.locator("button[name=file]").click()
    service.until(lambda: newest(service, feed).get("note"))
    found = newest(service, feed)
    assert re.fullmatch(r"Published again. It was withdrawn at \d\d:\d\d UTC by mistake.", str(found["note"]))
    assert (found["text"], found["source"], found["urgency"]) == (BRIDGE, "Coast guard", "urgent")
    assert str(found["link"]).endswith(f"/feeds/{feed}/{id}")


def test_siblings_in_other_languages_are_offered_and_killed_on_their_own(
    service: Service, desk: Desk, feed: str
) -> None:
    service.http.post("/v1/feeds", json={"name": feed + "-ar", "title": "عاجل", "language": "ar", "edition_of": feed})
    service.until(lambda: service.http.get(f"/v1/feeds/{feed}-ar").status_code == 200)
    desk.tab.reload()
    desk.until_live()
    desk.file(BRIDGE)
    link = desk.tab.locator(".siblings a")
    expect(link).to_have_text("عاجل", timeout=PATIENCE)
    link.click()
    expect(desk.tab.locator("#original")).to_have_text(BRIDGE)
    desk.text.fill("إغلاق الجسر فوق المرادة")
    desk.tab.locator("button[name=file]").click()
    until_filed(service, feed + "-ar")
    id = str(newest(service, feed)["id"])
    assert newest(service, feed + "-ar")["edition_of"] == f"{feed}/{id}"
    desk.open()
    desk.row(id).locator("button[name=kill]").click()
    desk.tab.locator("button[name=reason-choice]").first.click()
    desk.tab.locator("button[name=kill-edition]").click()
    desk.tab.locator("button[name=reason-choice]").first.click()
    service.until(lambda: newest(service, feed + "-ar")["status"] == "killed")
    assert newest(service, feed + "-ar")["reason"] == "سحب المصدر تصريحه."


def test_a_correspondent_has_no_buttons_for_what_only_editors_do(
    service: Service, phone: BrowserContext, feed: str
) -> None:
    desk = Desk(phone.new_page(), service.url, feed)
    desk.sign_in(key_of(service, "correspondent"))
    desk.file(BRIDGE)
    until_filed(service, feed)
    row = desk.row(str(newest(service, feed)["id"]))
    expect(row.locator("button[name=correct]")).to_be_visible()
    expect(row.locator("button[name=kill]")).to_be_visible()
    expect(row.locator("button[name=pin]")).to_have_count(0)
    desk.tab.locator("#menu").click()
    expect(desk.tab.locator("button[name=air]")).to_have_count(0)


def test_a_session_that_ended_asks_for_the_key_again_and_keeps_what_was_written(
    service: Service, phone: BrowserContext, desk: Desk, feed: str
) -> None:
    desk.text.fill("Half a sentence")
    desk.tab.evaluate("fetch('/desk/session', { method: 'DELETE' })")
    desk.tab.locator("button[name=file]").click()
    expect(desk.tab.locator("#sign-in-error")).to_contain_text("still here", timeout=PATIENCE)
    desk.tab.fill("form[name=sign-in] input[name=key]", service.key)
    desk.tab.keyboard.press("Enter")
    until_filed(service, feed)
    assert [each["text"] for each in service.snapshot(feed)["dispatches"]] == ["Half a sentence"]


def test_signing_out_leaves_nothing_to_see(desk: Desk, service: Service) -> None:
    desk.file(BRIDGE)
    expect(desk.in_state("kept")).to_have_count(1, timeout=PATIENCE)
    desk.tab.locator("#menu").click()
    desk.tab.locator("button[name=sign-out]").click()
    expect(desk.tab.locator("form[name=sign-in]")).to_be_visible()
    assert httpx.get(f"{service.url}/desk/session").status_code == 401
    desk.until_forgotten(BRIDGE)


def test_a_feed_that_may_not_be_filed_to_is_not_opened(service: Service, browser: Browser, feed: str) -> None:
    key = service.http.post("/v1/keys", json={"name": "Omar", "role": "editor", "feeds": [feed]}).json()["key"]
    with browser.new_context(locale="en-GB") as context:
        tab = context.new_page()
        tab.goto(f"{service.url}/desk/breaking")
        tab.fill("form[name=sign-in] input[name=key]", key)
        tab.keyboard.press("Enter")
        expect(tab.locator("#feed-list a")).to_have_text([feed])
        expect(tab.locator("#no-feeds")).to_contain_text("may not file to this feed")


def test_the_language_of_the_desk_is_chosen_and_kept(desk: Desk, another_tab: Callable[[], Desk]) -> None:
    desk.tab.locator("#menu").click()
    desk.tab.locator("select[name=page-language]").select_option("ar")
    expect(desk.tab.locator("html")).to_have_attribute("dir", "rtl")
    expect(desk.tab.locator("button[name=file]")).to_have_text("إرسال")
    other = another_tab()
    expect(other.tab.locator("html")).to_have_attribute("lang", "ar")


def test_the_service_worker_keeps_the_page_and_what_it_loads_and_nothing_else(
    service: Service, phone: BrowserContext, desk: Desk
) -> None:
    desk.file(BRIDGE)
    desk.until_installed()
    kept = desk.tab.evaluate(
        "caches.keys().then(async (names) => (await Promise.all(names.map(async (name) =>"
        " (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname)))).flat())"
    )
    assert "/desk" in kept
    assert all(path == "/desk" or path.startswith("/assets/") for path in kept), kept
    phone.set_offline(True)
    offline = phone.new_page()
    offline.goto(f"{service.url}/desk/{desk.feed}")
    expect(offline.locator("textarea[name=text]")).to_be_visible()
    expect(offline.locator("#trouble")).to_contain_text("No connection")


def test_a_rehearsal_is_marked(service: Service, phone: BrowserContext) -> None:
    name = "r" + service.open_feed()
    service.http.post("/v1/feeds", json={"name": name, "rehearsal": True}).raise_for_status()
    desk = Desk(phone.new_page(), service.url, name)
    desk.sign_in(service.key)
    expect(desk.tab.locator("#rehearsal")).to_be_visible()
    desk.file("Only a drill")
    expect(desk.tab.locator("#wire [data-id]")).to_contain_text("Only a drill", timeout=PATIENCE)
