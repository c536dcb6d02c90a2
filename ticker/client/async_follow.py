"""Follows a feed on asyncio: opens what `Following` wants, and gives the changes that result from what arrives."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import Final, Self

from ticker.client.attempt import Attempt, Transport
from ticker.client.clock import Clock
from ticker.client.dispatch import Dispatch
from ticker.client.fold import FeedState
from ticker.client.following import Change, Following, Status
from ticker.client.outage import Lost
from ticker.client.problems import Problem
from ticker.client.response import Response
from ticker.client.transports import Arrival, Transports

INBOX: Final = 64
"""Messages that wait for a slow consumer. Beyond that the socket is not read, and the service resets its reader."""

_NOTHING: Final = Attempt(Transport.POLL, "")
"""Never wanted: its arrival only wakes the task that waits for the next change."""


class AsyncFollow:
    """An asynchronous iterator of changes that ends when it is closed.

    Use it in `async with`, so that it disconnects when it is left. Waiting for the next change may be cancelled, and
    begun again. It raises `Problem` and ends if the feed is not there, not for this key, or closed and not waited for.

    Attributes:
        closed: True once it has ended.
    """

    def __init__(self, following: Following, transports: Transports, clock: Clock) -> None:
        self._following = following
        self._transports = transports
        self._clock = clock
        self.closed = self._begun = False
        self._changes: deque[Change] = deque()
        self._inbox: asyncio.Queue[tuple[Attempt, Arrival]] = asyncio.Queue(INBOX)
        self._open: Attempt | None = None
        self._delivering: asyncio.Task[None] | None = None
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
        """Keep a fetched dispatch beside the list, if it is the pinned one: see `pin_is_missing`."""
        self._following.learn(dispatch)

    async def aclose(self) -> None:
        """Disconnect. Keeps the state, and ends iteration."""
        self.closed = True
        self._changes.clear()
        self._disconnect()
        if self._inbox.empty():
            self._inbox.put_nowait((_NOTHING, Lost("")))
        if self._ending:
            await asyncio.wait(self._ending)
        await self._transports.aclose()

    async def _step(self) -> list[Change]:
        """Wait for something to happen, and return the changes it makes."""
        following, clock = self._following, self._clock
        if not self._begun:
            self._begun = True
            return following.start(clock())
        self._open_wanted()
        try:
            async with asyncio.timeout(following.wait(clock())):
                attempt, arrival = await self._inbox.get()
        except TimeoutError:
            return following.on_time(clock())
        if attempt is not following.wanted:
            return []  # of an attempt that was given up meanwhile
        try:
            return self._take(arrival)
        except Problem:
            await self.aclose()
            raise

    def _take(self, arrival: Arrival) -> list[Change]:
        now = self._clock()
        if isinstance(arrival, Lost):
            return self._following.on_lost(arrival.reason, now)
        if isinstance(arrival, Response):
            return self._following.on_response(arrival, now)
        return self._following.on_message(arrival, now)

    def _open_wanted(self) -> None:
        wanted = self._following.wanted
        if wanted is self._open:
            return
        self._disconnect()
        self._open = wanted
        if wanted is not None:
            self._delivering = asyncio.create_task(self._deliver(wanted))

    async def _deliver(self, attempt: Attempt) -> None:
        async def deliver(arrival: Arrival) -> None:
            await self._inbox.put((attempt, arrival))

        with contextlib.suppress(asyncio.CancelledError):
            await self._transports.open(attempt, deliver)

    def _disconnect(self) -> None:
        task, self._delivering, self._open = self._delivering, None, None
        if task is not None and not task.done():
            task.cancel()
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
