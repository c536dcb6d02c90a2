"""A connection to a feed, kept up: "Reconnecting" in PROTOCOL.md.

Pure: it decides what to open, and receives what arrives. It resumes by itself from the last position, and would rather
reconnect once too often than trust a path that is silent.

    event                                       what it does
    ──────────────────────────────────────────  ──────────────────────────────────────────────────────────────
    the connection ends, or cannot be opened    waits (full jitter, Retry-After), reconnects
    13 s without a frame                        the same: the path is dead, whatever the socket reports
    a malformed frame                           the same, from the last good position; after two in a row, from none
    the machine slept, or its clock was set     reconnects at once if it waits; gives unread frames a second otherwise
    move                                        stays, and reconnects at a random time within the time given
    a transport failed twice and never worked   tries the next: WebSocket, Server-Sent Events, long-poll
    the feed is closed                          stays away, and asks every 60 to 120 s whether it was reopened
    401, 403 or 404, as a problem document      raises the problem: waiting would not help; so does the 410 of a closed
                                                feed, if it is not to wait while the feed is closed

An adapter keeps open what `wanted` names and nothing else, passes on what arrives from it, and calls `on_time` after
`wait`. It gets back what happened, in order. The counterpart of clients/feed/connection.js. All times are milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

from ticker.client.attempt import TRANSPORTS, Attempt, Transport, attempt_to_follow, attempt_to_recheck
from ticker.client.backoff import Random, backoff
from ticker.client.clock import Instant, elapsed, slept
from ticker.client.frames import Frame, Malformed, read_frame
from ticker.client.freshness import Loss
from ticker.client.outage import Outage
from ticker.client.poll import frames_of
from ticker.client.problems import Closed, Forbidden, NotFound, Problem, Unauthorized, UnexpectedResponse
from ticker.client.response import Response, content, failure

SILENCE: Final = 13_000
"""A beat comes every 10 s; 3 more for a slow path."""

LOOK_INTERVAL: Final = 1_000
"""How often the clocks are looked at: nothing reports reliably that a machine woke up."""

GRACE: Final = 100
"""How long a frame may take from the socket to us, after the silence has lasted too long."""

LATE_GRACE: Final = 1_000
"""The same if this program itself was away, so that frames may lie unread."""

MAX_FAILURES: Final = 2
"""Attempts before a transport counts as blocked on the way, and malformed frames before a position does."""

RECHECK: Final = 60_000
"""A closed feed is requested again after this, or up to twice as long."""

PACE: Final = 1_000
"""The same URL is never requested twice within this, so that a cache may keep a response for a second."""

_FINAL: Final = (Unauthorized, Forbidden, NotFound)

State = Literal["connecting", "polling", "open", "waiting", "closed"]
Event = Frame | Loss | Literal["closed"]
"""A frame that was accepted; or what took the proof away; or that the feed is closed."""


class Connection:
    """Decides when to open what.

    Attributes:
        wanted: what should be open now, None if nothing.
        state: `connecting` and `polling` until the first good frame, then `open`; `waiting` for the next attempt;
            `closed` like the feed.
        after: the last position that was reached.
        faults: malformed frames in a row.
    """

    def __init__(
        self,
        feed: str,
        *,
        now: Instant,
        random: Random,
        after: str | None = None,
        closed: bool = False,
        transports: Sequence[Transport] = TRANSPORTS,
        wait_while_closed: bool = True,
    ) -> None:
        self.wanted: Attempt | None = None
        self.state: State = "closed" if closed and wait_while_closed else "waiting"
        self.after = after
        self.faults = 0
        self._feed = feed
        self._random = random
        self._transports = transports
        self._wait_while_closed = wait_while_closed
        self._transport = 0
        self._chances: float = MAX_FAILURES  # infinite once it worked: then it is kept
        self._failures = 0
        self._fault: tuple[str, Problem | UnexpectedResponse | None] | None = None  # why the last attempt failed
        self._proven = False  # a beat ever came
        self._last_frame = self._last_look = now
        self._polled: tuple[str, int] = ("", 0)  # the path last polled, and when
        self._timer: tuple[int, Callable[[Instant], list[Event]]] | None = None
        self._look_at: int | None = None

    def start(self, now: Instant) -> list[Event]:
        """Begin."""
        if self.state == "closed":
            return self._close(now)
        return self._begin(now)

    def wait(self, now: Instant) -> int | None:
        """Return the milliseconds until `on_time` is due."""
        due = [at for at in (self._look_at, self._timer and self._timer[0]) if at is not None]
        return max(0, min(due) - now.mono) if due else None

    def outage(self, now: Instant) -> Outage | None:
        """Return why there is no connection; None if there is one, if none is wanted, or before an attempt failed."""
        if self._fault is None:
            return None
        reason, error = self._fault
        due = self._timer[0] - now.mono if self.state == "waiting" and self._timer is not None else 0
        return Outage(reason, self._failures, max(0, due) / 1000, error)

    def on_message(self, data: str | bytes | dict[str, Any], now: Instant) -> list[Event]:
        """Take one message of the open stream."""
        events = self._read_clocks(now)
        self._last_frame = now
        try:
            frame = read_frame(data)
            if frame is not None and frame["type"] == "beat" and frame["position"] != self.after:
                raise Malformed("A beat is at another position: a frame was lost")
        except Malformed as malformed:
            return events + self._distrust(malformed, now)
        if self.state != "open":
            if self.state != "closed":
                self._chances = math.inf
            self.state, self._fault = "open", None
        return events + (self._take(frame, now) if frame is not None else [])

    def on_response(self, response: Response, now: Instant) -> list[Event]:
        """Take the response to a request, or the one that refuses a stream.

        Raises:
            Problem: this feed cannot be followed: it is not there, or not for us.
        """
        if not 200 <= response.status < 300:
            return self._refused(response, now)
        if self.state == "closed":
            return self._on_recheck(response, now)
        if self.wanted is None or self.wanted.transport is not Transport.POLL:
            return self._fail(now, f"The response ({response.status}) is not a stream")
        try:
            messages = frames_of(response, self.after)
        except Malformed as malformed:
            return self._read_clocks(now) + self._distrust(malformed, now)
        events: list[Event] = []
        for message in messages:
            events += self.on_message(message, now)
            if self.state != "open":
                return events
        return events + self._poll(now)

    def on_lost(self, reason: str, now: Instant) -> list[Event]:
        """Return what follows when the connection has ended, or could not be opened."""
        return self._close(now) if self.state == "closed" else self._fail(now, reason)

    def on_time(self, now: Instant) -> list[Event]:
        """Do what is due."""
        events = self._look(now) if self._look_at is not None and now.mono >= self._look_at else []
        if self._timer is not None and now.mono >= self._timer[0]:
            act, self._timer = self._timer[1], None
            events += act(now)
        return events

    def plan_reconnect(self, milliseconds: float, now: Instant) -> None:
        """Stay connected, and connect again at a random moment within so many milliseconds."""
        self._timer = (now.mono + int(self._random() * milliseconds), self._reconnect)

    def _begin(self, now: Instant) -> list[Event]:
        self._look_at = now.mono + LOOK_INTERVAL
        return self._reconnect_now(now)

    def _reconnect_now(self, now: Instant) -> list[Event]:
        self._failures, self._fault = 0, None
        return self._reconnect(now)

    def _reconnect(self, now: Instant) -> list[Event]:
        transport = self._transports[self._transport]
        self._last_frame = self._last_look = now
        if transport is Transport.POLL:
            self.state = "polling"
            return ["polling", *self._poll(now)]
        self.state, self._timer = "connecting", None
        self.wanted = attempt_to_follow(self._feed, transport, None if self.faults >= MAX_FAILURES else self.after)
        return ["connecting"]

    def _poll(self, now: Instant) -> list[Event]:
        """Ask for the next frames; without a proof for a snapshot, since a response that waited has an unknown age."""
        snapshot = self.state == "polling" and (self.faults >= MAX_FAILURES or not self._proven)
        wanted = attempt_to_follow(self._feed, Transport.POLL, None if snapshot else self.after)
        path, when = self._polled
        wait = PACE - (now.mono - when) if path == wanted.path else 0
        if wait > 0:
            self.wanted, self._timer = None, (now.mono + wait, self._poll)
            return []
        self._polled = (wanted.path, now.mono)
        self.wanted, self._timer = wanted, None
        return []

    def _take(self, frame: Frame, now: Instant) -> list[Event]:
        if frame["type"] == "beat":
            self._proven = True
            self._failures = self.faults = 0
        elif frame["type"] == "move":
            self.plan_reconnect(frame["within"], now)
        elif frame["type"] != "delayed" and "position" in frame:
            self.after = frame["position"]
            if frame["type"] == "snapshot" and frame.get("closed") and self._wait_while_closed:
                return [frame, *self._close(now)]
        return [frame]

    def _fail(
        self, now: Instant, reason: str, error: Problem | UnexpectedResponse | None = None, rest: int = 0
    ) -> list[Event]:
        """Wait for the next attempt, with the next transport if this one never worked."""
        self._chances -= 1
        if self._chances < 1:
            self._transport = (self._transport + 1) % len(self._transports)
            self._chances = MAX_FAILURES
        self.wanted = None
        self._timer = (now.mono + rest + backoff(self._failures, self._random), self._reconnect)
        self._failures += 1
        self._fault = (reason, error)
        self.state = "waiting"
        return ["lost"]

    def _distrust(self, malformed: Malformed, now: Instant) -> list[Event]:
        self.faults += 1
        return self._fail(now, str(malformed))

    def _refused(self, response: Response, now: Instant) -> list[Event]:
        problem = failure(response)
        if isinstance(problem, _FINAL) or (isinstance(problem, Closed) and not self._wait_while_closed):
            raise problem
        if self.state == "closed":
            return self._close(now)
        # The last snapshot of a closed feed is requested at once.
        if isinstance(problem, Closed):
            return self._close(now, delay=0)
        return self._fail(now, str(problem), problem, response.rest)

    def _read_clocks(self, now: Instant) -> list[Event]:
        before, self._last_look = self._last_look, now
        return ["slept"] if slept(before, now) else []

    def _look(self, now: Instant) -> list[Event]:
        late = elapsed(self._last_look, now) >= 2 * LOOK_INTERVAL
        events = self._read_clocks(now)
        left = SILENCE - elapsed(self._last_frame, now)
        if self.state == "waiting":
            if events:
                events += self._reconnect_now(now)
        elif left <= 0:
            self._timer = (
                now.mono + (LATE_GRACE if late else GRACE),
                self._reconnect_if_silent if late else self._give_up_if_silent,
            )
        self._look_at = now.mono + (min(LOOK_INTERVAL, left) if left > 0 else 2 * LOOK_INTERVAL)
        return events

    def _give_up_if_silent(self, now: Instant) -> list[Event]:
        """Give the connection up if the silence lasts."""
        if elapsed(self._last_frame, now) < SILENCE:
            return []
        return self._fail(now, f"Nothing came for {SILENCE // 1000} seconds")

    def _reconnect_if_silent(self, now: Instant) -> list[Event]:
        """The same, without a wait: it was not the service that failed."""
        return self._reconnect_now(now) if elapsed(self._last_frame, now) >= SILENCE else []

    def _close(self, now: Instant, delay: int | None = None) -> list[Event]:
        """The feed is closed."""
        delay = int(RECHECK * (1 + self._random())) if delay is None else delay
        self.wanted, self._look_at, self._fault = None, None, None
        self._timer = (now.mono + delay, self._recheck)
        self.state = "closed"
        return ["closed"]

    def _recheck(self, now: Instant) -> list[Event]:
        self.wanted = attempt_to_recheck(self._feed)
        self._timer = (now.mono + SILENCE, self._close)
        return []

    def _on_recheck(self, response: Response, now: Instant) -> list[Event]:
        try:
            events = self.on_message(content(response), now)
        except UnexpectedResponse:
            return self._close(now)
        if self.state == "open":
            return events + self._begin(now)
        return events if self.state == "closed" else events + self._close(now)
