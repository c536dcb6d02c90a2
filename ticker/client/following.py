"""A feed, followed: its frames folded, and what may honestly be reported about them measured. Pure.

    connection.py   when to open which transport, and from which position
    fold.py         what the frames add up to
    freshness.py    whether that may be called LIVE

An adapter opens what `wanted` names, passes on what comes, and yields the changes that it gets back. The counterpart of
clients/feed/follow.js.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ticker.client import freshness
from ticker.client.attempt import TRANSPORTS, Attempt, Transport
from ticker.client.backoff import CAP, Random
from ticker.client.clock import Instant, unix_time
from ticker.client.connection import MAX_FAILURES, Connection, Event
from ticker.client.dispatch import Dispatch
from ticker.client.fold import FeedState, fold, learn, supersedes, tombstone
from ticker.client.frames import Frame, Malformed, SnapshotFrame, read_frame
from ticker.client.outage import Outage
from ticker.client.response import Response

StatusName = Literal["connecting", "live", "catching-up", "delayed", "off-air", "closed"]


@dataclass(frozen=True, slots=True)
class Status:
    """What may be reported about a feed at one moment.

    Attributes:
        name: `connecting`: nothing is known yet; `live` or `off-air`: a proof came that is at most 13 seconds old;
            `catching-up`: connecting again; `delayed`: as of the last proof; `closed`: nothing more will come.
        age: whole seconds since the last proof was sent or, without one, since following began.
        malformed: what arrives has been unreadable three times in a row: this client is outdated, or something between
            is broken. It keeps trying.
        outage: why it is not connected, and when it tries again. None while it is, and while the feed is closed.
    """

    name: StatusName
    age: int
    malformed: bool = False
    outage: Outage | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Something changed: a frame came, the name of the status is another, or an attempt to connect failed.

    Attributes:
        frame: what came, None if only the status changed.
        state: what the feed shows now.
        previous: what it showed before.
        status: what may be reported about it now.
        watching: how many readers it has, None while that is not known.
    """

    frame: Frame | None
    state: FeedState
    previous: FeedState
    status: Status
    watching: int | None

    @property
    def dispatches(self) -> tuple[Dispatch, ...]:
        """The dispatches that are news: filed, corrected or killed (then as tombstones), in the order of filing.

        None is given twice, also when the connection was lost between, unless it was out of the window: older than all
        in `previous`.
        """
        if self.frame is None:
            return ()
        match self.frame["type"]:
            case "snapshot":
                came: Iterable[Dispatch] = reversed(self.state.dispatches)
            case "dispatch":
                came = (self.frame["dispatch"],)
            case "kill":
                came = (tombstone(self.frame),)
            case _:
                came = ()
        return tuple(dispatch for dispatch in came if self._is_news(dispatch))

    def _is_news(self, dispatch: Dispatch) -> bool:
        known = self.previous.find(dispatch["id"])
        return known is None or supersedes(dispatch, known)


class Following:
    """Follows one feed.

    Attributes:
        state: what the feed shows.
    """

    def __init__(
        self,
        feed: str,
        *,
        limit: int,
        now: Instant,
        random: Random,
        start: SnapshotFrame | None = None,
        transports: Sequence[Transport] = TRANSPORTS,
        wait_while_closed: bool = True,
    ) -> None:
        """Keep `limit` dispatches; `start` is a snapshot that is known already, to be followed from its position.

        Raises:
            ValueError: the limit is not positive, no transport is named, or the snapshot is of another feed.
        """
        if limit < 1 or not transports:
            raise ValueError("the limit must be at least 1, and at least one transport must be named")
        self.state = FeedState(feed) if start is None else fold(FeedState(feed), _checked(start, feed), limit=limit)
        self._limit = limit
        self._fresh = freshness.start(now)
        self._closed = self.state.closed is not None
        self._watching: int | None = None
        self._reported = _reportable(Status("connecting", 0))
        self._connection = Connection(
            feed,
            now=now,
            random=random,
            after=self.state.position,
            closed=self._closed,
            transports=transports,
            wait_while_closed=wait_while_closed,
        )

    @property
    def wanted(self) -> Attempt | None:
        """What should be open now."""
        return self._connection.wanted

    def wait(self, now: Instant) -> float | None:
        """Return the seconds until `on_time` is due."""
        wait = self._connection.wait(now)
        return None if wait is None else wait / 1000

    def status(self, now: Instant) -> Status:
        """Return what may be reported about the feed at this moment."""
        measured, age = freshness.measure(self._fresh, now, on_air=self.state.air["on"])
        name: StatusName = measured
        if self._closed:
            name = "closed"
        elif name == "catching-up" and self.state.position is None:
            name = "connecting"
        return Status(name, int(age / 1000), self._connection.faults > MAX_FAILURES, self._connection.outage(now))

    def start(self, now: Instant) -> list[Change]:
        """Begin."""
        return self._changes(self._connection.start(now), now)

    def on_message(self, data: str | bytes, now: Instant) -> list[Change]:
        """Take one message of the open stream."""
        return self._changes(self._connection.on_message(data, now), now)

    def on_response(self, response: Response, now: Instant) -> list[Change]:
        """Take the response to a request, or the one that refuses a stream.

        Raises:
            Problem: this feed cannot be followed: it is not there, not for us, or closed.
        """
        return self._changes(self._connection.on_response(response, now), now)

    def on_lost(self, reason: str, now: Instant) -> list[Change]:
        """Return what changes when the connection has ended, or could not be opened."""
        return self._changes(self._connection.on_lost(reason, now), now)

    def on_time(self, now: Instant) -> list[Change]:
        """Do what is due."""
        return self._changes(self._connection.on_time(now), now)

    def learn(self, dispatch: Dispatch) -> None:
        """Keep the pinned dispatch, which no frame brought and the caller fetched."""
        self.state = learn(self.state, dispatch)

    def _changes(self, events: list[Event], now: Instant) -> list[Change]:
        changes = []
        for event in events:
            if isinstance(event, str):
                self._closed = self._closed or event == "closed"
                self._fresh = freshness.on_loss(self._fresh, "lost" if event == "closed" else event, now)
            else:
                changes.append(self._apply(event, now))
        if _reportable(self.status(now)) != self._reported:
            changes.append(self._change(None, self.state, now))
        return changes

    def _apply(self, frame: Frame, now: Instant) -> Change:
        previous, self.state = self.state, fold(self.state, frame, limit=self._limit)
        match frame["type"]:
            case "beat":
                before, self._fresh = self._fresh, freshness.on_beat(self._fresh, unix_time(frame["at"]), now)
                if freshness.needs_new_connection(before, self._fresh):
                    self._connection.plan_reconnect(CAP, now)
                self._watching = frame.get("watching")
            case "delayed":
                self._fresh = freshness.on_delayed(self._fresh)
            case "snapshot":
                self._closed = self.state.closed is not None
        return self._change(frame, previous, now)

    def _change(self, frame: Frame | None, previous: FeedState, now: Instant) -> Change:
        status = self.status(now)
        self._reported = _reportable(status)
        if status.name not in ("live", "off-air"):
            self._watching = None
        return Change(frame, self.state, previous, status, self._watching)


def _reportable(status: Status) -> tuple[StatusName, bool, int]:
    """Return what of a status is reported once it is another; its age is not."""
    return status.name, status.malformed, status.outage.attempts if status.outage else 0


def _checked(start: SnapshotFrame, feed: str) -> SnapshotFrame:
    """Return a snapshot that was stored somewhere; raises ValueError if it is not one of this feed."""
    try:
        frame = read_frame(dict(start))
    except Malformed as error:
        raise ValueError(f"what to start from is not a snapshot: {error}") from None
    if frame is None or frame["type"] != "snapshot" or frame["feed"] != feed:
        raise ValueError(f"what to start from is not a snapshot of the feed {feed!r}")
    return frame
