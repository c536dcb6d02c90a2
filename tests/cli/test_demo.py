"""`ticker demo`: an invented newsroom at work."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.cli.command import Following, unhurried
from tests.service import Service, environment


def test_the_demo_files_in_three_feeds_and_leaves_nothing_behind(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with Following("demo", "--port", "0", drain="0") as demo:
        service.until(lambda: any(line.endswith(" tail\n") for line in demo.lines) or demo.process.poll() is not None)
        printed = "".join(demo.lines)
        url = printed.split()[3]
        assert demo.lines[0] == f"ticker ready on {url}\n"
        for address in re.findall(rf"{re.escape(url)}/\S*", printed):
            service.until(lambda address=address: httpx.get(address).status_code == 200)
        feeds = {feed["name"]: feed["language"] for feed in httpx.get(url + "/v1/feeds").json()["feeds"]}
        assert feeds == {"breaking": "en", "ar": "ar", "es": "es"}
        for feed in feeds:
            service.until(lambda feed=feed: httpx.get(f"{url}/v1/feeds/{feed}").json()["dispatches"])
        # The key that it prints signs in at the desk that it names.
        [desk, key] = re.findall(rf"{re.escape(url)}/desk|(?<=^  )tk_\S+", printed, re.MULTILINE)
        signed_in = httpx.post(f"{desk}/session", json={"key": key})
        assert (signed_in.status_code, signed_in.json()["role"]) == (201, "admin")
        # The commands that it prints can be run.
        typed = [line for line in demo.lines if line.startswith("  export ") or " file " in line]
        env = environment() | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        filed = subprocess.run(["sh", "-c", "".join(typed)], capture_output=True, env=env, text=True, check=False)
        assert (unhurried(filed.stderr), json.loads(filed.stdout or "{}").get("revision")) == ("", 1)
        assert demo.end() == 0
    assert (demo.errors, list(tmp_path.iterdir())) == ([], [])
