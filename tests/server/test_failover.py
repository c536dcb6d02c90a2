"""A failover in which no connection is lost: a demoted primary is never LIVE, and filing goes on by itself."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.journal.test_replicas import server
from tests.proxy import Switch
from tests.service import Reader, Service
from ticker.journal.embedded import binary
from ticker.journal.log import Journal
from ticker.journal.redis import Redis

pytestmark = pytest.mark.anyio


class Pair(NamedTuple):
    """A primary and its replica, with their ports."""

    first: Redis
    first_port: int
    second: Redis
    second_port: int

    async def promote_second(self) -> None:
        """Make the replica the primary once it has everything, and the primary its replica."""
        written = (await self.first("INFO", "replication"))["master_repl_offset"]
        async with asyncio.timeout(20):
            while (await self.second("INFO", "replication"))["slave_repl_offset"] < written:
                await asyncio.sleep(0.01)
        await self.second("REPLICAOF", "NO", "ONE")
        await self.first("REPLICAOF", "127.0.0.1", self.second_port)
        await linked(self.first)


async def linked(replica: Redis) -> None:
    async with asyncio.timeout(20):
        while (await replica("INFO", "replication")).get("master_link_status") != "up":
            await asyncio.sleep(0.01)


@pytest.fixture(params=["valkey", "redis-server"])
async def pair(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Pair]:
    program = binary() if request.param == "valkey" else shutil.which(request.param)
    assert program is not None, "redis-server is needed: apt-get install redis-server"
    async with (
        server(program, tmp_path / "one") as (port, first),
        server(program, tmp_path / "two", "--replicaof", "127.0.0.1", str(port)) as (other, second),
    ):
        await linked(second)
        yield Pair(first, port, second, other)


def writable(service: Service) -> str:
    [line] = [
        line for line in service.http.get("/metrics").text.splitlines() if line.startswith("ticker_log_writable ")
    ]
    return line.split()[1]


def newest(page: Any) -> Any:
    return page.frames[-1]["type"] if page.frames else None


def file_while_refused(service: Service) -> None:
    answer = service.http.post("/v1/feeds/breaking/dispatches", json={"text": "refused"})
    assert answer.status_code == 503, answer.text


async def nothing_is_live(reader: Reader) -> None:
    """Check that no beat comes while a node could have proven its log twice."""
    count = len(reader.page.frames)
    await asyncio.sleep(2.5)
    assert {frame["type"] for frame in reader.page.frames[count:]} <= {"delayed"}


async def test_filing_goes_on_at_the_new_primary_although_the_old_one_keeps_its_connections(
    pair: Pair, tmp_path: Path
) -> None:
    switch = Switch(pair.first_port)
    with (
        switch.standing() as port,
        Service(tmp_path, redis_url=f"redis://127.0.0.1:{port}") as service,
        Reader(service, "breaking") as reader,
    ):
        service.file("breaking", "before")
        reader.until(lambda page: page.texts == ["before"])
        reader.until(lambda page: any(frame["type"] == "beat" for frame in page.frames))
        assert (service.http.get("/readyz").status_code, writable(service)) == (200, "1")
        await pair.promote_second()
        reader.until(lambda page: newest(page) == "delayed")
        file_while_refused(service)
        answer = service.http.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (503, "the log takes no entries")
        assert writable(service) == "0"
        await nothing_is_live(reader)
        switch.target = pair.second_port
        service.file_patiently("breaking", "after")
        reader.until(lambda page: page.texts == ["before", "after"])
        reader.until(lambda page: newest(page) == "beat")
        service.until(lambda: service.http.get("/readyz").status_code == 200)
        assert writable(service) == "1"
        assert (reader.page.resets, reader.connections) == (0, 1)
        assert await pair.second("XLEN", "ticker:{breaking}:log") == 2


async def test_filing_goes_on_where_the_same_server_is_the_primary_again(pair: Pair, tmp_path: Path) -> None:
    with (
        Service(tmp_path, redis_url=f"redis://127.0.0.1:{pair.first_port}") as service,
        Reader(service, "breaking", way="sse") as reader,
    ):
        service.file("breaking", "before")
        reader.until(lambda page: page.texts == ["before"])
        await pair.promote_second()
        reader.until(lambda page: newest(page) == "delayed")
        file_while_refused(service)
        await nothing_is_live(reader)
        await pair.first("REPLICAOF", "NO", "ONE")
        service.file_patiently("breaking", "after")
        reader.until(lambda page: page.texts == ["before", "after"])
        reader.until(lambda page: newest(page) == "beat")


async def test_a_primary_without_its_replicas_is_not_proven(pair: Pair, tmp_path: Path) -> None:
    with (
        Service(tmp_path, redis_url=f"redis://127.0.0.1:{pair.first_port}") as service,
        Reader(service, "breaking") as reader,
    ):
        reader.until(lambda page: newest(page) == "beat")
        await pair.first("CONFIG", "SET", "min-replicas-to-write", 3)
        reader.until(lambda page: newest(page) == "delayed")
        assert service.http.get("/readyz").json()["status"] == "the log takes no entries"
        await pair.first("CONFIG", "SET", "min-replicas-to-write", 0)
        reader.until(lambda page: newest(page) == "beat")


async def test_a_full_log_is_live_and_not_ready(pair: Pair, tmp_path: Path) -> None:
    with (
        Service(tmp_path, redis_url=f"redis://127.0.0.1:{pair.first_port}") as service,
        Reader(service, "breaking") as reader,
    ):
        reader.until(lambda page: newest(page) == "beat")
        await pair.first("CONFIG", "SET", "maxmemory", 1)
        service.until(lambda: writable(service) == "0")
        file_while_refused(service)
        assert service.http.get("/readyz").json()["status"] == "the log takes no entries"
        await asyncio.sleep(2.5)
        assert newest(reader.page) == "beat", "what readers see is all there is"
        await pair.first("CONFIG", "SET", "maxmemory", 0)
        service.file_patiently("breaking", "again")
        service.until(lambda: service.http.get("/readyz").status_code == 200)


async def test_the_proof_is_neither_logged_nor_sent_to_replicas(pair: Pair, tmp_path: Path) -> None:
    async def traces() -> tuple[int, int]:
        log = sum(path.stat().st_size for path in (tmp_path / "one" / "appendonlydir").iterdir())
        return log, int((await pair.first("INFO", "replication"))["master_repl_offset"])

    journal = Journal(pair.first)
    await pair.first("SET", "a", "b")
    async with asyncio.timeout(20):
        while True:  # replication has pings of its own, every ten seconds
            before = await traces()
            for _ in range(5):
                await journal.probe([], b"{}")
            after = await traces()
            if after == before:
                break
            # PUBLISH goes to replicas, as it ever did; the write does not.
            published = len(b"*3\r\n$7\r\nPUBLISH\r\n$12\r\nticker:nodes\r\n$2\r\n{}\r\n")
            assert after[0] == before[0]
            if after[1] - before[1] == 5 * published:
                break
    assert await pair.first("EXISTS", "ticker:probe") == 0


async def test_a_primary_that_cannot_save_is_not_proven(pair: Pair, tmp_path: Path) -> None:
    async def save(status: str) -> None:
        await pair.first("BGSAVE")
        async with asyncio.timeout(20):
            while (await pair.first("INFO", "persistence"))["rdb_last_bgsave_status"] != status:
                await asyncio.sleep(0.01)

    with (
        Service(tmp_path, redis_url=f"redis://127.0.0.1:{pair.first_port}") as service,
        Reader(service, "breaking") as reader,
    ):
        reader.until(lambda page: newest(page) == "beat")
        saved = tmp_path / "one" / "dump.rdb"
        saved.unlink(missing_ok=True)
        saved.mkdir()  # no file can be put in its place
        await pair.first("CONFIG", "SET", "save", "3600 1")
        await save("err")
        reader.until(lambda page: newest(page) == "delayed")
        file_while_refused(service)
        assert service.http.get("/readyz").json()["status"] == "the log takes no entries"
        saved.rmdir()
        await save("ok")
        reader.until(lambda page: newest(page) == "beat")
        service.file_patiently("breaking", "again")
