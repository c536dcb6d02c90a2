"""A proxy between browser and service that does what networks do: refuses a transport, goes silent, breaks.

It looks at the head of each request and knows nothing else of HTTP, so that streams pass as they come.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from dataclasses import dataclass
from typing import Self

LONGEST_HEAD = 65_536
REFUSAL = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True)
class Asked:
    """A request that came to the gate.

    Attributes:
        how: `websocket`, `event-stream`, or the method.
        at: when, in seconds since 1970.
        refused: True if the gate answered it itself, or not at all.
    """

    how: str
    path: str
    headers: dict[str, str]
    at: float
    refused: bool


class Gate:
    """Used as a context: it listens inside, on `port`; `url` is its origin.

    Attributes:
        asked: requests so far.
        blocked: which are refused: `websocket`, `event-stream`, or the beginning of a path.
    """

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.asked: list[Asked] = []
        self.blocked: set[str] = set()
        self._open = True
        self._frozen = False
        self._port = 0

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def paths(self, beginning: str) -> list[Asked]:
        """Requests whose path begins with this."""
        return [asked for asked in self.asked if asked.path.startswith(beginning)]

    def cut(self) -> float:
        """Break every connection and refuse new ones; return when."""
        self._open = False
        self._call(self._break)
        return time.time()

    def mend(self) -> None:
        """Let everything pass again. Connections that were frozen are broken: what they missed is gone."""

        def thaw() -> None:
            if self._frozen:
                self._break()
            self._open, self._frozen = True, False

        self._call(thaw)  # in one step, or a browser that is back at once would speak to what is still frozen

    def freeze(self) -> float:
        """Let nothing pass, and keep all connections open, as a path does that has silently died; return when."""
        self._frozen = True
        return time.time()

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._writers: set[asyncio.StreamWriter] = set()
        serving = asyncio.start_server(self._serve, "127.0.0.1", 0, limit=LONGEST_HEAD)
        self._server = asyncio.run_coroutine_threadsafe(serving, self._loop).result(10)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        async def close() -> None:
            self._server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _call(self, act: object) -> None:
        async def run() -> None:
            act()  # type: ignore[operator]

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)

    def _break(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._open:
            writer.transport.abort()
            return
        self._writers.add(writer)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            theirs, ours = await asyncio.open_connection("127.0.0.1", self.upstream)
            self._writers.add(ours)
            responses = asyncio.ensure_future(self._carry(theirs, writer))
            try:
                await self._ask(reader, ours, writer)
            finally:
                responses.cancel()
                self._writers.discard(ours)
                ours.close()
        self._writers.discard(writer)
        writer.close()

    async def _ask(
        self, reader: asyncio.StreamReader, ours: asyncio.StreamWriter, writer: asyncio.StreamWriter
    ) -> None:
        """Pass the browser's requests on. A piece that begins like a request is one: browsers send a head at once."""
        while piece := await reader.read(LONGEST_HEAD):
            head = _head(piece)
            if head is not None:
                how, path, headers = head
                refused = self._frozen or how in self.blocked or any(path.startswith(each) for each in self.blocked)
                self.asked.append(Asked(how, path, headers, time.time(), refused))
                if refused and not self._frozen:
                    writer.write(REFUSAL)
                    await writer.drain()
                    return
            if not self._frozen:
                ours.write(piece)
                await ours.drain()

    async def _carry(self, theirs: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await theirs.read(LONGEST_HEAD):
                if not self._frozen:
                    writer.write(piece)
                    await writer.drain()
            writer.close()


def _head(piece: bytes) -> tuple[str, str, dict[str, str]] | None:
    line, _, rest = piece.partition(b"\r\n")
    words = line.decode("latin-1").split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/"):
        return None
    lines = rest.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("upgrade", "").lower() == "websocket":
        how = "websocket"
    elif headers.get("accept") == "text/event-stream":
        how = "event-stream"
    else:
        how = words[0]
    return how, words[1], headers
