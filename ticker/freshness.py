"""How fresh one feed is on this node, and when that is sent to readers.

The mirror of clients/feed/freshness.js, which measures the same on the page. A proof means that, at its time `at` by
the clock of Redis, this node was in sync with Redis.

  event              state before   state after   notice     readers are sent
  ─────────────────  ─────────────  ────────────  ─────────  ──────────────────────────────────
  prove              unproven       proven        changed    a beat
  prove              delayed        proven        changed    a beat
  prove              proven         proven        none       -
  prove, beat due    proven         proven        repeated   a beat
  prove, stale       proven         proven        changed    a beat
  delay              unproven       delayed       changed    `delayed`, since now
  delay              proven         delayed       changed    `delayed`, since the last proof
  delay, at once     delayed        delayed       none       -
  delay, later       delayed        delayed       repeated   the same `delayed`, BEAT_INTERVAL after the last
  restart            unproven       unproven      -          -
  restart            proven         unproven      -          -
  restart            delayed        delayed       -          -

A restart (the feed continues with another history) voids the proof but not the news that Redis is lost. A beat names
the newest entry, so it is built again after each one. A `delayed` is repeated because silence means a dead connection
to a reader, which then reconnects.

A proof is stale once it is older than those of a feed with readers are on a node that runs: nobody has read the feed,
or this process was stopped, or its machine was, and what it last knew may be long over. A stale proof is not given to a
reader; the next one is news.

Each beat, and each change to `delayed`, has a number, `status_seq`: a reader that catches up is sent the newest one
if it has not been sent that number.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from ticker.entry import Position
from ticker.wire import BEAT_INTERVAL, Frame, beat_frame, delayed_frame

PROOF_LIMIT: Final = 3.0
"""Seconds after its probe was sent for which a proof may be given to a reader. The token of a probe takes up to 1.5,
and by then the next one is sent, whose token takes as long again. Readers allow as much: a first beat may be this much
older than its connection."""


class Notice(Enum):
    """What must be sent to readers after an event."""

    NONE = auto()
    REPEATED = auto()
    """The same state as before, sent again because its interval is over."""
    CHANGED = auto()
    """Another state than the one that readers know; also ends the wait of a long-poll."""


class Freshness:
    """Whether one feed is in sync with Redis on this node, as the table above has it."""

    __slots__ = (
        "_asked",
        "_beat",
        "_behind",
        "_clock",
        "_delayed_sent",
        "delayed",
        "proof",
        "status_seq",
        "watching",
    )

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` counts seconds and never runs backwards."""
        self._clock = clock
        self.proof: str | None = None
        """Time of the last proof of this history (RFC 3339, by the clock of Redis); None if there was none."""
        self.delayed: Frame | None = None
        """What readers are sent while Redis is lost; None otherwise."""
        self.watching = 0
        """Readers of this feed on all nodes, as of the last proof."""
        self.status_seq = 0
        self._delayed_sent = 0.0
        self._asked = 0.0
        self._beat: Frame | None = None
        self._behind: Frame | None = None

    @property
    def proven(self) -> bool:
        """Whether the last probe succeeded."""
        return self.proof is not None and self.delayed is None

    @property
    def behind(self) -> bool:
        """Whether Redis is known to be lost. A feed that was opened just now is neither proven nor behind."""
        return self.delayed is not None

    @property
    def asked(self) -> float:
        """When the probe of the last proof was sent, by this node's clock."""
        return self._asked

    @property
    def stale(self) -> bool:
        """Whether the last proof is too old for a reader, though Redis is not known to be lost."""
        return self.proven and self._clock() - self._asked > PROOF_LIMIT

    def prove(self, at: str, *, beat: bool, watching: int, asked: float | None = None) -> Notice:
        """Note that the feed was in sync with Redis at `at` (RFC 3339); `beat` if a beat is due.

        `asked` is when its probe was sent, by the clock of this node; None for now.
        """
        changed = not self.proven or self.stale
        self.proof, self.delayed, self.watching, self._beat, self._behind = at, None, watching, None, None
        self._asked = self._clock() if asked is None else asked
        if not (changed or beat):
            return Notice.NONE
        self.status_seq += 1
        return Notice.CHANGED if changed else Notice.REPEATED

    def delay(self, now: str) -> Notice:
        """Note that this node has lost Redis; what readers see is as old as the last proof, or else as `now`."""
        changed = self.delayed is None
        if changed:
            self.delayed = delayed_frame(self.proof or now)
            self.status_seq += 1
        elif self._clock() - self._delayed_sent < BEAT_INTERVAL:
            return Notice.NONE
        self._delayed_sent = self._clock()
        return Notice.CHANGED if changed else Notice.REPEATED

    def restart(self) -> None:
        """Forget the proof: the feed continues with another history, of which nothing is proven yet."""
        self.proof = self._beat = self._behind = None

    def entry_published(self) -> None:
        """Note that the feed has a new entry, which the next beat must name."""
        self._beat = None

    def status(self, position: Position) -> Frame | None:
        """Return the status that a reader at `position`, the end of the feed, is sent; None without a proof to give.

        It is built once and shared until it changes.
        """
        if self.delayed is not None:
            return self.delayed
        if self.stale:
            return None
        if self._beat is None and self.proof is not None:
            self._beat = beat_frame(position, self.proof, self.watching)
        return self._beat

    def status_ahead(self) -> Frame | None:
        """Return what a reader is sent that is ahead of this node: that it is delayed; None before the first proof."""
        if self.delayed is not None:
            return self.delayed
        if self._behind is None and self.proof is not None:
            self._behind = delayed_frame(self.proof)
        return self._behind
