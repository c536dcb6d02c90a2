"""A node that has as many connections as the system allows."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from tests.server.test_hand_off import UPGRADE, connect_to, reader
from tests.server.test_reader import UPGRADE as HANDSHAKE
from tests.server.test_reader import House
from tests.service import TICKER, Service


def test_a_node_that_runs_out_of_descriptors_refuses_readers_and_closes_idle_connections_for_the_rest(
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
            assert page.ask("/healthz", {})[0] == 200
        stack.close()
        service.until(lambda: service.http.get("/healthz").status_code == 200)


@pytest.mark.anyio
async def test_a_connection_for_which_no_other_gives_way_is_refused(house: House) -> None:
    for descriptors, expected in [(0, b"HTTP/1.1 503 "), (1000, b"HTTP/1.1 101 ")]:
        house.acceptor._reserved_from = descriptors  # descriptors from here on are for refusals alone
        mine = await house.connect()
        mine.sendall(b"GET /v1/feeds/f/live " + HANDSHAKE)
        received = await asyncio.get_running_loop().sock_recv(mine, 65536)
        assert received.startswith(expected)
        if descriptors:
            return
        assert b"\r\nretry-after: 5\r\n" in received
        assert await asyncio.get_running_loop().sock_recv(mine, 1) == b""
