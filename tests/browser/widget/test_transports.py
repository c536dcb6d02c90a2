"""Networks that let no WebSocket through, and none that lets nothing stream: the list is whole, and LIVE is right."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import expect

from tests.browser.widget.conftest import Host, texts, ticker
from tests.service import Service

BLOCKED = {
    "websocket": set[str](),
    "event-stream": {"websocket"},
    "GET": {"websocket", "event-stream"},
}
"""The transport that is left, and what the network refuses."""


@pytest.mark.parametrize("left", BLOCKED)
def test_the_next_transport_is_taken_where_one_is_blocked(host: Host, service: Service, left: str, feed: str) -> None:
    host.gate.blocked = BLOCKED[left]
    widget = host.open(ticker(feed, limit="50"))
    host.until_state("live")
    assert not [state for state in host.seen("states")[:-1] if state["state"] == "live"]
    used = [asked for asked in host.gate.asked if "/live" in asked.path or "/changes" in asked.path]
    assert used[-1].how == left
    assert {asked.how for asked in used if not asked.refused} == {left}
    for number in range(25):
        service.file(feed, f"Burst {number}")
    expect(widget.locator("[part=text]")).to_have_count(28)
    receipt = service.file(feed, "Wrong")
    expect(widget.locator("[part=text]").first).to_have_text("Wrong")
    service.http.post(f"/v1/feeds/{feed}/dispatches/{receipt['id']}/kill", json={"reason": "It was not so"})
    expect(widget.locator("[part=tombstone]")).to_contain_text("It was not so")
    expected = [f"Burst {number}" for number in reversed(range(25))] + ["Dispatch 2", "Dispatch 1", "Dispatch 0"]
    assert texts(widget) == expected
    host.until_state("live")
    host.picture(f"transport-{left}")


@pytest.mark.parametrize("left", BLOCKED)
def test_each_transport_resumes_without_a_gap_after_the_path_was_cut(
    host: Host, service: Service, left: str, feed: str
) -> None:
    host.gate.blocked = BLOCKED[left]
    widget = host.open(ticker(feed, limit="50"))
    host.until_state("live")
    cut = host.gate.cut()
    host.until_state("catching-up", "delayed")
    known = time.time()
    expect(widget.locator("[part=badge]")).not_to_contain_text("LIVE")
    for number in range(3):
        service.file(feed, f"Unseen {number}")
    assert len(texts(widget)) == 3
    repaired = time.time()
    host.gate.mend()
    host.until_state("live")
    assert not host.was_live(known, repaired)
    assert known - cut < 13
    assert texts(widget) == ["Unseen 2", "Unseen 1", "Unseen 0", "Dispatch 2", "Dispatch 1", "Dispatch 0"]
    # It came back by the transport that worked, from the position it had.
    back = host.gate.asked[-1]
    assert back.how == left
    assert "after=" in back.path


def test_long_poll_asks_in_the_one_form_that_caches_share(host: Host, service: Service, feed: str) -> None:
    host.gate.blocked = BLOCKED["GET"]
    widget = host.open(ticker(feed))
    host.until_state("live")
    for number in range(5):
        service.file(feed, f"Poll {number}")
        expect(widget.locator("[part=text]").first).to_have_text(f"Poll {number}")
    for each in host.gate.paths(f"/v1/feeds/{feed}/changes"):
        query = each.path.partition("?")[2]
        assert query == "" or (query.startswith("after=") and query.endswith("&wait=10") and query.count("&") == 1)
        assert "cookie" not in each.headers
        assert "authorization" not in each.headers
    # Never the same URL twice within a second, by the page's own clock: on a busy machine the gate sees them later.
    sent = host.page.evaluate(
        "performance.getEntriesByType('resource').map(({ name, startTime }) => [name, startTime])"
    )
    polls = [(url, at) for url, at in sent if f"/v1/feeds/{feed}/changes" in url]
    assert len(polls) >= 5
    last: dict[str, float] = {}
    for url, at in polls:
        assert at - last.get(url, -1_000) >= 950, url
        last[url] = at
