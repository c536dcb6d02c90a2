"""A seeded fuzzer over sockets: heads, bodies, trailers, frames, half-closes. A slice; TICKER_FUZZ sets how much."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import struct
from pathlib import Path

from tests.server.test_hand_off import KEY, reader
from tests.service import Service

MUTATIONS = int(os.environ.get("TICKER_FUZZ", "1500"))
SEED = 13

HANDSHAKE = (
    b"GET /v1/feeds/breaking/live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: " + KEY.encode() + b"\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
SAMPLES = [
    b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 3,
    b"GET /v1/feeds/breaking/live HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n",
    b"GET /v1/feeds/breaking/changes?wait=0 HTTP/1.1\r\nHost: x\r\n\r\n" * 2,
    b'POST /v1/feeds/breaking/dispatches HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n\r\n{"text": "a"}',
    b"POST /v1/keys HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\nA: b\r\n\r\n",
    b"POST /v1/keys HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{}",
    HANDSHAKE,
    HANDSHAKE + b"\x89\x80\0\0\0\0" * 80,
    HANDSHAKE + b"\x81\xfe\x0f\xa0\0\0\0\0" + b"x" * 4000,
    HANDSHAKE + b"\x88\x82\0\0\0\0" + struct.pack("!H", 1000),
    HANDSHAKE.replace(b"Host: x", b"Host: x\r\nContent-Length: 3") + b"abc",
]
PARTS = [b"\r\n", b"\r\n\r\n", b"\0", b"\xff", b":", b" ", b"0\r\n", b"Host: y\r\n", b"\x89\x80\0\0\0\0"]
PARTS += [b"a: b\r\n" * 300, b"Z" * 5000]


def mutated(chance: random.Random) -> bytes:
    data = bytearray(chance.choice(SAMPLES))
    for _ in range(chance.randrange(4)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(4):
            case 0:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                data[at:at] = chance.choice(PARTS)
            case 2:
                del data[at : at + chance.randrange(1, 40)]
            case 3:
                data += chance.choice(SAMPLES)
    return bytes(data)


def test_no_mutated_bytes_kill_the_worker_or_keep_a_dispatch_from_readers(service: Service) -> None:
    feed, chance = service.open_feed(), random.Random(SEED)
    [worker] = service.children("ticker.server.worker")

    def descriptors() -> int:
        return len(list(Path(f"/proc/{worker}/fd").iterdir()))

    def resident() -> int:
        return int(Path(f"/proc/{worker}/statm").read_text().split()[1]) * 4096

    def attack(number: int) -> None:
        with socket.create_connection(("127.0.0.1", service.port)) as stranger, contextlib.suppress(OSError):
            stranger.settimeout(0.02)
            data = mutated(chance)
            cut = chance.randrange(len(data) + 1) if number % 3 else len(data)
            stranger.sendall(data[:cut])
            if number % 2:
                stranger.sendall(data[cut:])
            if number % 5 == 0:
                stranger.shutdown(socket.SHUT_WR)
            if number % 7 == 0:
                stranger.recv(65536)
            if number % 11 == 0:
                stranger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with reader(service, feed) as honest:
        honest.json(), honest.json()
        messages = len(service.errors)
        for number in range(200):  # so that what is allocated once does not count
            attack(number)
        open_before, before = descriptors(), resident()
        for number in range(MUTATIONS):
            attack(number)
            if number % 100 == 0:
                receipt = service.file(feed, f"dispatch {number}")
                while (frame := honest.json())["type"] != "dispatch":
                    assert frame["type"] == "beat"
                assert frame["position"] == receipt["position"]
    assert service.children("ticker.server.worker") == [worker]
    service.until(lambda: descriptors() <= open_before + 2)
    assert resident() - before < 24 * 1024 * 1024
    assert not [message for message in service.errors[messages:] if "Traceback" in message]
