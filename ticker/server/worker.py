"""One worker process: uvicorn with the hand-off, on a socket that the supervisor opened.

Started as `python -m ticker.server.worker LISTENER LIFELINE`, both file descriptors. The lifeline is a socket to the
supervisor: the worker receives one line with its settings, sends one byte when it is ready, and stops when the other
end closes.
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

from ticker.allowance import MAX_MESSAGE
from ticker.node import Node
from ticker.server.acceptor import Acceptor
from ticker.server.drain import drain
from ticker.server.uvicorn_websocket import LimitedWebSocket
from ticker.settings import Settings
from ticker.web.app import application

READY: Final = b"r"
"""What the worker sends when it serves."""

GC_THRESHOLD: Final = 20_000
"""Objects allocated between collections. At Python's 700, collecting is one twentieth of what a POST costs."""

TICK: Final = 1.0
"""Seconds between updates of the Date header of responses."""

CLOSE_GRACE: Final = 0.2
"""Seconds that close frames get to leave before the process exits."""


class Worker(uvicorn.Server):
    """uvicorn's server, which asks readers to move before it closes their connections."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket, lifeline: socket.socket, drain: float) -> None:
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
        self._lifeline.setblocking(False)
        self._following = asyncio.create_task(self._follow_supervisor())

    async def main_loop(self) -> None:
        # uvicorn's own checks ten times a second whether to stop, which is a third of what an idle worker costs.
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop_requested.wait(), TICK)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._loop is not None:  # else the signal came before the loop runs
            self._loop.call_soon_threadsafe(self._stop_requested.set)

    async def _follow_supervisor(self) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):  # a supervisor that went first resets the lifeline instead of closing it
            await loop.sock_sendall(self._lifeline, READY)
            await loop.sock_recv(self._lifeline, 1)  # returns when the supervisor is gone
        self.should_exit = True
        self._stop_requested.set()

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


def _receive_settings(lifeline: socket.socket) -> Settings:
    with lifeline.makefile("rb") as received:
        return Settings.received(received.readline())  # the supervisor sends nothing else


def main(listener: int, lifeline: int) -> None:
    """Serve until told to stop, or until the supervisor is gone."""
    logging.basicConfig(level=logging.WARNING, format="ticker: %(message)s", stream=sys.stderr)
    connection = socket.socket(fileno=lifeline)
    settings = _receive_settings(connection)
    config = uvicorn.Config(
        application(settings),
        ws=LimitedWebSocket,
        ws_per_message_deflate=False,
        ws_max_size=MAX_MESSAGE,
        loop="uvloop",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # nothing here depends on the client's address
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    Worker(config, socket.socket(fileno=listener), connection, settings.drain).run()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
