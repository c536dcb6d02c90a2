"""Charts as small SVG files, legible on a light and on a dark page."""

from __future__ import annotations

from html import escape
from math import log10
from typing import NamedTuple

STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1f2328}.dim{fill:#59636e}.grid{stroke:#d1d9e0}.ours{fill:#b42318}"
    ".peer{fill:#8b949e}.line{fill:none;stroke-width:2}@media(prefers-color-scheme:dark){text{fill:#f0f6fc}"
    ".dim{fill:#9198a1}.grid{stroke:#3d444d}.ours{fill:#ff6a5c}}"
)
WIDTH = 760


class Chart(NamedTuple):
    """A picture, by the name of its file without `.svg`."""

    name: str
    title: str
    svg: str


def bars(name: str, title: str, unit: str, values: dict[str, tuple[float, float, float]], *, ours: str) -> Chart:
    """Draw a bar for each value with its spread (middle, least, most)."""
    left, top, step = 190, 44, 30
    most = max(high for _, _, high in values.values()) or 1.0
    scale = (WIDTH - left - 110) / most
    parts = [f'<text x="0" y="18">{escape(title)}</text>']
    for index, (label, (middle, low, high)) in enumerate(values.items()):
        y = top + index * step
        kind = "ours" if label.startswith(ours) else "peer"
        parts.append(
            f'<text x="{left - 8}" y="{y + 14}" text-anchor="end">{escape(label)}</text>'
            f'<rect class="{kind}" x="{left}" y="{y}" width="{max(middle * scale, 1):.1f}" height="20" rx="2"/>'
            f'<path class="grid" stroke-width="2" d="M{left + low * scale:.1f} {y + 10}H{left + high * scale:.1f}"/>'
            f'<text class="dim" x="{left + high * scale + 8:.1f}" y="{y + 14}">{middle:.3g} {escape(unit)}</text>'
        )
    return _chart(name, title, parts, top + len(values) * step)


def lines(name: str, title: str, unit: str, series: dict[str, list[tuple[float, float]]], *, across: str) -> Chart:
    """Draw a line for each series over a logarithmic axis."""
    left, top, height = 60, 40, 240
    xs = sorted({x for points in series.values() for x, _ in points})
    most = max(y for points in series.values() for _, y in points) * 1.1 or 1.0
    span = log10(xs[-1] / xs[0]) or 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        return left + log10(x / xs[0]) / span * (WIDTH - left - 150), top + height * (1 - y / most)

    parts = [f'<text x="0" y="18">{escape(title)}</text>']
    for share in (0, 0.5, 1):
        y = place(xs[0], most * share)[1]
        parts.append(
            f'<path class="grid" d="M{left} {y:.1f}H{WIDTH - 140}"/>'
            f'<text class="dim" x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{most * share:.3g}</text>'
        )
    parts.extend(
        f'<text class="dim" x="{place(x, 0)[0]:.1f}" y="{top + height + 18}" text-anchor="middle">{x:,.0f}</text>'
        for x in xs
    )
    for (label, points), colour in zip(series.items(), ("#d1372a", "#8b949e", "#3b82c4", "#4d9a4d"), strict=False):
        placed = [place(*point) for point in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        parts.append(f'<polyline class="line" stroke="{colour}" points="{path}"/>')
        parts.extend(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in placed)
        parts.append(f'<text x="{placed[-1][0] + 10:.1f}" y="{placed[-1][1] + 4:.1f}">{escape(label)}</text>')
    parts.append(
        f'<text class="dim" x="{left}" y="{top + height + 38}">{escape(across)}; vertical: {escape(unit)}</text>'
    )
    return _chart(name, title, parts, top + height + 46)


def _chart(name: str, title: str, parts: list[str], height: float) -> Chart:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
    body = "\n".join(parts)
    return Chart(name, title, f"{head}\n<title>{escape(title)}</title><style>{STYLE}</style>\n{body}\n</svg>\n")
