"""A transport that gathers what is written in one turn of the event loop."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from ticker.server.gathered import Gathered

pytestmark = pytest.mark.anyio


class Transport:
    """One that notes what reaches it."""

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

    def close(self) -> None:
        self.closing = True
        self.done.append("closed")

    def abort(self) -> None:
        self.closing = True
        self.done.append("aborted")

    def get_extra_info(self, name: str) -> str:
        return f"its {name}"


def gathered(before: Transport) -> Gathered:
    return Gathered(cast(asyncio.Transport, before), asyncio.get_running_loop())


async def test_what_is_written_in_one_turn_is_one_write() -> None:
    before = Transport()
    transport = gathered(before)
    transport.write(b"head ")
    transport.write(b"body")
    assert before.done == []
    await asyncio.sleep(0)
    assert before.done == [b"head body"]
    transport.write(b"more")
    await asyncio.sleep(0)
    assert before.done == [b"head body", b"more"]


async def test_closing_lets_what_was_written_go_out_first() -> None:
    before = Transport()
    transport = gathered(before)
    transport.write(b"last words")
    transport.close()
    await asyncio.sleep(0)
    assert before.done == [b"last words", "closed"]


async def test_aborting_does_not() -> None:
    before = Transport()
    transport = gathered(before)
    transport.write(b"never")
    transport.abort()
    await asyncio.sleep(0)
    assert before.done == ["aborted"]


async def test_nothing_is_written_to_a_connection_that_was_lost_meanwhile() -> None:
    before = Transport()
    gathered(before).write(b"to nobody")
    before.closing = True
    await asyncio.sleep(0)
    assert before.done == []


async def test_what_waits_counts_as_not_yet_written() -> None:
    transport = gathered(Transport())
    transport.write(b"four")
    assert transport.get_write_buffer_size() == 7
    await asyncio.sleep(0)
    assert transport.get_write_buffer_size() == 3


async def test_all_else_is_the_transports_own() -> None:
    assert gathered(Transport()).get_extra_info("peername") == "its peername"
