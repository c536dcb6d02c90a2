"""Attacks on a running service, and what must hold meanwhile and afterwards.

One worker survives, with the memory and the descriptors of the beginning; it writes nothing to its log; and honest
readers, by WebSocket and by events, get every dispatch on the connection that they opened.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import struct
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from tests.fuzz.attacks import Attack, Attacks
from tests.service import Reader, Service

WARM_UP: Final = 500
"""Attacks before memory is read, so that what is allocated once does not count; in a long run, a tenth of all. The
allocator's pools grow with the most that was open at a time, and the rings up to their size."""

FILE_EVERY: Final = 100
"""Attacks from one honest dispatch to the next."""

STAYING: Final = 40
"""Connections of strangers that stay open at a time."""

MAX_GROWTH: Final = 16 * 1024 * 1024
"""Bytes that the worker's memory may have grown by in the end: the dispatches filed are in the ring."""

MAX_LATE_GROWTH: Final = 6 * 1024 * 1024
"""Bytes of that in the second half of the attacks. In 50,000, what is allocated does not grow; the free pieces between
that the allocators keep do, by 3 MiB in the second half."""

READ_TIMEOUT: Final = 0.005
"""Seconds that a stranger waits for something to read."""


class Figures(NamedTuple):
    """What was measured."""

    attacks: int
    dispatches: int
    """Filed by honest correspondents, and seen by each reader."""
    memory: tuple[int, int, int]
    """Bytes resident after the warm-up, after half of the attacks and at the end."""
    descriptors: tuple[int, int]
    """Open before the first attack and at the end."""
    messages: list[str]
    """What the service wrote to its log."""


class Worker:
    """What the system says about the service's only worker."""

    def __init__(self, service: Service) -> None:
        self._service = service
        [self._pid] = service.children("ticker.server.worker")

    @property
    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self._pid}/fd").iterdir()))

    @property
    def memory(self) -> int:
        return int(Path(f"/proc/{self._pid}/statm").read_text().split()[1]) * 4096

    def check(self) -> None:
        assert self._service.children("ticker.server.worker") == [self._pid], "the worker was replaced"


def run(service: Service, attacks: int, seed: int, progress: Callable[[int], None] = lambda _: None) -> Figures:
    """Attack a service that often, and check all the while what must hold.

    Raises:
        AssertionError: something does not hold.
    """
    honest, private = service.open_feed(), service.open_feed()
    assert service.http.patch(f"/v1/feeds/{private}", json={"visibility": "private"}).status_code == 200
    asked = {"name": secrets.token_hex(4), "role": "correspondent", "feeds": [private]}
    key = service.http.post("/v1/keys", json=asked).json()["key"]
    supply, worker, messages = (
        Attacks(seed, public=honest, private=private, key=key),
        Worker(service),
        len(service.errors),
    )
    staying: deque[socket.socket] = deque()
    with Reader(service, honest) as one, Reader(service, honest, way="sse") as other:
        readers = (one, other)
        for reader in readers:
            reader.until(lambda page: page.position)
        descriptors = worker.descriptors
        for _ in range(max(WARM_UP, attacks // 10)):
            make(service.port, supply.next(), staying)
        closed(staying)
        warm = half = worker.memory
        filed: list[str] = []
        for number in range(attacks):
            if number == attacks // 2:
                half = worker.memory
            make(service.port, supply.next(), staying)
            if number % FILE_EVERY == 0:
                filed.append(service.file(honest, f"dispatch {number}")["position"])
                worker.check()
                progress(number)
        closed(staying)
        assert service.http.get("/healthz").status_code == 200
        for reader in readers:
            reader.until(lambda page: page.position == filed[-1])
            assert reader.connections == 1, "an honest reader lost its connection"
            seen = [frame["position"] for frame in reader.page.frames if frame["type"] == "dispatch"]
            assert seen == filed
            assert not [frame for frame in reader.page.frames if frame["type"] == "delayed"]
        service.until(lambda: worker.descriptors <= descriptors + 2)
        # A stream that is not told that its reader has left would go on for ever.
        service.until(lambda: f'ticker_readers{{feed="{private}"}} 0' in service.http.get("/metrics").text)
    worker.check()
    figures = Figures(
        attacks,
        len(filed),
        (warm, half, worker.memory),
        (descriptors, worker.descriptors),
        service.errors[messages:],
    )
    assert figures.memory[2] - figures.memory[0] < MAX_GROWTH, figures
    assert figures.memory[2] - figures.memory[1] < MAX_LATE_GROWTH, figures
    assert figures.messages == [], figures
    return figures


def make(port: int, attack: Attack, staying: deque[socket.socket]) -> None:
    """Make an attack; what stays open is added to `staying`, whose oldest are closed."""
    stranger = socket.create_connection(("127.0.0.1", port))
    with contextlib.suppress(OSError):
        stranger.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if attack.opening:
            stranger.settimeout(10)
            stranger.sendall(attack.opening)
            stranger.recv(65536)
        stranger.settimeout(READ_TIMEOUT)
        for piece in attack.pieces:
            stranger.sendall(piece)
        if attack.end == "half":
            stranger.shutdown(socket.SHUT_WR)
        if attack.reads:
            stranger.recv(65536)
        if attack.end == "reset":
            stranger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if attack.end != "stay":
        stranger.close()
        return
    staying.append(stranger)
    if len(staying) > STAYING:
        staying.popleft().close()


def closed(staying: deque[socket.socket]) -> None:
    """Close all connections that stayed open."""
    while staying:
        staying.pop().close()
