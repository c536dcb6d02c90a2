"""Being invited to the desk: a link that an editor makes there, and that somebody else accepts on another phone."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, expect

from tests.browser.desk.desk import PATIENCE, Desk
from tests.service import Service


def test_an_editor_invites_and_the_link_is_spent_by_a_button_once(
    service: Service, browser: Browser, desk: Desk, feed: str
) -> None:
    desk.tab.locator("#menu").click()
    desk.tab.locator("dialog summary", has_text="Invite").click()
    desk.tab.fill("input[name=invite-name]", "Omar Haddad")
    desk.tab.locator("button[name=invite]").click()
    link = desk.tab.locator(".invitation-link input")
    expect(link).to_have_value(re.compile(re.escape(service.url) + "/desk#invitation=.{16,}"), timeout=PATIENCE)
    picture = desk.tab.locator(".invitation-link img.qr")
    expect(picture).to_be_visible()
    assert picture.evaluate("(image) => image.decode().then(() => image.naturalWidth > 0)")
    address = link.input_value()
    phone = browser.new_context(locale="en-GB", viewport={"width": 390, "height": 844})
    tab = phone.new_page()
    for _ in range(2):  # a preview of the link, and a second look at it, spend nothing
        tab.goto(address)
        tab.reload()
    expect(tab.locator("form[name=invitation]")).to_be_visible()
    tab.locator("button[name=accept]").click()
    expect(tab.locator("#feed-list a").first).to_be_visible(timeout=PATIENCE)
    expect(tab).not_to_have_url(re.compile("#"))
    theirs = Desk(tab, service.url, feed)
    theirs.open()
    theirs.until_live()
    theirs.file("The first of Omar")
    row = desk.tab.locator("#wire [data-id]", has_text="The first of Omar")
    expect(row).to_contain_text("by Omar Haddad", timeout=PATIENCE)
    phone.close()
    another = browser.new_context(locale="en-GB")
    tab = another.new_page()
    tab.goto(address)
    tab.locator("button[name=accept]").click()
    expect(tab.locator("#invitation-error")).to_contain_text("used or has expired")
    another.close()
