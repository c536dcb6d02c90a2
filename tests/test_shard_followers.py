"""A node on a Redis Cluster: a shard that is down delays its own feeds alone; a feed whose slot moves loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.on.cluster import ClusterService
from tests.on.cluster import service as on_cluster
from tests.service import Page, Reader
from tests.shards import Server
from ticker.journal.slots import slot_of


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterService]:
    with on_cluster(tmp_path_factory.mktemp("s")) as service:
        yield service


def open_on(service: ClusterService, server: Server, prefix: str) -> str:
    name = service.shards.name_on(server, prefix)
    assert service.http.post("/v1/feeds", json={"name": name, "title": name}).status_code == 201
    return name


def kinds(page: Page) -> list[str]:
    return [frame["type"] for frame in page.frames]


def live(page: Page) -> bool:
    return "beat" in kinds(page) and kinds(page)[-1] != "delayed"


def other_than_common(service: ClusterService) -> tuple[Server, Server]:
    """Return a shard that has nothing that all feeds need, and another one."""
    common = {service.shards.primaries[slot_of(key) * 3 // 16384] for key in ("ticker:feeds", "ticker:keys")}
    down = next(server for server in service.shards.primaries if server not in common)
    return down, next(server for server in service.shards.primaries if server is not down)


@pytest.mark.parametrize("harm", ["kill", "freeze"])
def test_a_shard_that_is_down_delays_its_own_feeds_alone(running: ClusterService, harm: str) -> None:
    down, up = other_than_common(running)
    lost, well = open_on(running, down, f"{harm}-a"), open_on(running, up, f"{harm}-b")
    with Reader(running, lost) as hit, Reader(running, well, way="sse") as spared:
        for reader in (hit, spared):
            reader.until(live)
        running.file(lost, "before")
        (down.kill if harm == "kill" else down.freeze)()
        try:
            hit.until(lambda page: kinds(page)[-1] == "delayed")
            beats = kinds(spared.page).count("beat")
            assert running.http.post(f"/v1/feeds/{lost}/dispatches", json={"text": "no"}).status_code == 503
            assert running.file(well, "meanwhile")
            spared.until(lambda page: "meanwhile" in page.texts)
            assert running.http.get("/readyz").status_code == 200
            spared.until(lambda page: kinds(page).count("beat") > beats)
            assert "delayed" not in kinds(spared.page)
        finally:
            (down.start if harm == "kill" else down.thaw)()
        running.file_patiently(lost, "after")
        hit.until(lambda page: page.texts == ["before", "after"] and live(page))
        assert hit.page.resets == 0
        assert hit.connections == spared.connections == 1


def test_a_feed_whose_slot_moves_under_load_loses_and_doubles_nothing(running: ClusterService) -> None:
    source, target = other_than_common(running)
    feed, beside = open_on(running, source, "moves"), open_on(running, source, "stays")
    with ExitStack() as stack:
        readers = [stack.enter_context(Reader(running, feed, way=way)) for way in ("websocket", "sse")]
        bystander = stack.enter_context(Reader(running, beside))
        for reader in (*readers, bystander):
            reader.until(live)
        writers = stack.enter_context(ThreadPoolExecutor(4))
        filing = [writers.submit(running.file_patiently, feed, f"dispatch {n}") for n in range(120)]
        readers[0].until(lambda page: page.offsets[-1] > 10)
        running.shards.move(slot_of(f"{{{feed}}}"), source, target)
        receipts = [future.result() for future in filing]
        assert sorted(int(each["position"].partition("-")[0]) for each in receipts) == list(range(1, 121))
        for reader in readers:
            reader.until(lambda page: page.offsets[-1] == 120 and live(page))
            assert (reader.page.resets, reader.connections) == (0, 1)
            assert len(reader.page.lines) == 120
        assert "delayed" not in kinds(bystander.page)
        assert bystander.page.resets == 0
        moved = [frame for frame in readers[0].page.frames if frame["type"] in ("delayed", "beat")]
        assert moved[-1]["type"] == "beat"
        running.file(feed, "there")
        readers[0].until(lambda page: "there" in page.texts)
        running.shards.move(slot_of(f"{{{feed}}}"), target, source)


def test_a_feed_that_is_opened_as_slots_moved_is_there_at_once(running: ClusterService) -> None:
    source, target = other_than_common(running)
    moving, opened = open_on(running, source, "moving"), 0
    with Reader(running, moving) as reader:
        for before, after in ((source, target), (target, source)):
            reader.until(live)
            seen = len(reader.page.frames)
            running.shards.move(slot_of(f"{{{moving}}}"), before, after)
            while not {"delayed", "beat"} <= set(kinds(reader.page)[seen:]):  # until the node follows what changed
                opened += 1
                feed = open_on(running, source, f"opened-{opened}-")
                assert running.http.get(f"/v1/feeds/{feed}").status_code == 200
                assert feed in [each["name"] for each in running.http.get("/v1/feeds").json()["feeds"]]


def test_settings_reach_every_shard(running: ClusterService) -> None:
    for number, server in enumerate(running.shards.primaries):
        feed = open_on(running, server, f"settings-{number}-")
        assert running.http.get(f"/v1/feeds/{feed}").status_code == 200
        assert running.http.patch(f"/v1/feeds/{feed}", json={"title": "Renamed"}).status_code == 200
        titles = {each["name"]: each["title"] for each in running.http.get("/v1/feeds").json()["feeds"]}
        assert titles[feed] == "Renamed"
        assert running.http.delete(f"/v1/feeds/{feed}").status_code == 200
        assert running.http.post(f"/v1/feeds/{feed}/dispatches", json={"text": "no"}).status_code == 410
        assert running.snapshot(feed)["closed"]
