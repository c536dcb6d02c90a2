"""How many readers all nodes have, from what each node reports with its probes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

NODE_TIMEOUT: Final = 5.0
"""Seconds after its last report that a node's readers are no longer counted."""

RELAY_TIMEOUT: Final = 25.0
"""The same for relays, which report every 10 seconds."""


class NodeCounts:
    """The readers of each node, by feed, as last reported."""

    def __init__(self, timeout: float = NODE_TIMEOUT) -> None:
        """Reports count for `timeout` seconds."""
        self._timeout = timeout
        self._reports: dict[str, tuple[float, Mapping[str, int]]] = {}

    def __len__(self) -> int:
        return len(self._reports)

    def __contains__(self, node: str) -> bool:
        return node in self._reports

    def report(self, node: str, watching: Mapping[str, int], now: float) -> None:
        """Store how many readers a node has of each feed; `now` is in seconds by a monotonic clock."""
        self._reports[node] = now, watching

    def forget_silent(self, now: float) -> None:
        """Forget the nodes that have not reported for too long."""
        self._reports = {node: report for node, report in self._reports.items() if now - report[0] < self._timeout}

    def watching(self, feed: str) -> int:
        """Return how many readers a feed has on all nodes."""
        count = 0
        for _, watching in self._reports.values():
            count += watching.get(feed, 0)
        return count

    def feeds(self) -> set[str]:
        """Return the feeds of which some node has reported readers."""
        return {feed for _, watching in self._reports.values() for feed in watching}
