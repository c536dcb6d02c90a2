"""The service as a whole: the log's server if it is ours, and workers that are started again when they die.

The supervisor opens one listening socket for each worker on the same port (SO_REUSEPORT), so the kernel
spreads connections evenly, and keeps them open itself: what connects while a worker is being replaced
waits in that socket's queue instead of being refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable
from typing import Final, NamedTuple

from ticker.errors import BadSetting, TickerError, Unavailable
from ticker.journal.embedded import Embedded
from ticker.journal.redis import Redis, cause, durability_warnings
from ticker.journal.registry import Registry
from ticker.settings import Settings

READY_TIMEOUT: Final = 30.0
"""Seconds a worker may take until it serves."""

REDIS_TIMEOUT: Final = 10.0
"""Seconds the service tries to reach Redis at start before it says that it cannot."""

RESTART_BACKOFF: Final = 0.5
"""Seconds between the death of a worker and its replacement, so that one that cannot start does not spin."""

ACK_TIMEOUT: Final = 30
"""Seconds that bytes may stay unacknowledged before the system ends a connection: three beats."""

SEND_BUFFER_SIZE: Final = 64 * 1024
"""Bytes the system may queue for a connection. Left to itself it goes on to megabytes, which for the slow are stale."""

_SOCKET_OPTIONS: Final = [
    (level, option, value)
    for level, name, value in [
        (socket.IPPROTO_TCP, "TCP_NODELAY", 1),  # a line is not held back to be sent together with the next
        (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", ACK_TIMEOUT * 1000),  # the beat finds out who is gone
        (socket.IPPROTO_TCP, "TCP_DEFER_ACCEPT", ACK_TIMEOUT),  # wakes the worker when there is a request to read
        (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
        (socket.SOL_SOCKET, "SO_SNDBUF", SEND_BUFFER_SIZE),
    ]
    if (option := getattr(socket, name, None)) is not None
]
"""Socket options of a listener, which each connection inherits; those that this system has."""


async def serve(settings: Settings, ready: Callable[[str], None]) -> None:
    """Run the service until SIGTERM or SIGINT; `ready` is called with its URL once it serves.

    SIGHUP relieves the workers one after another, as after an upgrade: each by a fresh process on the same socket,
    while its readers move over a drain's time. In a terminal SIGHUP means, as ever, that the terminal is gone.

    Raises:
        TickerError: it cannot start; the message says why.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    reload = asyncio.Event()
    if not sys.stdin.isatty():
        loop.add_signal_handler(signal.SIGHUP, reload.set)
    async with contextlib.AsyncExitStack() as stack:
        if settings.redis_url is None:
            embedded = await stack.enter_async_context(Embedded(settings.data))
            settings = settings.model_copy(update={"redis_url": embedded.url})
        await _prepare(settings)
        listeners = _listen(settings)
        port: int = listeners[0].getsockname()[1]
        workers = [_Worker(settings, listener) for listener in listeners]
        try:
            await asyncio.gather(*(worker.start() for worker in workers))
            host = f"[{settings.host}]" if ":" in settings.host else settings.host
            ready(f"http://{host}:{port}")
            tasks = [asyncio.create_task(worker.keep()) for worker in workers]
            tasks.append(asyncio.create_task(_reload_when_asked(reload, workers, settings.drain)))
            await stop.wait()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        finally:
            for listener in listeners:
                listener.close()  # or the kernel would go on queueing connections that nobody takes
            await asyncio.gather(*(worker.stop(settings.drain) for worker in workers))


async def _reload_when_asked(asked: asyncio.Event, workers: list[_Worker], drain: float) -> None:
    while True:
        await asked.wait()
        asked.clear()
        for worker in workers:
            try:
                await worker.reload(drain)
            except (TickerError, OSError) as error:
                print(f"ticker: {error}; the old workers stay", file=sys.stderr, flush=True)
                break


async def _prepare(settings: Settings) -> None:
    """Reach Redis, say how safe it is, and set the key that was given from outside."""
    assert settings.redis_url is not None
    redis = Redis(settings.redis_url)
    registry = Registry(redis)
    deadline = asyncio.get_running_loop().time() + REDIS_TIMEOUT
    try:
        while True:
            try:
                await registry.ensure(None)
                break
            except Unavailable as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise Unavailable(cause(error)) from None
                await asyncio.sleep(0.2)
        for warning in await durability_warnings(redis, settings.replicas):
            print(f"ticker: warning: {warning}", file=sys.stderr, flush=True)
        if settings.admin_key is not None:
            await registry.set_admin(settings.admin_key)
    finally:
        await redis.close()


def _listen(settings: Settings) -> list[socket.socket]:
    listeners: list[socket.socket] = []
    host, port = settings.host, settings.port
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        if port:
            # SO_REUSEPORT would let us in beside another service of the same user; ask without it first.
            with socket.socket(family, socket.SOCK_STREAM) as lone:
                lone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                lone.bind(address)
        for _ in range(settings.workers):
            listener = socket.socket(family, socket.SOCK_STREAM)
            listeners.append(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            for level, option, value in _SOCKET_OPTIONS:
                listener.setsockopt(level, option, value)
            listener.bind(address)
            listener.listen(4096)
            address = listener.getsockname()  # all others on the port that the first one was given
    except (OSError, UnicodeError) as error:  # UnicodeError: a name that no host can have
        for listener in listeners:
            listener.close()
        shown = f"[{host}]" if ":" in host else host
        raise BadSetting(f"cannot listen on {shown}:{port}: {getattr(error, 'strerror', None) or error}") from None
    return listeners


class _Process(NamedTuple):
    """A worker process that serves, and its lifeline."""

    process: asyncio.subprocess.Process
    lifeline: socket.socket

    async def stop(self, drain: float) -> None:
        """Ask it to drain and go; end it if it has not gone some seconds after that."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), drain + 10.0)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
        self.lifeline.close()


class _Worker:
    """The place of one worker: a listening socket, and whichever process serves it."""

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self._settings = settings
        self._listener = listener
        self._now: _Process | None = None
        self._leaving: _Process | None = None
        self._starting = asyncio.Lock()
        """Held while a process starts, so that a death and a relief at once do not start two."""

    async def start(self) -> None:
        """Start a process and wait until it serves.

        Raises:
            Unavailable: it died or took too long; what served before still does.
        """
        mine, its = socket.socketpair()
        mine.setblocking(False)
        with its:
            descriptors = (self._listener.fileno(), its.fileno())
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "ticker.server.worker",
                *map(str, descriptors),
                env=self._settings.environment(),
                pass_fds=descriptors,
                start_new_session=True,  # a Ctrl-C in the terminal is for the supervisor, which tells its workers
            )
        started = _Process(process, mine)
        loop = asyncio.get_running_loop()
        try:
            said = await asyncio.wait_for(loop.sock_recv(mine, 1), READY_TIMEOUT)
        except TimeoutError:
            said = b""
        except asyncio.CancelledError:
            await started.stop(0)
            raise
        if not said:
            await started.stop(0)
            raise Unavailable("a worker did not start; its own message stands above")
        self._now = started

    async def keep(self) -> None:
        """Replace it whenever it dies."""
        while True:
            watched = self._now
            assert watched is not None
            status = await watched.process.wait()
            if watched is not self._now:
                continue  # it was relieved, and has gone as it was told to
            print(f"ticker: a worker died (status {status}) and is replaced", file=sys.stderr, flush=True)
            watched.lifeline.close()
            while self._now is watched:
                await asyncio.sleep(RESTART_BACKOFF)
                async with self._starting:
                    if self._now is not watched:
                        break  # somebody was relieving it just then
                    try:
                        await self.start()
                    except (TickerError, OSError) as error:  # whatever is short now may not be in a moment
                        print(f"ticker: {error}", file=sys.stderr, flush=True)

    async def reload(self, drain: float) -> None:
        """Put a fresh process in its place, and only then ask the one that served to drain and go."""
        async with self._starting:
            relieved = self._now
            await self.start()
        self._leaving = relieved
        if relieved is not None:
            await relieved.stop(drain)

    async def stop(self, drain: float) -> None:
        """Ask what serves to drain and go, and wait for what has been relieved and is going."""
        await asyncio.gather(*(process.stop(drain) for process in (self._leaving, self._now) if process is not None))
