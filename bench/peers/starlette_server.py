"""A naive broadcast server on Starlette. Messages come on standard input, each behind its length."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections import deque
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

HISTORY: deque[str] = deque(maxlen=20)
QUEUES: set[asyncio.Queue[str]] = set()


async def reader(socket: WebSocket) -> None:
    await socket.accept()
    queue: asyncio.Queue[str] = asyncio.Queue()
    QUEUES.add(queue)
    try:
        await socket.send_text("\n".join(HISTORY))
        while True:
            await socket.send_text(await queue.get())
    except WebSocketDisconnect:
        pass
    finally:
        QUEUES.discard(queue)


async def listen() -> None:
    frames = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(frames), sys.stdin)
    while True:
        text = (await frames.readexactly(int.from_bytes(await frames.readexactly(4)))).decode()
        HISTORY.append(text)
        for queue in QUEUES:
            queue.put_nowait(text)


@contextlib.asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    listening = asyncio.create_task(listen())
    yield
    listening.cancel()


uvicorn.run(
    Starlette(routes=[WebSocketRoute("/", reader)], lifespan=lifespan),
    port=int(sys.argv[1]),
    ws="websockets-sansio",
    ws_per_message_deflate=False,
    ws_ping_interval=None,
    loop="uvloop",
    http="httptools",
    backlog=4096,
    log_level="warning",
    access_log=False,
)
