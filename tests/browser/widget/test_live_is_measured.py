"""The badge through outages: it never says LIVE longer than the protocol allows, and says it again only with proof."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Route, expect

from tests.browser.widget.conftest import Host, texts, ticker
from tests.browser.widget.gate import Gate
from tests.service import Service

FRESH = 13
"""Seconds that a proof counts for."""
SLACK = 1
"""Seconds between the client's looks at its clock."""


def test_a_frozen_log_makes_it_delayed_and_a_thawed_one_live(host: Host, own_service: Service) -> None:
    with Gate(own_service.port) as gate:
        host.gate = gate
        own_service.file("breaking", "Before")
        widget = host.open(ticker("breaking"))
        host.until_state("live")
        with own_service.frozen("valkey-server"):
            host.until_state("delayed")
            expect(widget.locator("[part=badge]")).to_contain_text("DELAYED")
            known = time.time()
            assert texts(widget) == ["Before"]
            host.picture("redis-frozen")
            thawed = time.time()
        own_service.file_patiently("breaking", "After")
        expect(widget.locator("[part=text]").first).to_have_text("After")
        host.until_state("live")
        assert not host.was_live(known, thawed)
        assert host.errors == []


def test_a_cut_path_is_catching_up_and_then_delayed(host: Host, service: Service, feed: str) -> None:
    host.page.clock.install()
    widget = host.open(ticker(feed))
    host.until_state("live")
    host.gate.cut()
    host.until_state("catching-up")
    expect(widget.locator("[part=badge]")).to_contain_text("CATCHING UP")
    host.picture("cut-catching-up")
    host.page.clock.run_for((FRESH + SLACK) * 1000)
    host.until_state("delayed")
    expect(widget.locator("[part=badge]")).to_contain_text("DELAYED")
    host.picture("cut-delayed")
    assert len(texts(widget)) == 3  # what is known stays readable
    host.gate.mend()
    host.until_state("live", within=60)
    names = [state["state"] for state in host.seen("states")]
    assert names[names.index("live") :] == ["live", "catching-up", "delayed", "live"]


def test_a_path_that_dies_silently_is_live_no_longer_than_its_proof(host: Host, service: Service, feed: str) -> None:
    host.page.clock.install()
    host.open(ticker(feed))
    host.until_state("live")
    host.gate.freeze()
    frozen = host.now()
    host.page.clock.run_for((FRESH + SLACK) * 1000)
    dead = host.now()
    assert host.state() in ("catching-up", "delayed")
    assert not host.was_live(frozen + FRESH + SLACK, dead)
    service.file(feed, "Meanwhile")
    host.page.clock.run_for(10_000)
    assert not host.was_live(dead, host.now())
    host.gate.mend()
    host.until_state("live", within=60)
    expect(host.page.locator("[part=text]").first).to_have_text("Meanwhile")


@pytest.mark.parametrize("both", [True, False], ids=["both-clocks", "wall-clock-alone"])
def test_after_sleep_it_is_never_live_on_a_dead_path(host: Host, service: Service, feed: str, *, both: bool) -> None:
    """A lid is closed for an hour; on some machines the monotonic clock stops meanwhile."""
    host.page.clock.install()
    widget = host.open(ticker(feed))
    host.until_state("live")
    host.gate.freeze()
    service.file(feed, "While it slept")
    if both:
        host.page.clock.fast_forward("01:00:00")
    else:
        host.page.clock.set_system_time(time.time() + 3600)
    host.until_state("catching-up", "delayed")
    expect(widget.locator("[part=badge]")).not_to_contain_text("LIVE")
    states = len(host.seen("states"))
    host.page.wait_for_timeout(2_000)
    assert "live" not in [state["state"] for state in host.seen("states")[states:]]
    assert host.state() != "live"
    assert texts(widget)[0] == "Dispatch 2"
    host.gate.mend()
    host.until_state("live", within=60)
    expect(widget.locator("[part=text]").first).to_have_text("While it slept")


def test_after_sleep_a_healthy_path_is_live_again_with_new_proof(host: Host, service: Service, feed: str) -> None:
    host.page.clock.install()
    widget = host.open(ticker(feed))
    host.until_state("live")
    service.file(feed, "Before sleep")
    expect(widget.locator("[part=text]").first).to_have_text("Before sleep")
    host.page.clock.fast_forward("01:00:00")
    host.until_state("live")
    service.file(feed, "After sleep")
    expect(widget.locator("[part=text]").first).to_have_text("After sleep")
    names = [state["state"] for state in host.seen("states")]
    between = names[names.index("live") + 1 :]
    assert between[-1] == "live"
    assert between[0] in ("catching-up", "delayed")


def test_a_service_that_dies_and_comes_back_is_followed_without_a_gap(host: Host, own_service: Service) -> None:
    with Gate(own_service.port) as gate:
        host.gate = gate
        own_service.file("breaking", "Before")
        widget = host.open(ticker("breaking"))
        host.until_state("live")
        own_service.kill()
        host.until_state("delayed" if own_service.keeps_readers else "catching-up")
        known = time.time()
        host.picture("service-gone")
        restarted = time.time()
        own_service.start()
        own_service.file_patiently("breaking", "After")
        host.until_state("live", within=60)
        expect(widget.locator("[part=text]")).to_have_text(["After", "Before"])
        assert not host.was_live(known, restarted)
        host.picture("service-back")


def test_what_a_fragment_drew_is_not_live_before_all_of_it_is_known(host: Host, service: Service) -> None:
    feed = service.open_feed()
    for number in range(24):
        service.file(feed, f"Dispatch {number}")
    fragment = service.http.get(f"/embed/feeds/{feed}/fragment?limit=24&script=no").text
    asked: list[Route] = []
    host.page.route("**/dispatches?limit=24*", lambda route: asked.append(route))  # noqa: PLW0108
    widget = host.open(fragment.replace(service.url, host.gate.url))
    host.until(lambda: bool(asked))
    oldest = widget.locator("[data-id]").nth(23).get_attribute("data-id")
    response = asked[0].fetch()
    host.page.wait_for_timeout(2_000)  # longer than a node takes to prove that it is level
    assert "live" not in [each["state"] for each in host.seen("states")]
    expect(widget.locator("[part=badge]")).to_have_text("CATCHING UP")
    asked[0].fulfill(response=response)
    host.until_state("live")
    expect(widget.locator(f"[data-id='{oldest}'] [part=text]")).to_have_text("Dispatch 0")
