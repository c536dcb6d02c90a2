"""Follows a feed from a program without asyncio: the same as `AsyncFollow`, in an event loop of its own in a thread.

Because of the thread, `close` works at once and from any thread, and the socket is read while the program is busy.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Self, TypeVar

from ticker.client.async_follow import AsyncFollow
from ticker.client.dispatch import Dispatch
from ticker.client.fold import FeedState
from ticker.client.following import Change, Status

Result = TypeVar("Result")


class Follow:
    """An iterator of changes that ends when it is closed, which any thread may do.

    Use it in `with`, so that it disconnects when it is left. It raises `Problem` and ends if the feed is not there,
    not for this key, or closed and not waited for.
    """

    def __init__(self, make: Callable[[], AsyncFollow]) -> None:
        """Start the thread; `make` is called in it."""
        self.closed = False
        self._lock = threading.Lock()  # nothing is given to the loop once it is closing
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ticker-follow", daemon=True)
        self._thread.start()
        self._follow = self._wait(self._run(_called(make)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Change:
        with self._lock:
            if self.closed:
                raise StopIteration
            running = self._run(self._follow.__anext__())
        try:
            return self._wait(running)
        except StopAsyncIteration:
            raise StopIteration from None

    @property
    def state(self) -> FeedState:
        """What the feed shows now; the changes that were not taken yet are in it."""
        return self._follow.state

    @property
    def status(self) -> Status:
        """What may be reported about it at this moment."""
        return self._follow.status

    def learn(self, dispatch: Dispatch) -> None:
        """Keep a fetched dispatch beside the list, if it is the pinned one: see `pin_is_missing`."""
        self._follow.learn(dispatch)

    def close(self) -> None:
        """Disconnect. Keeps the state, and ends iteration."""
        with self._lock:
            if self.closed:
                return
            self.closed = True
        self._wait(self._run(self._end()))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        await self._follow.aclose()
        if others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others)  # another thread may wait for the next change
        await self._loop.shutdown_asyncgens()

    def _run(self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _wait(self, running: Future[Result]) -> Result:
        try:
            return running.result()
        except BaseException:
            running.cancel()  # Ctrl-C came while this waited
            raise


async def _called(make: Callable[[], AsyncFollow]) -> AsyncFollow:
    return make()
