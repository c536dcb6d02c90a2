"""A node that has as many connections as the system allows."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from tests.server.test_hand_off import UPGRADE, connect_to, reader
from tests.service import TICKER, Service


def test_a_node_that_runs_out_of_descriptors_refuses_and_recovers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.service.TICKER", ["sh", "-c", 'ulimit -n 256; exec "$0" "$@"', *TICKER])
    with Service(tmp_path) as service, contextlib.ExitStack() as stack:
        for _ in range(128):  # half of what it may open is for readers
            assert stack.enter_context(reader(service, "breaking")).json()["type"] == "snapshot"
        refused = stack.enter_context(connect_to(service))
        status, headers = refused.ask("/v1/feeds/breaking/live", UPGRADE)
        assert (status, headers["retry-after"]) == (503, "5")
        for _ in range(128):
            page = stack.enter_context(connect_to(service))
            status, headers = page.ask("/healthz", {})
            if status != 200:
                break
        assert (status, headers["retry-after"]) == (503, "5")
        stack.close()
        service.until(lambda: service.http.get("/healthz").status_code == 200)
