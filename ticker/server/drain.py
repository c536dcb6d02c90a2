"""How readers leave a node that is stopping: spread over a window, so that the other nodes are not overrun."""

from __future__ import annotations

import math
import random
from collections.abc import Awaitable, Callable
from typing import Final

from ticker.hub import Hub
from ticker.wire import CloseCode, move_frame

STEP: Final = 0.05
"""Seconds between looks at how many readers are left."""


async def drain(
    hub: Hub,
    timeout: float,
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]],
    hurry: Callable[[], bool],
) -> None:
    """Empty a hub within `timeout` seconds, or at once when `hurry` returns True.

    During the first half, readers move to other nodes by themselves, as they are asked to. Those that have not moved,
    because they do not know how or because they lag and were not sent the request, are dismissed evenly over the
    second half. Requests that wait for changes are answered evenly over the first half, so that their clients do not
    all return at once.
    """
    hub.start_draining()
    for channel in hub.channels.values():
        channel.announce(move_frame(int(timeout / 2 * 1000)))
    end = clock() + timeout
    while len(hub):
        left = end - clock()
        if left <= STEP or hurry():
            _dismiss(hub, 1.0)
            _respond(hub, 1.0)
            return
        moving = left - timeout / 2
        _respond(hub, STEP / moving if moving > STEP else 1.0)
        if moving <= 0:
            _dismiss(hub, STEP / left)
        await sleep(STEP)


def _dismiss(hub: Hub, share: float) -> None:
    for channel in hub.channels.values():
        readers = channel.readers
        for reader in random.sample(readers, math.ceil(len(readers) * share)):
            reader.dismiss(CloseCode.SERVICE_RESTART)


def _respond(hub: Hub, share: float) -> None:
    for channel in hub.channels.values():
        waiting = channel.polls.waiting.waiters
        channel.polls.leave(random.sample(waiting, math.ceil(len(waiting) * share)))
