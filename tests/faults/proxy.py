"""A TCP proxy that harms what passes: it drops, delays, trickles, halves and resets, and leads elsewhere if told to."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from enum import StrEnum
from typing import Final, Self

PIECE: Final = 16 * 1024
TRICKLE: Final = 256
"""Bytes that a trickling path lets through every TRICKLE_INTERVAL seconds, in each direction."""
TRICKLE_INTERVAL: Final = 0.05


class Mode(StrEnum):
    """What a path does to bytes."""

    PASS = "pass"
    DROP = "drop"  # nothing arrives, in neither direction; nobody is told
    DEAF = "deaf"  # requests pass, responses do not
    MUTE = "mute"  # responses pass, requests do not
    DELAY = "delay"  # everything arrives, later
    TRICKLE = "trickle"  # a few bytes at a time
    REFUSE = "refuse"  # existing connections stay; new ones are reset


class Proxy:
    """A path to a port on this machine. New connections go to `target`; old ones stay where they are."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.delay = 0.5
        """Seconds, in the mode `delay`."""
        self._mode = Mode.PASS
        self._turned = asyncio.Event()
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0, limit=PIECE)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    @property
    def mode(self) -> Mode:
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        self._mode = mode
        self._turned.set()
        self._turned = asyncio.Event()

    def reset(self) -> None:
        """End every connection with a TCP reset, as a firewall does that has lost its state."""
        for pair in self._pairs:
            for end in pair:
                _reset(end)

    def halve(self) -> None:
        """End the responses of every connection in the middle: the other direction stays open."""
        for client, _ in self._pairs:
            with contextlib.suppress(OSError):
                client.get_extra_info("socket").shutdown(socket.SHUT_WR)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._between(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _between(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        if self._mode is Mode.REFUSE:
            _reset(client)
            return
        while self._mode is Mode.DROP:
            await self._turned.wait()
        try:
            answers, server = await asyncio.open_connection("127.0.0.1", self.target, limit=PIECE)
        except OSError:
            _reset(client)
            return
        pair = client, server
        self._pairs.add(pair)
        try:
            ways = [
                asyncio.create_task(self._carry(reader, server, {Mode.DROP, Mode.MUTE})),
                asyncio.create_task(self._carry(answers, client, {Mode.DROP, Mode.DEAF})),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.wait(ways)
        finally:
            self._pairs.discard(pair)
            client.close()
            server.close()

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, held_in: set[Mode]) -> None:
        with contextlib.suppress(OSError):
            while piece := await source.read(TRICKLE if self._mode is Mode.TRICKLE else PIECE):
                if self._mode is Mode.DELAY:
                    await asyncio.sleep(self.delay)
                elif self._mode is Mode.TRICKLE:
                    await asyncio.sleep(TRICKLE_INTERVAL)
                while self._mode in held_in:
                    await self._turned.wait()
                sink.write(piece)
                await sink.drain()


def _reset(end: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.transport.abort()
