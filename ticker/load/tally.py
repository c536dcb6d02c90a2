"""The counts of all crowds of a run, added up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

SHARES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
"""The percentiles of a report."""


class Times:
    """Times in nanoseconds, each known to one per cent."""

    def __init__(self, counts: Counter[int] | None = None) -> None:
        self._counts = counts or Counter()

    def add(self, nanoseconds: int) -> None:
        """Add one."""
        self._counts[nanoseconds] += 1

    def __len__(self) -> int:
        return self._counts.total()

    def at(self, share: float) -> float:
        """Return the time in milliseconds that this share of all did not exceed."""
        seen, wanted = 0, share * len(self)
        for nanoseconds, count in sorted(self._counts.items()):
            seen += count
            if seen >= wanted:
                return nanoseconds / 1e6
        return 0.0

    def summary(self) -> dict[str, float]:
        """Return the percentiles of a report, in milliseconds."""
        return {name: round(self.at(share), 2) for name, share in SHARES.items()}


@dataclass
class Tally:
    """The counts of all crowds."""

    open: int = 0
    full_at: int = 0
    marks: int = 0
    lost: int = 0
    doubled: int = 0
    disordered: int = 0
    reconnects: int = 0
    resets: int = 0
    skipped: int = 0
    last_at: int = 0
    refusal: str = ""
    delays: Counter[int] = field(default_factory=Counter)
    catch_up_times: list[int] = field(default_factory=list)

    def add(self, report: dict[str, Any]) -> None:
        """Add one crowd's report."""
        for name in ("open", "marks", "lost", "doubled", "disordered", "reconnects", "resets", "skipped"):
            setattr(self, name, getattr(self, name) + report[name])
        self.full_at = max(self.full_at, report["full_at"])
        self.last_at = max(self.last_at, report["last_at"])
        self.refusal = self.refusal or report["refusal"]
        self.delays.update(dict(report["delays"]))
        self.catch_up_times.extend(report["catch_up_times"])

    @property
    def times(self) -> Times:
        """How long dispatches took to readers."""
        return Times(self.delays)
