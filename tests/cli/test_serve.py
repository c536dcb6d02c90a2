"""`ticker serve`: one line when it is ready, and one that says why it cannot start."""

from __future__ import annotations

import json
import re
import signal
import socket
from pathlib import Path

import httpx
import pytest

from tests.cli.command import Following, run_command
from tests.service import Service


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_serve_prints_one_line_when_it_is_ready_and_ends_well(
    service: Service, tmp_path: Path, how: signal.Signals
) -> None:
    with Following("serve", "--port", "0", "--data", str(tmp_path), drain="0") as serve:
        service.until(lambda: serve.lines or serve.process.poll() is not None)
        assert (ready := re.fullmatch(r"ticker ready on (http://127\.0\.0\.1:[1-9]\d*)\n", serve.lines[0]))
        assert [feed["name"] for feed in httpx.get(ready[1] + "/v1/feeds").json()["feeds"]] == ["breaking"]
        assert serve.end(how) == 0
    assert (len(serve.lines), serve.errors) == (1, [])


def test_a_second_service_on_the_same_data_is_refused_and_the_first_unharmed(service: Service) -> None:
    feed = service.open_feed()
    with service.websocket(feed) as reader:
        assert json.loads(reader.recv(timeout=30))["type"] == "snapshot"
        refused = run_command({}, "serve", "--port", "0", "--data", str(service.data)).complaint
        assert str(service.data) in refused
        service.file(feed, "still here")
        frames = iter(lambda: json.loads(reader.recv(timeout=30)), None)
        assert next(frame for frame in frames if frame["type"] == "dispatch")["dispatch"]["text"] == "still here"
    assert service.errors == []


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        refused = run_command({}, "serve", "--port", port, "--data", str(tmp_path)).complaint
    assert f"127.0.0.1:{port}" in refused
    assert "in use" in refused
