"""Requests that wait for the next change of a feed, and get their response all together.

A waiting request is a small object in a set: it has no task and no timer of its own. All who wait at the end of the
log get the same response, so it is encoded once. Deadlines are kept in buckets of STEP seconds, and the event
loop calls `due` once in a while.

A client may be ahead of this node: another node gave it an entry that has not arrived here yet. It waits apart until
the entry is here, or a proof shows that the log has lost it (unplaced.py), for AHEAD_TIMEOUT seconds at most; an
immediate response would take back an entry that it has.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple, Self

from ticker.entry import Position

STEP: Final = 0.25
"""Seconds to which deadlines are rounded up: one timer serves them all."""

AHEAD_TIMEOUT: Final = 4.0
"""Seconds a position that this node has not seen may take to arrive; between nodes in sync it is milliseconds. Longer
than the next proof that can decide about it takes, which is 3, so that only a node without proof lets it pass."""

RETURN_TIMEOUT: Final = 3.0
"""Seconds after its response that a client still counts as a reader. It asks again at once, or after a second."""


class PollResponse(NamedTuple):
    """The response to a request for changes, whatever it travels in.

    Attributes:
        body: the JSON text of a 200; None for a 204: nothing is new.
        at: time of the node's last proof, by the log's clock (RFC 3339); None if there is none to give.
        leaving: whether the connection is to be closed, because this node is stopping.
    """

    body: bytes | None
    at: str | None
    leaving: bool = False


class Waiter(ABC):
    """A request that waits. Subclasses know how to respond.

    Attributes:
        until: when its wait ends, by the clock of the hub.
        ahead: the position it has and this node has not; None once the node has it.
        since: when it came, by the clock of the hub.
        bucket: where `Waiting` keeps it; None while it waits for nothing.
    """

    __slots__ = ("ahead", "bucket", "since", "until")

    def __init__(self) -> None:
        self.since = self.until = 0.0
        self.ahead: Position | None = None
        self.bucket: int | None = None

    @classmethod
    @abstractmethod
    def respond_to_all(cls, waiters: Iterable[Self], response: PollResponse) -> None:
        """Send the same response to waiters of this class, who no longer wait."""


class Waiting:
    """The requests that wait for changes of one feed."""

    __slots__ = ("_ahead", "_away", "_buckets", "_clock", "count")

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` counts seconds and never runs backwards."""
        self._clock = clock
        self._buckets: dict[int, set[Waiter]] = {}
        self._ahead: dict[Waiter, None] = {}
        self._away: list[list[int]] = []
        """When responses were sent, in steps, and how many clients have not asked again; the oldest first."""
        self.count = 0
        """Requests that wait."""

    @property
    def away(self) -> int:
        """Clients who count as readers although they do not wait, since their last response is so recent."""
        self._forget_away()
        return sum(number for _, number in self._away)

    def request_came(self) -> None:
        """Note a request: most likely by the client whose response was the first of those who are away."""
        self._forget_away()
        if self._away:
            self._away[0][1] -= 1
            if not self._away[0][1]:
                del self._away[0]

    def responded(self, number: int) -> None:
        """Note that so many responses were sent."""
        now = int(self._clock() / STEP)
        if self._away and self._away[-1][0] == now:
            self._away[-1][1] += number
        else:
            self._away.append([now, number])

    def _forget_away(self) -> None:
        oldest = (self._clock() - RETURN_TIMEOUT) / STEP
        while self._away and self._away[0][0] < oldest:
            del self._away[0]

    def add(self, waiter: Waiter, wait: float, ahead: Position | None) -> None:
        """Let a request wait for so many seconds; `ahead` is the position it has if this node has not."""
        now = self._clock()
        waiter.since, waiter.until, waiter.ahead = now, now + wait, ahead
        self.count += 1
        if ahead is not None:
            self._ahead[waiter] = None
        self._put(waiter, waiter.until if ahead is None else now + AHEAD_TIMEOUT)

    def _put(self, waiter: Waiter, until: float) -> None:
        waiter.bucket = math.ceil(until / STEP)
        self._buckets.setdefault(waiter.bucket, set()).add(waiter)

    def leave(self, waiter: Waiter) -> None:
        """Forget a request whose client is gone. Harmless when it no longer waits."""
        if waiter.bucket is not None:
            self._take(waiter)

    def _take(self, waiter: Waiter) -> None:
        assert waiter.bucket is not None
        bucket = self._buckets[waiter.bucket]
        bucket.discard(waiter)
        if not bucket:
            del self._buckets[waiter.bucket]
        self._ahead.pop(waiter, None)
        waiter.bucket = None
        self.count -= 1

    @property
    def caught_up(self) -> list[Waiter]:
        """Requests that wait at the end of the log."""
        return [waiter for bucket in self._buckets.values() for waiter in bucket if waiter.ahead is None]

    @property
    def waiters(self) -> list[Waiter]:
        """All requests that wait."""
        return [waiter for bucket in self._buckets.values() for waiter in bucket]

    @property
    def ahead(self) -> dict[Position, list[Waiter]]:
        """Requests that are ahead of this node, by position."""
        found: defaultdict[Position, list[Waiter]] = defaultdict(list)
        for waiter in self._ahead:
            assert waiter.ahead is not None
            found[waiter.ahead].append(waiter)
        return found

    def stay(self, waiter: Waiter) -> None:
        """Let a request that was ahead wait for the rest of its time, now that this node has caught up with it."""
        until = waiter.until
        self._take(waiter)
        waiter.ahead = None
        self.count += 1
        self._put(waiter, until)

    def due(self) -> list[Waiter]:
        """Return those whose wait has ended."""
        now = self._clock() / STEP
        return [waiter for bucket in [b for b in self._buckets if b <= now] for waiter in self._buckets[bucket]]

    def seconds_left(self, waiter: Waiter) -> float:
        """Return how long it is until `due` returns this waiter."""
        return 0.0 if waiter.bucket is None else max(waiter.bucket * STEP - self._clock(), 0.0)

    def respond(self, waiters: Iterable[Waiter], response: PollResponse) -> None:
        """Send one response to some who wait, and let them go."""
        kinds: defaultdict[type[Waiter], list[Waiter]] = defaultdict(list)
        for waiter in waiters:
            if waiter.bucket is not None:
                self._take(waiter)
                kinds[type(waiter)].append(waiter)
        for kind, those in kinds.items():
            self.responded(len(those))
            kind.respond_to_all(those, response)
