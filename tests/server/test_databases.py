"""Two services on two databases of one Redis, whose pub/sub ignores databases: neither receives from the other."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.journal.test_replicas import server
from tests.service import Reader, Service
from ticker.journal.embedded import binary
from ticker.journal.redis import Redis

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("name", ["valkey", "redis-server"])
async def test_services_on_two_databases_do_not_disturb_each_other(name: str, tmp_path: Path) -> None:
    program = binary() if name == "valkey" else shutil.which(name)
    assert program is not None, "redis-server is needed: apt-get install redis-server"
    async with server(program, tmp_path / "log") as (port, _):
        address = f"redis://127.0.0.1:{port}"
        with (
            Service(tmp_path, redis_url=f"{address}/0") as first,
            Service(tmp_path, redis_url=f"{address}/1") as second,
            Reader(first, "breaking") as here,
            Reader(second, "breaking") as there,
        ):
            for number in range(5):
                first.file("breaking", f"here {number}")
                second.file("breaking", f"there {number}")
            here.until(lambda page: len(page.lines) == 5)
            there.until(lambda page: len(page.lines) == 5)
            await asyncio.sleep(2.5)  # two proofs of each
            assert (here.page.texts, here.page.resets) == ([f"here {number}" for number in range(5)], 0)
            assert (there.page.texts, there.page.resets) == ([f"there {number}" for number in range(5)], 0)
            assert {frame["type"] for frame in here.page.frames + there.page.frames} <= {"snapshot", "dispatch", "beat"}
            # Each counts its own readers, and learns of its own feeds at once.
            with Reader(second, "breaking", way="sse"):
                second.until(lambda: '_readers{feed="breaking"} 2' in second.http.get("/metrics").text)
                before = len(there.page.frames)
                there.until(lambda page: any(frame.get("watching") == 2 for frame in page.frames[before:]))
            assert all(frame.get("watching", 0) <= 1 for frame in here.page.frames)
            feed = second.open_feed()
            assert first.http.get(f"/v1/feeds/{feed}").status_code == 404


@pytest.mark.parametrize(
    ("address", "nodes", "live"),
    [
        ("redis://localhost", "ticker:nodes", "ticker:{breaking}:live"),
        ("redis://localhost/0", "ticker:nodes", "ticker:{breaking}:live"),
        ("redis://localhost/1", "ticker:1:nodes", "ticker:1:{breaking}:live"),
        ("redis://localhost?db=12", "ticker:12:nodes", "ticker:12:{breaking}:live"),
        ("unix:///somewhere?db=3", "ticker:3:nodes", "ticker:3:{breaking}:live"),
    ],
)
def test_channels_of_database_0_have_the_names_they_always_had(address: str, nodes: str, live: str) -> None:
    channels = Redis(address).channels
    assert (channels.nodes, channels.live("breaking"), channels.feed(live)) == (nodes, live, "breaking")
    assert channels.settings == nodes.replace("nodes", "changes")
