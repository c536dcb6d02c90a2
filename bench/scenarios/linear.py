"""Whether a delivery costs the same however many readers there are."""

from __future__ import annotations

from statistics import median

from bench import chart
from bench.measure import SERVER as CORES
from bench.measure import fan_out
from bench.peers import peer
from bench.result import Options, Result, Row, spread

SIZES = (1000, 2000, 5000, 10_000, 19_000)
WHAT = """The same work with 1,000 to 19,000 readers on one worker (it may hold 20,000 descriptors). The time
that passes between lines is the same, so what a line costs once (the POST, Valkey, the frame) weighs more on
few readers. That part is measured by the smallest crowd of all, ten readers, and shown apart."""


def run(options: Options) -> Result:
    """Measure this service and the floor at each size."""
    result = Result("Readers from 1,000 to 19,000", WHAT)
    sizes = [size for size in SIZES if not options.readers or size <= options.readers]
    found: dict[str, dict[int, list[float]]] = {"ticker": {}, "floor": {}}
    for turn in range(options.rounds):
        for size in (10, *sizes) if turn % 2 == 0 else (*sizes[::-1], 10):
            for name, costs in found.items():
                with peer(name)(CORES) as server:
                    costs.setdefault(size, []).append(fan_out(server, size, options.lines).delivery)
    line = median(found["ticker"][10]) * 10
    ours = {size: median(found["ticker"][size]) for size in sizes}
    rows = [
        [
            f"{size:,}",
            spread(found["ticker"][size]),
            f"{ours[size] - line / size:.2f}",
            spread(found["floor"][size]),
            f"{ours[size] / median(found['floor'][size]):.2f}",
        ]
        for size in sizes
    ]
    result.table(["readers", "µs CPU a delivery", "without the line's own cost", "C floor", "of floor"], rows)
    result.section.append(
        f"\nA line's own cost, however many read it: {line / 1000:.2f} ms of CPU (POST, log, frame).\n"
    )
    series = {
        "ticker": [(float(size), ours[size]) for size in sizes],
        "C floor": [(float(size), median(found["floor"][size])) for size in sizes],
    }
    result.section.append(chart.lines("linear", "CPU for a delivery as readers grow", "µs", series, across="readers"))
    bare = [ours[size] - line / size for size in sizes]
    apart = max(abs(cost / median(bare) - 1) for cost in bare)
    figure = "µs for a delivery from 1,000 to 19,000 readers: farthest from their median, the line's own cost apart"
    result.rows.append(Row(figure, f"{apart:.0%}", apart * 100, 15, None, "%"))
    with_line = max(abs(cost / median(ours.values()) - 1) for cost in ours.values())
    result.section.append(f"\nWith the line's own cost spread over its readers, the farthest is {with_line:.0%} off.\n")
    return result
