"""A shard whose primary dies: its replica takes over, and with every replica counted no confirmed dispatch is lost."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.journal.test_rights import documented, run
from tests.servers import until
from tests.service import Page, Reader, Service, environment
from tests.shards import Server, Shards
from ticker.journal.slots import slot_of

FEED = "breaking"

pytestmark = pytest.mark.timeout(300)  # see PATIENCE


@pytest.fixture(scope="module", params=["redis-server", "valkey"])
def shards(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shards]:
    with Shards(tmp_path_factory.mktemp("c") / "cluster", program=request.param, replicas=1) as running:
        until(lambda: all(replicas_of(server) == 1 for server in running.primaries))
        yield running


def replicas_of(server: Server) -> int:
    """Return how many replicas a server has that are in sync: others are connected too."""
    told = server.client.info("replication")
    return [told[f"slave{number}"]["state"] for number in range(told["connected_slaves"])].count("online")


def primary_of(shards: Shards, feed: str) -> Server:
    """Return the server that says that it is the primary of the shard of a feed."""
    slot = slot_of(f"{{{feed}}}")
    for server in shards.servers:
        if server.process.poll() is None and server.client.info("replication")["role"] == "master":
            mine = [owned for owned in server("CLUSTER", "SLOTS") if owned[0] <= slot <= owned[1]]
            if mine and mine[0][2][1] == server.port:
                return server
    raise AssertionError("the shard has no primary")


def live(page: Page) -> bool:
    kinds = [frame["type"] for frame in page.frames]
    return "beat" in kinds and kinds[-1] != "delayed"


def was_delayed(page: Page) -> bool:
    return any(frame["type"] == "delayed" for frame in page.frames)


def test_a_replica_takes_over_and_nothing_that_was_confirmed_is_lost(shards: Shards, tmp_path: Path) -> None:
    old = primary_of(shards, FEED)
    beside = next(name for name in (f"beside{n}" for n in range(1000)) if primary_of(shards, name) is not old)
    with Service(tmp_path, redis_url=shards.url, replicas="1") as service:
        assert service.http.post("/v1/feeds", json={"name": beside, "title": beside}).status_code == 201
        with Reader(service, FEED) as reader, Reader(service, beside) as spared, ThreadPoolExecutor(4) as writers:
            for each in (reader, spared):
                each.until(live)
            filing = [writers.submit(service.file_patiently, FEED, f"dispatch {n}") for n in range(200)]
            reader.until(lambda page: page.offsets[-1] > 20)
            old.kill()
            reader.until(was_delayed)
            reader.until(live)  # at the replica, which lacks one of its own: nothing can be confirmed yet
            assert primary_of(shards, FEED) is not old
            old.start()
            receipts = [future.result() for future in filing]
            assert len({receipt["id"] for receipt in receipts}) == 200
            reader.until(lambda page: {receipt["id"] for receipt in receipts} <= page.lines.keys() and live(page))
            offsets = sorted(int(receipt["position"].partition("-")[0]) for receipt in receipts)
            assert len(set(offsets)) == 200
            assert (reader.page.resets, reader.connections) == (0, 1)
            assert not was_delayed(spared.page)
        assert not [line for line in service.errors if "diverged" in line]


@pytest.mark.parametrize(("replicas", "warned"), [("0", True), ("1", False)])
def test_it_warns_at_start_where_fewer_replicas_are_counted_than_may_take_over(
    shards: Shards, tmp_path: Path, replicas: str, *, warned: bool
) -> None:
    until(lambda: sum(replicas_of(server) for server in shards.servers) == 3)
    told = warnings(Service(tmp_path, redis_url=shards.url, replicas=replicas))
    assert [f"TICKER_REPLICAS is {replicas}, but" in line for line in told] == ([True] if warned else [])


NO_FAILOVER = "cluster-replica-no-failover"


@contextlib.contextmanager
def replicas_that_never_take_over(shards: Shards) -> Iterator[list[Server]]:
    """Let none of the replicas take over, and wait until all servers know."""
    replicas = [server for server in shards.servers if server.client.info("replication")["role"] == "slave"]
    assert len(replicas) == 3
    try:
        for server in replicas:
            server("CONFIG", "SET", NO_FAILOVER, "yes")
        until(lambda: all(server("CLUSTER", "NODES").count(b"nofailover") == 3 for server in shards.servers))
        yield replicas
    finally:
        for server in replicas:
            server("CONFIG", "SET", NO_FAILOVER, "no")


def warnings(service: Service) -> list[str]:
    """Return what the service said at its start about replicas."""
    with service:
        service.file_patiently(FEED, "one")
    return [line for line in service.errors if "may be promoted" in line]


def test_it_does_not_warn_of_replicas_that_never_take_over(shards: Shards, tmp_path: Path) -> None:
    service = Service(tmp_path, redis_url=shards.url)
    with replicas_that_never_take_over(shards) as replicas:
        assert warnings(service) == []
        primary = primary_of(shards, FEED)
        [one] = [each for each in replicas if each.client.info("replication")["master_port"] == primary.port]
        one("CONFIG", "SET", NO_FAILOVER, "no")
        until(lambda: primary("CLUSTER", "NODES").count(b"nofailover") == 2)
        [told] = warnings(service)
        assert "TICKER_REPLICAS is 0, but 1 of a shard's replicas may be promoted" in told


def test_a_user_who_may_not_ask_is_warned_of_every_replica(shards: Shards, tmp_path: Path) -> None:
    for server in shards.servers:
        server("ACL", "SETUSER", *documented(), "+asking", "+cluster|slots", "+spublish", "+ssubscribe")
    url = shards.url.replace("://", "://ticker:PASSWORD@")
    with replicas_that_never_take_over(shards):
        [told] = warnings(Service(tmp_path, redis_url=url))
    assert "TICKER_REPLICAS is 0, but 1 of a shard's replicas may be promoted" in told


def test_a_replica_to_read_at_is_refused_in_one_line(shards: Shards, tmp_path: Path) -> None:
    for url, read in (
        (shards.url, f"redis://127.0.0.1:{shards.servers[-1].port}"),
        (shards.url, shards.url),
        (f"redis://127.0.0.1:{shards.servers[0].port}", shards.url),
    ):
        ended = run(["serve", "--port", "0"], environment(data=str(tmp_path), redis_url=url, redis_read_url=read))
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr == (
            "ticker: TICKER_REDIS_READ_URL cannot be used with a cluster, whose feeds are read at their primaries; "
            "leave it out\n"
        )
