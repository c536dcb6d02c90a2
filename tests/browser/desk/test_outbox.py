"""The outbox in a real browser: nothing that is filed is lost, doubled or reordered, whatever the line does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Route, expect

from tests.browser.desk.desk import PATIENCE, Desk
from tests.browser.desk.lost_responses import Cut, texts, without_answers
from tests.browser.waiting import until
from tests.proxy import proxy
from tests.service import Service

THREE = ["First: the bridge is closed", "Second: the barge is adrift", "Third: the ferry is diverted"]


def until_filed(service: Service, feed: str, wanted: list[str]) -> None:
    service.until(lambda: len(texts(service, feed)) >= len(wanted))
    assert texts(service, feed) == wanted


def test_filed_offline_closed_and_reopened_three_go_out_once_in_order(
    service: Service, phone: BrowserContext, desk: Desk, feed: str, another_tab: Callable[[], Desk]
) -> None:
    desk.until_installed()
    phone.set_offline(True)
    for text in THREE:
        desk.file(text)
    expect(desk.in_state("waiting")).to_have_count(3)
    expect(desk.outbox.first).to_contain_text("goes out by itself")
    assert [item["attempts"] for item in desk.items()] == [0, 0, 0], "none was attempted: all can still be edited"
    desk.tab.close()
    reopened = another_tab()  # the page comes from the service worker
    expect(reopened.in_state("waiting")).to_have_count(3)
    assert texts(service, feed) == []
    phone.set_offline(False)
    expect(reopened.in_state("kept")).to_have_count(3, timeout=PATIENCE)
    until_filed(service, feed, THREE)


def test_on_a_line_that_does_not_answer_the_desk_opens_and_takes_dispatches_at_once(
    service: Service, phone: BrowserContext, desk: Desk, feed: str
) -> None:
    waiting: list[Route] = []
    answers = False
    phone.route("**/desk/session", lambda route: route.continue_() if answers else waiting.append(route))
    desk.tab.reload()
    expect(desk.text).to_be_focused()
    desk.file(THREE[0])
    expect(desk.in_state("waiting")).to_have_count(1)
    expect(desk.tab.locator("#trouble")).to_be_empty()  # it is not known yet that anything is wrong
    assert texts(service, feed) == [], "nothing is sent before the service has said who is signed in"
    answers = True
    for request in waiting:
        request.continue_()
    # The route above works only while this test is inside a call of Playwright.
    expect(desk.in_state("kept")).to_have_count(1, timeout=PATIENCE)
    until_filed(service, feed, THREE[:1])


def test_two_tabs_are_one_outbox(
    service: Service, phone: BrowserContext, desk: Desk, feed: str, another_tab: Callable[[], Desk]
) -> None:
    other = another_tab()
    other.until_live()
    phone.set_offline(True)
    for tab, text in zip((desk, other, desk), THREE, strict=True):
        tab.file(text)
    for tab in (desk, other):
        expect(tab.in_state("waiting")).to_have_count(3)
    phone.set_offline(False)
    for tab in (desk, other):
        expect(tab.in_state("kept")).to_have_count(3, timeout=PATIENCE)
    until_filed(service, feed, THREE)


def test_the_next_page_of_a_tab_goes_on_where_the_one_before_was_sending(
    service: Service, phone: BrowserContext, desk: Desk, feed: str
) -> None:
    holders: list[str] = []
    phone.route("**/dispatches", lambda route: None if route.request.method == "POST" else route.continue_())
    for _ in range(2):
        if not holders:
            desk.file(THREE[0])
        expect(desk.in_state("sending")).to_have_count(1, timeout=PATIENCE)
        holders.append(desk.holder())
        desk.tab.reload()
    assert holders[0] == holders[1]
    phone.unroute("**/dispatches")
    desk.tab.reload()
    until_filed(service, feed, [THREE[0]])


def test_edited_and_taken_back_before_the_first_attempt(
    service: Service, phone: BrowserContext, desk: Desk, feed: str
) -> None:
    phone.set_offline(True)
    for text in THREE:
        desk.file(text)
    desk.outbox.nth(1).locator("button[name=take-back]").click()
    expect(desk.outbox).to_have_count(2)
    desk.outbox.nth(0).locator("button[name=edit]").click()
    expect(desk.text).to_have_value(THREE[0])
    desk.file("First, corrected before it went out")
    phone.set_offline(False)
    until_filed(service, feed, ["First, corrected before it went out", THREE[2]])
    kept = service.http.get(f"/v1/feeds/{feed}/dispatches").json()["dispatches"]
    assert [each["revision"] for each in kept] == [1, 1]


def test_a_response_that_is_lost_files_nothing_twice(service: Service, phone: BrowserContext, feed: str) -> None:
    cut = Cut(1)
    with proxy(service, answer=cut) as port:
        desk = Desk(phone.new_page(), f"http://127.0.0.1:{port}", feed)
        desk.sign_in(service.key)
        for text in THREE:
            desk.file(text)
        expect(desk.in_state("kept")).to_have_count(3, timeout=PATIENCE)
        until_filed(service, feed, THREE)
        assert cut.left == 0, "a response was lost"


def test_after_an_unknown_outcome_an_edit_is_a_correction_and_taking_back_a_kill(
    service: Service, phone: BrowserContext, feed: str
) -> None:
    with without_answers(service, phone, feed) as (desk, cut):
        desk.file(THREE[0])
        service.until(lambda: texts(service, feed) == [THREE[0]])
        desk.outbox.first.locator("button[name=edit]").click()
        desk.file("First: the bridge is open")
        expect(desk.outbox.first).to_contain_text("follows as a correction")
        cut.left = 0
        service.until(lambda: texts(service, feed) == ["First: the bridge is open"])
        assert service.snapshot(feed)["dispatches"][0]["revision"] == 2
        cut.left = 1_000
        desk.file(THREE[1])
        service.until(lambda: len(texts(service, feed)) == 2)
        waiting = desk.tab.locator("[data-outbox]", has_text=THREE[1])
        waiting.locator("button[name=take-back]").click()
        desk.tab.locator("button[name=reason-choice]").first.click()
        expect(waiting).to_contain_text("it is killed")
        cut.left = 0
        service.until(lambda: service.snapshot(feed)["dispatches"][0]["status"] == "killed")


def test_a_worker_that_is_killed_between_append_and_response(own_service: Service, phone: BrowserContext) -> None:
    cut = Cut(1, before=lambda: own_service.kill_child("ticker.server.worker"))
    with proxy(own_service, answer=cut) as port:
        desk = Desk(phone.new_page(), f"http://127.0.0.1:{port}", "breaking")
        desk.sign_in(own_service.key)
        for text in THREE:
            desk.file(text)
        expect(desk.in_state("kept")).to_have_count(3, timeout=2 * PATIENCE)
        assert cut.left == 0
        until_filed(own_service, "breaking", THREE)


def test_while_the_service_cannot_keep_it_it_waits_and_says_so(own_service: Service, phone: BrowserContext) -> None:
    desk = Desk(phone.new_page(), own_service.url, "breaking")
    desk.sign_in(own_service.key)
    with own_service.frozen("valkey-server"):
        for text in THREE[:2]:
            desk.file(text)
        expect(desk.outbox.first).to_contain_text(re.compile("can't keep it now|No answer yet"), timeout=PATIENCE)
        expect(desk.outbox.nth(1)).to_contain_text("Waits for the one before it")
        assert "offline" not in desk.outbox.first.inner_text()
    expect(desk.in_state("kept")).to_have_count(2, timeout=2 * PATIENCE)
    until_filed(own_service, "breaking", THREE[:2])


def test_a_refused_one_steps_aside_and_goes_once_it_is_mended(service: Service, desk: Desk, feed: str) -> None:
    desk.file("Override \u202e of the direction")
    desk.file(THREE[1])
    expect(desk.in_state("refused")).to_have_count(1)
    expect(desk.in_state("refused")).to_contain_text(re.compile("Refused: .?text"))
    until_filed(service, feed, [THREE[1]])
    desk.in_state("refused").locator("button[name=edit]").click()
    desk.file("No override")
    expect(desk.in_state("refused")).to_have_count(0)
    until_filed(service, feed, [THREE[1], "No override"])


def test_what_was_written_a_day_ago_is_not_sent_until_its_author_says_so(
    service: Service, phone: BrowserContext, desk: Desk, feed: str
) -> None:
    desk.until_installed()
    phone.set_offline(True)
    desk.file(THREE[0])
    expect(desk.in_state("waiting")).to_have_count(1)
    desk.age(hours=25)
    desk.tab.reload()  # the browser may send as well, as soon as the page is hidden
    expect(desk.in_state("waiting")).to_have_count(1)
    phone.set_offline(False)
    old = desk.tab.locator("[data-outbox][data-asks]")
    expect(old).to_contain_text("more than a day ago", timeout=PATIENCE)
    assert texts(service, feed) == []
    desk.file(THREE[1])
    until_filed(service, feed, [THREE[1]])
    old.locator("button[name=look]").click()
    desk.tab.locator("dialog button[name=again]").click()
    until_filed(service, feed, [THREE[1], THREE[0]])


def test_another_person_on_the_same_phone_sends_nothing_of_the_first(
    service: Service, phone: BrowserContext, desk: Desk, feed: str
) -> None:
    phone.set_offline(True)
    desk.file(THREE[0])
    expect(desk.in_state("waiting")).to_have_count(1)
    desk.text.fill("Half a sentence of the first")
    phone.clear_cookies()
    phone.set_offline(False)
    key = service.http.post("/v1/keys", json={"name": "Omar", "role": "correspondent"}).json()["key"]
    desk.tab.fill("form[name=sign-in] input[name=key]", key)
    desk.tab.locator("form[name=sign-in] [type=submit]").click()
    expect(desk.tab.locator("#others")).to_contain_text("1", timeout=PATIENCE)
    expect(desk.outbox).to_have_count(0)
    expect(desk.text).to_have_value("")
    assert "of the first" not in desk.tab.content()
    desk.file(THREE[1])
    until_filed(service, feed, [THREE[1]])


@pytest.fixture
def sync(service: Service, phone: BrowserContext, desk: Desk, feed: str) -> Callable[[], object]:
    """Let the browser ask the service worker to send, as it does once there is a network."""
    desk.until_installed()
    other = phone.new_page()
    other.goto(f"{service.url}/feeds/{feed}")  # of this service, but no desk
    devtools = phone.new_cdp_session(other)
    registrations: list[str] = []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registrations.extend(each["registrationId"] for each in event["registrations"]),
    )
    devtools.send("ServiceWorker.enable")
    until(other, lambda: registrations)

    def ask() -> object:
        asked = {"origin": service.url, "registrationId": registrations[0], "tag": "outbox", "lastChance": False}
        return devtools.send("ServiceWorker.dispatchSyncEvent", asked)

    return ask


def test_with_every_page_closed_the_browser_sends_once_there_is_a_network(
    service: Service, phone: BrowserContext, desk: Desk, feed: str, sync: Callable[[], object]
) -> None:
    desk.tab.evaluate(
        "navigator.serviceWorker.ready.then(({ sync }) => {"
        " const register = sync.register.bind(sync);"
        " sync.constructor.prototype.register = (tag) => { globalThis.asked = tag; return register(tag); }; })"
    )
    phone.set_offline(True)
    for text in THREE:
        desk.file(text)
    assert desk.tab.wait_for_function("globalThis.asked").json_value() == "outbox"
    desk.tab.close()
    phone.set_offline(False)
    sync()
    until_filed(service, feed, THREE)
    reopened = Desk(phone.new_page(), service.url, feed)
    reopened.open()
    expect(reopened.in_state("kept")).to_have_count(3, timeout=PATIENCE)
    until_filed(service, feed, THREE)


def test_with_every_page_closed_the_browser_does_not_send_what_was_written_a_day_ago(
    service: Service, phone: BrowserContext, desk: Desk, feed: str, sync: Callable[[], object]
) -> None:
    phone.set_offline(True)
    desk.file(THREE[0])
    expect(desk.in_state("waiting")).to_have_count(1)
    desk.age(hours=25)
    desk.file(THREE[1])  # today's, which shows that the worker was here
    expect(desk.in_state("waiting")).to_have_count(2)
    desk.tab.close()
    phone.set_offline(False)
    sync()
    until_filed(service, feed, [THREE[1]])
    reopened = Desk(phone.new_page(), service.url, feed)
    reopened.open()
    expect(reopened.tab.locator("[data-outbox][data-asks]")).to_contain_text("more than a day ago", timeout=PATIENCE)
    assert texts(service, feed) == [THREE[1]]


def test_somebody_else_who_signs_in_in_another_tab_files_nothing_of_the_first(
    service: Service, phone: BrowserContext, desk: Desk, feed: str
) -> None:
    key = service.http.post("/v1/keys", json={"name": "Omar", "role": "correspondent"}).json()["key"]
    other = phone.new_page()
    other.goto(f"{service.url}/feeds/{feed}")
    # The first page still shows the first person, whose stream goes on: only the cookie is another one.
    signing_in = "(body) => fetch('/desk/session', { method: 'POST', body }).then(({ status }) => status)"
    assert other.evaluate(signing_in, json.dumps({"key": key})) == 201
    desk.file(THREE[0])
    expect(desk.tab.locator("#others")).to_contain_text("1", timeout=PATIENCE)
    expect(desk.outbox).to_have_count(0)
    assert texts(service, feed) == []
    desk.file(THREE[1])
    until_filed(service, feed, [THREE[1]])


ACTS = {
    "pin": ["#wire button[name=pin]"],
    "confirm": ["#wire button[name=confirm]"],
    "air": ["#menu", "button[name=air]"],
    "edit": ["button[name=edit-held]", "textarea[name=corrected-text]=Other words", "button[name=send-correction]"],
    "release": ["button[name=release]", "button[name=release-now]"],
    "spike": ["button[name=spike]", "button[name=spike-now]"],
    "invite": ["#menu", "details:has([name=invite]) summary", "input[name=invite-name]=Aya", "button[name=invite]"],
    "sign out": ["#menu", "button[name=sign-out]"],
}
"""What goes out without the outbox: what is clicked for it, or filled in."""


@pytest.mark.parametrize("act", ACTS)
def test_somebody_else_who_signs_in_in_another_tab_does_nothing_that_the_first_one_wants(
    service: Service, phone: BrowserContext, desk: Desk, feed: str, act: str
) -> None:
    service.http.patch(f"/v1/feeds/{feed}", json={"two_person_flash": True}).raise_for_status()
    address = f"/v1/feeds/{feed}/dispatches"
    third = service.http.post("/v1/keys", json={"name": "Third", "role": "editor"}).json()["key"]
    asked = {"text": THREE[0], "urgency": "flash"}
    service.http.post(address, json=asked, headers={"authorization": f"Bearer {third}"}).raise_for_status()
    until = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    service.http.post(address, json={"text": THREE[1], "release_at": until}).raise_for_status()
    for shown in ("#wire button[name=confirm]", "[data-held] button[name=release]"):
        expect(desk.tab.locator(shown)).to_have_count(1, timeout=PATIENCE)

    def state() -> tuple[object, ...]:
        snapshot = service.snapshot(feed)
        [flash] = snapshot["dispatches"]
        invited = service.http.get("/v1/invitations").json()
        held = service.http.get(f"/v1/feeds/{feed}/held").json()["held"]
        return snapshot["pinned"], snapshot["air"], flash["urgency"], held, invited

    before = state()
    omar = service.http.post("/v1/keys", json={"name": "Omar", "role": "admin"}).json()["key"]
    other = phone.new_page()
    other.goto(f"{service.url}/feeds/{feed}")
    signing_in = "(body) => fetch('/desk/session', { method: 'POST', body }).then(({ status }) => status)"
    assert other.evaluate(signing_in, json.dumps({"key": omar})) == 201
    with desk.tab.expect_navigation():  # the page is the other one's from now on
        for place, _, words in [step.partition("]=") for step in ACTS[act]]:
            if words:
                desk.tab.fill(f"{place}]", words)
            else:
                desk.tab.locator(place).click()
    assert state() == before
    named = "fetch('/desk/session').then((response) => response.json()).then(({ person }) => person?.name)"
    assert other.evaluate(named) == "Omar", "who signed in last stays signed in"


@pytest.fixture
def no_database(browser: Browser) -> BrowserContext:
    context = browser.new_context(locale="en-GB")
    context.add_init_script(
        "Object.defineProperty(globalThis, 'indexedDB', { value: { open() { throw new Error('no'); } } });"
    )
    return context


def test_a_browser_that_keeps_nothing_says_so_and_files(
    service: Service, no_database: BrowserContext, feed: str
) -> None:
    desk = Desk(no_database.new_page(), service.url, feed)
    desk.sign_in(service.key)
    expect(desk.tab.locator("#trouble")).to_contain_text("do not close the page")
    desk.file(THREE[0])
    until_filed(service, feed, [THREE[0]])
    no_database.close()


def test_nothing_is_needed_that_only_secure_contexts_have() -> None:
    for path in (Path(__file__).parents[3] / "clients" / "desk").glob("*.js"):
        code = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text("utf-8"), flags=re.DOTALL)
        assert not re.search(r"randomUUID|navigator\.locks|crypto\.subtle", code), path.name
