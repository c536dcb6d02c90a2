"""The service behind nginx, configured as the manual says."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pytest
from websockets.sync.client import connect

from tests.nginx import nginx
from tests.server.test_hand_off import UPGRADE
from tests.servers import free_port
from tests.service import Service
from tests.test_docs import OPERATIONS, blocks


def of_manual(manual: str, port: int, upstream: int) -> str:
    """Return a manual's configuration, without TLS and on other ports."""
    [block] = blocks(manual, "nginx")
    plain = re.sub(r"    ssl_certificate.*\n", "", block)
    for told, here in [("listen 443 ssl", f"listen 127.0.0.1:{port}"), ("127.0.0.1:8000", f"127.0.0.1:{upstream}")]:
        assert told in plain
        plain = plain.replace(told, here)
    return plain


@pytest.fixture(scope="module")
def proxied(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Run nginx in front of the service, and give its port."""
    port = free_port()
    with nginx(tmp_path_factory.mktemp("nginx"), port, of_manual(OPERATIONS, port, service.port)):
        yield port


@pytest.mark.parametrize("upgrade", [{}, {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c"}, UPGRADE])
def test_a_post_with_any_upgrade_is_filed(service: Service, proxied: int, upgrade: dict[str, str]) -> None:
    feed = service.open_feed()
    response = httpx.post(
        f"http://127.0.0.1:{proxied}/v1/feeds/{feed}/dispatches",
        json={"text": "through nginx"},
        headers=service.authorization | upgrade,
        timeout=20,
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


@pytest.mark.skipif(shutil.which("javac") is None, reason="needs a JDK, whose java runs a source file")
@pytest.mark.parametrize("direct", [False, True])
def test_java_files_and_follows(service: Service, proxied: int, *, direct: bool) -> None:
    feed = service.open_feed()
    url = f"http://127.0.0.1:{service.port if direct else proxied}/v1/feeds/{feed}"
    source = Path(__file__).with_name("JavaReader.java")
    ran = subprocess.run(
        ["java", str(source), url, service.key], capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    first, second, snapshot = ran.stdout.splitlines()
    assert (first, second) == ("201", "201")
    texts = [dispatch["text"] for dispatch in orjson.loads(snapshot)["dispatches"]]
    assert texts == ["by Java, in chunks", "by Java"]


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
    assert httpx.get(url, headers={"Connection": "Upgrade", "Upgrade": "h2c"}, timeout=20).status_code == 200
    with httpx.stream("GET", url + "/live", headers={"Accept": "text/event-stream"}, timeout=20) as stream:
        assert next(line for line in stream.iter_lines() if line.startswith("event")) == "event: snapshot"
