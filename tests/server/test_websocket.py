"""What a reader may send: frames and bytes, against an allowance that refills; over every kind of stream."""

from __future__ import annotations

import contextlib
import os
import struct
import time
from typing import Any

import pytest

from tests.server.test_hand_off import UPGRADE, Connection, connect_to, reader, readers
from tests.server.test_reader import EVENTS, House, until
from tests.server.test_reader import UPGRADE as HANDSHAKE
from tests.service import Service
from ticker.allowance import BYTES, FRAMES, REFILL, Allowance
from ticker.server import reader as socket_reader
from ticker.server.reader import SocketReader
from ticker.server.websocket import ReaderWebSocket

PING = b"\x89\x80\0\0\0\0"
TEXT = b"\x81\x80\0\0\0\0"
PONG = b"\x8a\x80\0\0\0\0"
PONGED = b"\x8a\x00"


def test_the_allowance_is_64_frames_and_4_kib_a_minute() -> None:
    assert (FRAMES, BYTES, REFILL) == (64, 4096, 60.0)
    allowance = Allowance(100.0)
    assert all(allowance.spend(100.0, frames=1) for _ in range(64))
    assert not allowance.spend(100.0, frames=1)
    allowance = Allowance(100.0)
    assert allowance.spend(100.0, size=4096)
    assert not allowance.spend(100.0, size=1)


def test_the_allowance_refills_with_time_up_to_its_size() -> None:
    allowance = Allowance(0.0)
    assert allowance.spend(0.0, frames=64, size=4096)
    assert allowance.spend(30.0, frames=32, size=2048)
    assert not allowance.spend(30.0, size=1)
    allowance = Allowance(0.0)
    assert not allowance.spend(100_000.0, frames=65)


@pytest.mark.parametrize("frame", [PING, TEXT, PONG, b"\x00\x80\0\0\0\0"])
def test_a_flood_of_any_frame_ends_with_1008_and_little_is_parsed(frame: bytes) -> None:
    websocket = ReaderWebSocket(deflated=False, now=0.0)
    opening = b"" if frame[0] else b"\x01\x80\0\0\0\0"  # a continuation needs a first frame
    response = websocket.receive(opening + frame * 10_000, 0.0)
    assert websocket.closing
    assert b"\x88\x15" + struct.pack("!H", 1008) in response
    assert response.count(PONGED) <= FRAMES + 21


def test_a_reader_that_pings_every_ten_seconds_stays_for_ever() -> None:
    websocket = ReaderWebSocket(deflated=False, now=0.0)
    for number in range(10_000):
        assert websocket.receive(PING, number * 10.0) == PONGED
    assert not websocket.closing


def test_bytes_of_a_frame_that_never_ends_count() -> None:
    websocket = ReaderWebSocket(deflated=False, now=0.0)
    assert websocket.receive(b"\x01\x80\0\0\0\0", 0.0) == b""
    websocket.receive(b"\x00\xfe\x0f\xa0\0\0\0\0" + b"x" * 4000, 0.0)
    assert not websocket.closing
    websocket.receive(b"\x89\xfd\0\0\0\0" + b"x" * 125, 0.0)
    assert websocket.closing


@pytest.mark.anyio
async def test_one_socket_is_read_in_small_pieces(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = await house.join(HANDSHAKE)
    sizes: list[int] = []
    real = os.read

    def read(descriptor: int, size: int) -> bytes:
        data = real(descriptor, size)
        if not house.hub.draining and len(house.hub):
            sizes.append(len(data))
        return data

    monkeypatch.setattr("ticker.server.reader.os.read", read)
    mine.sendall(PING * 2000)
    await until(lambda: len(house.hub) == 0)
    assert sizes[0] <= socket_reader.READ_SIZE <= 1024


@pytest.mark.anyio
@pytest.mark.parametrize("way", [HANDSHAKE, EVENTS])
async def test_at_its_socket_a_readers_allowance_refills_by_the_clock(
    house: House, way: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, received = 1000.0, 0
    house.acceptor.readiness.clock = lambda: now
    mine = await house.join(way)
    [theirs] = house.channel.readers
    assert isinstance(theirs, SocketReader)
    data = PONG * 60 if way is HANDSHAKE else b"x" * 4000
    real = os.read

    def read(descriptor: int, size: int) -> bytes:
        nonlocal received
        found = real(descriptor, size)
        received += len(found) * (descriptor == theirs._descriptor)
        return found

    monkeypatch.setattr("ticker.server.reader.os.read", read)

    async def send() -> None:
        sent = received + len(data)
        mine.sendall(data)
        await until(lambda: received == sent)

    for _ in range(3):
        await send()
        assert len(house.hub) == 1
        now += 60.0
    await send()
    mine.sendall(data)
    await until(lambda: len(house.hub) == 0)


@pytest.mark.parametrize("opcode", [9, 10, 1, 2])
def test_a_reader_that_floods_is_closed_with_1008(service: Service, opcode: int) -> None:
    with reader(service, "breaking") as connection:
        connection.json(), connection.json()
        connection.send(opcode, times=70)
        assert connection.closed_with() == 1008


@pytest.mark.parametrize("opcode", [9, 10, 1])
def test_a_reader_of_a_private_feed_that_floods_is_closed_with_1008(service: Service, opcode: int) -> None:
    feed = service.open_feed()
    assert service.http.patch(f"/v1/feeds/{feed}", json={"visibility": "private"}).status_code == 200
    with connect_to(service) as connection:
        headers = UPGRADE | {"Authorization": f"Bearer {service.key}"}
        assert connection.ask(f"/v1/feeds/{feed}/live", headers)[0] == 101
        connection.json(), connection.json()
        for _ in range(30):
            connection.send(9)
            assert connection.reply() == (10, b"")
        connection.send(opcode, times=40)
        assert connection.closed_with() == 1008
    service.until(lambda: readers(service, feed) == 0)


def test_what_is_no_frame_behind_an_unanswered_handshake_refuses_it(own_service: Service) -> None:
    feed = own_service.open_feed()
    assert own_service.http.patch(f"/v1/feeds/{feed}", json={"visibility": "private"}).status_code == 200
    lines = "".join(f"{name}: {value}\r\n" for name, value in (UPGRADE | own_service.authorization).items())
    with connect_to(own_service) as connection, own_service.frozen("valkey"):  # its key is being looked up meanwhile
        connection.socket.sendall(f"GET /v1/feeds/{feed}/live HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
        time.sleep(0.1)  # in one piece with the handshake, it would be refused before
        connection.socket.sendall(b"\xff\xff\xff\xff")
        assert connection.head()[0] == 400
    assert own_service.http.get("/healthz").status_code == 200
    assert "Traceback" not in "".join(own_service.errors), own_service.errors


@pytest.mark.parametrize("sent", [PING * 2000, b"\x81\x81\0\0\0\0\xff" + PING * 10, TEXT * 500 + PING * 500])
def test_a_flood_in_one_piece_leaves_no_message(service: Service, sent: bytes) -> None:
    feed = service.open_feed()
    assert service.http.patch(f"/v1/feeds/{feed}", json={"visibility": "private"}).status_code == 200
    messages = len(service.errors)
    for _ in range(5):
        with connect_to(service) as connection:
            connection.ask(f"/v1/feeds/{feed}/live", UPGRADE | service.authorization)
            connection.socket.sendall(sent)
            assert connection.closed_with() in (1007, 1008)
    service.until(lambda: readers(service, feed) == 0)
    assert service.errors[messages:] == []


@pytest.mark.parametrize("private", [False, True], ids=["handed off", "with uvicorn"])
def test_a_reader_of_events_who_sends_more_than_allowed_is_cut(service: Service, *, private: bool) -> None:
    feed = service.open_feed()
    headers = {"Accept": "text/event-stream"}
    if private:
        assert service.http.patch(f"/v1/feeds/{feed}", json={"visibility": "private"}).status_code == 200
        headers |= service.authorization
    with connect_to(service) as connection:
        assert connection.ask(f"/v1/feeds/{feed}/live", headers)[0] == 200
        connection.socket.sendall(b"GET / HTTP/1.1\r\nA: " + b"x" * 4000)  # a head that does not end
        time.sleep(0.1)
        assert readers(service, feed) == 1
        connection.socket.sendall(b"x" * 200)
        service.until(lambda: readers(service, feed) == 0)


def test_a_flood_by_many_does_not_disturb_writers_and_other_readers(service: Service) -> None:
    feed = service.open_feed()
    flooding: list[Any] = []
    with reader(service, feed) as honest:
        honest.json(), honest.json()
        for _ in range(20):
            each = Connection(service)
            each.ask(f"/v1/feeds/{feed}/live", UPGRADE)
            flooding.append(each)
        for each in flooding:
            each.socket.setblocking(False)
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            for each in flooding:
                with contextlib.suppress(OSError):
                    each.socket.send(PING * 100)
            time.sleep(0.01)
        receipt = service.file(feed, "through")
        while (frame := honest.json())["type"] != "dispatch":
            pass
        assert frame["position"] == receipt["position"]
        service.until(lambda: readers(service, feed) == 1)
    for each in flooding:
        each.file.close()
        each.socket.close()
