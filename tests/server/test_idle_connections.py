"""Kept connections without a request give way to others while descriptors are short."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from tests.server.test_hand_off import connect_to, reader
from tests.service import TICKER, Service


def test_idle_connections_give_way_to_writers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.service.TICKER", ["sh", "-c", 'ulimit -n 256; exec "$0" "$@"', *TICKER])
    with Service(tmp_path) as service, contextlib.ExitStack() as stack:
        honest = stack.enter_context(reader(service, "breaking"))
        honest.json(), honest.json()
        for number in range(400):
            idle = stack.enter_context(connect_to(service))
            status, headers = idle.ask("/v1/feeds" if number % 2 else "/v1/feeds/breaking/changes", {})
            assert status == 200
            assert idle.file.read(int(headers["content-length"]))
            if number % 50 == 49:
                receipt = service.file_patiently("breaking", f"dispatch {number}")
                while (frame := honest.json())["type"] != "dispatch":
                    pass
                assert frame["position"] == receipt["position"]
        assert service.errors == []
