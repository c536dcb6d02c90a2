"""A node as a whole, on a real Valkey: its parts do not hold each other up."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.following import MONA, Watcher
from ticker import changes
from ticker.errors import NotFound, NotReachedYet, Unavailable
from ticker.follower import Follower
from ticker.freshness import PROOF_LIMIT
from ticker.journal.embedded import Embedded
from ticker.journal.feed_settings import FeedSettings
from ticker.node import RESERVED_FILES, Node, open_files
from ticker.serving import compare
from ticker.settings import Settings

pytestmark = pytest.mark.anyio


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.01)


@pytest.fixture
async def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Node]:
    """A node that is in sync with its own Valkey, and proves and beats more often than in life."""
    monkeypatch.setattr("ticker.follow.PROBE_INTERVAL", 0.1)
    monkeypatch.setattr("ticker.follow.BEAT_INTERVAL", 0.3)
    monkeypatch.setattr("ticker.follow.PROBE_TIMEOUT", 20.0)  # of a busy machine
    monkeypatch.setattr("ticker.serving.COMPARISON_TIMEOUT", 20.0)
    monkeypatch.setattr("ticker.node.FEED_TIMEOUT", 20.0)
    async with Embedded(tmp_path) as server, Node(Settings.read(redis_url=server.url)) as node:
        await until(lambda: node.hub.ready and node.hub.channels["breaking"].freshness.proven)
        yield node


async def file(node: Node, text: str) -> dict[str, Any]:
    fields = {"text": text, "urgency": "normal", "language": "en"}
    return (await node.journal.append("breaking", changes.File(MONA, fields))).body


async def report(node: Node, id: str) -> dict[str, Any]:
    return await node.delivery_reports.of("breaking", await node.journal.dispatch("breaking", id))


@pytest.mark.parametrize("fault", ["slow", "unavailable", "a bug"])
async def test_a_write_of_delivery_reports_delays_neither_a_probe_nor_a_beat(
    node: Node, fault: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    watcher, channel, writes = Watcher(), node.hub.channels["breaking"], 0
    channel.join(watcher, None)

    async def pipeline(*commands: Any) -> list[Any]:
        nonlocal writes
        writes += 1
        match fault:
            case "slow":
                await asyncio.sleep(3600)
            case "unavailable":
                raise Unavailable("The log cannot be reached")
        raise RuntimeError("a bug")

    with monkeypatch.context() as broken:
        broken.setattr(node.delivery_reports, "_redis", Broken(pipeline))
        earlier = await file(node, "while nothing can be stored")
        await until(lambda: writes)
        for _ in range(10):
            proof = channel.freshness.proof
            async with asyncio.timeout(20):
                while channel.freshness.proof == proof:
                    await asyncio.sleep(0.01)
        assert len([frame for frame in watcher.page.frames if frame["type"] == "beat"]) >= 3
    assert [frame["type"] for frame in watcher.page.frames if frame["type"] == "delayed"] == []
    assert ("could not be stored" in caplog.text) == (fault == "a bug")
    if fault != "slow":  # what is measured from now on is stored
        receipt = await file(node, "stored")
        async with asyncio.timeout(20):
            while not (await report(node, receipt["id"]))["nodes"]:
                await asyncio.sleep(0.01)
        if fault == "unavailable":  # and so is what was measured before
            assert (await report(node, earlier["id"]))["nodes"] == 1


class Broken:
    """A connection to Redis on which nothing can be stored."""

    def __init__(self, pipeline: Any) -> None:
        self.pipeline = pipeline


async def test_a_feed_that_was_opened_elsewhere_just_now_is_waited_for(node: Node) -> None:
    finding = asyncio.create_task(node.find("sport"))
    await node.registry.open_feed(FeedSettings("sport", "Sport", "en", ""))
    with pytest.raises(NotFound):
        await finding  # it was not there when it was asked for
    assert (await node.find("sport")).feed.title == "Sport"


async def test_a_feed_whose_shard_is_reached_in_a_moment_is_waited_for(node: Node) -> None:
    node.hub.unreached = lambda name: NotReachedYet(f"The shard of {name} was not reached yet")
    await node.registry.open_feed(FeedSettings("sport", "Sport", "en", "2026-11-26T10:00:00.000Z"))
    assert (await node.find("sport")).feed.title == "Sport"
    with pytest.raises(NotFound):
        await node.find("none")


async def test_a_feed_whose_shard_is_down_is_not_waited_for(node: Node) -> None:
    asked = 0

    def unreached(name: str) -> Unavailable:
        nonlocal asked
        asked += 1
        return Unavailable(f"The shard of {name} was not reached")

    node.hub.unreached = unreached
    with pytest.raises(Unavailable, match="was not reached"):
        await node.find("sport")
    assert asked == 1


async def test_a_node_starts_without_redis_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticker.node.START_TIMEOUT", 0.05)
    async with Node(Settings.read(redis_url=f"unix://{tmp_path}/nobody")) as node:
        with pytest.raises(Unavailable, match="not reached its log"):
            await node.find("breaking")


def test_a_process_has_room_for_as_many_readers_as_the_system_gives_it() -> None:
    assert open_files() == resource.getrlimit(resource.RLIMIT_NOFILE)[1] - RESERVED_FILES
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == resource.getrlimit(resource.RLIMIT_NOFILE)[1]


async def test_a_request_for_a_feed_that_nobody_read_waits_for_its_comparison_with_the_log(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = node.hub.channels["breaking"]
    assert isinstance(node.follower, Follower)
    follow = node.follower._follow

    def nobody_read_it() -> None:
        channel.freshness._asked -= PROOF_LIMIT + 1
        follow._probe_due += 60  # it is not compared by itself
        assert channel.freshness.stale

    nobody_read_it()
    await compare(channel)
    assert not channel.freshness.stale
    monkeypatch.setattr("ticker.serving.COMPARISON_TIMEOUT", 0.05)
    node.hub.on_stale = lambda: None
    nobody_read_it()
    await compare(channel)
    assert channel.freshness.stale, "it gets what there is, rather than nothing"
