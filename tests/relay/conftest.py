"""Fixtures: a service, and one relay that follows it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.relay.tree import Relay
from tests.service import Service


@pytest.fixture(scope="module")
def relay(service: Service) -> Iterator[Relay]:
    """A relay that the tests of one file share."""
    with Relay(service) as running:
        running.until(running.level)
        yield running
