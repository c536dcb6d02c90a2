"""What crosses between nodes of two versions: the same messages, sent and understood, whichever runs where."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis as Client

from tests.fixtures.make import ADMIN_KEY, Recorder, work
from tests.service import Reader, Service
from ticker.journal.redis import Redis

FIXTURES = Path(__file__).parents[1] / "fixtures"
VERSIONS = sorted(FIXTURES.glob("[0-9]*"))


def recorded(version: Path) -> list[tuple[str, str]]:
    return [(channel, text) for channel, text in json.loads((version / "messages.json").read_text("utf-8"))]


def shape(content: Any) -> Any:
    """Names and types of JSON, without its values."""
    if isinstance(content, dict):
        return {name: shape(value) for name, value in content.items()}
    if isinstance(content, list):
        return [shape(item) for item in content]
    return type(content).__name__


def form(channel: str, text: str) -> str:
    """The form of a message: of an entry the digits of its hash, of JSON the names and types."""
    if channel.endswith(":live"):
        offset, hash, entry = text.split(" ", 2)
        return f"{channel} {offset} {len(hash)} {json.dumps(shape(json.loads(entry)))}"
    if channel.endswith("nodes"):
        said = json.loads(text)
        said["watching"] = {"feed": 1} if said.get("watching") else {}
        return f"{channel} {json.dumps(shape(said))}"
    return f"{channel} {re.sub(r'^[0-9a-f]{16}$', 'token', text)}"


UNSAID = 'ticker:nodes {"watching": {}}'
"""What 0.1.0 published to hear how long closed feeds are: a report of no node, in which nobody finds anything."""


def of_nodes(forms: list[str]) -> set[str]:
    return {each for each in forms if each.startswith("ticker:nodes")} - {UNSAID}


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """What today's service publishes while it does what the fixtures did."""
    with Service(tmp_path_factory.mktemp("s"), admin_key=ADMIN_KEY) as service:
        recorder = Recorder(Client(unix_socket_path=str(service.data / "valkey.sock")))
        work(service, recorder)
        recorder.stop()
    return recorder.messages


@pytest.mark.parametrize("version", VERSIONS, ids=lambda path: path.name)
def test_today_the_same_messages_are_published(version: Path, today: list[tuple[str, str]]) -> None:
    before, now = ([form(*message) for message in messages] for messages in (recorded(version), today))
    for kind in (":live", ":changes"):
        ours, theirs = ([each for each in forms if each.split(" ")[0].endswith(kind)] for forms in (now, before))
        assert ours == theirs
    assert of_nodes(now) == of_nodes(before)


@pytest.fixture(params=VERSIONS, ids=lambda path: path.name)
def version(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture
def service(version: Path, tmp_path: Path) -> Iterator[Service]:
    """Today's service on the data of that version."""
    data = Path(shutil.copytree(version / "data", tmp_path / "data"))
    with Service(data, admin_key=ADMIN_KEY) as running:
        yield running


def ask(service: Service, *command: str | bytes | int) -> Any:
    async def asked() -> Any:
        redis = Redis(f"unix://{service.data / 'valkey.sock'}")
        answer = await redis(*command)
        await redis.close()
        return answer

    return asyncio.run(asked())


def test_its_readers_are_counted(version: Path, service: Service) -> None:
    (said,) = {text for channel, text in recorded(version) if channel == "ticker:nodes" and '"breaking"' in text}
    with Reader(service, "breaking"):

        def counted() -> bool:
            ask(service, "PUBLISH", "ticker:nodes", said)
            feeds = service.http.get("/v1/feeds").json()["feeds"]
            return 3 in [feed["watching"] for feed in feeds if feed["name"] == "breaking"]

        service.until(counted)


def test_its_entries_reach_readers_at_once(version: Path, service: Service) -> None:
    # Published alone and not written to the log: what the reader gets can only have come from the message.
    last = [text for channel, text in recorded(version) if channel == "ticker:{ar}:live"][-1]
    offset, hash, text = last.split(" ", 2)
    entry = text.replace('"id":"01', '"id":"02')
    chained = hashlib.sha1((hash + entry).encode(), usedforsecurity=False).hexdigest()
    with service.websocket("ar", f"{offset}-{hash[:12]}") as connection:
        assert json.loads(connection.recv(timeout=20.0))["type"] == "beat"
        ask(service, "PUBLISH", "ticker:{ar}:live", f"{int(offset) + 1} {chained} {entry}")
        while (frame := json.loads(connection.recv(timeout=20.0)))["type"] == "beat":
            pass  # one comes every ten seconds, at any moment
    assert frame == {
        "type": "dispatch",
        "position": f"{int(offset) + 1}-{chained[:12]}",
        "dispatch": json.loads(entry)["dispatch"],
    }


def test_its_changes_are_taken_in_at_once(version: Path, service: Service) -> None:
    stored = json.loads(ask(service, "HGET", "ticker:feeds", "ar"))
    assert set(stored) == {"name", "title", "language", "opened", "edition_of", "two_person_flash"}
    ask(service, "HSET", "ticker:feeds", "ar", json.dumps(stored | {"title": "عاجل الآن"}))
    ask(service, "PUBLISH", "ticker:changes", "ar")
    service.until(lambda: "عاجل الآن" in service.http.get("/v1/feeds").text)
