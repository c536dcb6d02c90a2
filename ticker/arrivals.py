"""What arrived together, put together: so that the hub writes it to each reader once."""

from __future__ import annotations

from collections.abc import Iterator

from ticker.entry import Entry
from ticker.follow import Arrived


class Arrivals:
    """Entries of any feeds that arrived together: one event for each run of entries that chain."""

    def __init__(self) -> None:
        self._runs: list[tuple[str, list[Entry]]] = []
        self._newest: dict[str, list[Entry]] = {}
        """Of each feed the newest run."""

    def add(self, feed: str, entry: Entry) -> None:
        """Add the next entry that arrived."""
        run = self._newest.get(feed)
        if run is None or not entry.follows(run[-1].tail):
            run = self._newest[feed] = []
            self._runs.append((feed, run))
        run.append(entry)

    def __iter__(self) -> Iterator[Arrived]:
        return (Arrived(feed, run) for feed, run in self._runs)
