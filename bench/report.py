"""REPORT.md: made of what each scenario last measured, which is kept in results.json beside it."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import kernel
from bench.result import Options, Result, table
from bench.scenarios import NAMES

HERE = Path(__file__).parent
KEPT = HERE / "results.json"

HEAD = """# Measured

Written by `python -m bench`, which runs this service and its peers on the same work on one machine; nothing
here is typed by hand. `python -m bench SCENARIO` measures one section again. A figure that is not reached says so.

"""


def keep(name: str, result: Result, options: Options, *, busy: float, took: float) -> None:
    """Keep what a scenario measured, and on what machine."""
    kept = _kept()
    kept[name] = {
        "title": result.title,
        "what": result.what,
        "rows": [row.cells() for row in result.rows],
        "section": result.section,
        "about": result.about,
        "missing": result.missing,
        "options": dataclasses.asdict(options),
        "machine": kernel.machine(),
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
        "weather": result.weather(),
        "busy": round(busy, 2),
        "took": round(took),
    }
    for chart in result.charts:
        (HERE / "charts" / f"{chart.name}.svg").write_text(chart.svg)
    KEPT.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


def write() -> None:
    """Write the report from all that is kept."""
    kept = _kept()
    measured = [(name, kept[name]) for name in NAMES if name in kept]
    parts = [HEAD, "## Figures\n\n"]
    rows = [row for _, scenario in measured for row in scenario["rows"]]
    parts.append(table(["figure", "must", "aim", "measured: median (least to most)", "reached"], rows) + "\n\n")
    for _, scenario in measured:
        parts.append(f"## {scenario['title']}\n\n{scenario['what']}\n\n")
        parts.append("\n".join(scenario["section"]) + "\n\n")
        if scenario["about"]:
            about = [[name, text] for name, text in scenario["about"].items()]
            parts.append(table(["server", "set up as"], about) + "\n\n")
        parts.extend(f"Left out: {name}: {why}\n\n" for name, why in scenario["missing"].items())
        weather = f"; {scenario['weather']}" if scenario.get("weather") else ""
        parts.append(
            f"{scenario['at']}; {scenario['machine']}; {scenario['options']['rounds']} rounds, {scenario['took']} s; "
            f"load average before it started: {scenario['busy']:g}{weather}.\n\n"
        )
    (HERE / "REPORT.md").write_text("".join(parts).rstrip() + "\n")


def _kept() -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    return kept
