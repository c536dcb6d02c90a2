"""The npm package ticker-feed in a program of somebody else's: its README's example, packed, installed and run."""

from __future__ import annotations

import json
import queue
import re
import subprocess
import threading
from pathlib import Path

import pytest

from tests.service import Service

PACKAGE = Path(__file__).parents[2] / "clients" / "feed"
WITHIN = 60.0
"""Seconds for a line to be printed; it takes a few milliseconds."""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The example as a program beside the installed package."""
    pack = ["npm", "pack", "--json", "--pack-destination", str(tmp_path), str(PACKAGE)]
    packed = json.loads(subprocess.run(pack, check=True, capture_output=True).stdout)
    home = tmp_path / "node_modules" / "ticker-feed"
    home.mkdir(parents=True)
    tarball = tmp_path / packed[0]["filename"]
    subprocess.run(["tar", "xzf", str(tarball), "--strip-components=1", "-C", str(home)], check=True)
    (example,) = re.findall(r"^```js\n(.*?)^```$", (PACKAGE / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(example.splitlines()) <= 12
    program = tmp_path / "follow.mjs"
    program.write_text(example, "utf-8")
    return program


class Output(threading.Thread):
    """What a program prints, line by line."""

    def __init__(self, command: list[str]) -> None:
        super().__init__(daemon=True)
        self.lines: queue.Queue[str] = queue.Queue()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.start()

    def run(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.strip())

    def next(self) -> str:
        return self.lines.get(timeout=WITHIN)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.join()
        if self.process.stdout is not None:
            self.process.stdout.close()


def test_the_example_prints_a_dispatch_and_its_kill(own_service: Service, program: Path) -> None:
    service = own_service
    example = program.read_text("utf-8")
    assert '"https://news.example"' in example
    program.write_text(example.replace("https://news.example", service.url), "utf-8")
    output = Output(["node", str(program)])
    try:
        service.until(lambda: re.search(r"^ticker_waiting\S* 1", service.http.get("/metrics").text, re.MULTILINE))
        receipt = service.file("breaking", "The bridge is open again", source="Harbour police")
        assert output.next() == "Harbour police - The bridge is open again"
        kill = service.http.post(f"/v1/feeds/breaking/dispatches/{receipt['id']}/kill", json={"reason": "it is not"})
        assert kill.status_code == 200, kill.text
        assert output.next() == f"KILLED {receipt['id']} - it is not"
        service.stop()
        assert re.fullmatch(r"delayed by 1[3-9] seconds", output.next())
    finally:
        output.stop()
