"""One feed of an upstream, followed as any reader does: its live stream, resumed after the last position."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, Final

import httpx
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from ticker.client.target import Target
from ticker.relay.copies import Copies, Disordered
from ticker.relay.upstreams import BASE, CAP

CONNECT_TIMEOUT: Final = 4.0
"""Seconds to open a stream."""

LONGEST_FRAME: Final = 1024 * 1024
"""Bytes of one frame. A snapshot of 20 of the longest dispatches has a third of this."""

SILENCE: Final = 13.0
"""Seconds without any frame after which a stream is dead, whatever the socket says."""

CLOSE_TIMEOUT: Final = 0.5
"""Seconds that a closing handshake may take: nothing depends on it."""

RECHECK: Final = 1.0
"""Seconds between looks at a feed that has no stream: it is closed, or the upstream has just lost it."""

MALFORMED: Final = (Disordered, KeyError, TypeError, ValueError)


class FeedStream:
    """Follows one feed for as long as a session with an upstream lasts."""

    def __init__(self, name: str, target: Target, http: httpx.AsyncClient, copies: Copies) -> None:
        self._name = name
        self._target = target
        self._http = http
        self._copies = copies
        self._failures = 0
        self._asked_for: str | None = None

    async def run(self) -> None:
        """Follow it until cancelled."""
        while True:
            try:
                if self._copies.closed(self._name):
                    await self._look()
                    await asyncio.sleep(RECHECK)
                    continue
                await self._follow()
            except InvalidStatus as refused:
                if refused.response.status_code == 410:  # it was closed
                    await self._try(self._look)
                elif refused.response.status_code in (403, 404):  # the next bulletin tells
                    await asyncio.sleep(RECHECK)
            except (OSError, WebSocketException, TimeoutError, httpx.RequestError, *MALFORMED):
                pass
            self._failures += 1
            await asyncio.sleep(random.random() * min(CAP, BASE * 2.0 ** min(self._failures, 8)))  # noqa: S311

    async def _try(self, look: Callable[[], Awaitable[None]]) -> None:
        try:
            await look()
        except (httpx.RequestError, *MALFORMED):
            pass

    async def _look(self) -> None:
        """Take the snapshot of a feed that has no stream."""
        response = await self._http.get(f"/v1/feeds/{self._name}")
        if response.status_code == 200:
            snapshot = orjson.loads(response.content)
            known = self._copies.position(self._name)
            self._copies.take(self._name, snapshot | {"reset": known is not None and known != snapshot["position"]})

    async def _learn_pin(self) -> None:
        """Read the pinned dispatch where no frame has brought it, once."""
        id = self._copies.missing_pin(self._name)
        if id is None or id == self._asked_for:
            return
        self._asked_for = id
        try:
            response = await self._http.get(f"/v1/feeds/{self._name}/dispatches/{id}", timeout=CONNECT_TIMEOUT)
            found = orjson.loads(response.content)
            self._copies.learn(self._name, found["dispatch"] if response.status_code == 410 else found)
        except (httpx.RequestError, *MALFORMED):
            pass  # a snapshot without it is a snapshot too

    async def _follow(self) -> None:
        position = self._copies.position(self._name)
        query = "" if position is None else f"?after={position}"
        url = f"ws{self._target.url.removeprefix('http')}/v1/feeds/{self._name}/live{query}"
        async with connect(
            url,
            additional_headers=self._target.headers,
            compression=None,
            open_timeout=CONNECT_TIMEOUT,
            close_timeout=CLOSE_TIMEOUT,
            ping_interval=None,
            max_size=LONGEST_FRAME,
            max_queue=256,
            ssl=self._target.tls,
            proxy=True if self._target.by_proxy else None,
        ) as stream:
            await self._read(stream)

    async def _read(self, stream: ClientConnection) -> None:
        """Take what comes until nothing does, or the node is stopping and this reader's time is over."""
        move: float | None = None
        clock = asyncio.get_running_loop().time
        inbox = Inbox(stream)
        try:
            while True:
                wait = SILENCE if move is None else min(SILENCE, max(move - clock(), 0.0))
                try:
                    frames = await inbox.take(wait)
                except TimeoutError:
                    return
                for frame in frames:
                    if frame["type"] == "move":
                        move = clock() + random.random() * frame["within"] / 1000  # noqa: S311
                self._copies.take(self._name, *(frame for frame in frames if frame["type"] != "move"))
                self._failures = 0
                await self._learn_pin()
        finally:
            await inbox.close()


class Inbox:
    """What a stream has brought and was not taken yet: at most what the library reads from a socket before it stops."""

    def __init__(self, stream: ClientConnection) -> None:
        self._stream = stream
        self._frames: list[dict[str, Any]] = []
        self._filled = asyncio.Event()
        self._receiving = asyncio.create_task(self._receive())

    async def _receive(self) -> None:
        try:
            while True:
                # Does not wait for what is here already, so that all of that is taken together. The list may be
                # another one by the time that a frame has come.
                frame = orjson.loads(await self._stream.recv())
                self._frames.append(frame)
                self._filled.set()
        finally:
            self._filled.set()

    async def take(self, timeout: float) -> list[dict[str, Any]]:
        """Return the frames that came together; waits for one, so many seconds at most.

        Raises:
            TimeoutError: none came.
            WebSocketException, ValueError: the stream has ended, or brought no JSON.
        """
        async with asyncio.timeout(timeout):
            await self._filled.wait()
        self._filled.clear()
        frames, self._frames = self._frames, []
        if self._receiving.done():
            self._filled.set()
            if not frames:
                self._receiving.result()
        return frames

    async def close(self) -> None:
        """Receive no more."""
        self._receiving.cancel()
        await asyncio.wait([self._receiving])
        if not self._receiving.cancelled():
            self._receiving.exception()  # it was raised where it mattered
