"""An entry is promised once its replicas hold it: WAITAOF on Valkey 9, WAIT on Redis 7.0, with a real replica."""

import asyncio
import contextlib
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.servers import free_port
from ticker import changes
from ticker.errors import CannotWrite, Unavailable
from ticker.journal import names
from ticker.journal.embedded import binary
from ticker.journal.feed_settings import FeedSettings
from ticker.journal.holder import Holder
from ticker.journal.log import Journal
from ticker.journal.redis import Redis
from ticker.journal.registry import Registry
from ticker.journal.server_check import durability_warnings

pytestmark = pytest.mark.anyio

MONA = Holder("mona", "Mona", "editor", "2026-01-01T00:00:00.000Z")


@asynccontextmanager
async def server(program: str, folder: Path, *flags: str, port: int = 0) -> AsyncIterator[tuple[int, Redis]]:
    """A server on a port of its own: replication needs one, unlike everything else here."""
    folder.mkdir()
    port = port or free_port()
    keep = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), *keep, *flags]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    redis = Redis(f"redis://127.0.0.1:{port}", response_timeout=60.0)
    try:
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(Unavailable):
                    await redis("PING")
                    break
                await asyncio.sleep(0.01)
        yield port, redis
    finally:
        await redis.close()
        process.kill()
        process.wait()


@pytest.mark.parametrize("name", ["valkey", "redis-server"])
async def test_a_dispatch_is_promised_once_its_replica_has_it_and_not_without(name: str, tmp_path: Path) -> None:
    program = binary() if name == "valkey" else shutil.which(name)
    assert program is not None, "redis-server is needed: apt-get install redis-server"
    change = changes.File(MONA, {"text": "kept twice", "urgency": "normal", "language": "en"}, idempotency_key="k")
    async with server(program, tmp_path / "one") as (port, primary):
        await Registry(primary).open_feed(FeedSettings("breaking", "Breaking", "en", ""))
        journal = Journal(primary, replicas=1, replica_timeout=30.0)
        async with server(program, tmp_path / "two", "--replicaof", "127.0.0.1", str(port)) as (_, replica):
            async with asyncio.timeout(20):
                while (await replica("INFO", "replication"))["master_link_status"] != "up":
                    await asyncio.sleep(0.01)
            said = await durability_warnings(primary, 1)
            assert [line.partition(" (")[0] for line in said] == (
                [] if name == "valkey" else ["this Redis has no WAITAOF"]
            )
            receipt = await journal.append("breaking", change)
            assert await replica("XLEN", "ticker:{breaking}:log") == 1
            # A repeated request waits too, for the write of the first one.
            assert (await journal.append("breaking", change)).body == receipt.body
            closed = await Registry(primary).close("breaking")
            await journal.settle("breaking")
            assert (await Registry(replica).settings("breaking")).closed == closed.closed
            await Registry(primary).edit("breaking", {"closed": None})
            _, holder = await Registry(primary).issue("Mona", "editor", [])
            await primary("CONFIG", "SET", "maxmemory", 1)
            await Registry(primary).revoke(holder.id)
            await journal.settle("breaking", "The key is revoked")  # also where the memory is full
            assert await Registry(replica).holders() == []
            assert await replica("SISMEMBER", names.revoked("breaking"), holder.id) == 1
        hasty = Journal(primary, replicas=1, replica_timeout=0.05)
        with pytest.raises(Unavailable, match="The entry was written, but only 0 of 1 replicas have it; send it again"):
            await hasty.append("breaking", change)
        with pytest.raises(Unavailable, match="The feed was changed, but only 0 of 1 replicas have it; send the req"):
            await hasty.settle("breaking")
        with pytest.raises(Unavailable, match="The key is revoked, but only 0 of 1 replicas have it; send the req"):
            await hasty.settle("breaking", "The key is revoked")


async def test_a_server_that_refuses_to_wait_for_its_disk_takes_no_entries(tmp_path: Path) -> None:
    change = changes.File(MONA, {"text": "kept nowhere", "urgency": "normal", "language": "en"})
    async with server(binary(), tmp_path / "one", "--appendonly", "no") as (_, primary):
        await Registry(primary).open_feed(FeedSettings("breaking", "Breaking", "en", ""))
        with pytest.raises(CannotWrite):
            await Journal(primary, replicas=1, replica_timeout=30.0).append("breaking", change)
