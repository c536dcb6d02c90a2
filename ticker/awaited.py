"""What somebody waits for this node to hear: an entry, or the word published with a change of a feed itself."""

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
    async def expected(self, what: Hashable, within: float) -> AsyncIterator[None]:
        """Wait at the end until something has come since the beginning, for `within` seconds at most.

        Not at all where the body fails.
        """
        coming = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(what, [])
        waiting.append(coming)
        try:
            yield
            await asyncio.wait([coming], timeout=within)
        finally:
            waiting.remove(coming)
            if not waiting and self._waiting.get(what) is waiting:
                del self._waiting[what]

    def came(self, what: Hashable) -> None:
        """Wake everybody who waits for this."""
        for coming in self._waiting.pop(what, ()):
            if not coming.done():
                coming.set_result(None)
