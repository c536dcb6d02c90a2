"""A node that reads at a replica: LIVE proves replication too, and a replica that is behind is not taken for a fork."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journal.test_rights import run
from tests.on.replica import Pair
from tests.servers import free_port, until
from tests.service import Reader, Service, environment


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    (tmp_path / "pair").mkdir()
    with Pair(tmp_path / "pair") as running:
        yield running


@pytest.fixture
def replicated(pair: Pair, tmp_path: Path) -> Iterator[Service]:
    with Service(tmp_path, **pair.settings) as running:
        yield running


def newest(page: Any) -> Any:
    return page.frames[-1]["type"] if page.frames else None


def part(pair: Pair) -> None:
    """Let the replica lose its primary, and keep what it has."""
    pair.replica("REPLICAOF", "127.0.0.1", free_port())


def join(pair: Pair) -> None:
    until(lambda: pair.replica("REPLICAOF", "127.0.0.1", pair.primary.port))  # it may just be starting
    pair.until_in_sync()


def test_readers_are_live_only_while_the_replica_follows(pair: Pair, replicated: Service) -> None:
    with Reader(replicated, "breaking") as reader:
        replicated.file("breaking", "before")
        reader.until(lambda page: page.texts == ["before"] and any(frame["type"] == "beat" for frame in page.frames))
        part(pair)
        reader.until(lambda page: newest(page) == "delayed")
        receipt = replicated.file("breaking", "meanwhile")
        replicated.until(lambda: any("TICKER_REDIS_READ_URL does not receive" in line for line in replicated.errors))
        # What decides on a change is read at the primary.
        path = f"/v1/feeds/breaking/dispatches/{receipt['id']}"
        assert replicated.http.get(path).json()["text"] == "meanwhile"
        changed = replicated.http.patch(path, json={"text": "corrected"}, headers={"if-match": '"1"'})
        assert changed.status_code == 200, changed.text
        assert replicated.http.get("/v1/feeds/breaking/dispatches").json()["dispatches"][0]["text"] == "corrected"
        assert (reader.page.texts, newest(reader.page)) == (["before"], "delayed")
        join(pair)
        reader.until(lambda page: page.texts == ["before", "corrected"])
        reader.until(lambda page: newest(page) == "beat")
        assert (reader.page.resets, reader.connections) == (0, 1)


def test_a_replica_that_is_behind_what_readers_have_is_no_fork(pair: Pair, replicated: Service) -> None:
    with Reader(replicated, "breaking") as reader:
        for number in range(3):
            replicated.file("breaking", f"dispatch {number}")
        reader.until(lambda page: len(page.texts) == 3)
        # As a new machine: it has nothing, and does not reach the primary yet.
        pair.replica.kill()
        shutil.rmtree(pair.replica.folder / "appendonlydir")
        pair.replica.start("--replicaof", "127.0.0.1", str(free_port()))
        reader.until(lambda page: newest(page) == "delayed")
        replicated.file("breaking", "dispatch 3")
        join(pair)
        reader.until(lambda page: page.texts == [f"dispatch {number}" for number in range(4)])
        reader.until(lambda page: newest(page) == "beat")
        assert (reader.page.resets, reader.connections) == (0, 1)


def test_a_feed_that_is_opened_and_closed_is_seen_through_the_replica(replicated: Service) -> None:
    feed = replicated.open_feed()
    with Reader(replicated, feed) as reader:
        replicated.file(feed, "the only one")
        reader.until(lambda page: page.texts == ["the only one"])
        assert replicated.http.delete(f"/v1/feeds/{feed}").status_code == 200
        replicated.until(lambda: replicated.snapshot(feed).get("closed"))
    assert replicated.http.get(f"/v1/feeds/{feed}/live").status_code == 410
    assert not [line for line in replicated.errors if "damaged" in line or "diverged" in line]


def test_what_is_wrong_with_the_address_is_one_line(pair: Pair, tmp_path: Path) -> None:
    urls = pair.settings
    for settings, fault in (
        (
            {"redis_read_url": urls["redis_read_url"]},
            "TICKER_REDIS_READ_URL needs TICKER_REDIS_URL, the address of its",
        ),
        (urls | {"redis_read_url": urls["redis_read_url"] + "/1"}, "TICKER_REDIS_READ_URL: it must name the same data"),
        (urls | {"redis_read_url": "replica.example"}, "TICKER_REDIS_READ_URL: it must be like redis://"),
        (
            urls | {"redis_read_url": urls["redis_read_url"].replace("//", "//:x@")},
            "TICKER_REDIS_READ_URL: Redis refuses",
        ),
    ):
        ended = run(["serve", "--port", "0"], environment(data=str(tmp_path / "data"), **settings))
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr.startswith(f"ticker: {fault}"), ended.stderr
        assert ended.stderr.count("\n") == 1
