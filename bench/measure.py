"""One run of one peer: readers join, lines are sent, and the kernel is asked what it cost."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from bench import kernel
from bench.peers import Peer
from ticker.cli.load import Crowds, Times

SERVER = {0}
LOAD = {1}
READERS_A_CROWD = 10_000
EVERY = 0.25
JOIN_WITHIN = 90.0
SETTLE = 1.0


@dataclass
class Run:
    """What one run measured: microseconds of CPU, KiB of memory, milliseconds on the way."""

    delivery: float = 0.0
    join: float = 0.0
    joins_per_second: float = 0.0
    memory: float = 0.0
    objects: float = 0.0
    marks: int = 0
    lost: int = 0
    doubled: int = 0
    times: Times = field(default_factory=Times)


def crowds_for(peer: Peer, readers: int, *, sse: bool = False, buffer: int = 0) -> Crowds:
    """Return crowds of readers for a peer, as many processes as descriptors ask for."""
    target = peer.target(sse=sse)
    target.buffer = buffer
    return Crowds(target, readers, math.ceil(readers / READERS_A_CROWD))


def fan_out(peer: Peer, readers: int, lines: int, *, sse: bool = False) -> Run:
    """Let readers join a peer that runs, send lines at 4/s, and count.

    CPU for a delivery is what all processes and threads of the peer ran between the moment before the first
    line and half a second after the last had reached everybody, divided by readers times lines. What a peer does
    besides, such as beats, falls into that time and counts. CPU for a join covers connecting, handshake and
    first frame. Memory is the growth of USS from before the first reader to after the last line.
    """
    run = Run()
    with kernel.on(LOAD), crowds_for(peer, readers, sse=sse) as crowds:
        memory, (objects, _), before = kernel.uss(peer.pids), kernel.socket_memory(), kernel.cpu(peer.pids)
        joined = crowds.until_open(JOIN_WITHIN)
        time.sleep(SETTLE)
        run.join = (kernel.cpu(peer.pids) - before) / readers
        run.joins_per_second = readers / max((joined.full_at - crowds.started_at) / 1e9, 1e-9)
        crowds.ask("clear")
        before = kernel.cpu(peer.pids)
        send(peer, crowds, lines)
        seen = crowds.until_level(10.0)
        time.sleep(0.5)
        run.delivery = (kernel.cpu(peer.pids) - before) / (readers * lines)
        run.memory = (kernel.uss(peer.pids) - memory) / readers
        run.objects = (kernel.socket_memory()[0] - objects) / readers / 2
        run.marks, run.lost, run.doubled, run.times = seen.marks, seen.lost, seen.doubled, seen.times
    return run


def send(peer: Peer, crowds: Crowds, lines: int, every: float = EVERY) -> None:
    """Send lines at a steady pace."""
    started = time.monotonic()
    for number in range(lines):
        time.sleep(max(started + number * every - time.monotonic(), 0))
        peer.say(crowds)
