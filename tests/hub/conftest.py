"""Fixtures: a log of three lines, and a node's channel that starts from there."""

from __future__ import annotations

import pytest

from tests.hub.world import Clock, Log
from ticker.channel import Channel


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log() -> Log:
    log = Log()
    for _ in range(3):
        log.file()
    return log


@pytest.fixture
def channel(log: Log, clock: Clock) -> Channel:
    return log.channel(clock)
