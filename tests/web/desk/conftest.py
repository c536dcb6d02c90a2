"""A second node beside the service, on the same log."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.service import Service


@pytest.fixture(scope="module")
def other_node(service: Service) -> Iterator[Service]:
    """Another process of the service, on the Redis of the first."""
    with Service(service.data, redis_url=service.log_url, admin_key=service.key) as node:
        yield node
