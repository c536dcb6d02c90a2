"""The client of a Redis Cluster, on real servers: Redis 7.0, and Valkey 9."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.journal.test_replicas import server
from tests.shards import Shards, program_of
from ticker import changes
from ticker.errors import CannotWrite, Unavailable
from ticker.journal import names
from ticker.journal.address import WrongAddress
from ticker.journal.cluster import Cluster
from ticker.journal.connect import connect
from ticker.journal.desk import DeskReads, Notes
from ticker.journal.feed_settings import FeedSettings
from ticker.journal.held import HeldDispatches
from ticker.journal.holder import Holder
from ticker.journal.log import Journal
from ticker.journal.redis import Redis
from ticker.journal.redis_errors import Redirected
from ticker.journal.registry import Registry
from ticker.journal.rights import check_rights
from ticker.journal.server_check import keeping
from ticker.journal.slots import slot_of

pytestmark = pytest.mark.anyio

MONA = Holder("mona", "Mona", "editor", "2026-01-01T00:00:00.000Z")


@pytest.fixture(scope="module", params=["redis-server", "valkey"])
def shards(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shards]:
    with Shards(tmp_path_factory.mktemp("c") / "cluster", program=request.param) as running:
        yield running


@pytest.fixture
async def cluster(shards: Shards) -> AsyncIterator[Cluster]:
    client = connect(shards.url)
    assert isinstance(client, Cluster)
    yield client
    await client.close()


def a_line(text: str, key: str | None = None) -> changes.File:
    return changes.File(MONA, {"text": text, "urgency": "normal", "language": "en"}, idempotency_key=key)


async def test_commands_go_to_the_shards_of_their_keys(cluster: Cluster) -> None:
    keys = [f"ticker:{{{number}}}:x" for number in range(50)]
    await cluster.pipeline(*(("SET", key, key) for key in keys))
    assert await cluster.pipeline(*(("GET", key) for key in keys)) == [key.encode() for key in keys]
    counts = [await shard("DBSIZE") for shard in await cluster.shards()]
    assert len(counts) == 3
    assert all(counts)
    found = await cluster.pipeline_outcomes(("INCR", keys[0]), ("GET", keys[1]))
    assert "not an integer" in str(found[0])
    assert found[1] == keys[1].encode()
    await cluster.pipeline(*(("DEL", key) for key in keys))


async def test_every_feed_is_written_and_read_wherever_it_is(cluster: Cluster, shards: Shards) -> None:
    registry, journal = Registry(cluster), Journal(cluster)
    await registry.ensure("tk_" + "a" * 32)
    holder = await registry.holder("tk_" + "a" * 32)
    assert holder is not None
    for each in shards.primaries:
        feed = shards.name_on(each, "on")
        await registry.open_feed(FeedSettings(feed, feed, "en", ""))
        first = await journal.append(feed, a_line("one", "k"))
        assert (await journal.append(feed, a_line("one", "k"))).body == first.body
        assert each("XLEN", names.log(feed)) == 1
        assert (await registry.close(feed)).closed
    _, guest = await registry.issue("Guest", "editor", [])
    await registry.revoke(guest.key)
    for settings in await registry.feeds():
        assert await cluster("SISMEMBER", names.revoked(settings.name), guest.key) == 1
    await check_rights(cluster, replicas=True)
    assert (await keeping(cluster)).aof is True


async def test_of_all_shards_the_one_that_keeps_least_counts(cluster: Cluster, shards: Shards) -> None:
    shards.primaries[1]("CONFIG", "SET", "appendonly", "no")
    try:
        assert (await keeping(cluster)).aof is False
    finally:
        shards.primaries[1]("CONFIG", "SET", "appendonly", "yes")


async def test_a_slot_that_migrates_loses_nothing(cluster: Cluster, shards: Shards) -> None:
    source, target = shards.primaries[0], shards.primaries[2]
    feed = shards.name_on(source, "moves")
    registry = Registry(cluster)
    await registry.open_feed(FeedSettings(feed, feed, "en", ""))
    receipts = []

    async def write(writer: int) -> None:
        client = connect(shards.url)
        try:
            for number in range(30):
                async with asyncio.timeout(30):
                    while True:
                        try:
                            line = a_line(f"{writer} {number}", f"{writer}-{number}")
                            receipts.append(await Journal(client).append(feed, line))
                            break
                        except Unavailable:  # while it migrates; the key makes it safe to repeat
                            await asyncio.sleep(0.01)
        finally:
            await client.close()

    writing = asyncio.gather(*(write(writer) for writer in range(4)))
    while len(receipts) < 20:
        await asyncio.sleep(0.001)
    slot = slot_of(f"{{{feed}}}")
    await asyncio.to_thread(shards.move, slot, source, target)
    await writing
    assert sorted(int(each.body["position"].partition("-")[0]) for each in receipts) == list(range(1, 121))
    assert target("XLEN", names.log(feed)) == 120
    _, [newest] = await Journal(cluster).recent(feed, 120, 1)
    assert newest.tail.offset == 120
    await asyncio.to_thread(shards.move, slot, target, source)
    assert (await Journal(cluster).append(feed, a_line("back"))).body["position"].startswith("121-")


async def test_a_key_is_found_while_its_slot_migrates(cluster: Cluster, shards: Shards) -> None:
    source, target = shards.primaries[1], shards.primaries[0]
    tag = shards.name_on(source, "key")
    keys = [f"ticker:{{{tag}}}:{number}" for number in range(6)]
    await cluster.pipeline(*(("SET", key, number) for number, key in enumerate(keys)))
    slot, found = slot_of(keys[0]), list[int]()
    target("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
    source("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id)
    for key in keys[:3]:
        source("MIGRATE", "127.0.0.1", target.port, key, 0, 5000)
    found = [int(each) for each in await cluster.pipeline(*(("GET", key) for key in keys))]
    assert found == list(range(6))
    await cluster("SET", f"ticker:{{{tag}}}:new", 1)
    assert target("ASKING") and target("GET", f"ticker:{{{tag}}}:new") == b"1"
    hasty = Cluster(shards.url, response_timeout=1.5)
    try:
        with pytest.raises(CannotWrite):  # some of its keys are here, and some there
            await Journal(hasty).append(tag, a_line("not now"))
    finally:
        await hasty.close()
    shards.move(slot, source, target)
    assert await cluster.pipeline(*(("GET", key) for key in keys)) == [b"%d" % number for number in range(6)]
    shards.move(slot, target, source)


async def test_a_shard_that_is_down_fails_its_own_commands_alone(cluster: Cluster, shards: Shards) -> None:
    down, up = shards.primaries[1], shards.primaries[2]
    lost, there = (f"ticker:{{{shards.name_on(each, 'd')}}}:x" for each in (down, up))
    await cluster("SET", there, "1")
    down.kill()
    try:
        with pytest.raises(Unavailable):
            await cluster("GET", lost)
        assert await cluster("GET", there) == b"1"
        missing, found = await cluster.pipeline_outcomes(("GET", lost), ("GET", there))
        assert isinstance(missing, Unavailable)
        assert found == b"1"
        with pytest.raises(Unavailable):
            await cluster.pipeline_outcomes(("GET", lost))
        for _ in range(3):
            assert await cluster("TIME")
        feeds = [shards.name_on(each, "d") for each in (down, up)]
        assert await HeldDispatches(cluster).due(feeds) == ([], None)
        notes = dict.fromkeys(feeds, Notes((), ()))
        assert [*(await DeskReads(cluster).look(notes, 0.0))[1]] == feeds[1:]
        assert (await keeping(cluster)).aof is True
    finally:
        down.start()
    async with asyncio.timeout(30):
        while True:
            try:
                await cluster("SET", lost, "2")
                break
            except Unavailable:
                await asyncio.sleep(0.05)


async def test_a_plain_address_of_a_server_of_a_cluster_says_what_to_write(shards: Shards) -> None:
    plain = Redis(f"redis://127.0.0.1:{shards.primaries[0].port}")
    with pytest.raises(Redirected, match=r"use redis\+cluster://"):
        await plain("GET", f"ticker:{{{shards.name_on(shards.primaries[1], 'p')}}}:x")
    await plain.close()


async def test_a_server_that_is_in_no_cluster_says_what_to_write(tmp_path: Path) -> None:
    async with server(program_of("redis-server"), tmp_path / "alone") as (port, _):
        alone = Cluster(f"redis+cluster://127.0.0.1:{port}")
        with pytest.raises(WrongAddress) as refused:
            await alone("GET", "ticker:x")
        assert "write redis:// without +cluster" in refused.value.advice
        await alone.close()


async def test_where_no_server_responds_the_log_cannot_be_reached() -> None:
    nobody = Cluster("redis+cluster://127.0.0.1:1")
    with pytest.raises(Unavailable, match="The log cannot be reached"):
        await nobody("GET", "ticker:x")
    await nobody.close()
