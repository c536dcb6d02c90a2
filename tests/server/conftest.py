"""The fixture of an acceptor in the test's own process."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.server.test_reader import House, until


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    yield house
    for mine in house.open:
        mine.close()
    await until(lambda: len(house.hub) == 0)
    house.acceptor.close()
