"""The fixture of an acceptor in the test's own process."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.server.test_reader import House


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with House() as house:
        yield house
