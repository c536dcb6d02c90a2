"""A cache in front of many readers who follow by long-poll: the configuration in the manual."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import httpx
import pytest

from tests.service import Service
from tests.test_docs import OPERATIONS, blocks

READERS = 40
HOST = "127.0.0.1"


class Varnish:
    """Varnish before a service."""

    def __init__(self, service: Service, where: Path) -> None:
        self.where = where
        [configuration] = blocks(OPERATIONS, "vcl")
        assert '"8000"' in configuration
        (where / "ticker.vcl").write_text(configuration.replace('"8000"', f'"{service.port}"'))
        with socket.socket() as free:
            free.bind((HOST, 0))
            self.port = free.getsockname()[1]
        limits = httpx.Limits(max_connections=READERS)
        self.http = httpx.Client(base_url=f"http://{HOST}:{self.port}", timeout=20, limits=limits)

    def __enter__(self) -> Self:
        path = shutil.which("varnishd", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
        assert path is not None, "varnish is needed: apt-get install varnish"
        where = str(self.where)
        self.process = subprocess.Popen(
            [path, "-F", "-j", "none", "-n", where, "-f", f"{where}/ticker.vcl", "-a", f"{HOST}:{self.port}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self.process.terminate()
        self.process.wait(20)

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path)

    def up(self) -> bool:
        assert self.process.poll() is None, "varnishd ended"
        try:
            return self.get("/healthz").status_code == 200
        except httpx.HTTPError:
            return False

    def asked(self) -> int:
        """Requests that it has sent to the service."""
        said = subprocess.run(
            ["varnishstat", "-n", str(self.where), "-1", "-f", "MAIN.backend_req"],
            capture_output=True,
            check=True,
            text=True,
        )
        return int(said.stdout.split()[1])


@pytest.fixture
def varnish(service: Service, tmp_path: Path) -> Iterator[Varnish]:
    with Varnish(service, tmp_path) as running:
        service.until(running.up)
        yield running


def waiting(service: Service, feed: str) -> int:
    lines = service.http.get("/metrics").text.splitlines()
    return next(int(line.split()[-1]) for line in lines if line.startswith(f'ticker_waiting{{feed="{feed}"}}'))


def test_a_change_is_asked_for_once_however_many_wait_for_it(service: Service, varnish: Varnish) -> None:
    feed = service.open_feed()
    position = service.snapshot(feed)["position"]
    with ThreadPoolExecutor(READERS) as crowd:
        for number in range(5):
            before = varnish.asked()
            address = f"/v1/feeds/{feed}/changes?after={position}&wait=10"
            futures = [crowd.submit(varnish.get, address) for _ in range(READERS)]
            service.until(lambda: waiting(service, feed) == 1)
            time.sleep(0.3)  # until all of them have come to Varnish, which tells nobody
            receipt = service.file(feed, f"line {number}")
            responses = [future.result() for future in futures]
            assert {response.status_code for response in responses} == {200}
            assert len({response.content for response in responses}) == 1
            assert responses[0].json()["frames"][0]["dispatch"]["text"] == f"line {number}"
            assert varnish.asked() == before + 1
            assert waiting(service, feed) == 0
            position = receipt["position"]


def test_nothing_is_served_after_its_second(service: Service, varnish: Varnish) -> None:
    feed = service.open_feed()
    position = service.snapshot(feed)["position"]
    address = f"/v1/feeds/{feed}/changes?after={position}&wait=10"
    id = service.file(feed, "SECRET")["id"]
    service.until(lambda: "SECRET" in varnish.get(address).text)
    service.http.post(f"/v1/feeds/{feed}/dispatches/{id}/kill", json={"reason": "wrong"})
    service.until(lambda: "SECRET" not in varnish.get(address).text, within=1.5)
    assert [frame["type"] for frame in varnish.get(address).json()["frames"]] == ["kill", "kill"]


def test_what_is_not_the_form_of_clients_passes_it_by(service: Service, varnish: Varnish) -> None:
    for path in ("/v1/feeds/breaking", "/v1/feeds/breaking/changes", "/v1/feeds/breaking/changes?after=x&wait=0"):
        before = varnish.asked()
        assert {varnish.get(path).status_code for _ in range(2)} == {200}
        assert varnish.asked() == before + 2
