"""Readers of relays, on asyncio: what a hop adds, and how soon those of a relay that was killed are level elsewhere."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.service import Service

FIRST_WAIT = 0.5
"""Seconds: readers come back at a random moment within this, as PROTOCOL.md has it."""

PATIENCE = 20.0


def _url(service: Service, feed: str, after: str | None = None) -> str:
    return f"{service.url.replace('http', 'ws')}/v1/feeds/{feed}/live" + (f"?after={after}" if after else "")


async def _dispatch(stream: ClientConnection) -> float:
    """Return when the next dispatch has come."""
    async with asyncio.timeout(PATIENCE):
        while orjson.loads(await stream.recv())["type"] != "dispatch":
            pass
    return time.perf_counter()


async def hops(path: Sequence[Service], feed: str, dispatches: int, pause: float) -> list[list[float]]:
    """Return for each node on a path but the first by how many milliseconds each dispatch came later than before it."""
    streams = [await connect(_url(each, feed), compression=None) for each in path]
    added: list[list[float]] = [[] for _ in path[1:]]
    loop = asyncio.get_running_loop()
    for number in range(dispatches):
        filing = loop.run_in_executor(None, path[0].file, feed, f"hop {number}")
        came = await asyncio.gather(*map(_dispatch, streams))
        await filing
        for index, times in enumerate(added):
            times.append((came[index + 1] - came[index]) * 1000)
        await asyncio.sleep(pause)
    for stream in streams:
        await stream.close()
    return added


class Mover:
    """A reader that goes to another relay when its own is gone."""

    def __init__(self, here: Service, elsewhere: Service, feed: str) -> None:
        self._places = [here, elsewhere]
        self._feed = feed
        self._position: str | None = None
        self.joined = asyncio.Event()
        self.level_at: float | None = None

    async def run(self) -> None:
        """Read until cancelled."""
        for place in self._places:
            try:
                async with connect(
                    _url(place, self._feed, self._position), compression=None, open_timeout=None
                ) as stream:
                    async for message in stream:
                        frame = orjson.loads(message)
                        self._position = frame.get("position", self._position)
                        if frame["type"] == "beat":
                            self.joined.set()
                            if place is self._places[1] and self.level_at is None:
                                self.level_at = time.monotonic()
            except (OSError, WebSocketException):
                pass
            await asyncio.sleep(random.random() * FIRST_WAIT)


async def moved(here: Service, elsewhere: Service, feed: str, readers: int, kill: Callable[[], None]) -> list[float]:
    """Kill a relay; return, in order, after how many seconds each of its readers had a beat elsewhere."""
    movers = [Mover(here, elsewhere, feed) for _ in range(readers)]
    tasks = [asyncio.create_task(mover.run()) for mover in movers]
    await asyncio.gather(*(mover.joined.wait() for mover in movers))
    killed = time.monotonic()
    kill()
    while any(mover.level_at is None for mover in movers) and time.monotonic() < killed + PATIENCE:
        await asyncio.sleep(0.02)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    return sorted((mover.level_at or killed + PATIENCE) - killed for mover in movers)
