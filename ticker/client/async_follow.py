"""Follows a feed on asyncio: opens what `Following` wants, and gives the changes that it makes of what arrives."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import Final, Self

from ticker.client.carriers import Arrival, Carriers
from ticker.client.clock import Clock
from ticker.client.dial import Dial, Transport
from ticker.client.fold import FeedState
from ticker.client.following import Change, Following, Status
from ticker.client.frames import Dispatch
from ticker.client.problems import Problem
from ticker.client.response import Response

INBOX: Final = 64
"""Messages that wait for a slow consumer. Beyond that the socket is not read, and the service resets its reader."""

_NOTHING: Final = Dial(Transport.POLL, "")
"""Never wanted: what comes from it only wakes whoever waits."""


class AsyncFollow:
    """An asynchronous iterator of changes that ends when it is closed.

    Use it in `async with`, so that it hangs up when it is left. Waiting for the next change may be cancelled, and begun
    again. It raises `Problem` and ends if the feed is not there, or not for this key.

    Attributes:
        closed: True once it has ended.
    """

    def __init__(self, following: Following, carriers: Carriers, clock: Clock) -> None:
        self._following = following
        self._carriers = carriers
        self._clock = clock
        self.closed = self._begun = False
        self._changes: deque[Change] = deque()
        self._inbox: asyncio.Queue[tuple[Dial, Arrival]] = asyncio.Queue(INBOX)
        self._open: Dial | None = None
        self._carrying: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Change:
        while not self._changes:
            if self.closed:
                raise StopAsyncIteration
            self._changes.extend(await self._step())
        return self._changes.popleft()

    @property
    def state(self) -> FeedState:
        """What the feed shows now; the changes that were not taken yet are in it."""
        return self._following.state

    @property
    def status(self) -> Status:
        """What may be reported about it at this moment."""
        return self._following.status(self._clock())

    def learn(self, dispatch: Dispatch) -> None:
        """Keep a dispatch that was fetched beside the list, if it is the pinned one: see `wants_pinned`."""
        self._following.learn(dispatch)

    async def aclose(self) -> None:
        """Hang up. The state is kept, and iteration ends."""
        self.closed = True
        self._changes.clear()
        self._hang_up()
        if self._inbox.empty():
            self._inbox.put_nowait((_NOTHING, None))
        if self._ending:
            await asyncio.wait(self._ending)
        await self._carriers.aclose()

    async def _step(self) -> list[Change]:
        """Wait for something to happen, and return the changes it makes."""
        following, clock = self._following, self._clock
        if not self._begun:
            self._begun = True
            return following.start(clock())
        self._open_wanted()
        try:
            async with asyncio.timeout(following.wait(clock())):
                dial, arrival = await self._inbox.get()
        except TimeoutError:
            return following.on_time(clock())
        if dial is not following.wanted:
            return []  # what was hung up meanwhile
        try:
            return self._take(arrival)
        except Problem:
            await self.aclose()
            raise

    def _take(self, arrival: Arrival) -> list[Change]:
        now = self._clock()
        if arrival is None:
            return self._following.on_lost(now)
        if isinstance(arrival, Response):
            return self._following.on_response(arrival, now)
        return self._following.on_message(arrival, now)

    def _open_wanted(self) -> None:
        wanted = self._following.wanted
        if wanted is self._open:
            return
        self._hang_up()
        self._open = wanted
        if wanted is not None:
            self._carrying = asyncio.create_task(self._carry(wanted))

    async def _carry(self, dial: Dial) -> None:
        async def deliver(arrival: Arrival) -> None:
            await self._inbox.put((dial, arrival))

        with contextlib.suppress(asyncio.CancelledError):
            await self._carriers.carry(dial, deliver)

    def _hang_up(self) -> None:
        task, self._carrying, self._open = self._carrying, None, None
        if task is not None and not task.done():
            task.cancel()
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
