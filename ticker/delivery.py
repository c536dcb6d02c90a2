"""How a dispatch was delivered to its readers: measured by each node, and put together for its delivery report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from ticker.durations import Durations
from ticker.entry import Entry

MAX_PENDING: Final = 10_000
"""Measurements that wait to be stored. Beyond, the oldest are lost: a report is a measurement, not a promise."""


@dataclass(slots=True)
class FanOut:
    """How one node writes an entry to its readers, alone or with others that came together with it.

    Attributes:
        readers: those it is written to at once.
        lagging: those whose sockets were full then, and who get it when they drain.
        began, ended: when the writing did, in seconds by the clock of the hub; it may not have ended yet.
    """

    readers: int
    lagging: int
    began: float
    ended: float | None = None


class FanOuts:
    """How the newest entries of one channel are written to its readers.

    Attributes:
        newest: of the newest entries; None before the first.
    """

    __slots__ = ("_under_way", "newest")

    def __init__(self) -> None:
        self.newest: FanOut | None = None
        self._under_way: list[tuple[int, FanOut]] = []
        """The offset of the last entry, and how it is written to readers. One or two, seldom more."""

    def begin(self, offset: int, fan_out: FanOut) -> None:
        """Note that the entries up to an offset begin to be written."""
        self.newest = fan_out
        self._under_way.append((offset, fan_out))

    def reached(self, offset: int, now: float) -> None:
        """Note that all readers have been written what there is up to an offset."""
        while self._under_way and self._under_way[0][0] <= offset:
            self._under_way.pop(0)[1].ended = now

    def restart(self) -> None:
        """Forget what is under way: offsets mean something else now."""
        self._under_way.clear()


class Delivery(NamedTuple):
    """How one node delivered one dispatch: a FanOut whose times are in milliseconds since the dispatch was filed."""

    readers: int
    lagging: int
    began: float
    ended: float


class Filed(NamedTuple):
    """A dispatch that was filed, and when (RFC 3339)."""

    feed: str
    id: str
    filed: str


class Kept(NamedTuple):
    """What is known of a dispatch that is kept.

    Attributes:
        at: when this was known (RFC 3339).
        repeated: whether that was the response to a repeated request.
        nodes: to how many nodes it was published, if this is known.
    """

    at: str
    repeated: bool
    nodes: int | None = None


class Measured(Protocol):
    """A channel, which measures how it writes."""

    def fan_out(self, dispatch: str) -> FanOut | None:
        """Return how the newest entries were written to readers, with a dispatch that is new in them."""


class Deliveries:
    """What this node measured of each dispatch and has not stored yet. A consumer of the log, after the hub."""

    def __init__(
        self, channels: Mapping[str, Measured], *, clock: Callable[[], float], redis_time: Callable[[], float]
    ) -> None:
        """`clock` is that of the hub; `redis_time` returns Unix time in seconds by the clock of Redis."""
        self._channels = channels
        self._clock = clock
        self._redis_time = redis_time
        self._under_way: list[tuple[Filed, FanOut, float]] = []
        """What is being written, and when it was filed, by the clock of the hub."""
        self._deliveries: dict[Filed, Delivery] = {}
        self._kept: dict[Filed, Kept] = {}
        self.durations = Durations()
        """From the filing of each dispatch to its write to the last reader here."""

    def publish(self, feed: str, entry: Entry, pinned: dict[str, Any] | None) -> None:
        """Note how an entry was written to the readers of this node, if it files a dispatch."""
        if entry.kind != "file":
            return
        dispatch = Filed(feed, entry.content["dispatch"]["id"], entry.at)
        if (fan_out := self._channels[feed].fan_out(dispatch.id)) is not None:
            # Seconds by the hub's clock from the filing: filing is by the clock of Redis, and both tell what is now.
            filed = self._clock() - self._redis_time() + datetime.fromisoformat(entry.at).timestamp()
            self._under_way.append((dispatch, fan_out, filed))
            if len(self._under_way) > MAX_PENDING:
                del self._under_way[0]

    def _note_written(self) -> None:
        under_way, self._under_way = self._under_way, []
        for dispatch, fan_out, filed in under_way:
            if fan_out.ended is None:
                self._under_way.append((dispatch, fan_out, filed))
            else:
                began, ended = ((moment - filed) * 1000 for moment in (fan_out.began, fan_out.ended))
                self.delivered(dispatch, Delivery(fan_out.readers, fan_out.lagging, began, ended))
                if fan_out.readers:
                    self.durations.add(max(ended, 0.0) / 1000)

    def delivered(self, dispatch: Filed, delivery: Delivery) -> None:
        """Note how a dispatch was delivered to the readers of this node."""
        self._deliveries[dispatch] = delivery
        if len(self._deliveries) > MAX_PENDING:
            del self._deliveries[next(iter(self._deliveries))]

    def kept(self, dispatch: Filed, kept: Kept) -> None:
        """Note when a dispatch that was filed on this node was known to be kept. The first time counts."""
        self._kept.setdefault(dispatch, kept)
        if len(self._kept) > MAX_PENDING:
            del self._kept[next(iter(self._kept))]

    def take(self) -> tuple[dict[Filed, Delivery], dict[Filed, Kept]]:
        """Return all that was noted and is complete, and forget it."""
        self._note_written()
        taken = self._deliveries, self._kept
        self._deliveries, self._kept = {}, {}
        return taken

    def put_back(self, deliveries: dict[Filed, Delivery], kept: dict[Filed, Kept]) -> None:
        """Note again what was taken and could not be stored. Where that is too much, the oldest are lost."""
        later, self._deliveries, self._kept = self.take(), deliveries, kept
        for dispatch, delivery in later[0].items():
            self.delivered(dispatch, delivery)
        for dispatch, known in later[1].items():
            self.kept(dispatch, known)


def quantile(deliveries: list[Delivery], share: float) -> float | None:
    """Return within how many milliseconds this share of all readers was written to; None if there were none.

    A node writes to one reader after the other, so its readers are spread evenly between its first and last write.
    """
    reached = [delivery for delivery in deliveries if delivery.readers]
    if not reached:
        return None
    wanted = share * sum(delivery.readers for delivery in reached)

    def written(by: float) -> float:
        total = 0.0
        for delivery in reached:
            length = delivery.ended - delivery.began
            part = (by - delivery.began) / length if length > 0 else float(by >= delivery.began)
            total += delivery.readers * min(max(part, 0.0), 1.0)
        return total

    low, high = min(delivery.began for delivery in reached), max(delivery.ended for delivery in reached)
    for _ in range(60):  # halves until the difference is far below a microsecond
        middle = (low + high) / 2
        low, high = (middle, high) if written(middle) < wanted else (low, middle)
    return high
