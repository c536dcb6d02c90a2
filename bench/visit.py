"""One visit to a page in Chromium with an empty cache: when it shows its dispatches, and what that took."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, Playwright

from bench.network import Conditions, Network
from bench.peers import Missing

WATCH = (Path(__file__).parent / "pages" / "watch.js").read_text()
WITHIN = 60.0
LOOK = 10
"""Milliseconds between looks at what the page has reported; the page itself does nothing meanwhile."""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


@dataclass
class Visit:
    """What one visit took.

    Attributes:
        shown: ms from navigation until the first dispatch was painted.
        streaming: ms from navigation until the stream's first message arrived.
        live: ms from publishing a dispatch until it was painted.
        received: bytes of the whole visit from servers, heads and WebSocket frames included.
        sent: bytes of the whole visit to servers.
        requests: HTTP requests and WebSocket handshakes.
        connections: TCP connections.
        script: ms of CPU in which the page's main thread ran or compiled JavaScript.
        main: ms of CPU of all tasks of the page's main thread.
    """

    shown: float
    streaming: float
    live: float
    received: int
    sent: int
    requests: int
    connections: int
    script: float
    main: float


def launch(playwright: Playwright) -> Browser:
    """Start Chromium without a window."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        raise Missing("Chromium is not installed")
    return playwright.chromium.launch(executable_path=path, args=FLAGS)


def visit(
    browser: Browser, url: str, network: Network, conditions: Conditions, token: str, publish: Callable[[str], None]
) -> Visit:
    """Open a page in a context of its own; once it streams, publish a dispatch with the token in its text."""
    context = browser.new_context(viewport={"width": 1000, "height": 800})
    try:
        page = context.new_page()
        session = context.new_cdp_session(page)
        trail = _Trail(session)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.add_init_script(WATCH.replace("$TOKEN", json.dumps(token)))
        network.clear(conditions)
        page.goto(url, wait_until="commit")
        _until(page, lambda: "first" in trail.marks and trail.streaming is not None, url)
        at = time.time()
        publish(token)
        _until(page, lambda: "live" in trail.marks, url)
        cost = {each["name"]: each["value"] * 1000 for each in session.send("Performance.getMetrics")["metrics"]}
        assert trail.streaming is not None
        return Visit(
            shown=trail.marks["first"]["now"],
            streaming=(trail.streaming - trail.navigation) * 1000,
            live=trail.marks["live"]["origin"] + trail.marks["live"]["now"] - at * 1000,
            received=network.down.bytes,
            sent=network.up.bytes,
            requests=trail.requests,
            connections=network.connections,
            script=cost["ScriptDuration"] + cost["V8CompileDuration"],
            main=cost["TaskDuration"],
        )
    finally:
        context.close()


class _Trail:
    """What the page and its network have reported so far."""

    def __init__(self, session: CDPSession) -> None:
        self.marks: dict[str, dict[str, float]] = {}
        self.navigation = 0.0
        self.streaming: float | None = None
        self.requests = 0
        session.on("Runtime.bindingCalled", self._marked)
        session.on("Network.requestWillBeSent", self._requested)
        session.on("Network.webSocketWillSendHandshakeRequest", self._shook)
        session.on("Network.webSocketFrameReceived", self._streamed)
        session.send("Runtime.enable")
        session.send("Runtime.addBinding", {"name": "benchReport"})
        session.send("Network.enable")

    def _marked(self, event: dict[str, Any]) -> None:
        mark = json.loads(event["payload"])
        self.marks[mark["name"]] = mark

    def _requested(self, event: dict[str, Any]) -> None:
        self.requests += 1
        self.navigation = self.navigation or event["timestamp"]

    def _shook(self, event: dict[str, Any]) -> None:
        self.requests += 1

    def _streamed(self, event: dict[str, Any]) -> None:
        if self.streaming is None:
            self.streaming = event["timestamp"]


def _until(page: Page, true: Callable[[], bool], url: str) -> None:
    deadline = time.monotonic() + WITHIN
    while not true():
        if time.monotonic() > deadline:
            raise Missing(f"{url} did not show what it should within {WITHIN:g} s")
        page.wait_for_timeout(LOOK)
