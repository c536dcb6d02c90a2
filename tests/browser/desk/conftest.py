"""A desk in a real browser: signed in with a key, as a correspondent's phone would be."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.desk.desk import Desk
from tests.service import Service


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    """A phone: its cookies, its database and its caches outlive its tabs."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, locale="en-GB")
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    yield context
    context.close()
    assert errors == []


@pytest.fixture
def feed(service: Service) -> str:
    return service.open_feed()


@pytest.fixture
def desk(service: Service, phone: BrowserContext, feed: str) -> Desk:
    """The desk of a feed of the test's own, signed in and live."""
    opened = Desk(phone.new_page(), service.url, feed)
    opened.sign_in(service.key)
    return opened


@pytest.fixture
def another_tab(phone: BrowserContext, service: Service, feed: str) -> Callable[[], Desk]:
    """Open one more tab of the same phone."""

    def open_tab() -> Desk:
        tab: Page = phone.new_page()
        opened = Desk(tab, service.url, feed)
        opened.open()
        return opened

    return open_tab
