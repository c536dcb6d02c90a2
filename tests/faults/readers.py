"""Readers of every transport who behave as PROTOCOL.md asks, are cut by the plan, and come back with their position."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from abc import ABC, abstractmethod
from typing import Any, Final

import httpx
import orjson
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from tests.faults.history import Connection, History, Reader, Received
from tests.faults.plan import PlannedReader
from tests.faults.topology import FEED, World

SILENCE: Final = 13.0
"""Seconds without a frame after which a connection is dead."""

WAIT: Final = 4
"""Seconds that a poll waits: less than the 10 that the protocol recommends, so that a short plan has several."""


class FollowingReader(ABC):
    """A reader that is there until it is cancelled."""

    def __init__(self, planned: PlannedReader, world: World, history: History) -> None:
        self._planned = planned
        self._world = world
        self._began = history.began
        self._node = planned.node
        self._chance = random.Random(planned.name)
        self._connection: Connection | None = None
        self._reading: asyncio.Task[None] | None = None
        self._away_until = 0.0
        self.pace = planned.pace
        self.position: str | None = None
        self.seen = Reader(planned.name)
        history.readers.append(self.seen)

    async def run(self) -> None:
        """Read until cancelled; what is lost is come back to."""
        await asyncio.sleep(max(0.0, self._began + self._planned.starts - time.time()))
        cutting = asyncio.create_task(self._be_cut())
        try:
            while True:
                await asyncio.sleep(max(self._away_until - time.time(), 0.0))
                await self._connect_once()
                await asyncio.sleep(self._chance.uniform(0.05, 0.4))
        finally:
            cutting.cancel()

    async def _be_cut(self) -> None:
        for cut in self._planned.cuts:
            await asyncio.sleep(max(0.0, self._began + cut.at - time.time()))
            self._away_until, self._node = time.time() + cut.away, cut.node
            if self._reading is not None:
                self._reading.cancel()

    async def _connect_once(self) -> None:
        connection = Connection(self._node, self._planned.way, time.time(), self.position)
        self._connection = connection
        self.seen.connections.append(connection)
        self._reading = asyncio.create_task(self._read(connection))
        try:
            await asyncio.wait([self._reading])
            if self._reading.cancelled():
                connection.ended_by = "cut"
            elif (error := self._reading.exception()) is not None:
                if not isinstance(
                    error, (OSError, TimeoutError, httpx.HTTPError, WebSocketException, httpx.StreamError)
                ):
                    raise error
                connection.ended_by = f"{type(error).__name__}: {error}"[:120]
        finally:
            self._reading.cancel()
            connection.closed = time.time()

    @abstractmethod
    async def _read(self, connection: Connection) -> None:
        """Connect and take what comes, until the connection ends."""

    def _url(self) -> str:
        return f"http://127.0.0.1:{self._world.nodes[self._node].front.port}/v1/feeds/{FEED}"

    async def take(self, connection: Connection, frame: dict[str, Any], asked: float = 0.0) -> None:
        """Record a frame, and remember its position if it moves the reader."""
        self.seen.received.append(Received(time.time(), connection, frame, asked or connection.dialed))
        if frame["type"] not in ("beat", "poll") and "position" in frame:
            self.position = frame["position"]
        if self.pace:
            await asyncio.sleep(self.pace)


class WebSocketReader(FollowingReader):
    async def _read(self, connection: Connection) -> None:
        query = f"?after={self.position}" if self.position else ""
        address = self._url().replace("http", "ws", 1) + f"/live{query}"
        options: dict[str, Any] = {"compression": None, "open_timeout": SILENCE, "close_timeout": 0.1, "proxy": None}
        async with connect(address, ping_interval=None, max_queue=4, **options) as stream:
            connection.opened = time.time()
            while True:
                async with asyncio.timeout(SILENCE):
                    frame = orjson.loads(await stream.recv())
                await self.take(connection, frame)


class EventReader(FollowingReader):
    async def _read(self, connection: Connection) -> None:
        headers = {"accept": "text/event-stream"}
        if self.position:
            headers["last-event-id"] = self.position
        timeout = httpx.Timeout(SILENCE)
        async with httpx.AsyncClient(timeout=timeout, trust_env=False, verify=False) as http:
            async with http.stream("GET", self._url() + "/live", headers=headers) as response:
                connection.ended_by = f"status {response.status_code}"
                if response.status_code != 200:
                    return
                connection.opened = time.time()
                event: dict[str, str] = {}
                async for line in response.aiter_lines():
                    name, _, value = line.partition(": ")
                    event[name] = value
                    if not line:
                        if "data" in event:
                            await self._take_event(connection, event)
                        event = {}

    async def _take_event(self, connection: Connection, event: dict[str, str]) -> None:
        frame = orjson.loads(event["data"])
        if event.get("event") != frame["type"]:
            frame["wrong"] = f"event {event.get('event')!r}"
        if frame["type"] != "beat" and event.get("id") != frame.get("position"):
            frame["wrong"] = f"id {event.get('id')!r}"
        await self.take(connection, frame)


class PollReader(FollowingReader):
    async def _read(self, connection: Connection) -> None:
        timeout = httpx.Timeout(SILENCE, connect=SILENCE)
        async with httpx.AsyncClient(timeout=timeout, trust_env=False, verify=False) as http:
            while True:
                query = {"after": self.position, "wait": str(WAIT)} if self.position else {}
                asked = time.time()
                response = await http.get(self._url() + "/changes", params=query)
                if response.status_code not in (200, 204):
                    connection.ended_by = f"status {response.status_code}"
                    return
                connection.opened = connection.opened or time.time()
                if response.status_code == 200:
                    await self._take_changes(connection, orjson.loads(response.content), asked)
                else:
                    poll = {"type": "poll", "at": response.headers.get("ticker-at"), "position": self.position}
                    await self.take(connection, poll, asked)
                await asyncio.sleep(0.05)

    async def _take_changes(self, connection: Connection, changes: dict[str, Any], asked: float) -> None:
        for frame in changes["frames"]:
            await self.take(connection, frame, asked)
        poll = {"type": "poll", "at": changes["at"], "position": changes["position"]}
        if changes["position"] != self.position:
            poll["wrong"] = f"position of a response whose last frame is at {self.position}"
        await self.take(connection, poll, asked)


READERS: Final[dict[str, type[FollowingReader]]] = {
    "websocket": WebSocketReader,
    "sse": EventReader,
    "poll": PollReader,
}


async def read_all(readers: list[FollowingReader]) -> None:
    """Run readers until cancelled."""
    async with asyncio.TaskGroup() as tasks:
        for reader in readers:
            tasks.create_task(reader.run())


async def caught_up(readers: list[FollowingReader], position: str, timeout: float) -> bool:
    """Wait until every reader is at a position; return False if that does not happen in so many seconds."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout):
            while any(reader.position != position for reader in readers):
                await asyncio.sleep(0.05)
            return True
    return False
