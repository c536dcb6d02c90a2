"""The stamp of the data's version: set once, and data of a newer one is refused before anything is changed."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.cli.command import Here
from ticker.errors import NewerData
from ticker.journal.embedded import Embedded
from ticker.journal.names import VERSION
from ticker.journal.redis import Redis
from ticker.journal.registry import Registry
from ticker.journal.version import DATA_VERSION, refuse_newer, stamp

pytestmark = pytest.mark.anyio


async def test_a_new_log_is_stamped(redis: Redis) -> None:
    await refuse_newer(redis)
    assert await redis("EXISTS", VERSION) == 0, "looking changes nothing"
    await Registry(redis).ensure(None)
    assert await redis("GET", VERSION) == str(DATA_VERSION).encode()
    await refuse_newer(redis)


async def test_a_stamp_is_set_once(redis: Redis) -> None:
    await redis("SET", VERSION, 0)
    await stamp(redis)
    assert await redis("GET", VERSION) == b"0"
    await refuse_newer(redis)


async def test_data_that_takes_no_writes_is_used_without_a_stamp(redis: Redis) -> None:
    await redis("CONFIG", "SET", "maxmemory", 1)
    await stamp(redis)
    assert await redis("EXISTS", VERSION) == 0
    await redis("CONFIG", "SET", "maxmemory", 0)
    await stamp(redis)
    assert await redis("EXISTS", VERSION) == 1


@pytest.mark.parametrize("found", [str(DATA_VERSION + 1), "12", "2.0"])
async def test_newer_data_is_refused_with_both_versions_and_what_to_do(redis: Redis, found: str) -> None:
    await redis("SET", VERSION, found)
    with pytest.raises(NewerData) as refused:
        await refuse_newer(redis)
    message = str(refused.value)
    assert f"version {found}," in message
    assert f"ticker {version('ticker')} knows versions up to {DATA_VERSION}" in message
    assert "run the ticker that wrote it, or a newer one" in message


async def stamped(data: Path, found: int) -> int:
    """Stamp the data in a directory; return how many keys there are then."""
    async with Embedded(data) as server:
        redis = Redis(server.url)
        await redis("SET", VERSION, found)
        count: int = await redis("DBSIZE")
        await redis.close()
        return count


@pytest.mark.parametrize(
    "command", [["serve", "--port", "0"], ["keys", "list"], ["feeds", "add", "sport"], ["verify"]], ids=" ".join
)
def test_every_command_that_opens_the_log_refuses_newer_data(tmp_path: Path, here: Here, command: list[str]) -> None:
    data = tmp_path / "data"
    before = asyncio.run(stamped(data, DATA_VERSION + 1))
    complaint = here({}, *command, "--data", str(data)).complaint
    assert f"the data is of version {DATA_VERSION + 1}, and ticker {version('ticker')} knows" in complaint
    assert asyncio.run(stamped(data, DATA_VERSION + 1)) == before == 1, "nothing was changed"


def test_an_import_into_newer_data_is_refused(tmp_path: Path, here: Here) -> None:
    data = tmp_path / "data"
    asyncio.run(stamped(data, DATA_VERSION + 1))
    export = Path(__file__).parents[1] / "fixtures" / "0.1.0" / "breaking.ndjson"
    assert "the data is of version" in here({}, "import", str(export), "--data", str(data)).complaint
