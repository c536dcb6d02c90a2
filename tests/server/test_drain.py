"""Readers leave a node that is stopping."""

from __future__ import annotations

import pytest

from tests.hub.world import Clock, Log, Socket
from ticker.channel import Channel
from ticker.hub import Hub
from ticker.server.drain import STEP, drain
from ticker.wire import CloseCode

pytestmark = pytest.mark.anyio

TIMEOUT = 10.0


class Staying(Socket):
    """A reader that ignores the request to move."""

    def dismiss(self, why: CloseCode) -> None:
        assert why is CloseCode.SERVICE_RESTART
        self.channel.leave(self)


class Going:
    """A hub that is drained, and how many readers it had at each step."""

    def __init__(self, readers: int, *, slow: bool = False) -> None:
        self.clock = Clock()
        self.hub = Hub(capacity=8, limit=1000, clock=self.clock)
        for name in ("breaking", "sport"):
            Log().open_in(self.hub, name)
        self.readers = [self.join(channel, slow=slow) for channel in self.hub.channels.values() for _ in range(readers)]
        self.seen: list[int] = []
        self.hurry_at = 1_000_000

    def join(self, channel: Channel, *, slow: bool) -> Staying:
        reader = Staying(slow=slow)
        channel.join(reader, None)
        reader.writes.clear()
        return reader

    async def sleep(self, seconds: float) -> None:
        self.seen.append(len(self.hub))
        self.clock.now += seconds

    async def drain(self) -> None:
        await drain(
            self.hub, TIMEOUT, clock=self.clock, sleep=self.sleep, hurry=lambda: len(self.seen) >= self.hurry_at
        )


async def test_readers_are_asked_to_move_during_the_first_half() -> None:
    going = Going(3)
    await going.drain()
    assert going.hub.draining
    assert [reader.take() for reader in going.readers] == [[{"type": "move", "within": 5000}]] * 6


@pytest.mark.parametrize("slow", [False, True])
async def test_those_that_stay_are_dismissed_evenly_during_the_second_half(*, slow: bool) -> None:
    going = Going(150, slow=slow)
    await going.drain()
    half = round(TIMEOUT / 2 / STEP)
    assert going.seen[: half - 1] == [300] * (half - 1)
    gone = [before - after for before, after in zip(going.seen, [*going.seen[1:], 0], strict=True)]
    assert sum(gone) == 300
    assert max(gone) <= 2 * (150 / half + 1)
    assert going.clock.now == pytest.approx(1000.0 + TIMEOUT, abs=2 * STEP)


async def test_a_node_whose_readers_have_moved_does_not_wait() -> None:
    going = Going(3)
    original = going.sleep

    async def sleep(seconds: float) -> None:
        await original(seconds)
        for reader in going.readers:
            reader.channel.leave(reader)

    going.sleep = sleep  # type: ignore[method-assign]
    await going.drain()
    assert going.seen == [6]


async def test_a_node_without_readers_is_drained_at_once_and_admits_none() -> None:
    going = Going(0)
    await going.drain()
    assert (going.seen, going.hub.draining) == ([], True)


async def test_in_a_hurry_all_are_dismissed_at_once() -> None:
    going = Going(3)
    going.hurry_at = 2
    await going.drain()
    assert (going.seen, len(going.hub)) == ([6, 6], 0)
