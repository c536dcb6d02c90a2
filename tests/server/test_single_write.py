"""A transport that keeps the head of a response back until its body is written."""

from __future__ import annotations

import asyncio
import socket
from typing import cast

import pytest
import uvloop

from ticker.server.single_write import SingleWriteTransport

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


class Transport:
    """A transport that records what reaches it."""

    def __init__(self) -> None:
        self.done: list[bytes | str] = []
        self.closing = False

    def write(self, data: bytes) -> None:
        assert not self.closing
        self.done.append(data)

    def get_write_buffer_size(self) -> int:
        return 3

    def is_closing(self) -> bool:
        return self.closing

    def write_eof(self) -> None:
        self.done.append("ended")

    def close(self) -> None:
        self.closing = True
        self.done.append("closed")

    def abort(self) -> None:
        self.closing = True
        self.done.append("aborted")

    def get_extra_info(self, name: str) -> str:
        return f"its {name}"


def wrapped(before: Transport) -> SingleWriteTransport:
    return SingleWriteTransport(cast(asyncio.Transport, before), asyncio.get_running_loop())


@pytest.mark.anyio
class TestResponses:
    async def test_a_head_goes_out_with_its_body_at_once(self) -> None:
        before = Transport()
        transport = wrapped(before)
        transport.write(HEAD)
        assert before.done == []
        transport.write(b"body")
        transport.write(b"more")
        assert before.done == [HEAD + b"body", b"more"]
        await asyncio.sleep(0)
        assert len(before.done) == 2

    async def test_an_empty_body_sends_its_head(self) -> None:
        before = Transport()
        transport = wrapped(before)
        transport.write(HEAD)
        transport.write(b"")
        assert before.done == [HEAD]

    async def test_a_head_without_a_body_waits_for_one_turn(self) -> None:
        before = Transport()
        transport = wrapped(before)
        transport.write(HEAD)
        transport.write(HEAD)
        await asyncio.sleep(0)
        assert before.done == [HEAD + HEAD]
        transport.write(HEAD)
        await asyncio.sleep(0)
        assert before.done == [HEAD + HEAD, HEAD]

    async def test_writelines_is_one_write(self) -> None:
        before = Transport()
        transport = wrapped(before)
        transport.write(HEAD)
        transport.writelines([b"bo", b"dy"])
        assert before.done == [HEAD + b"body"]

    @pytest.mark.parametrize(("end", "done"), [("close", "closed"), ("write_eof", "ended")])
    async def test_closing_sends_the_head_first(self, end: str, done: str) -> None:
        before = Transport()
        transport = wrapped(before)
        transport.write(HEAD)
        getattr(transport, end)()
        await asyncio.sleep(0)
        assert before.done == [HEAD, done]

    async def test_nothing_is_written_once_the_writing_side_is_closed(self) -> None:
        inner = Transport()
        transport = wrapped(inner)
        transport.write(b"last")
        transport.write_eof()
        transport.write_eof()
        transport.write(b"more")
        transport.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.sleep(0)
        assert inner.done == [b"last", "ended"]

    async def test_aborting_drops_the_head(self) -> None:
        before = Transport()
        transport = wrapped(before)
        transport.write(HEAD)
        transport.abort()
        assert transport.get_write_buffer_size() == 3
        await asyncio.sleep(0)
        assert before.done == ["aborted"]

    async def test_nothing_is_written_to_a_connection_that_was_lost_meanwhile(self) -> None:
        before = Transport()
        wrapped(before).write(HEAD)
        before.closing = True
        await asyncio.sleep(0)
        assert before.done == []

    async def test_a_waiting_head_counts_as_unwritten(self) -> None:
        transport = wrapped(Transport())
        transport.write(HEAD)
        assert transport.get_write_buffer_size() == 3 + len(HEAD)
        await asyncio.sleep(0)
        assert transport.get_write_buffer_size() == 3

    async def test_everything_else_is_the_inner_transports(self) -> None:
        assert wrapped(Transport()).get_extra_info("peername") == "its peername"


class Writer(asyncio.Protocol):
    """Writes to a peer that does not read, until flow control pauses it."""

    def __init__(self) -> None:
        self.paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = SingleWriteTransport(cast(asyncio.Transport, transport), asyncio.get_running_loop())

    def pause_writing(self) -> None:
        self.paused = True


def test_a_large_write_is_paused_in_the_same_turn() -> None:
    async def pieces() -> int:
        near, far = socket.socketpair()
        with far:
            transport, writer = await asyncio.get_running_loop().create_connection(Writer, sock=near)
            writer.transport.write(HEAD)
            written = 0
            while not writer.paused and written < 1000:
                writer.transport.write(b"x" * 64 * 1024)
                written += 1
            transport.abort()
            return written

    assert uvloop.run(pieces()) < 100
