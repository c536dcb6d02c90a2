"""Two versions on one Redis, as during an upgrade: each follows what the other does."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from tests.service import Reader, Service
from tests.upgrades.released import COMMITS, Released, unpack


class Pair(NamedTuple):
    """The service of an earlier version, which has the Redis, and today's beside it."""

    earlier: Service
    today: Service

    @property
    def ways(self) -> list[tuple[Service, Service]]:
        """Who does something, and who follows."""
        return [(self.earlier, self.today), (self.today, self.earlier)]


@pytest.fixture(scope="module", params=sorted(COMMITS))
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Both, with one admin key."""
    program = unpack(request.param, tmp_path_factory.mktemp("earlier"))
    with Released(program, tmp_path_factory.mktemp("s")) as earlier:
        url = f"unix://{earlier.data / 'valkey.sock'}"
        with Service(earlier.data, redis_url=url, admin_key=earlier.key) as today:
            yield Pair(earlier, today)


def test_the_earlier_one_runs_its_own_code(pair: Pair) -> None:
    assert isinstance(pair.earlier, Released)
    program = pair.earlier.program.resolve()
    workers = pair.earlier.children("ticker.server.worker")
    assert {Path(f"/proc/{pid}/cwd").resolve() for pid in workers} == {program}
    found = subprocess.run(
        [sys.executable, "-c", "import ticker; print(ticker.__file__)"],
        cwd=program,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(found.stdout.strip()).is_relative_to(program)


def change(service: Service, feed: str) -> list[Any]:
    """File, correct, kill, pin and put on the air; return what the feed shows then."""
    first = service.file(feed, "Filed first", source="Harbour master", sections=["Harbour"])
    service.file(feed, "Filed second", urgency="urgent")
    wrong = service.file(feed, "Filed in error")
    at = f"/v1/feeds/{feed}"
    responses = [
        service.http.patch(
            f"{at}/dispatches/{first['id']}", json={"text": "Corrected", "note": "n"}, headers={"if-match": '"1"'}
        ),
        service.http.post(f"{at}/dispatches/{wrong['id']}/kill", json={"reason": "It is not so"}),
        service.http.put(f"{at}/pin", json={"id": first["id"]}),
        service.http.put(f"{at}/air", json={"on": False}),
    ]
    assert [response.status_code for response in responses] == [200] * 4
    return [service.http.get(at).json()["dispatches"], service.snapshot(feed)["position"]]


def test_each_shows_what_the_other_is_told(pair: Pair) -> None:
    for does, follows in pair.ways:
        feed = does.open_feed()
        follows.until(lambda follows=follows, feed=feed: follows.http.get(f"/v1/feeds/{feed}").status_code == 200)
        with Reader(follows, feed) as socket, Reader(follows, feed, way="events") as events:
            for reader in (socket, events):
                reader.until(lambda page: page.position)
            dispatches, position = change(does, feed)
            for reader in (socket, events):
                reader.until(lambda page, position=position: page.position == position)
                assert reader.page.newest == dispatches
                assert reader.page.resets == 0
        shown, told = follows.snapshot(feed), does.snapshot(feed)
        assert {name: shown[name] for name in shown.keys() - {"at"}} == {
            name: told[name] for name in told.keys() - {"at"}
        }


def test_a_reader_resumes_at_the_other(pair: Pair) -> None:
    for does, follows in pair.ways:
        feed = does.open_feed()
        position = does.file(feed, "one")["position"]
        does.file(feed, "two")
        follows.until(lambda follows=follows, feed=feed: len(follows.snapshot(feed).get("dispatches", [])) == 2)
        with follows.websocket(feed, position) as connection:
            assert '"two"' in str(connection.recv(timeout=20.0))


def test_a_request_sent_again_to_the_other_is_answered_as_the_first_time(pair: Pair) -> None:
    for does, follows in pair.ways:
        feed, key = does.open_feed(), {"idempotency-key": secrets.token_hex(8)}
        follows.until(lambda follows=follows, feed=feed: follows.http.get(f"/v1/feeds/{feed}").status_code == 200)
        body = {"text": "Sent twice", "sections": ["Harbour"], "occurred": "2026-11-25T18:00:00Z"}
        receipts = [node.http.post(f"/v1/feeds/{feed}/dispatches", json=body, headers=key) for node in (does, follows)]
        assert [receipt.status_code for receipt in receipts] == [201, 201]
        assert receipts[0].json() == receipts[1].json()


def test_readers_are_counted_together(pair: Pair) -> None:
    feed = pair.today.open_feed()
    pair.earlier.until(lambda: pair.earlier.http.get(f"/v1/feeds/{feed}").status_code == 200)
    with Reader(pair.earlier, feed), Reader(pair.today, feed), Reader(pair.today, feed):
        for node in pair:

            def watching(node: Service = node) -> bool:
                feeds = node.http.get("/v1/feeds").json()["feeds"]
                return [listed["watching"] for listed in feeds if listed["name"] == feed] == [3]

            node.until(watching)


def test_a_held_dispatch_goes_out_once(pair: Pair) -> None:
    for does, follows in pair.ways:
        feed = does.open_feed()
        release_at = (datetime.now(UTC) + timedelta(seconds=4)).isoformat(timespec="milliseconds")
        does.file(feed, "Held", release_at=release_at)
        for node in (follows, does):
            node.until(lambda node=node, feed=feed: len(node.snapshot(feed).get("dispatches", [])) == 1)
        assert does.snapshot(feed)["position"].startswith("1-")


def test_a_feed_that_is_edited_or_closed_at_one_is_so_at_the_other(pair: Pair) -> None:
    for does, follows in pair.ways:
        feed = does.open_feed()
        does.http.patch(f"/v1/feeds/{feed}", json={"title": "Harbour", "timezone": "Asia/Beirut"})

        def edited(follows: Service = follows, feed: str = feed) -> bool:
            return ("Harbour", "Asia/Beirut") in [
                (listed["title"], listed["timezone"])
                for listed in follows.http.get("/v1/feeds").json()["feeds"]
                if listed["name"] == feed
            ]

        follows.until(edited)
        assert does.http.delete(f"/v1/feeds/{feed}").status_code == 200
        follows.until(lambda follows=follows, feed=feed: follows.snapshot(feed).get("closed"))
        refused = follows.http.post(f"/v1/feeds/{feed}/dispatches", json={"text": "late"})
        assert refused.status_code == 410


def test_a_key_of_one_works_at_the_other_until_it_is_revoked_there(pair: Pair) -> None:
    for does, follows in pair.ways:
        issued = does.http.post("/v1/keys", json={"name": "Mona", "role": "correspondent"}).json()
        holder = {"authorization": f"Bearer {issued['key']}"}
        address = f"{follows.url}/v1/feeds/breaking/dispatches"
        assert httpx.post(address, json={"text": "one"}, headers=holder, timeout=20).status_code == 201
        assert follows.http.delete(f"/v1/keys/{issued['id']}").is_success
        assert httpx.post(address, json={"text": "two"}, headers=holder, timeout=20).status_code == 401
