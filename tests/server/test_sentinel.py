"""A service on Sentinel: what was confirmed survives each failover, and no page is LIVE beside the primary."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.failovers import HARMS, fail_over
from tests.journal.test_rights import run
from tests.sentinels import Sentinels
from tests.service import Reader, Service, environment

pytestmark = pytest.mark.timeout(300)  # see PATIENCE


@pytest.fixture(params=["", "redis-server"], ids=["valkey", "redis-server"])
def sentinels(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sentinels]:
    (tmp_path / "sentinels").mkdir()
    with Sentinels(tmp_path / "sentinels", program=request.param) as running:
        yield running


def newest(page: Any) -> Any:
    return page.frames[-1]["type"] if page.frames else None


@pytest.mark.parametrize("harm", HARMS)
def test_no_dispatch_that_was_confirmed_is_lost_in_a_failover(tmp_path: Path, harm: str) -> None:
    (tmp_path / "sentinels").mkdir()
    with (
        Sentinels(tmp_path / "sentinels") as sentinels,
        Service(tmp_path, redis_url=sentinels.url, replicas="2") as service,
    ):
        outcome = fail_over(sentinels, service, harm)
        assert outcome.lost == []
        assert outcome.confirmed > 0


def test_readers_are_delayed_while_there_is_no_primary_and_live_at_the_new_one(
    sentinels: Sentinels, tmp_path: Path
) -> None:
    with Service(tmp_path, redis_url=sentinels.url) as service, Reader(service, "breaking") as reader:
        service.file("breaking", "before")
        reader.until(lambda page: page.texts == ["before"] and any(frame["type"] == "beat" for frame in page.frames))
        old = sentinels.primary
        sentinels.until_replicated()
        for sentinel in sentinels.sentinels:
            sentinel("SENTINEL", "SET", "news", "quorum", 9)  # no election yet
        old.kill()
        reader.until(lambda page: newest(page) == "delayed")
        assert service.http.get("/readyz").status_code == 503
        assert service.http.post("/v1/feeds/breaking/dispatches", json={"text": "refused"}).status_code == 503
        for sentinel in sentinels.sentinels:
            sentinel("SENTINEL", "SET", "news", "quorum", 2)
        service.file_patiently("breaking", "after")
        reader.until(lambda page: page.texts == ["before", "after"])
        reader.until(lambda page: newest(page) == "beat")
        assert (reader.page.resets, reader.connections) == (0, 1)
        sentinels.until_replaced(old)  # the service took the word of one of them


def test_a_failover_that_lost_the_end_of_the_log_is_announced(tmp_path: Path) -> None:
    (tmp_path / "sentinels").mkdir()
    with (
        Sentinels(tmp_path / "sentinels", replicas=1) as sentinels,
        Service(tmp_path, redis_url=sentinels.url) as service,
        Reader(service, "breaking") as reader,
    ):
        service.file("breaking", "kept")
        reader.until(lambda page: page.texts == ["kept"])
        old = sentinels.primary
        sentinels.until_replicated()
        # The replica cannot come back: it does not have the password.
        old.in_turn(("CONFIG", "SET", "requirepass", "unknown"), ("CLIENT", "KILL", "TYPE", "replica"))
        service.file("breaking", "lost")
        reader.until(lambda page: page.texts == ["kept", "lost"])
        old.kill()
        service.file_patiently("breaking", "instead")
        reader.until(lambda page: page.texts == ["kept", "instead"])
        assert reader.page.resets == 1
        service.until(lambda: any("breaking has diverged (fork detected)" in line for line in service.errors))


@pytest.mark.parametrize(("replicas", "warned"), [("0", True), ("1", True), ("2", False)])
def test_it_warns_at_start_where_fewer_replicas_are_counted_than_may_be_promoted(
    sentinels: Sentinels, tmp_path: Path, replicas: str, *, warned: bool
) -> None:
    with Service(tmp_path, redis_url=sentinels.url, replicas=replicas) as service:
        service.file_patiently("breaking", "one")
    told = [line for line in service.errors if "Sentinel may promote 2 replicas" in line]
    assert [f"TICKER_REPLICAS is {replicas}, but" in line for line in told] == ([True] if warned else [])


def test_a_name_that_the_sentinels_do_not_know_is_refused_at_once(sentinels: Sentinels, tmp_path: Path) -> None:
    address = re.sub("/news$", "/sports", sentinels.url)
    for command in (["serve", "--port", "0"], ["keys", "list"]):
        ended = run(command, environment(redis_url=address, data=str(tmp_path)))
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr == "ticker: TICKER_REDIS_URL: the Sentinels know no primary of this name\n"


OF_ANOTHER_KIND = (
    ("redis://127.0.0.1:{sentinel}", "is a Sentinel; write redis+sentinel://HOST:PORT/NAME, or name a port of Redis"),
    ("redis://127.0.0.1:{sentinel}/1", "is a Sentinel; write redis+sentinel://HOST:PORT/NAME, or name a port of Redis"),
    ("redis+sentinel://127.0.0.1:{redis}/news", "is no Sentinel; name the port of the Sentinels, by default 26379"),
    ("redis+cluster://127.0.0.1:{sentinel}", "the server is not part of a cluster; write redis:// without +cluster"),
)


def test_the_port_of_a_server_of_another_kind_is_refused_at_once(sentinels: Sentinels, tmp_path: Path) -> None:
    ports = {"sentinel": sentinels.sentinels[0].port, "redis": sentinels.primary.port}
    for address, advice in OF_ANOTHER_KIND:
        for command in (["serve", "--port", "0"], ["keys", "list"]):
            ended = run(command, environment(redis_url=address.format(**ports), data=str(tmp_path)))
            assert (ended.returncode, ended.stdout) == (1, "")
            assert ended.stderr.startswith("ticker: TICKER_REDIS_URL: the server ")
            assert advice in ended.stderr
            assert ended.stderr.count("\n") == 1
