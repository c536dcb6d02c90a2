"""Long-poll: what a request for the changes of a feed gets as its response, and when.

What follows a position is the same for every client at that position, so any cache that collapses requests multiplies
it. The rules are those of a live stream: an unbroken run of entries or a snapshot, and a lost log is reported at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Protocol

import orjson

from ticker.entry import Position
from ticker.feed import Feed
from ticker.freshness import Freshness
from ticker.ring import Ring
from ticker.waiting import PollResponse, Waiter, Waiting
from ticker.wire import Frame

LONGEST_WAIT: Final = 30
"""Seconds a request may wait. Proxies close a silent connection after 60."""

MAX_FRAMES: Final = 256
MAX_BYTES: Final = 64 * 1024
"""What one response carries of the entries a client missed; the next request gets the rest."""


class Source(Protocol):
    """The channel whose changes are asked for."""

    feed: Feed
    ring: Ring
    freshness: Freshness

    def snapshot_frame(self, *, reset: bool) -> Frame:
        """Return the snapshot frame."""


class LongPoll:
    """Requests for the changes of one channel."""

    def __init__(self, source: Source, clock: Callable[[], float]) -> None:
        """`clock` counts seconds and never runs backwards."""
        self._source = source
        self.waiting = Waiting(clock)

    # Requests

    def ask(self, waiter: Waiter, after: str | None, wait: float) -> PollResponse | None:
        """Return the response to a request; None if it waits, and gets its response later as a waiter.

        `wait` is in seconds. A position that this node has not seen yet is waited for in any case.
        """
        self.waiting.request_came()
        found = self.find(after)
        if found is None and after is not None:
            position = Position.parse(after)
            ahead = position if position is not None and self._is_ahead(position) else None
            if ahead is not None or wait > 0:
                self.waiting.add(waiter, wait, ahead)
                return None
        self.waiting.responded(1)
        return found or self.unchanged()

    def find(self, after: str | None) -> PollResponse | None:
        """Return what came after a position, or a snapshot where that is not known; None if nothing came yet."""
        if after is None:
            return self._from_snapshot(reset=False)
        position = Position.parse(after)
        if position is not None and self._is_ahead(position):
            return None
        ring = self._source.ring
        if position is None or not ring.holds(position):
            return self._from_snapshot(reset=True)
        missed = ring.after(position.offset)
        if not missed:
            return None
        sent = portion(missed)
        if len(sent) < len(missed):  # a client that has not got everything has not caught up, whatever was proven
            return poll_response(sent, ring.position(position.offset + len(sent)), None)
        return self._to_the_end(sent)

    def unchanged(self) -> PollResponse:
        """Return the response to a request whose wait ended with nothing new: nothing, or that this node is delayed."""
        freshness = self._source.freshness
        return PollResponse(None, freshness.proof) if freshness.delayed is None else self._to_the_end([])

    def _is_ahead(self, position: Position) -> bool:
        return position.offset > self._source.feed.tail.offset

    def _from_snapshot(self, *, reset: bool) -> PollResponse:
        return self._to_the_end([self._source.snapshot_frame(reset=reset)])

    def _to_the_end(self, frames: list[Frame]) -> PollResponse:
        freshness = self._source.freshness
        delayed = [] if freshness.delayed is None else [freshness.delayed]
        return poll_response(frames + delayed, self._source.feed.tail.position, freshness.proof)

    # Responses to requests that wait

    def publish(self, frames: list[Frame]) -> None:
        """Respond with what is new, also to those that were ahead of this node and no longer are."""
        if not self.waiting.count:
            return
        if caught_up := self.waiting.caught_up:
            self.waiting.respond(caught_up, self._to_the_end(frames))
        for waiter in self.waiting.reached(self._source.feed.tail.offset):
            found = self.find(str(waiter.ahead))
            if found is None:
                self.waiting.stay(waiter)
            else:
                self.waiting.respond([waiter], found)

    def freshness_changed(self) -> None:
        """Respond to those who have caught up: the node has lost the log, or is proven to be in sync again."""
        if self.waiting.count:
            self.waiting.respond(self.waiting.caught_up, self.unchanged())

    def restart(self) -> None:
        """Respond to all with a snapshot: the log continued with another history."""
        if self.waiting.count:
            self.waiting.respond(self.waiting.waiters, self._from_snapshot(reset=True))

    def expire(self) -> None:
        """Respond to the requests whose wait has ended. To be called once in a while as long as any wait."""
        due = self.waiting.due()
        if due:
            self.waiting.respond([waiter for waiter in due if waiter.ahead is None], self.unchanged())
            # A position that should have arrived long ago is of a history that was lost.
            self.waiting.respond(due, self._from_snapshot(reset=True))

    def end_wait(self, waiter: Waiter) -> None:
        """Respond to one as if its wait had ended."""
        self.waiting.respond([waiter], self.unchanged())

    def end(self, frame: Frame) -> None:
        """Respond to all with a last frame: the feed is closed."""
        self.waiting.respond(self.waiting.waiters, self._to_the_end([frame]))

    def dismiss(self) -> None:
        """Respond to all as if nothing came: who may read has changed, and the next request is checked against that."""
        self.waiting.respond(self.waiting.waiters, self.unchanged())

    def leave(self, waiters: Iterable[Waiter]) -> None:
        """Respond to some and close their connections: this node is stopping."""
        self.waiting.respond(waiters, self.unchanged()._replace(leaving=True))


def poll_response(frames: Iterable[Frame], position: Position, at: str | None) -> PollResponse:
    """Return the response that carries these frames; `position` is where the next request continues."""
    text = b",".join([frame.lines[:-1] for frame in frames])
    body = b'{"frames":[%b],"position":"%b","at":%b}' % (text, str(position).encode(), orjson.dumps(at))
    return PollResponse(body, at)


def portion(missed: list[Frame]) -> list[Frame]:
    """Return as many of these frames as one response carries: one at least."""
    size = 0
    for number, frame in enumerate(missed[:MAX_FRAMES]):
        size += len(frame.lines)
        if size > MAX_BYTES and number:
            return missed[:number]
    return missed[:MAX_FRAMES]
