"""A feed whose Redis keys hold garbage takes no node down, neither a running nor a starting one."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.journal.test_replicas import server
from tests.service import Page, Reader, Service
from ticker.journal import names
from ticker.journal.embedded import binary
from ticker.journal.redis import Redis

pytestmark = pytest.mark.anyio

Log = tuple[int, Redis]


@pytest.fixture(params=["valkey", "redis-server"])
async def log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Log]:
    program = binary() if request.param == "valkey" else shutil.which(request.param)
    assert program is not None, "redis-server is needed: apt-get install redis-server"
    async with server(program, tmp_path / "log") as started:
        yield started


def is_live(page: Page) -> bool:
    return bool(page.frames) and page.frames[-1]["type"] == "beat"


def beats(page: Page) -> int:
    return sum(frame["type"] == "beat" for frame in page.frames)


async def spoil(redis: Redis, name: str) -> None:
    await redis("DEL", name)
    await redis("SET", name, "nonsense")


@pytest.mark.parametrize("name", [names.state, names.log, names.order, names.dispatches, names.due, names.held])
async def test_a_key_of_the_wrong_type_damages_its_feed_alone(
    log: Log, name: Callable[[str], str], tmp_path: Path
) -> None:
    port, redis = log
    service = Service(tmp_path, redis_url=f"redis://127.0.0.1:{port}")
    with service, Reader(service, "breaking") as reader:
        other = service.open_feed()
        service.file(other, "there")
        reader.until(is_live)
        await spoil(redis, name(other))
        await asyncio.sleep(2.5)  # a proof or two, and a look at what is held
        service.file("breaking", "one")
        reader.until(lambda page: page.texts == ["one"])
        service.until(lambda: service.http.get("/readyz").status_code == 200)
        assert "delayed" not in [frame["type"] for frame in reader.page.frames]
        assert service.open_feed()
    with service, Reader(service, "breaking") as reader:  # and so it is with a node that starts
        reader.until(lambda page: page.texts == ["one"] and is_live(page))
        service.file("breaking", "two")
        reader.until(lambda page: page.texts == ["one", "two"])
        service.until(lambda: service.http.get("/readyz").status_code == 200)


async def test_even_the_default_feed_may_be_damaged(log: Log, tmp_path: Path) -> None:
    port, redis = log
    service = Service(tmp_path, redis_url=f"redis://127.0.0.1:{port}")
    with service:
        other = service.open_feed()
        with Reader(service, other) as reader, Reader(service, "breaking", way="sse") as mourner:
            reader.until(is_live)
            mourner.until(is_live)
            await spoil(redis, names.state("breaking"))
            mourner.until(lambda page: page.frames[-1]["type"] == "delayed")
            before = beats(reader.page)
            reader.until(lambda page: beats(page) > before)
            service.file(other, "on it goes")
    with service, Reader(service, other) as reader:
        reader.until(lambda page: page.texts == ["on it goes"] and is_live(page))
        assert service.http.get("/v1/feeds/breaking").status_code == 503
