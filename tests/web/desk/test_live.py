"""The live stream of the desk, across two nodes and over both transports."""

from __future__ import annotations

import base64
import os
import signal
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.service import Service
from tests.web.desk.desk import Stream, expire, key, signed_in
from tests.web.test_described import framed

WAYS = ["websocket", "sse"]


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


def tomorrow() -> str:
    return (datetime.now(UTC) + timedelta(days=1)).isoformat()


def known(feed: str, *nodes: Service) -> str:
    """Wait until every node knows a feed."""
    nodes[0].until(lambda: all(node.http.get(f"/v1/feeds/{feed}").status_code == 200 for node in nodes))
    return feed


@pytest.fixture
def feed(service: Service, other_node: Service) -> str:
    return known(service.open_feed(), service, other_node)


# What it has


@pytest.mark.parametrize("way", WAYS)
def test_it_begins_with_the_feed_and_the_whole_desk(service: Service, feed: str, way: str) -> None:
    issued = key(service, "editor", feed)
    filed = service.file(feed, "Bridge closed")
    held = service.file(feed, "Rate cut", release_at=tomorrow())
    with Stream(service, feed, way, **bearer(issued["key"])) as stream:
        assert stream.frames[0]["type"] == "snapshot"
        assert [each["text"] for each in stream.frames[0]["dispatches"]] == ["Bridge closed"]
        kinds = [frame["kind"] for frame in stream.frames if frame["type"] == "desk" and frame["kind"] != "delivery"]
        assert kinds[:4] == ["presence", "held", "flash", "filed"]
        [person] = stream.desk["presence"]["people"]
        assert (person["id"], person["name"], person["feed_filed"]) == (issued["id"], "Lena Ortiz", None)
        assert datetime.fromisoformat(person["since"]) <= datetime.now(UTC) + timedelta(seconds=5)
        assert stream.desk["held"]["held"] == service.http.get(f"/v1/feeds/{feed}/held").json()["held"]
        assert stream.desk["held"]["held"][0]["id"] == held["id"]
        assert stream.desk["flash"]["flashes"] == []
        [(id, filer)] = stream.desk["filed"]["filed"].items()
        assert (id, filer["name"], filer["mine"]) == (filed["id"], "admin", False)
        stream.until(lambda: any(frame["type"] == "beat" for frame in stream.frames))


@pytest.mark.parametrize("way", WAYS)
def test_it_resumes_as_the_public_stream_does(service: Service, feed: str, way: str) -> None:
    first = service.file(feed, "one")
    second = service.file(feed, "two")

    class Resumed(Stream):
        address = f"{service.url}/v1/feeds/{feed}/desk/live?after={first['position']}"

    with Resumed(service, feed, way, **service.authorization) as stream:
        assert stream.frames[0] == {
            "type": "dispatch",
            "position": second["position"],
            "dispatch": service.snapshot(feed)["dispatches"][0],
        }
        service.file(feed, "three")
        stream.until(lambda: [frame["type"] for frame in stream.frames].count("dispatch") == 2)
        assert "snapshot" not in {frame["type"] for frame in stream.frames}


@pytest.mark.parametrize("way", WAYS)
def test_everybody_sees_who_comes_files_and_leaves_on_any_node(
    service: Service, other_node: Service, feed: str, way: str
) -> None:
    mona, lena = key(service, name="Mona"), key(service, "editor", name="Lena")
    with Stream(service, feed, way, **bearer(mona["key"])) as first:
        assert first.names() == ["Mona"]
        with Stream(other_node, feed, way, **bearer(lena["key"])) as second:
            assert second.names() == ["Mona", "Lena"]
            first.until(lambda: first.names() == ["Mona", "Lena"])
            with Stream(service, feed, way, **bearer(lena["key"])) as third:
                assert third.names() == ["Mona", "Lena"], "a person with two devices is there once"
            answer = other_node.http.post(
                f"/v1/feeds/{feed}/dispatches", json={"text": "Mona's"}, headers=bearer(mona["key"])
            )
            for stream, mine in ((first, True), (second, False)):
                shows_who_filed(stream, answer.json(), {"id": mona["id"], "name": "Mona", "mine": mine})
            assert second.names() == ["Mona", "Lena"]
        for frame in first.frames:
            framed(frame)
        first.until(lambda: first.names() == ["Mona"])


def shows_who_filed(stream: Stream, receipt: dict[str, Any], filer: dict[str, Any]) -> None:
    """Wait until a stream shows who filed a dispatch, and that they did it last."""
    id = receipt["id"]
    stream.until(lambda: stream.desk["filed"]["filed"].get(id) == filer)
    last = {"id": id, "at": receipt["filed"]}
    stream.until(lambda: [each["feed_filed"] for each in stream.desk["presence"]["people"]] == [last, None])


def test_correspondents_see_only_what_they_hold_themselves(service: Service, other_node: Service, feed: str) -> None:
    mona, omar, lena = key(service, name="Mona"), key(service, name="Omar"), key(service, "editor", name="Lena")

    def hold(who: dict[str, Any], text: str) -> str:
        held = httpx.post(
            f"{other_node.url}/v1/feeds/{feed}/dispatches",
            json={"text": text, "release_at": tomorrow()},
            headers=bearer(who["key"]),
        )
        assert held.status_code == 201, held.text
        id: str = held.json()["id"]
        return id

    hold(omar, "Omar's")
    with (
        Stream(service, feed, **bearer(mona["key"])) as mine,
        Stream(service, feed, **bearer(omar["key"])) as his,
        Stream(service, feed, **bearer(lena["key"])) as editors,
    ):
        assert (mine.texts(), his.texts(), editors.texts()) == ([], ["Omar's"], ["Omar's"])
        id = hold(mona, "Mona's")
        mine.until(lambda: mine.texts() == ["Mona's"])
        editors.until(lambda: editors.texts() == ["Omar's", "Mona's"])
        service.http.patch(f"/v1/feeds/{feed}/held/{id}", json={"text": "Mona's, edited"}, headers={"if-match": "*"})
        mine.until(lambda: mine.texts() == ["Mona's, edited"])
        other_node.http.delete(f"/v1/feeds/{feed}/held/{id}")
        editors.until(lambda: editors.texts() == ["Omar's"])
        mine.until(lambda: mine.texts() == [])
        assert "Mona" not in str([frame for frame in his.frames if frame.get("kind") == "held"])
        assert "Omar" not in str([frame for frame in mine.frames if frame.get("kind") == "held"])


def test_a_flash_that_waits_is_shown_until_it_is_confirmed(service: Service, other_node: Service, feed: str) -> None:
    assert service.http.patch(f"/v1/feeds/{feed}", json={"two_person_flash": True}).status_code == 200
    mona, lena = key(service, name="Mona"), key(service, "editor", name="Lena")
    with Stream(other_node, feed, **bearer(lena["key"])) as stream:
        filed = httpx.post(
            f"{service.url}/v1/feeds/{feed}/dispatches",
            json={"text": "Dam breaks", "urgency": "flash"},
            headers=bearer(mona["key"]),
        ).json()
        stream.until(lambda: stream.desk["flash"]["flashes"])
        assert stream.desk["flash"]["flashes"] == [
            {
                "id": filed["id"],
                "revision": 1,
                "asked_by": {"id": mona["id"], "name": "Mona"},
                "confirm_by": filed["confirm_by"],
            }
        ]
        for frame in stream.frames:
            framed(frame)
        confirmed = httpx.post(
            f"{other_node.url}/v1/feeds/{feed}/dispatches/{filed['id']}/confirm", headers=bearer(lena["key"])
        )
        assert confirmed.status_code == 200, confirmed.text
        stream.until(lambda: stream.desk["flash"]["flashes"] == [])


def test_the_numbers_of_a_delivery_come_as_they_are_known(service: Service, other_node: Service, feed: str) -> None:
    with Stream(service, feed, **service.authorization) as stream:
        filed = other_node.file(feed, "Bridge closed")
        stream.until(lambda: stream.deliveries.get(filed["id"], {}).get("nodes") == 2)
        address = f"/v1/feeds/{feed}/dispatches/{filed['id']}/receipt"
        stream.until(lambda: stream.deliveries[filed["id"]] == service.http.get(address).json())
        assert stream.deliveries[filed["id"]]["readers"] >= 1
        for frame in stream.frames:
            framed(frame)


# Who may read it


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer tk_never_issued"}, 401),
        ({"cookie": "session=never"}, 401),
    ],
)
@pytest.mark.parametrize("way", WAYS)
def test_nobody_reads_it_without_a_key(
    service: Service, feed: str, way: str, sent: dict[str, str], status: int
) -> None:
    assert refusal(service, feed, way, sent | {"origin": service.url}) == status


@pytest.mark.parametrize("way", WAYS)
def test_a_key_of_another_feed_does_not_open_it(service: Service, feed: str, way: str) -> None:
    assert refusal(service, feed, way, bearer(key(service, "editor", "breaking")["key"])) == 403
    assert refusal(service, "never-opened", way, service.authorization) == 404


@pytest.mark.parametrize("way", WAYS)
def test_a_page_of_another_site_cannot_open_it_with_the_cookie(service: Service, feed: str, way: str) -> None:
    with signed_in(service.url, key=service.key) as browser:
        for sent in ({"origin": "https://elsewhere.example"}, {"sec-fetch-site": "cross-site"}):
            assert refusal(service, feed, way, browser.cookie | sent) == 403
        if way == "websocket":  # browsers open these across origins, so one without proof is refused
            assert refusal(service, feed, way, browser.cookie) == 403
        for sent in ({"origin": service.url}, {"sec-fetch-site": "same-origin"}):
            with Stream(service, feed, way, **browser.cookie | sent) as stream:
                assert stream.names() == ["admin"]


def refusal(service: Service, feed: str, way: str, sent: dict[str, str]) -> int:
    address = f"{service.url}/v1/feeds/{feed}/desk/live"
    if way == "sse":
        answer = httpx.get(address, headers={"accept": "text/event-stream", **sent})
        assert answer.headers["cache-control"] == "no-store"
        return answer.status_code
    with pytest.raises(InvalidStatus) as refused:
        connect(address.replace("http", "ws", 1), additional_headers=sent)
    return refused.value.response.status_code


def test_it_is_a_stream_and_nothing_else(service: Service, feed: str) -> None:
    answer = service.http.get(f"/v1/feeds/{feed}/desk/live")
    assert (answer.status_code, answer.headers["upgrade"]) == (426, "websocket")
    head = service.http.head(f"/v1/feeds/{feed}/desk/live", headers={"accept": "text/event-stream"})
    assert (head.status_code, head.headers["cache-control"]) == (200, "no-store, no-transform")
    assert service.http.delete(f"/v1/feeds/{feed}").status_code == 200
    closed = service.http.get(f"/v1/feeds/{feed}/desk/live", headers={"accept": "text/event-stream"})
    assert (closed.status_code, closed.json()["type"]) == (410, "urn:ticker:problem:closed")


# Until when


@pytest.mark.parametrize("way", WAYS)
def test_it_ends_at_once_with_its_session_on_another_node(
    service: Service, other_node: Service, feed: str, way: str
) -> None:
    with (
        signed_in(service.url, key=service.key) as browser,
        signed_in(service.url, key=service.key) as other,
        Stream(other_node, feed, way, **browser.cookie, origin=other_node.url) as stream,
        Stream(other_node, feed, way, **other.cookie, origin=other_node.url) as stays,
    ):
        assert browser.http.delete("/desk/session").status_code == 204
        service.until(stream.ended.is_set)
        assert stream.closed == (1008 if way == "websocket" else None)
        service.file(feed, "after it")
        stays.until(lambda: any(frame["type"] == "dispatch" for frame in stays.frames))
        assert not any(frame["type"] == "dispatch" for frame in stream.frames)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("by", ["key", "session"])
def test_it_ends_at_once_when_the_key_is_revoked(
    service: Service, other_node: Service, feed: str, way: str, by: str
) -> None:
    issued = key(service)
    with (
        signed_in(service.url, key=issued["key"]) as browser,
        Stream(
            other_node,
            feed,
            way,
            **(bearer(issued["key"]) if by == "key" else browser.cookie | {"origin": other_node.url}),
        ) as stream,
        Stream(service, feed, way, **service.authorization) as admins,
    ):
        admins.until(lambda: admins.names() == ["Lena Ortiz", "admin"])
        assert service.http.delete(f"/v1/keys/{issued['id']}").status_code == 204
        service.until(stream.ended.is_set)
        assert stream.closed == (1008 if way == "websocket" else None)
        admins.until(lambda: admins.names() == ["admin"])


@pytest.mark.parametrize("way", WAYS)
def test_it_ends_when_the_session_expires(service: Service, feed: str, way: str) -> None:
    with (
        signed_in(service.url, key=service.key) as browser,
        Stream(service, feed, way, **browser.cookie, origin=service.url) as stream,
    ):
        expire(service, "ticker:session:*")
        service.until(stream.ended.is_set)


@pytest.mark.parametrize("way", WAYS)
def test_it_ends_with_the_feed(service: Service, feed: str, way: str) -> None:
    with Stream(service, feed, way, **service.authorization) as stream:
        assert service.http.delete(f"/v1/feeds/{feed}").status_code == 200
        service.until(stream.ended.is_set)
        assert stream.closed == (1001 if way == "websocket" else None)
        assert any(frame["type"] == "snapshot" and "closed" in frame for frame in stream.frames)


def test_who_was_on_a_node_that_vanished_is_gone(tmp_path: Path, service: Service, feed: str) -> None:
    lost = Service(tmp_path, redis_url=service.log_url, admin_key=service.key)
    lost.start()
    issued = key(service)
    stream = Stream(lost, known(feed, lost), **bearer(issued["key"]))
    with Stream(service, feed, **service.authorization) as admins:
        with stream:
            admins.until(lambda: admins.names() == ["admin", "Lena Ortiz"])
            [worker] = lost.children("ticker.server.worker")
            os.kill(lost.process.pid, signal.SIGSTOP)  # it starts no other, and the worker does not see it go
            os.kill(worker, signal.SIGKILL)
            lost.kill()
        admins.until(lambda: admins.names() == ["admin"])


def test_a_phone_that_vanished_is_gone(service: Service, feed: str) -> None:
    """It acknowledges no ping any more, and its system no bytes: a raw socket that nobody reads."""
    issued = key(service)
    handshake = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    handshake |= {"Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(), "Authorization": f"Bearer {issued['key']}"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in handshake.items())
    request = f"GET /v1/feeds/{feed}/desk/live HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n"
    with (
        Stream(service, feed, **service.authorization) as admins,
        socket.create_connection(("127.0.0.1", service.port)) as phone,
    ):
        phone.sendall(request.encode())
        admins.until(lambda: admins.names() == ["admin", "Lena Ortiz"])
        admins.until(lambda: admins.names() == ["admin"])


def test_a_phone_whose_system_takes_no_bytes_is_gone(service: Service, feed: str) -> None:
    issued = key(service)
    for number in range(20):
        service.file(feed, f"{number} " + "x" * 900)
    request = (
        f"GET /v1/feeds/{feed}/desk/live HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Accept: text/event-stream\r\nAuthorization: Bearer {issued['key']}\r\n\r\n"
    )
    with Stream(service, feed, **service.authorization) as admins, socket.socket() as phone:
        phone.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        phone.connect(("127.0.0.1", service.port))
        phone.sendall(request.encode())
        admins.until(lambda: admins.names() == ["admin", "Lena Ortiz"])
        admins.until(lambda: admins.names() == ["admin"])
