"""Whether a delivery costs the same however many readers there are."""

from __future__ import annotations

import contextlib
from statistics import median

from bench import chart
from bench.measure import SERVER as CORES
from bench.measure import Run, Side, take_turns
from bench.peers import peer
from bench.result import Options, Result, Row, spread

FEW = 10
SIZES = (1000, 2000, 5000, 10_000, 19_000)
WHAT = """One service for each size, from 1,000 to 19,000 readers on one worker (it may hold 20,000 descriptors),
and beside each the C floor with as many readers. All are up at once and take turns of one dispatch, counted as
above, so that all sizes have the same weather; a size's cost is compared with the median of all sizes in the same
round. What a dispatch costs once (the POST, Valkey, the frame, and what the service does between dispatches) weighs
more on few readers. That part is measured by the smallest crowd of all, ten readers, and shown apart."""


def run(options: Options) -> Result:
    """Measure this service and the floor at all sizes."""
    result = Result("Readers from 1,000 to 19,000", WHAT)
    sizes = [size for size in SIZES if not options.readers or size <= options.readers]
    rounds = [_round(result, (FEW, *sizes), options.dispatches) for _ in range(options.rounds)]
    dispatches = [found["ticker", FEW].delivery * FEW for found in rounds]
    bare = [
        {size: found["ticker", size].delivery - dispatch / size for size in sizes}
        for found, dispatch in zip(rounds, dispatches, strict=True)
    ]
    shares = {size: [costs[size] / median(costs.values()) for costs in bare] for size in sizes}
    rows = [
        [
            f"{size:,}",
            spread([found["ticker", size].delivery for found in rounds]),
            spread([costs[size] for costs in bare]),
            spread(shares[size]),
            spread([found["floor", size].delivery for found in rounds]),
            spread([found["ticker", size].against(found["floor", size]) for found in rounds]),
        ]
        for size in sizes
    ]
    result.table(COLUMNS.split("|"), rows)
    result.section.append(
        f"\nA dispatch's own cost, however many read it: {spread([each / 1000 for each in dispatches])} ms of CPU.\n"
    )
    series = {
        title: [(float(size), median(found[name, size].delivery for found in rounds)) for size in sizes]
        for name, title in (("ticker", "ticker"), ("floor", "C floor"))
    }
    result.chart(chart.lines("linear", "CPU for a delivery as readers grow", "µs", series, across="readers"))
    apart = max(abs(median(share) - 1) for share in shares.values())
    figure = "µs for a delivery from 1,000 to 19,000 readers: farthest from their median, the dispatch's own cost apart"
    result.rows.append(Row(figure, f"{apart:.0%}", apart * 100, 15, None, "%"))
    ours = [cost for _, cost in series["ticker"]]
    with_line = max(abs(cost / median(ours) - 1) for cost in ours)
    figure = "The same with the dispatch's own cost, spread over its readers"
    result.rows.append(Row(figure, f"{with_line:.0%}", with_line * 100, 15, None, "%"))
    floor = [cost for _, cost in series["C floor"]]
    result.section.append(
        f"\nSpread over its readers, that cost puts the farthest size {with_line:.0%} off the middle one: a "
        "thousand deliveries have to carry a POST, the script, an fsync and the chores of two programs for a quarter "
        "of a second. The C floor, which has none of that, is "
        f"{max(abs(cost / median(floor) - 1) for cost in floor):.0%} off.\n"
    )
    return result


COLUMNS = "readers|µs CPU a delivery|without the dispatch's own cost|of the median of all sizes|C floor|of floor"


def _round(result: Result, sizes: tuple[int, ...], dispatches: int) -> dict[tuple[str, int], Run]:
    """Measure all sizes side by side."""
    with contextlib.ExitStack() as stack:
        sides = {
            (name, size): stack.enter_context(Side(peer(name)(CORES), size))
            for size in sizes
            for name in ("ticker", "floor")
        }
        result.paces += take_turns(list(sides.values()), dispatches)
        return {which: side.run() for which, side in sides.items()}
