"""One worker process: uvicorn with the hand-off, on a socket that the supervisor opened.

Started as `python -m ticker.server.worker LISTENER LIFELINE`, both file descriptors. The lifeline is a
socket to the supervisor: the worker says one byte when it is ready, and goes when the other end closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import socket
import sys
from types import FrameType
from typing import Final

import uvicorn

from ticker.server.acceptor import Acceptor
from ticker.server.drain import drain
from ticker.server.uvicorn_websocket import LimitedWebSocket
from ticker.settings import Settings
from ticker.web.app import application
from ticker.web.node import Node

READY: Final = b"r"
GC_THRESHOLD: Final = 20_000
"""Objects made before any are looked through for cycles. At Python's 700 that is one twentieth of what a POST costs."""

TICK: Final = 1.0
"""Seconds for which the Date of answers stays what it is."""

CLOSE_GRACE: Final = 0.2
"""Seconds that close frames get to leave before the process does."""


class Worker(uvicorn.Server):
    """uvicorn's server, which asks readers to move before it closes their connections."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket, lifeline: socket.socket, drain: float) -> None:
        super().__init__(config)
        self._listener = listener
        self._lifeline = lifeline
        self._drain = drain
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup([])  # connections come by the acceptor
        gc.freeze()  # what is here now stays as long as the process; it need not be looked through again
        gc.set_threshold(GC_THRESHOLD)
        self._acceptor = Acceptor(self._listener, self.config, self.server_state, self.lifespan.state)
        self._acceptor.open()
        self._lifeline.setblocking(False)
        self._following = asyncio.create_task(self._follow_supervisor())

    async def main_loop(self) -> None:
        # uvicorn's looks ten times a second whether it is to go, which is a third of what an idle worker does.
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), TICK)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._loop is not None:  # else it is told before the loop runs
            self._loop.call_soon_threadsafe(self._told.set)

    async def _follow_supervisor(self) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):  # it may go without having heard, which ends the line less politely
            await loop.sock_sendall(self._lifeline, READY)
            await loop.sock_recv(self._lifeline, 1)  # returns when the supervisor is gone
        self.should_exit = True
        self._told.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._following.cancel()
        self._acceptor.close()
        await self._move_readers()
        await super().shutdown(sockets)

    async def _move_readers(self) -> None:
        node: Node = self.lifespan.state["node"]
        readers, loop = len(node.hub), asyncio.get_running_loop()
        await drain(node.hub, self._drain, clock=loop.time, sleep=asyncio.sleep, hurry=lambda: self.force_exit)
        if readers:
            await asyncio.sleep(CLOSE_GRACE)


def main(listener: int, lifeline: int) -> None:
    """Serve until told to stop or orphaned."""
    logging.basicConfig(level=logging.WARNING, format="ticker: %(message)s", stream=sys.stderr)
    settings = Settings.read()
    config = uvicorn.Config(
        application(settings),
        ws=LimitedWebSocket,
        ws_per_message_deflate=False,
        ws_max_size=4096,
        loop="uvloop",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # nothing here asks who the client is
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    Worker(config, socket.socket(fileno=listener), socket.socket(fileno=lifeline), settings.drain).run()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
