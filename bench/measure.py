"""Servers side by side: each has its readers, dispatches go to one after another, and the kernel is asked what it cost.

The machine is shared and changes its speed within a second, so what is compared has to be measured within a second.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Self

from bench import kernel
from bench.peers import Peer
from ticker.load.crowds import Crowds
from ticker.load.tally import Times

SERVER = {0}
LOAD = {1}
READERS_A_CROWD = 10_000
EVERY = 0.25
JOIN_TIMEOUT = 90.0
CATCH_UP_TIMEOUT = 10.0
SETTLE = 0.5


@dataclass
class Run:
    """What one run measured of one peer: microseconds of CPU, KiB of memory, milliseconds on the way.

    Attributes:
        turns: CPU of each dispatch's turn, for a delivery.
        besides: CPU of what the peer does without a dispatch (beats, say) until the next comes, at 4/s, for a delivery.
        join: CPU for connecting, handshake and first frame of a reader.
        memory: USS for a reader, from before the first one to after the last dispatch.
        objects: kernel objects for a socket.
    """

    turns: list[float]
    besides: float
    join: float
    memory: float
    objects: float
    lost: int
    doubled: int
    times: Times

    @property
    def delivery(self) -> float:
        """CPU for a delivery, on the mean, at 4 dispatches a second."""
        return fmean(self.turns) + self.besides

    def against(self, other: Run) -> float:
        """Return how many times another's delivery it cost: the median over their turns, the first by the first."""
        pairs = zip(self.turns, other.turns, strict=True)
        return median((mine + self.besides) / (its + other.besides) for mine, its in pairs)


class Side:
    """One peer among others. Used as a context: inside, it is up and all its readers have joined."""

    def __init__(self, peer: Peer, readers: int, *, sse: bool = False) -> None:
        self.peer = peer
        self.readers = readers
        self.sse = sse
        self.turns: list[float] = []
        self._in_turns = 0.0

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.peer)
            self.pids = self.peer.pids
            with kernel.on(LOAD):
                self.crowds = stack.enter_context(crowds_for(self.peer, self.readers, sse=self.sse))
            self._join()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _join(self) -> None:
        self._memory, (objects, _), before = kernel.uss(self.pids), kernel.socket_memory(), kernel.cpu(self.pids)
        self.crowds.until_open(JOIN_TIMEOUT)
        time.sleep(SETTLE)
        self.join = (kernel.cpu(self.pids) - before) / self.readers
        self.objects = (kernel.socket_memory()[0] - objects) / self.readers / 2
        self.crowds.ask("clear")

    def begin(self) -> None:
        """Note what it has run before the first turn."""
        self._began, self._ran = time.monotonic(), kernel.cpu(self.pids)

    def turn(self, publish: Callable[[Peer, Crowds], object] | None = None) -> None:
        """Send a dispatch, or what `publish` does; count until the peer rests, and wait until every reader has it."""
        began, before = time.monotonic(), kernel.cpu(self.pids)
        if publish is None:
            self.peer.publish_next(self.crowds)
        else:
            publish(self.peer, self.crowds)
        kernel.until_rest(self.pids, CATCH_UP_TIMEOUT)
        self.crowds.until_caught_up(CATCH_UP_TIMEOUT)
        kernel.until_rest(self.pids, CATCH_UP_TIMEOUT)  # on a busy core it may have seemed to rest before it began
        self.turns.append(kernel.cpu(self.pids) - before)
        self._in_turns += time.monotonic() - began

    def run(self) -> Run:
        """Return what was measured, after the last turn."""
        idle = time.monotonic() - self._began - self._in_turns
        at_rest = (kernel.cpu(self.pids) - self._ran - sum(self.turns)) / idle
        besides = at_rest * max(EVERY - self._in_turns / len(self.turns), 0)
        seen = self.crowds.ask("report")
        return Run(
            turns=[ran / self.readers for ran in self.turns],
            besides=besides / self.readers,
            join=self.join,
            memory=(kernel.uss(self.pids) - self._memory) / self.readers,
            objects=self.objects,
            lost=seen.lost,
            doubled=seen.doubled,
            times=seen.times,
        )


def take_turns(sides: Sequence[Side], dispatches: int) -> list[float]:
    """Send every side so many dispatches, one side after another, in the order turned round each time.

    Returns:
        The pace of the server's core before each round of turns, in milliseconds (`kernel.pace`).
    """
    paces = []
    for side in sides:
        side.begin()
    for number in range(dispatches):
        paces.append(kernel.pace(SERVER))
        for side in sides[:: -1 if number % 2 else 1]:
            side.turn()
    return paces


def crowds_for(peer: Peer, readers: int, *, sse: bool = False, buffer: int = 0) -> Crowds:
    """Return crowds of readers for a peer, as many processes as descriptors ask for."""
    target = peer.target(sse=sse)
    target.buffer = buffer
    return Crowds(target, readers, math.ceil(readers / READERS_A_CROWD))


def send(peer: Peer, crowds: Crowds, dispatches: int, every: float = EVERY) -> None:
    """Send dispatches at a steady pace."""
    started = time.monotonic()
    for number in range(dispatches):
        time.sleep(max(started + number * every - time.monotonic(), 0))
        peer.publish_next(crowds)
