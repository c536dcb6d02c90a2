"""What a reader sees, in a real browser in front of the real service."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.waiting import PATIENCE, until, until_drawn
from tests.service import Service


class OutsideRedis:
    """A Redis that is not the service's own, so that it stays dead when killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"unix://{folder}/redis.sock"
        self.start()

    def start(self) -> None:
        program = shutil.which("redis-server")
        assert program is not None, "redis-server is needed: apt-get install redis-server"
        flags = ["--port", "0", "--unixsocket", "redis.sock", "--appendonly", "yes", "--appendfsync", "always"]
        self.process = subprocess.Popen(
            [program, *flags, "--dir", str(self.folder)], cwd=self.folder, stdout=subprocess.DEVNULL
        )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    @contextlib.contextmanager
    def gone(self) -> Iterator[None]:
        """Let it be dead, and start it again."""
        self.kill()
        yield
        self.start()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[OutsideRedis]:
    running = OutsideRedis(tmp_path)
    yield running
    running.kill()


def texts(tab: Page) -> list[str]:
    """What each dispatch says, newest first."""
    return tab.locator(".dispatch .words").all_inner_texts()


def through_an_outage(service: Service, tab: Page, outage: AbstractContextManager[None]) -> None:
    """File before, while the page is open and after an outage: the badge tells the truth, and nothing is missing."""
    service.file("breaking", "Before the page was opened", source="Harbour police")
    tab.goto(service.url)
    badge = tab.locator("#badge")
    expect(badge).to_contain_text("LIVE", timeout=PATIENCE)
    assert texts(tab) == ["Before the page was opened"]
    service.file("breaking", "While it is open", source="Civil Defence spokesman", urgency="urgent")
    expect(tab.locator(".dispatch").first).to_contain_text("Civil Defence spokesman")
    expect(tab.locator(".dispatch").first).to_contain_text("While it is open")
    with outage:
        expect(badge).to_contain_text("DELAYED", timeout=PATIENCE)
        expect(badge).not_to_contain_text("LIVE")
    service.file_patiently("breaking", "After the outage")
    expect(badge).to_contain_text("LIVE", timeout=PATIENCE)
    expect(tab.locator(".dispatch")).to_have_count(3)
    assert texts(tab) == ["After the outage", "While it is open", "Before the page was opened"]


def test_a_filed_dispatch_appears_and_the_badge_tells_the_truth_while_the_log_is_gone(
    redis: OutsideRedis, tab: Page, tmp_path: Path
) -> None:
    with Service(tmp_path, redis_url=redis.url) as service:
        through_an_outage(service, tab, redis.gone())


def test_a_filed_dispatch_appears_and_the_badge_tells_the_truth_while_the_log_does_not_respond(
    own_service: Service, tab: Page
) -> None:
    through_an_outage(own_service, tab, own_service.frozen("valkey-server"))


def test_when_the_server_of_the_log_dies_the_page_gets_all_that_was_confirmed(own_service: Service, tab: Page) -> None:
    own_service.file("breaking", "Before")
    tab.goto(own_service.url)
    badge = tab.locator("#badge")
    expect(badge).to_contain_text("LIVE", timeout=PATIENCE)
    own_service.kill_child("valkey-server")
    for number in range(5):
        own_service.file_patiently("breaking", f"After {number}")
    expect(tab.locator(".dispatch")).to_have_count(6, timeout=PATIENCE)
    expect(badge).to_contain_text("LIVE", timeout=PATIENCE)
    assert texts(tab) == [*(f"After {number}" for number in reversed(range(5))), "Before"]


@pytest.mark.parametrize("why", ["paused", "scrolled"])
def test_a_page_that_stands_still_is_printed_as_of_then(service: Service, tab: Page, why: str) -> None:
    feed = service.open_feed()
    for number in range(20):
        service.file(feed, f"Dispatch {number}")
    url = f"{service.url}/feeds/{feed}"
    other = tab.context.new_page()
    for each in (other, tab):
        each.goto(url)
        expect(each.locator("#badge")).to_have_attribute("data-state", "live", timeout=20_000)
    if why == "paused":
        tab.locator("#pause").click()
    else:
        tab.evaluate("scrollTo(0, 300)")
        until_drawn(tab)
    service.file(feed, "Later")
    expect(tab.locator("#fresh")).to_be_visible()
    as_of = "document.querySelector('#as-of time').dateTime"
    before = tab.evaluate(as_of)
    until(tab, lambda: other.evaluate(as_of) > before)
    tab.wait_for_timeout(200)
    assert tab.evaluate(as_of) == before
    tab.locator("#fresh").click()
    expect(tab.locator(".dispatch .words").first).to_have_text("Later")
    until(tab, lambda: tab.evaluate(as_of) > before)
