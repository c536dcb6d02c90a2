"""For which feeds a probe asks: those that are watched, those that are not proven, and some of the others in turn.

To ask for every feed with every probe cost a node with 10,000 feeds a fifth of a core. So a feed that nobody reads is
compared with its log every UNWATCHED_INTERVAL seconds at the latest, some with each probe. By the time somebody comes
to it, its proof may be stale, which no reader is given; then a probe asks for such feeds at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final, Protocol

from ticker.feed import Feed
from ticker.freshness import Freshness
from ticker.ring import Ring
from ticker.turns import Turns, without_turn

PROBE_INTERVAL: Final = 1.0
"""Seconds between proofs. With the timeout of a probe, the bound on how long a lost Redis goes unnoticed."""

UNWATCHED_INTERVAL: Final = 10.0
"""Seconds between two comparisons of a feed that nobody reads, at most."""

PROBES: Final = int(UNWATCHED_INTERVAL / PROBE_INTERVAL)
"""Probes in which each feed is asked for at least once."""

LEAST_SHARE: Final = 100
"""Unwatched feeds that each probe asks for at least. So a service with no more is compared every second, all of it."""

MOST_UNPROVEN: Final = 1000
"""Feeds that are not proven yet which one probe asks for at most, so that its token is not late for all it has to read.
While there are more, the next probe follows at once."""


class Copy(Protocol):
    """What this node has of one feed's log: its channel."""

    feed: Feed
    ring: Ring
    freshness: Freshness


class Copies(Protocol):
    """What this node has: the hub."""

    @property
    def channels(self) -> Mapping[str, Copy]:
        """What it has of each feed that it follows."""

    @property
    def damaged(self) -> AbstractSet[str]:
        """Feeds whose logs are damaged."""

    @property
    def watched(self) -> AbstractSet[str]:
        """Feeds that somebody reads."""


class Asking:
    """Decides for which feeds a probe asks."""

    def __init__(self, copies: Copies) -> None:
        """`copies` is only read."""
        self._copies = copies
        self._proven: set[str] = set()
        self._delayed: set[str] = set()
        self._turns = Turns(PROBES, LEAST_SHARE)
        self.more = False
        """Whether there were more feeds to ask for than the last probe could take."""

    def proven(self, feed: str) -> None:
        """Note that a feed was proven."""
        self._proven.add(feed)

    def unproven(self, feeds: Iterable[str]) -> None:
        """Note that feeds were delayed, or restarted: the next probe asks for them."""
        self._proven.difference_update(feeds)

    def resumed(self) -> None:
        """Note that a session begins, or that feeds were opened or dropped."""
        self._delayed.clear()
        self._proven &= self._copies.channels.keys()  # one that is opened again is another one

    def lost(self) -> list[str]:
        """Note that Redis is lost; return the feeds that are to be delayed: once all, and then the watched ones."""
        self._proven.clear()
        watched = self._copies.watched
        feeds = [feed for feed in self._copies.channels if feed in watched or feed not in self._delayed]
        self._delayed.update(feeds)
        return feeds

    def stale(self) -> list[str]:
        """Return the watched feeds whose proofs are too old to be given to a reader."""
        channels = self._copies.channels
        return [feed for feed in self._copies.watched if feed in channels and channels[feed].freshness.stale]

    def due(self) -> list[str]:
        """Return the feeds that a probe asks for when it is due by the clock."""
        channels, watched = self._copies.channels, self._copies.watched
        # Watched ones first: somebody waits for their proof.
        missing = without_turn(channels, self._proven)
        unproven = sorted(missing, key=lambda feed: (feed not in watched, feed))
        self.more = len(unproven) - len(self._copies.damaged) > MOST_UNPROVEN  # damaged ones stay unproven
        turn = channels.keys() & self._turns.next(channels) & self._proven
        return sorted((channels.keys() & watched & self._proven).union(turn, unproven[:MOST_UNPROVEN]))
