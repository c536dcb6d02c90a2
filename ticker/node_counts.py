"""How many readers there are, from what each node reports with its probes, and each relay to its upstream."""

from __future__ import annotations

from collections import Counter
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
        self._sums: Counter[str] = Counter()

    def has_room(self, node: str, limit: int) -> bool:
        """Return True if a report of `node` can be stored without more than `limit` being kept."""
        return node in self._reports or len(self._reports) < limit

    def report(self, node: str, watching: Mapping[str, int], now: float) -> None:
        """Store how many readers a node has of each feed; `now` is in seconds by a monotonic clock.

        A count is negative where a relay has fewer readers than streams, which are counted where they are.
        """
        self._forget(node)
        self._reports[node] = now, watching
        self._sums.update(watching)

    def forget_silent(self, now: float) -> None:
        """Forget the nodes that have not reported for too long."""
        for node in [node for node, (at, _) in self._reports.items() if now - at >= self._timeout]:
            self._forget(node)

    def _forget(self, node: str) -> None:
        _, watching = self._reports.pop(node, (0.0, {}))
        self._sums.subtract(watching)
        for feed in watching:
            if self._sums[feed] == 0:
                del self._sums[feed]

    def watching(self, feed: str) -> int:
        """Return how many readers a feed has on all nodes."""
        return self._sums[feed]


class RelayCounts(NodeCounts):
    """The readers of relays, which report to any of the nodes. What came to this node is first published to all.

    So each node has the last report of a relay once, wherever the one before came to.
    """

    def __init__(self) -> None:
        """Reports count for RELAY_TIMEOUT seconds."""
        super().__init__(RELAY_TIMEOUT)
        self._unpublished: dict[str, Mapping[str, int]] = {}

    def has_room(self, node: str, limit: int) -> bool:
        """Return True if a report of `node` can be stored without more than `limit` being kept."""
        return node in self._unpublished or super().has_room(node, limit - len(self._unpublished))

    def came(self, relay: str, watching: Mapping[str, int]) -> None:
        """Note a report that came to this node."""
        self._unpublished[relay] = watching

    def take_unpublished(self) -> dict[str, Mapping[str, int]]:
        """Return the reports that came to this node and were not returned yet."""
        taken, self._unpublished = self._unpublished, {}
        return taken
