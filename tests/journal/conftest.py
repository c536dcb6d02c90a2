"""What the tests of the journal share."""

from __future__ import annotations

import pytest

from ticker.journal import audit, verify, walk


@pytest.fixture(params=[512, 1, 2])
def pages(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found must not depend on where a page ends."""
    for module in (walk, audit, verify):
        monkeypatch.setattr(module, "PAGE", request.param)
