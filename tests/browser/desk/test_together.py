"""Several people at one desk: who is there, who filed what, and the second key of a flash."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.desk.desk import PATIENCE, Desk
from tests.service import Service

Person = Callable[[str, str], Desk]


@pytest.fixture
def person(browser: Browser, service: Service, feed: str) -> Iterator[Person]:
    """Somebody with a browser and a key of their own, given a name and a role."""
    contexts = []

    def come(name: str, role: str) -> Desk:
        context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
        contexts.append(context)
        key = service.http.post("/v1/keys", json={"name": name, "role": role}).json()["key"]
        desk = Desk(context.new_page(), service.url, feed)
        desk.sign_in(key)
        return desk

    yield come
    for context in contexts:
        context.close()


def test_each_sees_who_else_is_there_and_who_filed_what(service: Service, person: Person, feed: str) -> None:
    lena, omar = person("Lena Ortiz", "editor"), person("Omar Haddad", "correspondent")
    expect(lena.tab.locator("#people")).to_contain_text("Omar Haddad", timeout=PATIENCE)
    expect(omar.tab.locator("#people")).to_contain_text("Lena Ortiz", timeout=PATIENCE)
    lena.file("The bridge is closed")
    service.until(lambda: service.snapshot(feed)["dispatches"])
    id = service.snapshot(feed)["dispatches"][0]["id"]
    expect(omar.row(id)).to_contain_text("by Lena Ortiz", timeout=PATIENCE)
    expect(omar.row(id).locator("button[name=kill]")).to_have_count(0)  # a correspondent kills what is theirs
    omar.file("The barge is adrift")
    service.until(lambda: len(service.snapshot(feed)["dispatches"]) == 2)
    own = service.snapshot(feed)["dispatches"][0]["id"]
    expect(omar.row(own).locator("button[name=kill]")).to_be_visible(timeout=PATIENCE)
    expect(lena.row(own).locator("button[name=kill]")).to_be_visible()  # an editor kills all
    omar.tab.close()
    expect(lena.tab.locator("#people")).to_be_hidden(timeout=PATIENCE)


def test_a_second_key_confirms_a_flash(service: Service, person: Person, feed: str) -> None:
    service.http.patch(f"/v1/feeds/{feed}", json={"two_person_flash": True})
    lena, omar = person("Lena Ortiz", "editor"), person("Omar Haddad", "editor")
    lena.file("/flash Fire at a fuel depot on Pier 7")
    service.until(lambda: service.snapshot(feed)["dispatches"])
    found = service.snapshot(feed)["dispatches"][0]
    assert found["urgency"] == "urgent"
    expect(lena.row(found["id"])).to_contain_text("waits for a second key", timeout=PATIENCE)
    expect(lena.row(found["id"]).locator("button[name=confirm]")).to_have_count(0)
    omar.row(found["id"]).locator("button[name=confirm]").click()
    service.until(lambda: service.snapshot(feed)["dispatches"][0]["urgency"] == "flash")
    expect(omar.row(found["id"]).locator(".flash-waits")).to_have_count(0, timeout=PATIENCE)


def test_a_correspondent_sees_their_own_held_dispatches_alone(service: Service, person: Person, feed: str) -> None:
    lena, omar = person("Lena Ortiz", "editor"), person("Omar Haddad", "correspondent")
    lena.file("/hold 45m Held by Lena")
    omar.file("/hold 50m Held by Omar")
    expect(lena.tab.locator("[data-held]")).to_have_count(2, timeout=PATIENCE)
    expect(omar.tab.locator("[data-held]")).to_have_count(1, timeout=PATIENCE)
    expect(omar.tab.locator("[data-held]")).to_contain_text("Held by Omar")


def test_a_key_that_is_revoked_while_its_desk_is_open_ends_it(service: Service, person: Person, feed: str) -> None:
    omar = person("Omar of the night", "editor")
    omar.text.fill("Half a sentence")
    (key,) = [each for each in service.http.get("/v1/keys").json()["keys"] if each["name"] == "Omar of the night"]
    assert service.http.delete(f"/v1/keys/{key['id']}").status_code == 204
    expect(omar.tab.locator("form[name=sign-in]")).to_be_visible(timeout=PATIENCE)
    service.file(feed, "After the key was revoked")
    expect(omar.tab.locator("#desk")).to_be_hidden()
