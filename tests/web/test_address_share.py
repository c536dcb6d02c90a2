"""How many requests of one address are worked on at a time, and whom that keeps waiting: nobody else."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from ticker.client_address import ClientAddresses
from ticker.settings import PRIVATE_NETWORKS
from ticker.web.address_share import AT_ONCE, GONE, ON_LEAVING, AddressShare, stop_counting

pytestmark = pytest.mark.anyio

NODE = SimpleNamespace(addresses=ClientAddresses(PRIVATE_NETWORKS))
STRANGER = "203.0.113.7"


def scope(peer: str = STRANGER, method: str = "GET", forwarded: str | None = None, kind: str = "http") -> Scope:
    headers = [] if forwarded is None else [(b"x-forwarded-for", forwarded.encode())]
    return {"type": kind, "method": method, "client": (peer, 1), "headers": headers, "state": {"node": NODE}}


class World:
    """An application whose requests go on when they are told to."""

    def __init__(self) -> None:
        self.working: list[asyncio.Event] = []
        self.begins = asyncio.Event()
        """Set to let responses begin before their requests end."""
        self.fails = False
        self.steps_aside = False
        self.share = AddressShare(self.app)
        self.tasks: list[asyncio.Task[None]] = []

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.steps_aside:
            stop_counting()
        event = asyncio.Event()
        self.working.append(event)
        if self.begins.is_set():
            await send({"type": "http.response.start", "status": 200})
        await event.wait()
        if self.fails:
            raise ValueError("a bug")

    async def ask(self, count: int = 1, **of: Any) -> None:
        async def ignored(_: Message) -> None:
            pass

        async def nothing() -> Message:
            raise AssertionError("a request to read has no body")

        for _ in range(count):
            self.tasks.append(asyncio.create_task(self.share(scope(**of), nothing, ignored)))
        await self.settle()

    async def settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    async def end(self) -> None:
        """Let all of them end, also those that begin meanwhile."""
        while any(not task.done() for task in self.tasks):
            for event in self.working:
                event.set()
            await self.settle()


async def test_one_address_has_a_few_at_a_time_and_others_do_not_wait_for_it() -> None:
    world = World()
    await world.ask(50)
    assert len(world.working) == AT_ONCE
    await world.ask(1, peer="198.51.100.1")
    assert len(world.working) == AT_ONCE + 1
    world.working[0].set()
    await world.settle()
    assert len(world.working) == AT_ONCE + 2, "and the next one follows"
    await world.end()
    assert len(world.working) == 51
    assert not world.share._shares, "nothing is kept of who has no requests"


async def test_it_is_the_client_that_counts_behind_a_trusted_proxy() -> None:
    world = World()
    await world.ask(50, peer="127.0.0.1", forwarded=STRANGER)
    await world.ask(50)
    assert len(world.working) == AT_ONCE, "whichever way it comes"
    await world.ask(50, peer="127.0.0.1")
    assert len(world.working) == AT_ONCE + 50, "a proxy that names nobody speaks for many"
    await world.end()


@pytest.mark.parametrize("other", [{"method": "POST"}, {"method": "DELETE"}, {"kind": "websocket"}], ids=str)
async def test_only_requests_to_read_count(other: dict[str, str]) -> None:
    world = World()
    await world.ask(50, **other)
    assert len(world.working) == 50
    await world.end()


async def test_a_response_that_has_begun_does_not_count() -> None:
    """A stream, or a body that the client takes slowly."""
    world = World()
    world.begins.set()
    await world.ask(50)
    assert len(world.working) == 50
    await world.end()


async def test_a_request_that_waits_for_something_else_does_not_count() -> None:
    world = World()
    world.steps_aside = True
    await world.ask(50)
    assert len(world.working) == 50
    await world.end()
    stop_counting()  # outside a request it does nothing


async def test_a_failure_and_a_request_that_is_given_up_leave_the_share_as_it_was() -> None:
    world = World()
    world.fails = True
    await world.ask(AT_ONCE * 2)
    world.tasks[0].cancel()
    world.tasks[-1].cancel()
    await world.end()
    assert [type(task.exception()) for task in world.tasks[1:-1]] == [ValueError] * (AT_ONCE * 2 - 2)
    world.fails = False
    world.working.clear()
    await world.ask(50)
    assert len(world.working) == AT_ONCE
    world.tasks = world.tasks[AT_ONCE * 2 :]
    await world.end()


async def test_what_waits_for_its_turn_is_given_up_once_its_client_has_left() -> None:
    world = World()
    scopes = [scope() for _ in range(50)]
    scopes[-1]["state"][GONE] = True  # before it began

    async def never(*_: object) -> Any:
        raise AssertionError("nothing is received or sent")

    world.tasks = [asyncio.create_task(world.share(each, never, never)) for each in scopes]
    await world.settle()
    assert world.tasks[-1].done()
    for each in scopes[AT_ONCE:-1]:
        each["state"][ON_LEAVING]()
    await world.settle()
    assert [task.done() for task in world.tasks] == [False] * AT_ONCE + [True] * (50 - AT_ONCE)
    assert all(task.exception() is None for task in world.tasks[AT_ONCE:]), "it is no failure"
    assert all(each["state"]["left"] for each in scopes[AT_ONCE:])
    assert not any(ON_LEAVING in each["state"] for each in scopes), "what is worked on is not cut off"
    await world.end()
    assert len(world.working) == AT_ONCE
    assert not world.share._shares


async def test_a_request_that_is_cancelled_while_it_waits_is_cancelled() -> None:
    world = World()
    await world.ask(AT_ONCE + 1)
    world.tasks[-1].cancel()
    await world.settle()
    assert world.tasks[-1].cancelled()
    await world.end()
