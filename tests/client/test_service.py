"""The client and the real service: what is filed arrives once, whatever dies in between; and LIVE is true."""

from __future__ import annotations

import asyncio
import re
import secrets
import ssl
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.client.bot import Bot, soon
from tests.proxy import proxy
from tests.service import Service
from ticker.client import (
    AsyncClient,
    Client,
    Closed,
    Conflict,
    Forbidden,
    IdempotencyKeyReused,
    Invalid,
    Killed,
    NotFound,
    StaleRevision,
    Transport,
    Unauthorized,
)

WORKER = "ticker.server.worker"
WEBSOCKET, EVENTS, POLL = Transport
WAYS = [(kind, transport) for transport in Transport for kind in ("sync", "async")]
each_way = pytest.mark.parametrize(("kind", "transport"), WAYS, ids=lambda part: str(getattr(part, "value", part)))
each_transport = pytest.mark.parametrize(
    ("kind", "transport"),
    [("sync", WEBSOCKET), ("async", EVENTS), ("sync", POLL)],
    ids=lambda part: str(getattr(part, "value", part)),
)
"""Each transport once, with one client or the other, where a test takes long."""


@pytest.fixture
def feed(service: Service) -> str:
    return service.open_feed()


@pytest.fixture
def desk(service: Service) -> Any:
    with Client(service.url, service.key) as client:
        yield client


def key(service: Service, role: str = "correspondent") -> str:
    response = service.http.post("/v1/keys", json={"name": secrets.token_hex(4), "role": role})
    return str(response.json()["key"])


# Changes


def test_a_dispatch_is_filed_corrected_and_killed(desk: Client, feed: str) -> None:
    filed = desk.file(feed, "Bridge closed", source="Harbour police", urgency="urgent", sections=["Transport"])
    corrected = desk.correct(feed, filed["id"], revision=1, text="Bridge open", source=None, note="reopened")
    assert (filed["revision"], corrected["revision"]) == (1, 2)
    found = desk.dispatch(feed, filed["id"])
    assert (found["text"], found["note"], found["sections"]) == ("Bridge open", "reopened", ["Transport"])
    assert "source" not in found
    assert [revision["text"] for revision in found["revisions"]] == ["Bridge closed"]
    with pytest.raises(StaleRevision) as stale:
        desk.correct(feed, filed["id"], revision=1, text="Bridge gone")
    assert stale.value.revision == 2
    assert desk.kill(feed, filed["id"], "wrong")["editions"] == []
    with pytest.raises(Killed) as killed:
        desk.dispatch(feed, filed["id"])
    assert killed.value.dispatch["reason"] == "wrong"
    assert [dispatch["status"] for dispatch in desk.history(feed, sections=["Transport"])] == ["killed"]


def test_a_dispatch_is_held_edited_released_and_spiked(desk: Client, feed: str) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    first = desk.hold(feed, "Budget passed", later, byline="Lena Ortiz")
    assert desk.edit_held(feed, first["id"], revision=1, text="Budget fails")["revision"] == 2
    assert [(held["text"], held["byline"]) for held in desk.held(feed)] == [("Budget fails", "Lena Ortiz")]
    released = desk.release(feed, first["id"])
    assert desk.dispatch(feed, released["id"])["text"] == "Budget fails"
    second = desk.hold(feed, "Never", later)
    desk.spike(feed, second["id"], "not true")
    assert desk.held(feed) == []
    with pytest.raises(Conflict) as ended:
        desk.release(feed, second["id"])
    assert ended.value.held is None or ended.value.held["status"] == "spiked"


def test_a_flash_takes_two(service: Service) -> None:
    feed = "t" + secrets.token_hex(6)
    service.http.post("/v1/feeds", json={"name": feed, "two_person_flash": True})
    with Client(service.url, key(service)) as first, Client(service.url, key(service)) as second:
        filed = first.file(feed, "Explosion", urgency="flash")
        assert "confirm_by" in filed
        with pytest.raises(Forbidden):
            first.confirm(feed, filed["id"])
        assert second.confirm(feed, filed["id"])["revision"] == 2
        assert second.dispatch(feed, filed["id"])["urgency"] == "flash"
        with pytest.raises(Forbidden):
            second.kill(feed, filed["id"], "not mine")


def test_pin_and_air(desk: Client, feed: str) -> None:
    id = desk.file(feed, "How to reach the hospitals")["id"]
    assert desk.pin(feed, id).get("id") == id
    desk.air(feed, on=False, label="Back at six")
    snapshot = desk.snapshot(feed)
    assert (snapshot["pinned"], snapshot["air"]["on"], snapshot["air"].get("label")) == (id, False, "Back at six")
    desk.pin(feed, None)
    assert desk.snapshot(feed)["pinned"] is None


def test_the_same_key_makes_a_change_once(desk: Client, feed: str) -> None:
    first = desk.file(feed, "Once", idempotency_key="k-1")
    assert desk.file(feed, "Once", idempotency_key="k-1") == first
    with pytest.raises(IdempotencyKeyReused):
        desk.file(feed, "Twice", idempotency_key="k-1")


def test_a_change_whose_response_is_lost_on_the_way_is_made_once(service: Service, feed: str) -> None:
    lost: list[bytes] = []

    def lose_the_first(response: bytes) -> bytes:
        if lost:
            return response
        lost.append(response)
        return b""

    with proxy(service, answer=lose_the_first) as port:
        with Client(f"http://127.0.0.1:{port}", service.key, timeout=1, random=soon) as desk:
            receipt = desk.file(feed, "Once")
            assert [dispatch["id"] for dispatch in desk.history(feed)] == [receipt["id"]]
    assert b" 201 " in lost[0]


def test_refusals_have_types_and_fields(service: Service, desk: Client, feed: str) -> None:
    with pytest.raises(Invalid) as invalid:
        desk.file(feed, "", urgency="flash")
    assert (invalid.value.field, invalid.value.errors[0][0]) == ("text", "text")
    with pytest.raises(NotFound):
        desk.file("nobody", "t")
    with Client(service.url, "") as nobody, pytest.raises(Unauthorized):
        nobody.file(feed, "t")


def test_the_same_on_asyncio(service: Service, feed: str) -> None:
    async def newsroom() -> list[str]:
        async with AsyncClient(service.url, service.key) as client:
            receipts = await asyncio.gather(*(client.file(feed, f"Dispatch {number}") for number in range(5)))
            await client.correct(feed, receipts[0]["id"], text="Corrected")
            await client.kill(feed, receipts[1]["id"], "wrong")
            return [dispatch["status"] async for dispatch in client.history(feed)]

    assert sorted(asyncio.run(newsroom())) == ["killed", *["usable"] * 4]


# Following


@each_way
def test_what_is_filed_arrives_once_and_live_is_proven(
    service: Service, desk: Client, feed: str, kind: str, transport: Transport
) -> None:
    earlier = desk.file(feed, "Earlier")["id"]
    with Bot(service, feed, kind=kind, transports=(transport,)) as bot:
        bot.until_live()
        ids = [desk.file(feed, f"Dispatch {number}")["id"] for number in range(3)]
        bot.until(lambda change: change.state.find(ids[2]))
        desk.correct(feed, ids[0], text="Corrected")
        desk.pin(feed, ids[1])
        desk.kill(feed, ids[2], "wrong")
        desk.air(feed, on=False)
        last = bot.until(lambda change: change.status.name == "off-air")
        shown = desk.snapshot(feed)
        assert [*last.state.dispatches] == shown["dispatches"]
        assert (last.state.pinned, last.state.air, last.state.position) == (ids[1], shown["air"], shown["position"])
    expected = ["Earlier", "Dispatch 0", "Dispatch 1", "Dispatch 2", "Corrected", "killed: wrong"]
    assert bot.news == list(zip(expected, [earlier, *ids, ids[0], ids[2]], strict=True))
    assert bot.changes[0].state.dispatches


@each_transport
def test_a_worker_that_is_killed_loses_and_doubles_nothing(tmp_path: Path, kind: str, transport: Transport) -> None:
    with Service(tmp_path, "--workers", "2") as service, Client(service.url, service.key, random=soon) as desk:
        with Bot(service, "breaking", kind=kind, transports=(transport,)) as bot:
            bot.until_live()
            for number in range(30):
                if number == 10:
                    service.kill_child(WORKER)
                last = desk.file("breaking", f"Dispatch {number}")["id"]
            bot.until(lambda change: change.state.find(last) and change.status.name == "live")
    assert bot.texts == [f"Dispatch {number}" for number in range(30)]


@each_transport
def test_a_service_that_is_restarted_is_followed_again_and_what_was_sent_meanwhile_is_filed_once(
    tmp_path: Path, kind: str, transport: Transport
) -> None:
    with Service(tmp_path) as service, Client(service.url, service.key, random=soon) as desk:
        with Bot(service, "breaking", kind=kind, transports=(transport,)) as bot:
            desk.file("breaking", "Before")
            bot.until_live()
            service.kill()
            bot.until(lambda change: change.status.name != "live")
            sending = threading.Thread(target=desk.file, args=("breaking", "Meanwhile"))
            sending.start()
            service.start()
            sending.join()
            desk.file("breaking", "After")
            bot.until(lambda change: len(change.state.dispatches) == 3 and change.status.name == "live")
            assert [*bot.state.dispatches] == desk.snapshot("breaking")["dispatches"]
    assert bot.texts == ["Before", "Meanwhile", "After"]


@each_transport
def test_live_ends_when_the_log_is_frozen_and_comes_back(own_service: Service, kind: str, transport: Transport) -> None:
    with Bot(own_service, "breaking", kind=kind, transports=(transport,)) as bot:
        bot.until_live()
        with own_service.frozen("valkey"):
            delayed = bot.until(lambda change: change.status.name == "delayed")
            assert delayed.status.age < 13, "the node itself reports it, long before the proof is too old"
        bot.until_live()


def test_text_that_is_killed_while_a_reader_is_away_never_reaches_it(service: Service, desk: Client, feed: str) -> None:
    desk.file(feed, "Before")
    with Bot(service, feed) as bot:
        stored = bot.until_live().state.as_snapshot()
    id = desk.file(feed, "Xanthippe")["id"]
    desk.kill(feed, id, "wrong")
    desk.file(feed, "After")
    with Bot(service, feed, start=stored) as back:
        back.until(lambda change: len(change.state.dispatches) == 3 and change.status.name == "live")
    assert back.texts == ["killed: wrong", "After"]
    assert "Xanthippe" not in repr(back.changes)


def test_where_no_websocket_gets_through_the_next_transport_is_taken(service: Service, feed: str) -> None:
    def cut(request: bytes) -> bytes:
        return request.replace(b"Upgrade: websocket\r\n", b"")

    with proxy(service, ask=cut) as port, Client(f"http://127.0.0.1:{port}", random=soon) as client:
        with client.follow(feed) as follow:
            assert next(change for change in follow if change.status.name == "live").state.position


def below_news(request: bytes) -> bytes:
    """What a proxy passes on that serves us below /news."""
    return re.sub(rb"\A([A-Z]+) /news/", rb"\1 /", request)


@each_way
def test_a_service_below_a_path_of_a_tls_proxy_is_followed(
    service: Service, feed: str, kind: str, transport: Transport, tmp_path: Path
) -> None:
    certificate, secret = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subject = ["-subj", "/CN=ticker", "-addext", "subjectAltName=IP:127.0.0.1"]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*make, "-keyout", secret, "-out", certificate], check=True, capture_output=True)
    there = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    there.load_cert_chain(certificate, secret)
    here = ssl.create_default_context(cafile=str(certificate))
    with proxy(service, ask=below_news, tls=there) as port:
        url = f"https://127.0.0.1:{port}/news"
        with Client(url, service.key, tls=here) as desk:
            with Bot(service, feed, url=url, tls=here, kind=kind, transports=(transport,)) as bot:
                bot.until_live()
                id = desk.file(feed, "Over TLS")["id"]
                bot.until(lambda change: change.state.find(id))


def test_a_feed_that_is_closed_is_closed(service: Service, desk: Client, feed: str) -> None:
    desk.file(feed, "The last one")
    with Bot(service, feed) as bot:
        bot.until_live()
        service.http.delete(f"/v1/feeds/{feed}")
        bot.until(lambda change: change.status.name == "closed" and change.state.closed)
        with pytest.raises(Closed):
            desk.file(feed, "Too late")
    with Bot(service, feed) as late:
        late.until(lambda change: change.status.name == "closed" and change.state.closed)
    assert late.texts == ["The last one"]


@pytest.mark.parametrize("transport", Transport, ids=lambda transport: str(transport.value))
def test_a_private_feed_is_followed_with_a_key_and_hidden_without(service: Service, transport: Transport) -> None:
    feed = "t" + secrets.token_hex(6)
    service.http.post("/v1/feeds", json={"name": feed, "visibility": "private"})
    with Bot(service, feed, key=key(service), transports=(transport,)) as bot:
        bot.until_live()
    for kind in ("sync", "async"):
        with pytest.raises(NotFound):
            with Bot(service, feed, kind=kind, transports=(transport,)) as bot:
                bot.until_live()


def test_a_pinned_dispatch_that_no_frame_brought_is_fetched_and_learned(
    service: Service, desk: Client, feed: str
) -> None:
    old = desk.file(feed, "How to reach the hospitals")["id"]
    for number in range(20):
        desk.file(feed, f"Dispatch {number}")
    with desk.follow(feed) as follow:
        assert next(follow).state.find(old) is None
        desk.pin(feed, old)
        change = next(change for change in follow if change.state.pinned == old)
        assert change.state.find(old) is None
        follow.learn(desk.dispatch(feed, old))
        assert follow.state.pinned_dispatch is not None
        assert follow.state.pinned_dispatch["id"] == old


# Leaving


def test_closing_a_client_ends_what_it_follows(service: Service, feed: str) -> None:
    client = Client(service.url)
    follow = client.follow(feed)
    next(follow)
    client.close()
    assert (follow.closed, list(follow)) == (True, [])
    assert follow.state.position is not None
    follow.close()


def test_a_follow_that_was_never_iterated_is_closed(service: Service, feed: str) -> None:
    with Client(service.url) as client, client.follow(feed) as follow:
        assert follow.status.name == "connecting"


def test_waiting_for_a_change_can_be_cancelled_and_begun_again(service: Service, feed: str) -> None:
    async def follow() -> list[str]:
        async with AsyncClient(service.url, service.key) as client, client.follow(feed) as feed_:
            while (await anext(feed_)).status.name != "live":
                pass
            waiting = asyncio.ensure_future(anext(feed_))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            await client.file(feed, "After")
            while not (change := await anext(feed_)).dispatches:  # a beat may come before
                pass
            return [str(dispatch["status"]) for dispatch in change.dispatches]

    assert asyncio.run(follow()) == ["usable"]


def test_an_async_client_closes_what_it_follows(service: Service, feed: str) -> None:
    async def follow() -> list[Any]:
        async with AsyncClient(service.url) as client:
            follow = client.follow(feed)
            await anext(follow)
        return [change async for change in follow]

    assert asyncio.run(follow()) == []
