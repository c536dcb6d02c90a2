"""How a line was written to its readers: measured where it happens, and put together for its receipt."""

from __future__ import annotations

from typing import Final, NamedTuple

PENDING_AT_MOST: Final = 10_000
"""Fan-outs that wait to be kept. Beyond, the oldest are lost: a receipt is a measurement, not a promise."""


class FanOut(NamedTuple):
    """How one node wrote one line to its readers.

    Attributes:
        readers: those it was written to at once.
        set_aside: those whose sockets were full then, and who get it when they drain.
        began, ended: milliseconds from the line's filing to the first and the last write.
    """

    readers: int
    set_aside: int
    began: float
    ended: float


class Line(NamedTuple):
    """A line that was filed, and when (RFC 3339)."""

    feed: str
    id: str
    filed: str


class Kept(NamedTuple):
    """When a line was known to be kept (RFC 3339), and whether that was the answer to a repeated request."""

    at: str
    repeated: bool


class FanOuts:
    """What this node measured of each line and has not kept yet."""

    def __init__(self) -> None:
        self._measured: dict[Line, FanOut] = {}
        self._kept: dict[Line, Kept] = {}

    def measured(self, line: Line, fan_out: FanOut) -> None:
        """Note how a line was written to the readers of this node."""
        self._measured[line] = fan_out
        if len(self._measured) > PENDING_AT_MOST:
            del self._measured[next(iter(self._measured))]

    def kept(self, line: Line, kept: Kept) -> None:
        """Note when a line that came to this node was known to be kept. The first word on that stands."""
        self._kept.setdefault(line, kept)
        if len(self._kept) > PENDING_AT_MOST:
            del self._kept[next(iter(self._kept))]

    def take(self) -> tuple[dict[Line, FanOut], dict[Line, Kept]]:
        """Return all that was noted, and forget it."""
        taken = self._measured, self._kept
        self._measured, self._kept = {}, {}
        return taken


def quantile(fan_outs: list[FanOut], share: float) -> float | None:
    """Return within how many milliseconds this share of all readers was written to; None if there were none.

    A node writes to one reader after the other, so its readers are spread evenly between its first and last write.
    """
    here = [fan_out for fan_out in fan_outs if fan_out.readers]
    if not here:
        return None
    wanted = share * sum(fan_out.readers for fan_out in here)

    def written(by: float) -> float:
        total = 0.0
        for fan_out in here:
            length = fan_out.ended - fan_out.began
            part = (by - fan_out.began) / length if length > 0 else float(by >= fan_out.began)
            total += fan_out.readers * min(max(part, 0.0), 1.0)
        return total

    low, high = min(fan_out.began for fan_out in here), max(fan_out.ended for fan_out in here)
    for _ in range(60):  # halves until the difference is far below a microsecond
        middle = (low + high) / 2
        low, high = (middle, high) if written(middle) < wanted else (low, middle)
    return high
