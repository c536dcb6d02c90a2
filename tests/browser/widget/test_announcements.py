"""What a screen reader is given to say, word for word."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.widget.conftest import Host, ticker
from tests.service import Service

CLOCK = r"\d{1,2}:\d{2}(?:\s?[AP]M)?"


class Ears:
    """Waits for words, each said once and in order."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.heard = 0

    def hear(self, role: str, pattern: str) -> None:
        """Wait for the next words and compare all of them, whitespace apart."""

        def said() -> list[dict[str, str]]:
            return [each for each in self.host.seen("words") if each["said"]]

        self.host.until(lambda: len(said()) > self.heard, say=lambda: f"silence instead of {pattern}")
        found = said()[self.heard]
        self.heard += 1
        words = " ".join(found["said"].split())
        assert (found["role"], bool(re.fullmatch(pattern, words))) == (role, True), f"{found} is not {role}: {pattern}"

    def silence(self) -> None:
        """Nothing was said that has not been heard."""
        assert [each for each in self.host.seen("words") if each["said"]][self.heard :] == []


@pytest.fixture
def ears(host: Host) -> Ears:
    return Ears(host)


def settle(host: Host) -> None:
    """Let pass the moment in which what belongs together is gathered."""
    host.page.wait_for_timeout(1_000)


def test_regions_are_empty_at_load_and_stay_so(host: Host, ears: Ears, feed: str) -> None:
    widget = host.open(ticker(feed))
    host.until_state("live")
    settle(host)
    ears.silence()
    assert widget.locator("[role=status]").inner_text() == ""
    assert widget.locator("[role=alert]").inner_text() == ""
    assert widget.locator("[part=list]").get_attribute("aria-live") is None
    assert widget.locator("[part=badge]").evaluate(
        "badge => !badge.closest('[aria-live], [role=status], [role=alert]')"
    )


def test_new_flash_correction_and_kill(host: Host, ears: Ears, service: Service, feed: str) -> None:
    host.open(ticker(feed))
    host.until_state("live")
    receipt = service.file(feed, "Bridge closed", source="Harbour police")
    ears.hear("status", r"Harbour police: Bridge closed")
    service.file(feed, "Fire at fuel depot", source="Civil Defence", urgency="flash")
    ears.hear("alert", r"FLASH: Civil Defence: Fire at fuel depot")
    address = f"/v1/feeds/{feed}/dispatches/{receipt['id']}"
    service.http.patch(address, json={"text": "Bridge open", "note": "It reopened"}, headers={"if-match": "*"})
    ears.hear("status", rf"Corrected {CLOCK}: Harbour police: Bridge open")
    service.http.post(f"{address}/kill", json={"reason": "It was another bridge"})
    ears.hear("alert", rf"Withdrawn at {CLOCK}\. Reason: It was another bridge")
    settle(host)
    ears.silence()


def test_pause_stops_announcements_and_resume_says_where_things_stand(
    host: Host, ears: Ears, service: Service, feed: str
) -> None:
    widget = host.open(ticker(feed))
    host.until_state("live")
    widget.locator("[part=pause]").click()
    ears.hear("status", "PAUSED")
    flash = service.file(feed, "Fire at fuel depot", urgency="flash")
    service.http.post(f"/v1/feeds/{feed}/dispatches/{flash['id']}/kill", json={"reason": "Wrong"})
    service.file(feed, "Bridge is painted")
    service.file(feed, "Bridge closed")
    expect(widget.locator("[part=new]")).to_have_text("2 new")  # only once all of it is there
    settle(host)
    ears.silence()
    widget.locator("[part=pause]").click()
    ears.hear("status", "LIVE")
    expect(widget.locator("[part=text]").first).to_have_text("Bridge closed")
    settle(host)
    ears.silence()


def test_of_many_at_once_only_the_newest_few_are_said(host: Host, ears: Ears, service: Service, feed: str) -> None:
    host.open(ticker(feed))
    host.until_state("live")
    host.gate.cut()
    for number in range(8):
        service.file(feed, f"Burst {number}")
    host.gate.mend()
    expect(host.page.locator("[part=text]").first).to_have_text("Burst 7")
    host.until(lambda: any("Burst 7" in each["said"] for each in host.seen("words")))
    settle(host)
    said = [each["said"] for each in host.seen("words") if each["said"]]
    assert len(said) <= 2, said
    assert "Burst 7" in said[-1]
    assert not any(f"Burst {number}" in " ".join(said) for number in range(5))


def test_words_of_another_language_are_marked_as_such(host: Host, ears: Ears, service: Service) -> None:
    feed = service.open_feed("ar")
    widget = host.open(ticker(feed))
    host.until_state("live")
    service.file(feed, "الجسر مغلق", source="شرطة الميناء")
    ears.hear("status", "شرطة الميناء: الجسر مغلق")
    said = widget.locator("[role=status] p")
    expect(said).to_have_attribute("lang", "ar")
    expect(said).to_have_attribute("dir", "rtl")


@pytest.mark.parametrize(
    ("lang", "flash", "killed"),
    [
        ("ar", r"خبر عاجل جدًا: Fire", r"سُحب .*Wrong"),
        ("es", r"FLASH: Fire", r"Retirada .*Wrong"),
    ],
)
def test_its_own_words_are_in_the_language_of_the_page(
    host: Host, ears: Ears, service: Service, feed: str, lang: str, flash: str, killed: str
) -> None:
    host.open(ticker(feed), lang=lang)
    host.until_state("live")
    receipt = service.file(feed, "Fire", urgency="flash")
    ears.hear("alert", flash)
    service.http.post(f"/v1/feeds/{feed}/dispatches/{receipt['id']}/kill", json={"reason": "Wrong"})
    ears.hear("alert", killed)
