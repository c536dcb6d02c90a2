"""The back-forward cache: a page in it is no reader, and one that comes back is live only with new proof."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.conftest import FLAGS
from tests.browser.widget.conftest import Host, texts, ticker
from tests.browser.widget.test_many_widgets import watching
from tests.service import Service


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium with the back-forward cache, which Playwright switches off."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert path is not None, "Chromium is needed: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=FLAGS, ignore_default_args=["--disable-back-forward-cache"]
        )
        yield browser
        browser.close()


def test_a_page_in_the_cache_is_no_reader_and_comes_back_with_new_proof(
    host: Host, service: Service, feed: str
) -> None:
    widget = host.open(ticker(feed))
    host.until_state("live")
    service.until(lambda: watching(service, feed) == 1)
    host.page.evaluate("addEventListener('pageshow', ({ persisted }) => { window.persisted = persisted })")
    host.page.goto(host.site.publish("<title>Another page</title>"))
    service.until(lambda: watching(service, feed) == 0)
    left = time.time()
    service.file(feed, "While it was away")
    back = time.time()
    host.page.go_back(wait_until="commit")
    host.until(lambda: host.page.evaluate("window.persisted") is not None)
    assert host.page.evaluate("window.persisted") is True  # it was in the cache, and not loaded again
    expect(widget.locator("[part=text]").first).to_have_text("While it was away")
    host.until_state("live")
    assert texts(widget) == ["While it was away", "Dispatch 2", "Dispatch 1", "Dispatch 0"]
    assert not host.was_live(left, back)
    host.picture("back-forward")


def test_a_page_that_comes_back_on_a_dead_path_is_not_live(host: Host, service: Service, feed: str) -> None:
    widget = host.open(ticker(feed))
    host.until_state("live")
    host.page.evaluate("addEventListener('pageshow', ({ persisted }) => { window.persisted = persisted })")
    host.page.goto(host.site.publish("<title>Another page</title>"))
    host.gate.freeze()
    left = time.time()
    host.page.go_back(wait_until="commit")
    host.until(lambda: host.page.evaluate("window.persisted") is not None)
    assert host.page.evaluate("window.persisted") is True
    expect(widget.locator("[part=badge]")).to_contain_text(re.compile("CATCHING UP|DELAYED"))
    host.page.wait_for_timeout(1_500)  # more than it takes to connect where something answers
    assert host.state() in ("catching-up", "delayed")
    assert not host.was_live(left, time.time())
