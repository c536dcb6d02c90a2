"""What tasks wait for this node to see: an entry, or the token published with a change of a feed itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class Awaited:
    """Things that are waited for, each by any number of tasks. False while nothing is."""

    def __init__(self) -> None:
        self._waiting: dict[Hashable, list[asyncio.Future[None]]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @asynccontextmanager
    async def expected(self, what: Hashable, timeout: float) -> AsyncIterator[None]:
        """Wait at the end until something has been seen since the beginning, for `timeout` seconds at most.

        Not at all where the body fails.
        """
        loop = asyncio.get_running_loop()
        seen = loop.create_future()
        waiting = self._waiting.setdefault(what, [])
        waiting.append(seen)
        try:
            yield
            if not seen.done():
                limit = loop.call_later(timeout, _end, seen)  # each POST waits here, and a task to wait would cost more
                try:
                    await seen
                finally:
                    limit.cancel()
        finally:
            waiting.remove(seen)
            if not waiting and self._waiting.get(what) is waiting:
                del self._waiting[what]

    def seen(self, what: Hashable) -> None:
        """Wake every task that waits for this."""
        for future in self._waiting.pop(what, ()):
            _end(future)


def _end(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
