"""A log that was emptied, or whose server came back empty: readers get its current state, and filing goes on."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.journal.test_replicas import server
from tests.service import Reader, Service
from ticker.journal.embedded import binary

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["valkey", "redis-server"])
def program(request: pytest.FixtureRequest) -> str:
    path = binary() if request.param == "valkey" else shutil.which(request.param)
    assert path is not None, "redis-server is needed: apt-get install redis-server"
    return path


def ends_caught_up(page: Any) -> bool:
    """Whether the page was reset, and then sent a beat."""
    return bool(page.resets == 1 and page.frames[-1]["type"] == "beat")


def check_it_goes_on(service: Service, reader: Reader) -> None:
    service.until(lambda: service.http.get("/readyz").status_code == 200)
    service.file("breaking", "instead")
    reader.until(lambda page: page.texts == ["instead"])
    assert reader.page.resets == 1
    feed = service.open_feed()  # the admin key still opens feeds
    service.file(feed, "in a feed of its own")


async def test_after_flushall_readers_start_again_and_the_admin_key_files(program: str, tmp_path: Path) -> None:
    async with server(program, tmp_path / "log") as (port, redis):
        with Service(tmp_path, redis_url=f"redis://127.0.0.1:{port}") as service:
            lost = service.open_feed()
            with Reader(service, "breaking") as reader, Reader(service, "breaking", way="sse") as other:
                service.file("breaking", "lost")
                for each in (reader, other):
                    each.until(lambda page: page.texts == ["lost"] and page.frames[-1]["type"] == "beat")
                await redis("FLUSHALL")
                for each in (reader, other):
                    each.until(ends_caught_up)
                    assert each.page.texts == []
                    assert each.connections == 1
                check_it_goes_on(service, reader)
            assert service.http.get(f"/v1/feeds/{lost}").status_code == 404


async def test_a_feed_without_dispatches_is_reset_too(program: str, tmp_path: Path) -> None:
    async with server(program, tmp_path / "log") as (port, redis):
        with (
            Service(tmp_path, redis_url=f"redis://127.0.0.1:{port}") as service,
            Reader(service, "breaking") as reader,
        ):
            reader.until(lambda page: page.frames and page.frames[-1]["type"] == "beat")
            await redis("FLUSHALL")
            reader.until(ends_caught_up)
            check_it_goes_on(service, reader)


async def test_while_an_emptied_log_cannot_be_set_up_the_node_is_not_ready(program: str, tmp_path: Path) -> None:
    async with server(program, tmp_path / "log") as (port, redis):
        with (
            Service(tmp_path, redis_url=f"redis://127.0.0.1:{port}") as service,
            Reader(service, "breaking") as reader,
        ):
            service.file("breaking", "lost")
            reader.until(lambda page: page.texts == ["lost"] and page.frames[-1]["type"] == "beat")
            await redis("CONFIG", "SET", "maxmemory", 1)
            await redis("FLUSHALL")
            reader.until(lambda page: page.frames[-1]["type"] == "delayed")
            assert service.http.get("/readyz").status_code == 503
            await asyncio.sleep(1.5)
            assert service.http.get("/readyz").status_code == 503
            await redis("CONFIG", "SET", "maxmemory", 0)
            reader.until(ends_caught_up)
            check_it_goes_on(service, reader)


async def test_a_server_that_comes_back_empty_is_set_up_again(program: str, tmp_path: Path) -> None:
    async with server(program, tmp_path / "log") as (port, redis):
        with (
            Service(tmp_path, redis_url=f"redis://127.0.0.1:{port}") as service,
            Reader(service, "breaking") as reader,
        ):
            service.file("breaking", "lost")
            reader.until(lambda page: page.texts == ["lost"] and page.frames[-1]["type"] == "beat")
            os.kill((await redis("INFO", "server"))["process_id"], signal.SIGKILL)
            reader.until(lambda page: page.frames[-1]["type"] == "delayed")
            async with server(program, tmp_path / "empty", port=port):
                reader.until(ends_caught_up)
                check_it_goes_on(service, reader)
