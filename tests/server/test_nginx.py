"""The service behind nginx, configured as the manual says."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pytest
from websockets.sync.client import connect

from tests.server.test_hand_off import UPGRADE
from tests.service import Service

MANUAL = Path(__file__).parents[2] / "docs/operations.md"
FRAME = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  {server}
}}
"""


def of_manual(port: int, upstream: int) -> str:
    """Return the manual's configuration, without TLS and on other ports."""
    [block] = re.findall(r"```nginx\n(.*?)```", MANUAL.read_text("utf-8"), re.DOTALL)
    plain = re.sub(r"    ssl_certificate.*\n", "", block)
    for told, here in [("listen 443 ssl", f"listen 127.0.0.1:{port}"), ("127.0.0.1:8000", f"127.0.0.1:{upstream}")]:
        assert told in plain
        plain = plain.replace(told, here)
    return plain


@pytest.fixture(scope="module")
def proxied(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Run nginx in front of the service, and give its port."""
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    assert Path(program).exists(), "nginx is needed: apt-get install nginx"
    folder = tmp_path_factory.mktemp("nginx")
    with socket.socket() as lone:
        lone.bind(("127.0.0.1", 0))
        port: int = lone.getsockname()[1]
    (folder / "nginx.conf").write_text(FRAME.format(folder=folder, server=of_manual(port, service.port)))
    process = subprocess.Popen([program, "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")])
    deadline = time.monotonic() + 20
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None, (folder / "error.log").read_text()
                assert time.monotonic() < deadline
        yield port
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.parametrize("upgrade", [{}, {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c"}, UPGRADE])
def test_a_post_with_any_upgrade_is_filed(service: Service, proxied: int, upgrade: dict[str, str]) -> None:
    feed = service.open_feed()
    response = httpx.post(
        f"http://127.0.0.1:{proxied}/v1/feeds/{feed}/dispatches",
        json={"text": "through nginx"},
        headers=service.authorization | upgrade,
    )
    assert response.status_code == 201
    assert service.snapshot(feed)["dispatches"][0]["text"] == "through nginx"


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("headers", [[], ["Expect: 100-continue"], ["Transfer-Encoding: chunked"]])
def test_a_post_of_curl_that_offers_http_2_is_filed(
    service: Service, proxied: int, headers: list[str], *, direct: bool
) -> None:
    feed = service.open_feed()
    url = f"http://127.0.0.1:{service.port if direct else proxied}/v1/feeds/{feed}/dispatches"
    given = [f"Authorization: Bearer {service.key}", *headers]
    command = ["curl", "--http2", "--silent", "--fail-with-body", "--noproxy", "*", "--max-time", "20"]
    lines = [argument for line in given for argument in ("--header", line)]
    sent = subprocess.run(
        [*command, *lines, "--data", '{"text": "by curl"}', url], capture_output=True, timeout=30, check=False
    )
    assert sent.returncode == 0, (sent.stdout, sent.stderr)
    assert service.snapshot(feed)["dispatches"][0]["text"] == "by curl"


@pytest.mark.parametrize("private", [False, True])
def test_a_websocket_gets_through(service: Service, proxied: int, *, private: bool) -> None:
    feed = service.open_feed()
    if private:
        service.http.patch(f"/v1/feeds/{feed}", json={"visibility": "private"})
    url = f"ws://127.0.0.1:{proxied}/v1/feeds/{feed}/live"
    with connect(url, additional_headers=service.authorization) as stream:
        assert orjson.loads(stream.recv(timeout=20))["type"] == "snapshot"


def test_events_and_ordinary_requests_get_through(service: Service, proxied: int) -> None:
    feed = service.open_feed()
    url = f"http://127.0.0.1:{proxied}/v1/feeds/{feed}"
    assert httpx.get(url, headers={"Connection": "Upgrade", "Upgrade": "h2c"}).status_code == 200
    with httpx.stream("GET", url + "/live", headers={"Accept": "text/event-stream"}, timeout=20) as stream:
        assert next(line for line in stream.iter_lines() if line.startswith("event")) == "event: snapshot"
