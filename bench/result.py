"""What a scenario hands back, and how a figure is judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

from bench.chart import Chart


@dataclass
class Row:
    """A row of the table of figures. `value` is compared with the limits; lower is better unless `more`."""

    figure: str
    measured: str
    value: float
    must: float
    aim: float | None = None
    unit: str = ""
    more: bool = False

    def reached(self) -> str:
        """Return `aim`, `must` or `no`."""
        return "aim" if self._within(self.aim) else "must" if self._within(self.must) else "no"

    def _within(self, limit: float | None) -> bool:
        if limit is None:
            return False
        return self.value >= limit if self.more else self.value <= limit

    def cells(self) -> list[str]:
        """Return the row of the table."""
        sign = "≥" if self.more else "≤"
        aim = "" if self.aim is None else f"{sign} {self.aim:,g} {self.unit}".strip()
        must = f"{sign} {self.must:,g} {self.unit}".strip()
        reached = {"no": "**no**", "must": "yes", "aim": "yes, the aim too"}[self.reached()]
        return [self.figure, must, aim, self.measured, reached]


@dataclass
class Result:
    """One scenario: rows for the table of figures, its own section as Markdown, and `kernel.pace` meanwhile."""

    title: str
    what: str
    rows: list[Row] = field(default_factory=list)
    section: list[str] = field(default_factory=list)
    about: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    paces: list[float] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)

    def weather(self) -> str:
        """Say how the machine's own speed varied, or nothing."""
        if not self.paces:
            return ""
        return (
            f"a fixed piece of Python took {min(self.paces):.1f} to {max(self.paces):.1f} ms (median "
            f"{median(self.paces):.1f}) on the server's core meanwhile: the machine is shared"
        )

    def chart(self, chart: Chart) -> None:
        """Show a chart in the section."""
        self.charts.append(chart)
        self.section.append(f"\n![{chart.title}](charts/{chart.name}.svg)")

    def table(self, head: list[str], rows: list[list[str]]) -> None:
        """Add a table to the section."""
        self.section.append(table(head, rows))


@dataclass
class Options:
    """Options of the command line, for every scenario. None leaves a scenario its own."""

    readers: int | None = None
    rounds: int = 3
    dispatches: int = 24
    peers: list[str] = field(default_factory=list)


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def spread(values: list[float], digits: int = 2) -> str:
    """Return the middle value with the least and the most."""
    if not values:
        return "—"
    middle = f"{median(values):,.{digits}f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"
