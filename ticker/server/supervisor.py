"""The service as a whole: the embedded Valkey if there is one, and workers that are started again when they die.

The supervisor opens one listening socket for each worker and keeps them open itself: connections that come while a
worker is being replaced wait in that socket's queue instead of being refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, TypeVar

from ticker.child import Child, KeptChild
from ticker.errors import BadSetting, TickerError, Unavailable
from ticker.journal.address import READ_SETTING, SETTING
from ticker.journal.cluster_address import is_cluster
from ticker.journal.connect import connect
from ticker.journal.embedded import Embedded
from ticker.journal.redis import Redis
from ticker.journal.redis_errors import cause
from ticker.journal.registry import Registry
from ticker.journal.rights import check_rights
from ticker.journal.server_check import Demands, durability_warnings, keeping
from ticker.journal.unusable import explained
from ticker.journal.version import refuse_newer
from ticker.log import configure
from ticker.server.listeners import listen
from ticker.server.metric_files import MetricFiles
from ticker.server.systemd import Systemd
from ticker.server.watchdog import Watchdog
from ticker.settings import Settings

log = logging.getLogger("ticker.supervisor")

Result = TypeVar("Result")

READY_TIMEOUT: Final = 30.0
"""Seconds a worker may take until it serves."""

REDIS_TIMEOUT: Final = 10.0
"""Seconds the service tries to reach Redis at start before it gives up."""

SET_UP_INTERVAL: Final = 1.0
"""Seconds between attempts to set up a log that takes no writes."""

STOP_TIMEOUT: Final = 10.0
"""Seconds a worker may take to exit after its drain before it is killed."""

RESTART_DELAY: Final = 0.5
"""Seconds between the death of a worker and its replacement, and between attempts to replace it."""


async def serve(settings: Settings, ready: Callable[[str], None]) -> None:
    """Run the service until SIGTERM or SIGINT; `ready` is called with its URL once it serves.

    SIGHUP reloads the workers one after another (a rolling reload), as after an upgrade: each is replaced by a fresh
    process on the same socket, and its readers move there during the drain. In a terminal, SIGHUP keeps its usual
    meaning: the terminal is gone.

    Raises:
        TickerError: it cannot start; the message says why.
    """
    configure(settings)
    systemd = Systemd(os.environ)
    watchdog = Watchdog(systemd, time.monotonic)
    stop = asyncio.Event()
    workers: list[KeptChild] = []

    def stop_soon() -> None:
        stop.set()
        for worker in workers:  # which systemd and others send the same signal
            worker.expect_exit()

    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop_soon)
    reload = asyncio.Event()
    if not sys.stdin.isatty():
        loop.add_signal_handler(signal.SIGHUP, reload.set)
    async with contextlib.AsyncExitStack() as stack:
        if settings.upstream is None:
            settings = await _with_log(settings, stack)
        else:
            from ticker.relay.reach import reach  # noqa: PLC0415  # httpx, which a node does without, is large

            await reach(settings.upstreams)
        files = stack.enter_context(MetricFiles())
        listeners = listen(settings)
        port: int = listeners[0].getsockname()[1]
        workers += [
            KeptChild(
                "a worker",
                partial(_start_worker, settings, listener, watchdog, files),
                restart_delay=RESTART_DELAY,
                retry_interval=RESTART_DELAY,
            )
            for listener in listeners
        ]
        grace = settings.drain + STOP_TIMEOUT
        try:
            await asyncio.gather(*(worker.start() for worker in workers))
            host = f"[{settings.host}]" if ":" in settings.host else settings.host
            url = f"http://{host}:{port}"
            ready(url)
            systemd.ready(f"serving on {url}")
            tasks = [
                asyncio.create_task(_reload_on(reload, workers, grace, systemd)),
                asyncio.create_task(watchdog.run()),
            ]
            await stop.wait()
            systemd.stopping()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        finally:
            for listener in listeners:
                listener.close()  # otherwise the kernel would queue connections that nobody accepts
            await asyncio.gather(*(worker.stop(grace) for worker in workers))


async def _with_log(settings: Settings, stack: contextlib.AsyncExitStack) -> Settings:
    """Start or reach the Redis that has the log, and set it up; return the settings of the workers."""
    if settings.redis_url is None:
        if settings.redis_read_url is not None:
            raise BadSetting(f"{READ_SETTING} needs TICKER_REDIS_URL, the address of its primary")
        embedded = await stack.enter_async_context(Embedded(settings.data))
        settings = settings.model_copy(update={"redis_url": embedded.url})
    settings = await _prepare(settings)
    tried = asyncio.Event()
    setting_up = asyncio.create_task(_set_up(settings, tried))
    stack.callback(setting_up.cancel)
    await tried.wait()
    if setting_up.done():
        await setting_up  # raises what it failed with
    return settings


async def _reload_on(requested: asyncio.Event, workers: list[KeptChild], grace: float, systemd: Systemd) -> None:
    while True:
        await requested.wait()
        requested.clear()
        systemd.reloading()
        for worker in workers:
            try:
                await worker.replace(grace)
            except (TickerError, OSError) as error:
                log.error("%s; reload stopped: the workers not yet replaced keep running", error)
                break
        else:
            log.info("reloaded: %d of %d workers replaced", len(workers), len(workers))
        systemd.ready("serving")


async def _prepare(settings: Settings) -> Settings:
    """Reach Redis, make sure that it may be used and keeps what it is given, and warn of what is not safe.

    Returns the settings of the workers.
    """
    assert settings.redis_url is not None
    if settings.redis_read_url is not None and any(map(is_cluster, (settings.redis_url, settings.redis_read_url))):
        raise BadSetting(
            f"{READ_SETTING} cannot be used with a cluster, whose feeds are read at their primaries; leave it out"
        )
    redis = connect(settings.redis_url)
    settings = await _reached(redis, SETTING, lambda: _check(redis, settings))
    if settings.redis_read_url is not None:
        replica = Redis(settings.redis_read_url, setting=READ_SETTING)
        if replica.channels.nodes != redis.channels.nodes:
            raise BadSetting(f"{READ_SETTING}: it must name the same database as {SETTING}")
        await _reached(replica, READ_SETTING, lambda: refuse_newer(replica))
    return settings


async def _reached(redis: Redis, setting: str, act: Callable[[], Awaitable[Result]]) -> Result:
    """Use a Redis once it can be reached, close it, and return what `act` did; `setting` is what has its address."""
    deadline = asyncio.get_running_loop().time() + REDIS_TIMEOUT
    try:
        while True:
            try:
                return await act()
            except Unavailable as error:
                failure = await explained(redis.url, error, setting)
                if isinstance(failure, BadSetting) or asyncio.get_running_loop().time() > deadline:
                    raise failure from None
                await asyncio.sleep(0.2)
    finally:
        await redis.close()


async def _check(redis: Redis, settings: Settings) -> Settings:
    await refuse_newer(redis)
    await check_rights(redis, replicas=settings.replicas > 0)
    found = await keeping(redis)
    if settings.require_aof is None:  # decided once, so that a worker that starts later demands the same
        settings = settings.model_copy(update={"require_aof": found.aof is not False})
    demands = Demands(settings.require_aof is True, not settings.allow_eviction, settings.replicas)
    if (fault := found.fault(demands)) is not None:
        raise BadSetting(fault.detail)
    for warning in await durability_warnings(redis, settings.replicas):
        log.warning("%s", warning)
    return settings


async def _set_up(settings: Settings, tried: asyncio.Event) -> None:
    """Open the default feed and set the admin key from the environment; on a log that takes no writes, once it does."""
    assert settings.redis_url is not None
    redis = connect(settings.redis_url)
    registry = Registry(redis)
    try:
        while True:
            try:
                await registry.ensure(None)
                if settings.admin_key is not None:
                    await registry.set_admin(settings.admin_key)
            except Unavailable as error:
                if not tried.is_set():
                    log.warning("%s: what is set at start is set once it takes writes", cause(error))
            else:
                return
            finally:
                tried.set()
            await asyncio.sleep(SET_UP_INTERVAL)
    finally:
        await redis.close()


async def _start_worker(settings: Settings, listener: socket.socket, watchdog: Watchdog, files: MetricFiles) -> Child:
    """Start a worker on a listening socket and wait until it serves.

    Raises:
        Unavailable: it died or took too long.
    """
    supervisor_end, worker_end = socket.socketpair()
    with worker_end:
        lifeline, end = await asyncio.open_unix_connection(sock=supervisor_end)  # see worker.py

        async def clear_away() -> None:
            end.close()
            files.bury(worker.pid)

        descriptors = (listener.fileno(), worker_end.fileno())
        try:
            worker = await Child.start(
                sys.executable,
                "-m",
                "ticker.server.worker",
                *map(str, descriptors),
                on_exit=clear_away,
                pass_fds=descriptors,
            )
            end.write(settings.handed_over() + b"\n")
        except BaseException:
            end.close()
            raise
    try:
        ready = await asyncio.wait_for(lifeline.read(1), READY_TIMEOUT)
    except TimeoutError:
        ready = b""
    except BaseException:
        await worker.stop(STOP_TIMEOUT)
        raise
    if not ready:
        await worker.stop(STOP_TIMEOUT)
        raise Unavailable("a worker did not start; see its message above")
    watchdog.listen(lifeline)
    return worker
