"""A broadcast server on the `websockets` library. Messages come on standard input, each behind its length."""

from __future__ import annotations

import asyncio
import sys
from collections import deque

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

HISTORY: deque[str] = deque(maxlen=20)
READERS: set[ServerConnection] = set()


async def reader(connection: ServerConnection) -> None:
    await connection.send("\n".join(HISTORY))
    READERS.add(connection)
    try:
        await connection.wait_closed()
    finally:
        READERS.discard(connection)


async def main() -> None:
    loop = asyncio.get_running_loop()
    frames = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(frames), sys.stdin)
    async with serve(
        reader, "127.0.0.1", int(sys.argv[1]), compression=None, ping_interval=None, backlog=4096, open_timeout=60
    ):
        while True:
            text = (await frames.readexactly(int.from_bytes(await frames.readexactly(4)))).decode()
            HISTORY.append(text)
            broadcast(READERS, text)


uvloop.run(main())
