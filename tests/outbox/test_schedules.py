"""Ten schedules of the outbox against a real service; `scripts/outbox 200` runs more."""

from __future__ import annotations

import pytest

from tests.outbox.schedules import run
from tests.service import Service

FIRST_SEED = 1_000


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + 10))
def test_nothing_is_lost_doubled_or_reordered(service: Service, seed: int) -> None:
    found = run(service, seed)
    assert found.sound, found
    assert found.composed > 0
