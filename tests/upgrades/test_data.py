"""What earlier versions left on disk opens today: it verifies, responds as before, and goes on from there."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.command import Here
from tests.fixtures.make import FEEDS, answers, changes
from tests.service import Service
from ticker.journal.names import VERSION
from ticker.journal.redis import Redis
from ticker.journal.version import DATA_VERSION

VERSIONS = sorted((Path(__file__).parents[1] / "fixtures").glob("[0-9]*"))


@pytest.fixture(params=VERSIONS, ids=lambda path: path.name)
def fixture(request: pytest.FixtureRequest) -> Path:
    """The fixtures of a version."""
    path: Path = request.param
    return path


@pytest.fixture
def expected(fixture: Path) -> dict[str, Any]:
    """What that version answered."""
    content: dict[str, Any] = json.loads((fixture / "expected.json").read_text("utf-8"))
    return content


@pytest.fixture
def data(fixture: Path, tmp_path: Path) -> Path:
    """Its data directory, closed to other users as services leave it; version control does not keep that."""
    data = Path(shutil.copytree(fixture / "data", tmp_path / "data"))
    for path in (data, *data.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return data


@pytest.fixture
def service(data: Path, expected: dict[str, Any]) -> Iterator[Service]:
    """Today's service on that directory."""
    with Service(data, admin_key=expected["keys"]["admin"]) as running:
        yield running


def as_holder(service: Service, key: str) -> httpx.Client:
    return httpx.Client(base_url=service.url, headers={"authorization": f"Bearer {key}"}, timeout=30.0)


def test_its_logs_verify(data: Path, here: Here, expected: dict[str, Any]) -> None:
    lines = dict(line.split(": ", 1) for line in here({}, "verify", "--data", str(data)).printed.splitlines())
    assert lines.keys() == set(FEEDS)
    for feed, line in lines.items():
        assert line.endswith(f"unbroken to {expected['answers'][f'/v1/feeds/{feed}']['position']}")


def lost(before: Any, today: Any, where: str = "") -> Iterator[str]:
    """What of an answer is no longer in today's; a later version may add members."""
    if isinstance(before, dict) and isinstance(today, dict):
        for name, value in before.items():
            yield from lost(value, today.get(name, "missing"), f"{where}.{name}")
    elif isinstance(before, list) and isinstance(today, list) and len(before) == len(today):
        for number, pair in enumerate(zip(before, today, strict=True)):
            yield from lost(*pair, f"{where}[{number}]")
    elif before != today:
        yield f"{where}: {today!r} was {before!r}"


def test_every_answer_is_as_it_was(service: Service, expected: dict[str, Any]) -> None:
    # But for the feed in which a held dispatch has come due since, and for the admin key, which each start sets.
    found = answers(service, tuple(feed for feed in FEEDS if feed != "breaking"))
    assert len(found) > 15
    for path, answer in found.items():
        before = expected["answers"][path]
        for keys in (before, answer) if path == "/v1/keys" else ():
            keys["keys"] = sorted((key for key in keys["keys"] if key["name"] != "admin"), key=lambda key: key["id"])
        for feeds in (before, answer) if path == "/v1/feeds" else ():
            others = (feed for feed in feeds["feeds"] if feed["name"] != "breaking")
            feeds["feeds"] = sorted(others, key=lambda feed: feed["name"])
        assert list(lost(before, answer, path)) == []


def test_dispatches_are_as_they_were(service: Service, expected: dict[str, Any]) -> None:
    paths = [path for path in expected["answers"] if path.startswith("/v1/feeds/breaking/dispatches/")]
    assert len(paths) == 4
    for path in paths:
        assert list(lost(expected["answers"][path], service.http.get(path).json(), path)) == []


def frames_after(service: Service, feed: str, position: str, count: int, way: str) -> list[Any]:
    """The first frames that a reader is sent which comes back at a position."""
    frames: list[Any] = []
    if way == "websocket":
        with service.websocket(feed, position) as connection:
            while len(frames) < count:
                frames.append(json.loads(connection.recv(timeout=20.0)))
        return frames
    headers = {"accept": "text/event-stream", "last-event-id": position}
    with service.http.stream("GET", f"/v1/feeds/{feed}/live", headers=headers) as response:
        for line in response.iter_lines():
            if line.startswith("data: "):
                frames.append(json.loads(line[6:]))
                if len(frames) == count:
                    break
    return frames


@pytest.mark.parametrize("way", ["websocket", "events"])
def test_its_readers_go_on_where_they_were(service: Service, expected: dict[str, Any], way: str) -> None:
    for feed, position in expected["positions"].items():
        before = expected["changes"][feed]
        assert frames_after(service, feed, position, len(before), way) == before


def test_its_keys_work(service: Service, expected: dict[str, Any]) -> None:
    keys, ids = expected["keys"], expected["ids"]
    with as_holder(service, keys["Mona"]) as mona:
        kept = mona.post("/v1/feeds/breaking/dispatches", json={"text": "Filed after the upgrade"})
        assert kept.status_code == 201
        own = f"/v1/feeds/breaking/dispatches/{ids['corrected']}"
        assert mona.patch(own, json={"text": "Corrected again"}, headers={"if-match": '"2"'}).status_code == 200
        assert mona.put("/v1/feeds/breaking/pin", json={"id": None}).status_code == 403
        assert mona.post("/v1/feeds/newsroom/dispatches", json={"text": "no"}).status_code == 403
    with as_holder(service, keys["Omar"]) as omar:
        assert omar.get("/v1/feeds/newsroom", timeout=20).status_code == 200
        assert omar.post(f"/v1/feeds/ar/dispatches/{ids['edition']}/kill", json={"reason": "no"}).status_code == 200
    assert httpx.get(f"{service.url}/v1/feeds/newsroom", timeout=20).status_code == 404
    with as_holder(service, keys["revoked"]) as revoked:
        assert revoked.post("/v1/feeds/breaking/dispatches", json={"text": "no"}).status_code == 401


def test_a_killed_dispatch_stays_killed(service: Service, expected: dict[str, Any]) -> None:
    gone = service.http.get(f"/v1/feeds/breaking/dispatches/{expected['ids']['killed']}")
    assert gone.status_code == 410
    assert "explosion heard" not in gone.text + service.http.get("/v1/feeds/breaking").text


def test_held_dispatches_are_released_or_stay_held(service: Service, expected: dict[str, Any]) -> None:
    ids = expected["ids"]

    def newest() -> Any:
        return service.snapshot("breaking")["dispatches"][0]

    service.until(lambda: newest().get("source") == "Treasury")
    assert newest()["text"] == "The budget speech, every word"
    assert newest()["sections"] == ["Budget"]
    assert service.http.get(f"/v1/feeds/breaking/held/{ids['spiked']}").json()["status"] == "spiked"
    # What was held in a feed that is closed waits for the desk, also once the feed is open again.
    address = f"/v1/feeds/archive/held/{ids['held_in_closed']}"
    assert service.http.get(address).json()["status"] == "held"
    assert service.http.patch("/v1/feeds/archive", json={"closed": None}).status_code == 200
    assert service.http.get(address).json()["status"] == "held"
    assert service.http.post(f"{address}/release").status_code == 201
    assert service.snapshot("archive")["dispatches"][0]["text"] == "Held when the feed was closed"


def test_a_flash_that_waits_can_be_confirmed(service: Service, expected: dict[str, Any]) -> None:
    address = f"/v1/feeds/ar/dispatches/{expected['ids']['flash']}/confirm"
    with as_holder(service, expected["keys"]["Omar"]) as omar:
        assert omar.post(address).status_code == 409, "the time for it is over"
        asyncio.run(later(service, "ticker:{ar}:flashes", expected["ids"]["flash"]))
        assert omar.post(address).status_code == 200
    assert service.snapshot("ar")["dispatches"][0]["urgency"] == "flash"


async def later(service: Service, name: str, id: str) -> None:
    """Put off until when a flash may be confirmed, as if the service had stopped a moment ago."""
    redis = Redis(f"unix://{service.data / 'valkey.sock'}")
    until, filer = (await redis("HGET", name, id)).decode().split(" ")
    await redis("HSET", name, id, f"{int(until) + 100 * 365 * 86_400_000} {filer}")
    await redis.close()


def test_it_is_stamped(service: Service) -> None:
    async def stamped() -> bytes | None:
        redis = Redis(f"unix://{service.data / 'valkey.sock'}")
        found: bytes | None = await redis("GET", VERSION)
        await redis.close()
        return found

    assert asyncio.run(stamped()) == str(DATA_VERSION).encode()


@pytest.mark.parametrize("feed", FEEDS)
def test_its_exports_are_imported_and_exported_as_they_were(
    fixture: Path, expected: dict[str, Any], tmp_path: Path, here: Here, feed: str
) -> None:
    data, export = str(tmp_path / "data"), fixture / f"{feed}.ndjson"
    here({}, "import", str(export), "--data", data)
    position = expected["answers"][f"/v1/feeds/{feed}"]["position"]
    assert here({}, "verify", "--feed", feed, "--data", data).printed.endswith(f"unbroken to {position}\n")
    assert here({}, "export", feed, "--data", data).printed == export.read_text("utf-8")


def test_the_changes_after_a_position_are_as_they_were(service: Service, expected: dict[str, Any]) -> None:
    for feed, position in expected["positions"].items():
        before = expected["changes"][feed]
        assert changes(service, feed, position)[: len(before)] == before
