"""Waits: full jitter, and what Retry-After asks for."""

from __future__ import annotations

import pytest

from ticker.client.backoff import BASE, CAP, backoff, rest


def test_the_limit_doubles_up_to_the_cap() -> None:
    limits = [backoff(failures, lambda: 1) for failures in (0, 1, 2, 3, 4, 5, 6, 7, 50, 5000)]
    assert (BASE, CAP) == (500, 30_000)
    assert limits == [500, 1000, 2000, 4000, 8000, 16000, CAP, CAP, CAP, CAP]


def test_the_jitter_is_full() -> None:
    assert backoff(3, lambda: 0) == 0
    assert backoff(0, lambda: 0.25) == BASE // 4


@pytest.mark.parametrize(
    ("header", "milliseconds"),
    [
        (None, 0),
        ("2", 2_000),
        ("0", 0),
        ("86400", 3_600_000),
        ("-1", 0),
        ("1.5", 0),
        ("٣", 0),
        ("Wed, 11 Mar 2026 14:00:00 GMT", 0),
    ],
)
def test_retry_after_is_in_seconds(header: str | None, milliseconds: int) -> None:
    assert rest(header) == milliseconds
