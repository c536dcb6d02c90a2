"""Varnish before a service under test, run by the configuration and the parameters that the manual has."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Self

import httpx

from tests.servers import free_port
from tests.test_docs import DOCUMENTS, blocks

HOST = "127.0.0.1"
MANUAL = DOCUMENTS["docs/caching.md"]
PATH = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"


class Varnish:
    """Varnish before a port of this machine."""

    def __init__(self, port: int, where: Path, connections: int = 10) -> None:
        """`where` is an empty directory of its own; `connections` is how many `get` may have at once."""
        self.where = where
        [configuration] = blocks(MANUAL, "vcl")
        assert '"8000"' in configuration
        (where / "ticker.vcl").write_text(configuration.replace('"8000"', f'"{port}"'))
        self.port = free_port()
        limits = httpx.Limits(max_connections=connections)
        self.http = httpx.Client(base_url=f"http://{HOST}:{self.port}", timeout=20, limits=limits)

    def __enter__(self) -> Self:
        path = shutil.which("varnishd", path=PATH)
        assert path is not None, "varnish is needed: apt-get install varnish"
        where = str(self.where)
        start = [path, "-F", "-j", "none", "-n", where, "-f", f"{where}/ticker.vcl", "-a", f"{HOST}:{self.port}"]
        self.process = subprocess.Popen(
            [*start, *parameters()],
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


def parameters() -> list[str]:
    """The parameters that the manual starts it with."""
    [command] = [block for block in blocks(MANUAL, "sh") if block.startswith("varnishd ")]
    return [word for value in re.findall(r"-p (\S+)", command) for word in ("-p", value)]
