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
        seen = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(what, [])
        waiting.append(seen)
        try:
            yield
            await asyncio.wait([seen], timeout=timeout)
        finally:
            waiting.remove(seen)
            if not waiting and self._waiting.get(what) is waiting:
                del self._waiting[what]

    def seen(self, what: Hashable) -> None:
        """Wake every task that waits for this."""
        for future in self._waiting.pop(what, ()):
            if not future.done():
                future.set_result(None)
