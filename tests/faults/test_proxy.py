"""The proxy does to bytes what its modes say."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.faults.proxy import TRICKLE, Mode, Proxy

pytestmark = pytest.mark.anyio

End = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def echo(name: bytes = b"") -> AsyncIterator[int]:
    """A server that answers each piece with its name and that piece."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionResetError):
            while piece := await reader.read(1 << 16):
                writer.write(name + piece)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def connected(proxy: Proxy) -> AsyncIterator[End]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def says(end: End, timeout: float = 20.0) -> bytes:
    """Send a byte and return what is answered within so many seconds."""
    end[1].write(b"x")
    async with asyncio.timeout(timeout):
        return await end[0].read(1 << 16)


@pytest.mark.parametrize("mode", [Mode.DROP, Mode.DEAF, Mode.MUTE])
async def test_what_is_held_back_arrives_later(mode: Mode) -> None:
    async with echo() as port, Proxy(port) as proxy, connected(proxy) as end:
        assert await says(end) == b"x"
        proxy.mode = mode
        with pytest.raises(TimeoutError):
            await says(end, timeout=0.2)
        proxy.mode = Mode.PASS
        assert await end[0].read(1) == b"x"


async def test_delay_and_trickle_take_their_time() -> None:
    async with echo() as port, Proxy(port) as proxy, connected(proxy) as end:
        proxy.mode, proxy.delay = Mode.DELAY, 0.1
        began = time.monotonic()
        assert await says(end) == b"x"
        assert time.monotonic() - began >= 0.1
        proxy.mode = Mode.TRICKLE
        end[1].write(bytes(3 * TRICKLE))
        await end[0].readexactly(3 * TRICKLE)
        assert time.monotonic() - began >= 0.3


async def test_reset_and_refuse_end_connections() -> None:
    async with echo() as port, Proxy(port) as proxy:
        async with connected(proxy) as end:
            assert await says(end) == b"x"
            proxy.mode = Mode.REFUSE
            assert await says(end) == b"x"
            proxy.reset()
            with pytest.raises(ConnectionResetError):
                await says(end)
        async with connected(proxy) as end:
            with pytest.raises(ConnectionError):
                await says(end)
                await says(end)


async def test_halved_responses_end_and_requests_do_not() -> None:
    async with echo() as port, Proxy(port) as proxy, connected(proxy) as end:
        assert await says(end) == b"x"
        proxy.halve()
        assert await says(end) == b""


async def test_new_connections_go_to_the_new_target_and_old_ones_stay() -> None:
    async with echo(b"1") as one, echo(b"2") as two, Proxy(one) as proxy, connected(proxy) as old:
        assert await says(old) == b"1x"
        proxy.target = two
        async with connected(proxy) as new:
            assert await says(new) == b"2x"
        assert await says(old) == b"1x"
