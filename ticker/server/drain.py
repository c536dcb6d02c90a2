"""How readers leave a node that is going away: spread over a window, so that the others are not run over."""

from __future__ import annotations

import math
import random
from collections.abc import Awaitable, Callable
from typing import Final

from ticker.hub import Hub
from ticker.wire import Close, move_frame

STEP: Final = 0.05
"""Seconds between looks at who is still here."""


async def drain(
    hub: Hub,
    within: float,
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]],
    hurry: Callable[[], bool],
) -> None:
    """Empty a hub within so many seconds, or at once when told to `hurry`.

    During the first half readers move away by themselves, as they are asked to. Those who have not, be it that they
    do not know how or that they were set aside and never heard of it, are sent off evenly over the second half.
    Requests that wait for changes are answered evenly over the first half, so that they do not all come back at once.
    """
    hub.start_draining()
    for channel in hub.channels.values():
        channel.announce(move_frame(int(within / 2 * 1000)))
    end = clock() + within
    while len(hub):
        left = end - clock()
        if left <= STEP or hurry():
            _send_off(hub, 1.0)
            _answer_waiting(hub, 1.0)
            return
        moving = left - within / 2
        _answer_waiting(hub, STEP / moving if moving > STEP else 1.0)
        if moving <= 0:
            _send_off(hub, STEP / left)
        await sleep(STEP)


def _send_off(hub: Hub, share: float) -> None:
    for channel in hub.channels.values():
        readers = channel.readers
        for reader in random.sample(readers, math.ceil(len(readers) * share)):
            reader.dismiss(Close.RESTART)


def _answer_waiting(hub: Hub, share: float) -> None:
    for channel in hub.channels.values():
        everybody = channel.polls.waiting.waiters
        channel.polls.leave(random.sample(everybody, math.ceil(len(everybody) * share)))
