"""A widget that stays open: what it holds does not grow with what was filed."""

from __future__ import annotations

import contextlib
import json
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest
from playwright.sync_api import CDPSession, expect

from tests.browser.widget.conftest import Host, ticker
from tests.service import Service

CORRESPONDENTS = 20
CAUGHT_UP = 120_000
"""Milliseconds: a busy machine draws later than it files."""


def file_many(service: Service, feed: str, count: int) -> None:
    """File as fast as the service takes it, by several correspondents at once."""
    body = json.dumps({"text": "Bridge closed to traffic", "source": "Harbour police", "urgency": "urgent"})
    headers = {**service.authorization, "content-type": "application/json"}

    def file(_: int) -> None:
        with contextlib.closing(HTTPConnection("127.0.0.1", service.port, timeout=30)) as connection:
            for _ in range(count // CORRESPONDENTS):
                connection.request("POST", f"/v1/feeds/{feed}/dispatches", body, headers)
                response = connection.getresponse()
                assert response.status == 201, response.read()
                response.read()

    with ThreadPoolExecutor(CORRESPONDENTS) as correspondents:
        list(correspondents.map(file, range(CORRESPONDENTS)))


def held(session: CDPSession) -> tuple[float, float]:
    """DOM nodes and bytes of heap that are still in use."""
    for _ in range(3):  # what a finalizer frees is garbage of the next round
        session.send("HeapProfiler.collectGarbage")
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    return metrics["Nodes"], metrics["JSHeapUsedSize"]


@pytest.mark.timeout(3 * CAUGHT_UP / 1000)  # filed through three relays, they take minutes on a busy machine
def test_nodes_and_heap_are_flat_over_five_thousand_dispatches(host: Host, service: Service, feed: str) -> None:
    # A page of its own: what watch.js writes down grows.
    host.page = host.page.context.new_page()
    widget = host.open(ticker(feed, limit="50"))
    host.until_state("live")
    session = host.page.context.new_cdp_session(host.page)
    session.send("Performance.enable")
    found = []
    for count in (1_000, 4_000):
        file_many(service, feed, count)
        last = service.file(feed, f"The last of {count}")
        expect(widget.locator("[part=text]").first).to_have_text(f"The last of {count}", timeout=CAUGHT_UP)
        expect(widget.locator("[data-id]")).to_have_count(50)
        assert widget.evaluate("widget => widget.dispatches[0].id") == last["id"]
        host.page.wait_for_timeout(1_000)  # live regions gather what they say for a moment
        found.append(held(session))
    (nodes, heap), (nodes_later, heap_later) = found
    assert nodes_later <= nodes * 1.02 + 20, found
    assert heap_later <= heap * 1.1 + 100_000, found
