"""The watchdog: systemd hears that the service is alive as long as the event loop of every worker turns."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from ticker.server.systemd import Systemd


class Watchdog:
    """Listens to the workers, and reports to systemd while none is silent."""

    def __init__(self, systemd: Systemd, clock: Callable[[], float]) -> None:
        """`clock` gives seconds. Without a watchdog in systemd's unit, nothing is reported."""
        self._systemd = systemd
        self._clock = clock
        self._heard: dict[asyncio.StreamReader, float] = {}
        self._listening: set[asyncio.Task[None]] = set()

    def listen(self, lifeline: asyncio.StreamReader) -> None:
        """Listen to a worker that serves, until its lifeline ends."""
        self._heard[lifeline] = self._clock()
        task = asyncio.create_task(self._listen(lifeline))
        self._listening.add(task)
        task.add_done_callback(self._listening.discard)

    async def _listen(self, lifeline: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError):
            while await lifeline.read(64):
                self._heard[lifeline] = self._clock()
        del self._heard[lifeline]

    def check(self, interval: float) -> bool:
        """Report to systemd if each worker was heard within the last `interval` seconds; return True if so."""
        alive = all(self._clock() - heard < interval for heard in self._heard.values())
        if alive:
            self._systemd.alive()
        return alive

    async def run(self) -> None:
        """Check twice in each interval of systemd's watchdog, for ever; return if there is none."""
        while (interval := self._systemd.watchdog) is not None:
            self.check(interval)
            await asyncio.sleep(interval / 2)
