"""The server of a worker: uvicorn with the hand-off, on a socket that the supervisor opened."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
from types import FrameType
from typing import Final

import uvicorn

from ticker.allowance import MAX_MESSAGE
from ticker.log import configure
from ticker.server.acceptor import Acceptor
from ticker.server.drain import drain
from ticker.server.lifeline import Lifeline
from ticker.server.uvicorn_websocket import LimitedWebSocket
from ticker.serving import ServingNode
from ticker.settings import Settings
from ticker.web.app import application
from ticker.web.request_log import RequestLog

GC_THRESHOLD: Final = 20_000
"""Objects allocated between collections. At Python's 700, collecting is one twentieth of what a POST costs."""

TICK: Final = 1.0
"""Seconds between updates of the Date header of responses."""

PING_INTERVAL: Final = 4.0
"""Seconds between pings of the WebSockets that stay with uvicorn: those of the desk, and of private feeds."""

PONG_TIMEOUT: Final = 8.0
"""Seconds for a pong, then the connection is closed: a phone that vanished is noticed 12 seconds later at most."""

CLOSE_GRACE: Final = 0.2
"""Seconds that close frames get to leave before the process exits."""


class Worker(uvicorn.Server):
    """uvicorn's server, which asks readers to move before it closes their connections."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket, lifeline: Lifeline, drain: float) -> None:
        super().__init__(config)
        self._listener = listener
        self._lifeline = lifeline
        self._drain = drain
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop_requested = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup([])  # connections come from the acceptor
        gc.freeze()  # what exists now lives as long as the process and need not be collected
        gc.set_threshold(GC_THRESHOLD)
        self._acceptor = Acceptor(self._listener, self.config, self.server_state, self.lifespan.state)
        self._acceptor.open()
        self._lifeline.serving(self._stop)

    async def main_loop(self) -> None:
        # uvicorn's own checks ten times a second whether to stop, which is a third of what an idle worker costs.
        while not await self.on_tick(0):
            self._lifeline.alive()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop_requested.wait(), TICK)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._loop is not None:  # else the signal came before the loop runs
            self._loop.call_soon_threadsafe(self._stop_requested.set)

    def _stop(self) -> None:
        """Stop as if told to; called in another thread."""
        self.should_exit = True
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(self._stop_requested.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._acceptor.close()
        await self._move_readers()
        await super().shutdown(sockets)

    async def _move_readers(self) -> None:
        node: ServingNode = self.lifespan.state["node"]
        readers, loop = len(node.hub), asyncio.get_running_loop()
        await drain(node.hub, self._drain, clock=loop.time, sleep=asyncio.sleep, hurry=lambda: self.force_exit)
        if readers:
            await asyncio.sleep(CLOSE_GRACE)


def run(listener: socket.socket, lifeline: Lifeline) -> None:
    """Serve until told to stop, or until the supervisor is gone."""
    settings = Settings.received(lifeline.settings())
    configure(settings)
    config = uvicorn.Config(
        RequestLog(application(settings)),
        ws=LimitedWebSocket,
        ws_per_message_deflate=False,
        ws_max_size=MAX_MESSAGE,
        ws_ping_interval=PING_INTERVAL,
        ws_ping_timeout=PONG_TIMEOUT,
        loop="uvloop",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # nothing here depends on the client's address
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    Worker(config, listener, lifeline, settings.drain).run()
