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
from ticker.reader import FROM_SNAPSHOT
from ticker.ring import Ring
from ticker.unplaced import UNPLACED, place
from ticker.waiting import PollResponse, Waiter, Waiting
from ticker.wire import Frame

LONGEST_WAIT: Final = 30
"""Seconds a request may wait. Proxies close a silent connection after 60."""

MAX_FRAMES: Final = 256
MAX_BYTES: Final = 64 * 1024
"""What one response carries of the entries a client missed; the next request gets the rest."""


NOT_YET: Final = PollResponse(None, None)
"""The response that tells nothing, to a client that is ahead of this node: it proves nothing either."""


class Source(Protocol):
    """The channel whose changes are asked for."""

    feed: Feed
    ring: Ring
    freshness: Freshness

    def snapshot_frame(self, *, reset: bool) -> Frame:
        """Return the snapshot frame."""

    def watch(self) -> None:
        """Note that somebody reads this feed."""


class LongPoll:
    """Requests for the changes of one channel."""

    __slots__ = ("_source", "waiting")

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
        self._source.watch()
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
        """Return what came after a position, or a snapshot where that is lost; None if nothing came yet."""
        if after is None:
            return self._from_snapshot(reset=False)
        position = Position.parse(after)
        return self._from_snapshot(reset=True) if position is None else self._find(position, certain=False)

    def _find(self, position: Position, *, certain: bool) -> PollResponse | None:
        """Return what came after a position; `certain` as in `place`."""
        cursor = place(self._source, position, certain=certain)
        if cursor == FROM_SNAPSHOT:
            return self._from_snapshot(reset=True)
        missed = None if cursor == UNPLACED else self._source.ring.after(cursor)
        return self._from_offset(cursor, missed) if missed else None

    def _from_offset(self, offset: int, missed: list[Frame]) -> PollResponse:
        """Return what follows an offset: all frames, or as many of them as one response carries."""
        sent = portion(missed)
        if len(sent) < len(missed):  # a client that has not got everything has not caught up, whatever was proven
            return poll_response(sent, self._source.ring.position(offset + len(sent)), None)
        return self._to_the_end(sent)

    def unchanged(self) -> PollResponse:
        """Return the response to a request whose wait ended with nothing new: nothing, or that this node is delayed."""
        return PollResponse(None, self._at()) if self._source.freshness.delayed is None else self._to_the_end([])

    def _is_ahead(self, position: Position) -> bool:
        return place(self._source, position, certain=False) == UNPLACED

    def _at(self) -> str | None:
        """Return the time of the last proof, unless that is too old to be given to a reader."""
        return None if self._source.freshness.stale else self._source.freshness.proof

    def _from_snapshot(self, *, reset: bool) -> PollResponse:
        return self._to_the_end([self._source.snapshot_frame(reset=reset)])

    def _to_the_end(self, frames: list[Frame]) -> PollResponse:
        freshness = self._source.freshness
        delayed = [] if freshness.delayed is None else [freshness.delayed]
        return poll_response(frames + delayed, self._source.feed.tail.position, self._at())

    # Responses to requests that wait

    def publish(self, frames: list[Frame]) -> None:
        """Respond with what is new, the newest frames; also to those that were ahead of this node and no longer are."""
        if not self.waiting.count:
            return
        if caught_up := self.waiting.caught_up:
            self.waiting.respond(caught_up, self._from_offset(self._source.feed.tail.offset - len(frames), frames))
        self._settle()

    def proved(self, asked: float) -> None:
        """Respond to those that are ahead of this node although they came before the probe of a proof was sent.

        `asked` is when that was, by the hub's clock. Their positions are of a history that was lost.
        """
        if self.waiting.count:
            self._settle(asked)

    def _settle(self, asked: float | None = None) -> None:
        """Respond to those that are no longer ahead of this node, or let them wait with the others."""
        for position, waiters in self.waiting.ahead.items():
            for proven in (False, True):
                those = [waiter for waiter in waiters if (asked is not None and waiter.since <= asked) is proven]
                found = self._find(position, certain=proven)
                if found is not None:
                    self.waiting.respond(those, found)
                elif not self._is_ahead(position):
                    for waiter in those:
                        self.waiting.stay(waiter)

    def freshness_changed(self) -> None:
        """Respond to those who have caught up: the node has lost the log, or is proven to be in sync again.

        Those that are ahead of it are told only the former.
        """
        if self.waiting.count:
            self.waiting.respond(self.waiting.caught_up, self.unchanged())
            if self._source.freshness.behind:
                self._tell_ahead(self.waiting.waiters)

    def _tell_ahead(self, waiters: Iterable[Waiter]) -> None:
        """Respond to those among some that are ahead of this node: it is delayed, and they stay where they are."""
        status, chosen = self._source.freshness.status_ahead(), set(waiters)
        for position, those in self.waiting.ahead.items():
            response = NOT_YET if status is None else poll_response([status], position, None)
            self.waiting.respond(chosen.intersection(those), response)

    def restart(self) -> None:
        """Respond to all who had caught up with a snapshot: the log continued with another history."""
        if self.waiting.count:
            self.waiting.respond(self.waiting.caught_up, self._from_snapshot(reset=True))
            self._settle()

    def expire(self) -> None:
        """Respond to the requests whose wait has ended. To be called once in a while as long as any wait."""
        due = self.waiting.due()
        if due:
            self._tell_ahead(due)
            self.waiting.respond(due, self.unchanged())

    def end_wait(self, waiter: Waiter) -> None:
        """Respond to one as if its wait had ended."""
        self._respond_unchanged([waiter], leaving=False)

    def end(self, frame: Frame) -> None:
        """Respond to all with a last frame: the feed is closed."""
        self.waiting.respond(self.waiting.waiters, self._to_the_end([frame]))

    def dismiss(self) -> None:
        """Respond to all as if nothing came: who may read has changed, and the next request is checked against that."""
        self._respond_unchanged(self.waiting.waiters, leaving=False)

    def leave(self, waiters: Iterable[Waiter]) -> None:
        """Respond to some and close their connections: this node is stopping."""
        self._respond_unchanged(list(waiters), leaving=True)

    def _respond_unchanged(self, waiters: list[Waiter], *, leaving: bool) -> None:
        ahead = [waiter for waiter in waiters if waiter.ahead is not None]
        self.waiting.respond(ahead, NOT_YET._replace(leaving=leaving))
        self.waiting.respond(waiters, self.unchanged()._replace(leaving=leaving))


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
