"""Relays as a whole: real processes, real sockets, real failures."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import ExitStack
from pathlib import Path

import httpx
import orjson
import pytest

from tests.relay.tree import Relay, relayed
from tests.service import READY_TIMEOUT, TICKER, Page, Reader, Service, environment

WAYS = ("websocket", "sse")


def beats(page: Page) -> bool:
    return any(frame["type"] == "beat" for frame in page.frames)


def test_readers_of_a_relay_see_what_those_of_the_node_see(service: Service, relay: Relay) -> None:
    with ExitStack() as stack:
        readers = [stack.enter_context(Reader(relay, "breaking", way=way)) for way in WAYS]
        readers.append(stack.enter_context(Reader(service, "breaking")))
        for reader in readers:
            reader.until(beats)
        ids = [service.file("breaking", f"dispatch {number}")["id"] for number in range(30)]
        killed = service.http.post(f"/v1/feeds/breaking/dispatches/{ids[-1]}/kill", json={"reason": "wrong"}).json()
        for reader in readers:
            reader.until(lambda page: page.position == killed["position"])
        assert len({orjson.dumps(reader.page.newest) for reader in readers}) == 1
        assert all(reader.page.resets == 0 for reader in readers)
    here, there = (each.snapshot("breaking") for each in (relay, service))
    assert here | {"at": None} == there | {"at": None}
    poll = relay.http.get("/v1/feeds/breaking/changes", params={"after": there["position"], "wait": 0})
    assert poll.status_code == 204
    assert poll.headers["ticker-at"]


def test_pages_and_embeds_are_those_of_the_node(service: Service, relay: Relay) -> None:
    service.file("breaking", "A page of a relay", source="Harbour police")
    service.until(lambda: relay.snapshot("breaking")["position"] == service.snapshot("breaking")["position"])
    for path in ("/", "/feeds/breaking", "/embed/feeds/breaking", "/embed/feeds/breaking/fragment", "/embed", "/desk"):
        assert "A page of a relay" in relay.http.get(path).text or path == "/desk"
        assert relay.http.get(path).status_code == service.http.get(path).status_code == 200


def test_settings_reach_a_relay_and_a_closed_feed_ends_its_readers(service: Service, relay: Relay) -> None:
    feed = service.open_feed()
    relay.until(lambda: knows(relay, feed))
    with Reader(relay, feed) as reader:
        reader.until(beats)
        service.file(feed, "the last one")
        assert service.http.patch(f"/v1/feeds/{feed}", json={"title": "Other words"}).status_code == 200
        relay.until(lambda: "Other words" in relay.http.get(f"/feeds/{feed}").text)
        assert service.http.delete(f"/v1/feeds/{feed}").status_code == 200
        reader.until(lambda page: page.frames[-1].get("closed"))
        assert reader.page.texts == ["the last one"]
    assert relay.http.get(f"/v1/feeds/{feed}/live").status_code in (410, 426)
    assert service.http.patch(f"/v1/feeds/{feed}", json={"visibility": "private"}).status_code == 200
    relay.until(lambda: httpx.get(f"{relay.url}/v1/feeds/{feed}", timeout=20).status_code == 404)
    assert relay.http.get(f"/v1/feeds/{feed}").status_code == 200, "the key that covers it reads it through the relay"


def test_only_the_feeds_that_are_named_are_followed_and_the_others_passed_on(service: Service) -> None:
    hidden = service.open_feed()
    assert service.http.patch(f"/v1/feeds/{hidden}", json={"visibility": "unlisted"}).status_code == 200
    with Relay(service, flags=("--feed", hidden)) as relay:
        relay.until(relay.level)
        metrics = httpx.get(f"{relay.url}/metrics", timeout=20).text
        assert "breaking" not in metrics
        with Reader(relay, hidden) as reader, Reader(relay, "breaking") as other:
            reader.until(beats)
            other.until(beats)


def test_a_relay_that_is_cut_off_is_delayed_and_serves_no_killed_text_once_it_is_back(tmp_path: Path) -> None:
    secret = "not to be seen again"
    with relayed(tmp_path, depth=1) as service:
        receipt = service.file("breaking", secret)
        with Reader(service, "breaking") as reader:
            reader.until(lambda page: secret in page.texts and beats(page))
            origin = service.origin
            origin.stop()
            reader.until(lambda page: page.frames[-1]["type"] == "delayed")
            assert service.http.get("/readyz").status_code == 503
            assert service.http.get("/healthz").status_code == 200
            assert secret in service.http.get("/feeds/breaking").text, "what is in memory is served"
            assert service.http.get("/v1/feeds/breaking/dispatches").status_code == 503
            origin.start()
            killed = origin.http.post(f"/v1/feeds/breaking/dispatches/{receipt['id']}/kill", json={"reason": "wrong"})
            assert killed.status_code == 200
            reader.until(lambda page: page.position == killed.json()["position"])
            assert reader.page.resets == 0
            for path in ("/", "/v1/feeds/breaking", "/v1/feeds/breaking/changes", f"/feeds/breaking/{receipt['id']}"):
                assert secret not in service.http.get(path).text
            with service.websocket("breaking", "0-" + "0" * 12) as connection:
                assert secret not in str(connection.recv(timeout=20))


@pytest.mark.parametrize("way", WAYS)
def test_a_node_that_stands_still_is_seen_by_every_reader_behind_three_relays(tmp_path: Path, way: str) -> None:
    with relayed(tmp_path) as service, Reader(service, "breaking", way=way) as reader:
        reader.until(beats)
        pids = service.origin.children("ticker.server.worker")
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            reader.until(lambda page: page.frames[-1]["type"] == "delayed")
            (since,) = {frame["since"] for frame in reader.page.frames if frame["type"] == "delayed"}
            newest = [frame["at"] for frame in reader.page.frames if frame["type"] == "beat"][-1]
            assert since >= newest, "no beat came after the proof that the delay counts from"
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        reader.until(lambda page: page.frames[-1]["type"] == "beat")
        assert reader.page.resets == 0
        assert reader.connections == 1


def test_a_fork_resets_each_depth_once(tmp_path: Path) -> None:
    with relayed(tmp_path) as service, ExitStack() as stack:
        service.file("breaking", "kept")
        origin, log = service.origin, tmp_path / "appendonlydir"
        origin.stop()
        kept = {path.name: path.read_bytes() for path in log.iterdir()}
        origin.start()
        readers = [stack.enter_context(Reader(relay, "breaking")) for relay in service.relays]
        for number in range(3):
            origin.file("breaking", f"lost {number}")
        for reader in readers:
            reader.until(lambda page: page.offsets and page.offsets[-1] == 4)
        origin.stop()
        for path in log.iterdir():
            path.unlink()
        for name, content in kept.items():
            (log / name).write_bytes(content)
        origin.start()
        for number in range(5):
            origin.file("breaking", f"instead {number}")
        for reader in readers:
            reader.until(lambda page: page.offsets and page.offsets[-1] == 6)
            assert reader.page.texts == ["kept", *(f"instead {number}" for number in range(5))]
            assert reader.page.resets == 1


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_another_upstream_is_followed_when_one_dies_or_stands_still_and_readers_notice_nothing(
    service: Service, how: signal.Signals
) -> None:
    with Relay(service) as first, Relay(service) as second, Relay(first, second) as last:
        last.until(last.level)
        feed = service.open_feed()
        last.until(lambda: knows(last, feed))
        with Reader(last, feed) as reader:
            reader.until(beats)
            service.file(feed, "before")
            reader.until(lambda page: page.texts == ["before"])
            used = next(each for each in (first, second) if _readers(each, feed))
            pids = [*used.children("ticker.server.worker"), used.process.pid]
            for pid in pids:
                os.kill(pid, signal.SIGSTOP if how is signal.SIGSTOP else signal.SIGKILL)
            try:
                service.file(feed, "after")
                reader.until(lambda page: page.texts == ["before", "after"])
            finally:
                if how is signal.SIGSTOP:
                    for pid in pids:
                        os.kill(pid, signal.SIGCONT)
            assert reader.connections == 1
            assert reader.page.resets == 0
            assert "delayed" not in {frame["type"] for frame in reader.page.frames}


def knows(relay: Service, feed: str) -> bool:
    """Whether it has the feed itself; until then it passes the readers of it on."""
    return any(each["name"] == feed for each in httpx.get(f"{relay.url}/v1/feeds", timeout=20).json()["feeds"])


def _readers(relay: Service, feed: str) -> int:
    text = httpx.get(f"{relay.url}/metrics", timeout=20).text
    counts = [line.split()[-1] for line in text.splitlines() if line.startswith(f'ticker_readers{{feed="{feed}"}}')]
    return int(counts[0]) if counts else 0


def test_a_relay_with_a_key_reports_its_readers_up_the_tree(own_service: Service) -> None:
    service = own_service
    feed = service.open_feed()
    with (
        Relay(service, key=service.key) as first,
        Relay(first, key=service.key) as second,
        ExitStack() as stack,
    ):
        for relay in (first, second):
            relay.until(lambda relay=relay: knows(relay, feed))
            for _ in range(3):
                stack.enter_context(Reader(relay, feed)).until(beats)
        service.until(lambda: _watching(service, feed) == 6)
        service.until(lambda: _watching(second, feed) == 6)


def _watching(service: Service, feed: str) -> int:
    feeds = httpx.get(f"{service.url}/v1/feeds", timeout=20).json()["feeds"]
    return next((int(each["watching"]) for each in feeds if each["name"] == feed), -1)


def test_a_relay_without_a_key_counts_as_one_reader(service: Service) -> None:
    feed = service.open_feed()
    with Relay(service) as relay, ExitStack() as stack:
        relay.until(lambda: knows(relay, feed))
        for _ in range(3):
            stack.enter_context(Reader(relay, feed)).until(beats)
        relay.until(lambda: _readers(relay, feed) == 3)
        # As many as there are relays: those of other tests may follow it too, sooner or later.
        service.until(lambda: 0 < _readers(service, feed) == _watching(service, feed))


def test_a_relay_writes_nothing_to_disk(service: Service, tmp_path: Path) -> None:
    command = [*TICKER, "relay", "--upstream", service.url, "--port", "0"]
    settings = environment() | {"HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=tmp_path, env=settings, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ticker ready on http://")
        process.terminate()
        assert process.wait(READY_TIMEOUT) == 0
    assert list(tmp_path.iterdir()) == []


def messages(relay: Relay) -> list[str]:
    """What a relay has logged, without the times."""
    return [line.split(" ", 1)[1].rstrip() for line in relay.errors]


def test_a_feed_that_the_upstream_does_not_have_is_told_once(service: Service) -> None:
    name = service.open_feed()
    with Relay(service, flags=("--feed", "braeking", "--feed", name)) as relay:
        relay.until(relay.level)
        relay.until(lambda: relay.errors)
        service.http.patch(f"/v1/feeds/{name}", json={"title": "Renamed"})
        relay.until(lambda: httpx.get(f"{relay.url}/v1/feeds").json()["feeds"][0]["title"] == "Renamed")
        (told,) = messages(relay)
    assert told.startswith(f"warning: {service.url}: it has no feed braeking that may be relayed: look at --feed")


def test_a_key_that_is_not_valid_is_told(service: Service) -> None:
    with Relay(service, key="tk_of-another-service") as relay:
        relay.until(lambda: relay.errors)
        (told,) = messages(relay)
    assert told.endswith("it does not know the key, or that is revoked; set TICKER_KEY to a valid one")


def _upstream_changes(relay: Relay) -> float:
    lines = relay.http.get("/metrics").text.splitlines()
    return max(float(line.split()[1]) for line in lines if line.startswith("ticker_upstream_changes_total"))


def test_what_is_wrong_with_upstreams_is_told_once_each(own_service: Service) -> None:
    with (
        Relay(own_service) as first,
        Relay(own_service) as second,
        Relay(first) as behind,
        Relay(first, second) as last,
    ):
        for relay in (behind, last):
            relay.until(relay.level)
        own_service.stop()
        behind.until(lambda: any("it proves nothing: it is not in sync" in each for each in messages(behind)))
        first.stop()
        second.stop()
        last.until(lambda: _upstream_changes(last) >= 8)
        told = messages(last)
        assert len(told) == len(set(told))
        assert {f"warning: {each.url}: it cannot be reached (ConnectError)" for each in (first, second)} <= set(told)
