"""The desks of a node: idle without anybody, kept up to date through a fork, and through losing Redis."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.journal.test_append import MONA, filing, opened
from ticker.desk.state import Viewer
from ticker.desk_watch import DeskWatch
from ticker.errors import Unavailable
from ticker.hub import Hub
from ticker.journal import names
from ticker.journal.delivery import DeliveryReports
from ticker.journal.desk import DeskReads
from ticker.journal.embedded import Embedded
from ticker.journal.log import Journal
from ticker.journal.redis import Redis
from ticker.journal.registry import Registry, digest_of
from ticker.journal.sessions import Sessions
from ticker.redis_clock import RedisClock
from ticker.wire import CloseCode

pytestmark = pytest.mark.anyio

FEED = "breaking"


class Page:
    """A stream that notes what it is shown."""

    def __init__(self, key: str) -> None:
        self.feed, self.viewer, self.name, self.since = FEED, Viewer(MONA.id, sees_all=False), "Mona", "2027"
        self.digest = digest_of(key)
        self.session: str | None = None
        self.frames: list[dict[str, Any]] = []
        self.why: CloseCode | None = None

    def show(self, frame: dict[str, Any]) -> None:
        self.frames.append(frame)

    def dismiss(self, why: CloseCode) -> None:
        self.why = why

    def shown(self, kind: str) -> dict[str, Any]:
        return next(frame for frame in reversed(self.frames) if frame["kind"] == kind)


def watching(redis: Redis) -> tuple[DeskWatch, Hub, Registry]:
    hub = Hub(capacity=64, limit=10, clock=time.monotonic)
    registry = Registry(redis)
    watch = DeskWatch(
        redis,
        hub,
        registry,
        Sessions(redis, registry),
        DeliveryReports(redis),
        node="n1",
        clock=time.monotonic,
        redis_clock=RedisClock(),
    )
    return watch, hub, registry


async def follow(journal: Journal, settings: Any, hub: Hub) -> None:
    """Bring the hub to the end of the log as a follower does that found a fork."""
    feed, base, recent = await journal.load_feed(settings, 64)
    hub.open(feed, recent, base)
    hub.retain([FEED])


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(25):
        while not true():
            await asyncio.sleep(0.01)


async def test_a_node_at_whose_desks_nobody_is_asks_redis_nothing(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, settings = await opened(redis)
    watch, hub, registry = watching(redis)
    await follow(journal, settings, hub)
    looks = []
    look = DeskReads.look

    async def counted(self: DeskReads, *arguments: Any) -> Any:
        looks.append(arguments)
        return await look(self, *arguments)

    monkeypatch.setattr(DeskReads, "look", counted)
    task = asyncio.create_task(watch.run())
    try:
        for _ in range(50):
            await asyncio.sleep(0)
        assert looks == []
        key, _ = await registry.issue("Mona", "editor", [])
        page = Page(key)
        await watch.enter(page)
        await until(lambda: len(looks) > 2)
        watch.leave(page)
        watch.leave(page)
        await until(lambda: not watch._left)
        await until(lambda: not watch._wake.is_set() and not watch._looking.locked())
        count = len(looks)
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(looks) == count
        assert await redis("ZCARD", names.present(FEED)) == 0
    finally:
        task.cancel()


async def test_after_a_fork_it_shows_who_filed_what_is_in_the_log_now(redis: Redis) -> None:
    journal, settings = await opened(redis)
    watch, hub, registry = watching(redis)
    await follow(journal, settings, hub)
    key, _ = await registry.issue("Mona", "editor", [])
    task = asyncio.create_task(watch.run())
    try:
        page = Page(key)
        await watch.enter(page)
        assert page.shown("filed")["filed"] == {}
        filed = (await journal.append(FEED, filing())).body  # this node is not told
        await follow(journal, settings, hub)
        await until(
            lambda: page.shown("filed")["filed"] == {filed["id"]: {"id": "mona", "name": MONA.name, "mine": True}}
        )
        await registry.revoke((await registry.holders())[0][0].id)
        await until(lambda: page.why is CloseCode.POLICY_VIOLATION)
    finally:
        task.cancel()


async def test_losing_redis_ends_no_stream_and_begins_none(tmp_path: Path) -> None:
    async with Embedded(tmp_path) as server:
        redis = Redis(server.url)
        journal, settings = await opened(redis)
        watch, hub, registry = watching(redis)
        await follow(journal, settings, hub)
        key, _ = await registry.issue("Mona", "editor", [])
        page, late = Page(key), Page(key)
        await watch.enter(page)
        task = asyncio.create_task(watch.run())
    try:
        with pytest.raises(Unavailable):
            await watch.enter(late)
        await until(lambda: watch._lost)
        assert (page.why, late.frames) == (None, [])
        async with Embedded(tmp_path):
            await journal.append(FEED, filing())
            await follow(journal, settings, hub)
            await until(lambda: page.shown("filed")["filed"])
            assert page.why is None
            await redis.close()
    finally:
        task.cancel()
