"""Child processes: reaped when they exit, started again when they die, stopped by a signal, a grace period and SIGKILL.

Each process has a task of its own that waits for its exit, so none dies unnoticed: neither one that was just started
nor one that is leaving. (gunicorn's arbiter does the same for all its workers in one handler of SIGCHLD.)
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any, Final, Self

from ticker.errors import TickerError

SETTINGS: Final = "TICKER_"
"""What the names of variables begin with that may hold a secret: a key, or the password of Redis."""


def environment() -> dict[str, str]:
    """Return the environment for children: without this program's settings, which others may read in /proc."""
    return {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}


log = logging.getLogger("ticker.child")


class Child:
    """A process that this one started."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        on_exit: Callable[[], Awaitable[None]] | None,
        stop_signal: signal.Signals,
    ) -> None:
        """Use `start`."""
        self._process = process
        self._on_exit = on_exit
        self._stop_signal = stop_signal
        self._exit = asyncio.create_task(self._reap())

    @classmethod
    async def start(
        cls,
        *command: str,
        on_exit: Callable[[], Awaitable[None]] | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        **options: Any,
    ) -> Self:
        """Start a command in a session of its own: a Ctrl-C in the terminal is for this process, which stops the child.

        `on_exit` is called once the process has exited, to release what was kept for it; `wait` and `stop` return after
        it has. `stop` sends `stop_signal`. `options` are those of `asyncio.create_subprocess_exec`. Its environment has
        no settings of this program: what it needs to know, secrets above all, is passed by a pipe or a socket.

        Raises:
            OSError: the system cannot start it.
        """
        process = await asyncio.create_subprocess_exec(*command, start_new_session=True, env=environment(), **options)
        return cls(process, on_exit, stop_signal)

    async def _reap(self) -> int:
        status = await self._process.wait()
        if self._on_exit is not None:
            await self._on_exit()
        return status

    @property
    def pid(self) -> int:
        """Its process id, which may be that of another process once this one has exited."""
        return self._process.pid

    @property
    def stdin(self) -> asyncio.StreamWriter:
        """Its standard input, if that is a pipe."""
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def exited(self) -> bool:
        """Whether it has exited."""
        return self._process.returncode is not None

    async def wait(self) -> int:
        """Wait until it has exited, and return its status: negative for the signal that ended it."""
        return await asyncio.shield(self._exit)

    def kill(self) -> None:
        """Send it SIGKILL, if it still runs."""
        self._send(signal.SIGKILL)

    def _send(self, number: int) -> None:
        if not self.exited:
            # Not by `Popen.send_signal`, which polls: asyncio would miss the status of one that exits just then.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def stop(self, grace: float) -> None:
        """Send it its stop signal, and SIGKILL if it still runs `grace` seconds later; return once it has exited."""
        self._send(self._stop_signal)
        try:
            await asyncio.wait_for(self.wait(), grace)
        except TimeoutError:
            self.kill()
            await self.wait()


class KeptChild:
    """A child that is started again whenever it dies, until it is stopped."""

    def __init__(
        self, name: str, start: Callable[[], Awaitable[Child]], *, restart_delay: float, retry_interval: float
    ) -> None:
        """Keep what `start` starts; nothing happens before `start` is called here.

        `start` returns once the child serves, and leaves no process behind where it fails. The child is started again
        `restart_delay` seconds after it died and, while that fails, every `retry_interval` seconds: one that cannot
        start must not make this process spin. `name` appears in messages.
        """
        self.current: Child | None = None
        """The process that serves, or the dead one that is to be replaced; None before the start and after the stop."""
        self._name = name
        self._start = start
        self._restart_delay = restart_delay
        self._retry_interval = retry_interval
        self._expected = False
        """Whether it may exit by itself, and is not to be started again."""
        self._leaving: set[Child] = set()
        """Processes that were replaced and have not exited yet."""
        self._starting = asyncio.Lock()
        """Held while a process starts, so that a death during a `replace` does not start two."""
        self._watching: set[asyncio.Task[None]] = set()
        """One task for each process, from its start on."""

    async def start(self) -> None:
        """Start it.

        Raises:
            TickerError, OSError: it does not start.
        """
        async with self._starting:
            await self._start_one()

    async def _start_one(self) -> None:
        self.current = await self._start()
        watching = asyncio.create_task(self._restart_after(self.current))
        self._watching.add(watching)
        watching.add_done_callback(self._watching.discard)

    async def _restart_after(self, child: Child) -> None:
        """Start another one when this one dies, unless it was replaced or stopped by then."""
        status = await child.wait()
        if self.current is not child or self._expected:
            return
        log.warning("%s exited (status %d); restarting it", self._name, status)
        await asyncio.sleep(self._restart_delay)
        while True:
            async with self._starting:
                if self.current is not child:
                    return  # it was replaced meanwhile
                try:
                    await self._start_one()
                except (TickerError, OSError) as error:  # a resource that is short now may be free in a moment
                    log.error("%s", error)
                else:
                    return
            await asyncio.sleep(self._retry_interval)

    def expect_exit(self) -> None:
        """Note that it may exit by itself from now on, before `stop` is called: it was told to by somebody else too."""
        self._expected = True

    async def replace(self, grace: float) -> None:
        """Start another one and, once that serves, stop the one that ran.

        Raises:
            TickerError, OSError: it does not start; the one that ran still does.
        """
        async with self._starting:
            replaced = self.current
            await self._start_one()
        if replaced is not None:
            self._leaving.add(replaced)
            await replaced.stop(grace)
            self._leaving.discard(replaced)

    async def stop(self, grace: float) -> None:
        """Stop it for good, and wait for those that were replaced and are still leaving."""
        watching = list(self._watching)
        for task in watching:
            task.cancel()  # which also stops one that is just being started
        await asyncio.gather(*watching, return_exceptions=True)
        children, self.current = {*self._leaving, self.current}, None
        await asyncio.gather(*(child.stop(grace) for child in children if child is not None))
