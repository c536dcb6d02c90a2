"""A TCP proxy that counts what passes and, if asked, makes the way slow: the network between a browser and a server.

DevTools cannot do either: it shows the messages of a WebSocket inflated and without the handshake, and its throttling
delays neither those messages nor the opening of connections.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from dataclasses import dataclass
from typing import Self

from bench.peers import free_port

PIECE = 1_400
"""Bytes read at once: about a packet, so that connections share a slow link evenly."""


@dataclass(frozen=True)
class Conditions:
    """What a network is like.

    Attributes:
        round_trip: seconds; opening a connection takes one, then each direction half of one.
        rate: bits per second in each direction, shared by all connections; 0 is unlimited.
    """

    title: str
    round_trip: float = 0
    rate: float = 0


class Link:
    """One direction of a network, shared by all connections of a visit: counts bytes and says when they arrive."""

    def __init__(self) -> None:
        self.clear(Conditions(""))

    def clear(self, conditions: Conditions) -> None:
        """Count from 0, under other conditions."""
        self.bytes = 0
        self._conditions = conditions
        self._free_at = 0.0

    def arrival(self, size: int, now: float) -> float:
        """Return when a piece that is sent now has arrived, on the loop's clock; it waits for those before it."""
        self.bytes += size
        if self._conditions.rate:
            self._free_at = max(self._free_at, now) + size * 8 / self._conditions.rate
        return max(self._free_at, now) + self._conditions.round_trip / 2


class Network:
    """The network between a browser and its servers: proxies to them that share one link in each direction.

    Used as a context: the proxies listen inside.

    Attributes:
        down: from the servers to the browser.
        up: from the browser to the servers.
        connections: accepted so far.
    """

    def __init__(self) -> None:
        self.down, self.up = Link(), Link()
        self.clear(Conditions(""))

    def clear(self, conditions: Conditions) -> None:
        """Count from 0, under other conditions. Connections must be closed."""
        self.conditions = conditions
        self.connections = 0
        self.down.clear(conditions)
        self.up.clear(conditions)

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._servers: list[asyncio.Server] = []
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def to(self, upstream: int) -> int:
        """Return the port of a proxy to this local port."""
        port = free_port()
        asyncio.run_coroutine_threadsafe(self._listen(port, upstream), self._loop).result(10)
        return port

    async def _listen(self, port: int, upstream: int) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.connections += 1
            if self.conditions.round_trip:
                await asyncio.sleep(self.conditions.round_trip)
            with contextlib.suppress(asyncio.CancelledError):  # asyncio logs an error for a handler that was cancelled
                theirs, ours = await asyncio.open_connection("127.0.0.1", upstream)
                await asyncio.gather(self._carry(reader, ours, self.up), self._carry(theirs, writer, self.down))

        self._servers.append(await asyncio.start_server(serve, "127.0.0.1", port))

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, link: Link) -> None:
        """Carry one direction of a connection. Pieces are read as they come and written when they arrive, in order."""
        underway: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        delivering = self._loop.create_task(self._deliver(underway, sink))
        with contextlib.suppress(ConnectionError):
            while piece := await source.read(PIECE):
                underway.put_nowait((link.arrival(len(piece), self._loop.time()), piece))
        underway.put_nowait((0.0, b""))
        await delivering

    async def _deliver(self, underway: asyncio.Queue[tuple[float, bytes]], sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                at, piece = await underway.get()
                if not piece:
                    break
                if (left := at - self._loop.time()) > 0:
                    await asyncio.sleep(left)
                sink.write(piece)
                await sink.drain()
        sink.close()
