"""Waiting for what a browser does in its own time.

Playwright's callbacks (`tab.on`, `tab.route`) run only while a test is inside one of its calls: a wait that merely
sleeps never hears what it waits for.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from playwright.sync_api import Page

PATIENCE = 30_000
"""Milliseconds. What is waited for comes much sooner, unless the machine is busy; the slowest promise of the protocol,
that a dead connection is noticed, takes 13 seconds."""


def until(
    tab: Page, true: Callable[[], object], within: float = PATIENCE / 1000, say: Callable[[], object] = str
) -> None:
    """Wait until something is true, and let the page's events come in meanwhile; `within` is in seconds."""
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, say() or "it did not come true in time"
        tab.wait_for_timeout(20)


def until_drawn(tab: Page) -> None:
    """Wait until two frames are drawn: only then is a scrolled list at its place, and an observer told what it sees."""
    tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))")
