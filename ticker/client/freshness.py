"""LIVE as a measurement: "Showing LIVE" in PROTOCOL.md.

Each beat proves that, at its time `at`, the whole path from the log to this program was up to date. Nothing else does.

    event          proven   and
    ─────────────  ───────  ──────────────────────────────────────────────────────────────────
    connecting     no       the estimate of the clocks' difference is dropped
    polling        no       the estimate is kept: a long-poll continues with that of the one before
    lost           no
    slept          no       the estimate is doubted
    delayed                 behind: the node itself says so
    beat           yes      no longer behind; the age of the proof is measured again

    proven         proof                     behind   air   state
    ─────────────  ────────────────────────  ───────  ────  ───────────
    yes            13 s old or younger       no       on    live
    yes            13 s old or younger       no       off   off-air
    no             13 s old or younger       no       any   catching-up
    no             none yet, for 5 s         no       any   catching-up
    anything else                                           delayed

The age of a proof is honest even when a tunnel stalls and then delivers old beats in a burst. Clocks may differ by
hours, but the difference is the same for every beat, so the beat that seems to have travelled least tells it best, and
what another took beyond that is its lag. The first beat of a connection has none to be compared with, but it is not
older than the connection. If that is old itself, the beat may be as old, and is doubted until another comes at the pace
at which they are sent.

A lag that stays while beats keep their pace is not that of a stall: the path became longer, or the clock of the log was
set back, and then every beat of this connection would seem late. A new connection measures again; a long-poll, which
has none, is doubted.

By long-poll no connection bounds the age of a proof: a cache may have stored the response. So the estimate continues
from poll to poll, and a stored response shows as lag, since its `at` stands still. The first proof is as old as the
wall clock says, and doubted if that is more than the slack.

The counterpart of clients/feed/freshness.js; tests/golden/freshness.json holds both to the same cases. All times are
milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

from ticker.client.clock import Instant, elapsed

FRESH: Final = 13_000
"""Age up to which a proof counts: a beat comes every 10 s, and 3 s are for a slow path."""

PATIENCE: Final = 5_000
"""How long a feed that was never proven is catching up before it is delayed."""

SLACK: Final = 3_000
"""The margin between two beats and the limit: a lag below it cannot hide a stall."""

APART: Final = 5_000
"""Two beats sent at least so far apart show whether they arrive at their own pace."""

JITTER: Final = 1_000
"""By how much two beats may arrive closer or further apart than they were sent, and still keep their pace."""

STEADY: Final = SLACK - JITTER
"""A lag that stays above this keeps a healthy feed from being fresh when a beat comes late."""

DRIFT: Final = 0.0005
"""The most by which honest clocks run apart (500 ppm); without it, a feed followed for days would seem to age."""

Loss = Literal["connecting", "polling", "lost", "slept"]
"""What takes a proof away."""

Measured = Literal["live", "off-air", "catching-up", "delayed"]


class Proof(NamedTuple):
    """The newest beat: when it was sent (by the clock of the log), when it arrived, how long it was on the way."""

    at: int
    arrival: Instant
    lag: float


class Ahead(NamedTuple):
    """By how much each of our clocks is ahead of the log's, as far as this connection shows."""

    wall: float
    mono: float


@dataclass(frozen=True, slots=True)
class Freshness:
    """What is known of the path.

    Attributes:
        began: when following began.
        opened: when the connection was opened; None for long-poll, and once it is to be made again.
        proven: a beat came on this connection.
        behind: the node says that it has lost the log.
        proof: the newest beat, None before the first.
        least: the smallest difference of the clocks so far, None before the first beat of a connection.
        doubted: the connection may have stalled from its beginning, so that all its beats are late.
        skew: by how much our wall clock is ahead of the log's. It outlives the connection.
    """

    began: Instant
    opened: Instant | None
    proven: bool = False
    behind: bool = False
    proof: Proof | None = None
    least: Ahead | None = None
    doubted: bool = False
    skew: float = 0


def start(now: Instant) -> Freshness:
    """Return what is known when following begins: nothing."""
    return Freshness(began=now, opened=now)


def on_loss(fresh: Freshness, loss: Loss, now: Instant) -> Freshness:
    """Return what is left after something that takes the proof away."""
    fresh = replace(fresh, proven=False, behind=False)
    match loss:
        case "connecting":
            return replace(fresh, opened=now, least=None)
        case "polling":
            return replace(fresh, opened=None)
        case "slept":
            return replace(fresh, doubted=True)
    return fresh


def on_delayed(fresh: Freshness) -> Freshness:
    """Return what is known once the node says that it is behind."""
    return replace(fresh, behind=True)


def on_beat(fresh: Freshness, at: int, now: Instant) -> Freshness:
    """Return what a beat proves that was sent at `at` and arrives now.

    It is compared with the beats before it, if there are comparable ones; else its age is bounded by the age of the
    connection or, by long-poll, by the wall clock.
    """
    ahead, lag, doubted, opened = Ahead(now.wall - at, now.mono - at), 0.0, fresh.doubted, fresh.opened
    if fresh.least is not None and fresh.proof is not None:
        since, apart = elapsed(fresh.proof.arrival, now), at - fresh.proof.at
        paced = apart >= APART and abs(since - apart) <= JITTER
        if doubted and paced:
            doubted = False
        else:
            drift = since * DRIFT
            least = Ahead(fresh.least.wall + drift, fresh.least.mono + drift)
            lag = max(ahead.wall - fresh.least.wall - drift, ahead.mono - fresh.least.mono - drift, 0.0)
            ahead = Ahead(min(least.wall, ahead.wall), min(least.mono, ahead.mono))
            if paced and lag > STEADY:
                doubted, opened = opened is None, None
    else:
        lag = min(abs(ahead.wall), FRESH + 1) if fresh.opened is None else elapsed(fresh.opened, now)
        doubted = lag > SLACK
        if doubted:
            ahead = Ahead(ahead.wall - lag, ahead.mono - lag)
    return replace(
        fresh,
        opened=opened,
        proven=True,
        behind=False,
        proof=Proof(at, now, lag),
        least=ahead,
        doubted=doubted,
        skew=ahead.wall,
    )


def needs_new_connection(before: Freshness, after: Freshness) -> bool:
    """Return True if a beat showed that the lag stays, so that the connection is to be made again at a random moment.

    Args:
        before: what was known before the beat.
        after: what `on_beat` returned.
    """
    return before.opened is not None and after.opened is None


def measure(fresh: Freshness, now: Instant, *, on_air: bool) -> tuple[Measured, float]:
    """Return the state now, and the milliseconds since the newest proof or, without one, since the beginning."""
    if fresh.proof is None:
        age, limit = float(elapsed(fresh.began, now)), PATIENCE
    else:
        age, limit = elapsed(fresh.proof.arrival, now) + fresh.proof.lag, FRESH
    if fresh.behind or age > limit:
        return "delayed", age
    if not fresh.proven:
        return "catching-up", age
    return ("live" if on_air else "off-air"), age
