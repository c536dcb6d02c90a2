"""What honest correspondents and readers notice of strangers who attack the service."""

from __future__ import annotations

import time
from statistics import median
from typing import ClassVar

from bench import kernel
from bench.honest import EVERY, Noticed, notice
from bench.measure import LOAD
from bench.measure import SERVER as CORES
from bench.peers.ticker import Server
from bench.result import Options, Result, Row, spread
from bench.strangers import ADDRESS, ATTACKS, STORY, Target, under

SECONDS = 12.0
"""Longer than a beat."""
BEGUN = 1.0
"""Seconds that an attack runs before what is noticed counts."""
REST_TIMEOUT = 30.0
"""Seconds in which all that an attack asked for is answered."""
HISTORY = 100
SOURCE = "Civil Defence spokesman"
LINE = "The bridge at Port Marada is closed to traffic in both directions until engineers have looked at the piers"
WHAT = f"""One service on core 0, as an operator would start it. An honest correspondent files a dispatch every
{EVERY * 1000:.0f} ms over a kept connection, and an honest reader follows by WebSocket, both in one process on core 1,
for {SECONDS:g} s without an attack and then for {SECONDS:g} s under each attack, each of which is a process on core 1
too; and so on in turns, each time once the service has come to rest. The attackers come from another address
({ADDRESS}), to which the default limit of connections applies. *Against quiet* is the 99th percentile
under the attack against that of the quiet time just before it. A connection that the reader loses, a dispatch that it
does not get and a `delayed` count as delayed. The attacks:
{"; ".join(f"{name}: {attack.__doc__}" for name, attack in ATTACKS.items()).replace(".;", ";")}"""


class Attacked(Server):
    """The service, with the attackers' address as that of strangers."""

    settings: ClassVar = {"trusted_proxies": "127.0.0.1/32"}


def run(options: Options) -> Result:
    """Measure in turns: quiet, an attack, quiet, the next."""
    result = Result("Strangers", WHAT)
    quiet: dict[str, list[Noticed]] = {name: [] for name in ATTACKS}
    attacked: dict[str, list[Noticed]] = {name: [] for name in ATTACKS}
    growth: list[float] = []
    for _ in range(options.rounds):
        with Attacked(CORES) as server, kernel.on(LOAD):
            for number in range(HISTORY):
                server.service.file(server.feed, f"{number} {'x' * 900}")
            for number in range(HISTORY):
                fields = {
                    "story": STORY,
                    "source": SOURCE,
                    "urgency": "urgent",
                    "places": ["Marada"],
                }
                server.service.file(server.feed, f"{number} {LINE}", **fields)
            target = Target(server.port, server.feed, server.service.key)
            notice(target, 2.0)  # connections and caches are warm
            before = kernel.uss(server.pids)
            for name in ATTACKS:
                # Clients who close only their side still get their responses: an attack goes on after its end.
                kernel.until_rest(server.pids, REST_TIMEOUT)
                result.paces.append(kernel.pace(CORES))
                quiet[name].append(notice(target, SECONDS))
                with under(name, target):
                    time.sleep(BEGUN)
                    attacked[name].append(notice(target, SECONDS))
            growth.append((kernel.uss(server.pids) - before) / 1024)
    rows = []
    for name in ATTACKS:
        calm, under_it = quiet[name], attacked[name]
        ratios = [_p99(those.posts) / _p99(these.posts) for these, those in zip(calm, under_it, strict=True)]
        refused, delayed = (sum(getattr(those, what) for those in under_it) for what in ("refused", "delayed"))
        rows.append(
            [
                name,
                spread([_p99(these.posts) for these in calm], 1),
                spread([_p99(those.posts) for those in under_it], 1),
                spread(ratios),
                spread([_p99(these.ways) for these in calm], 1),
                spread([_p99(those.ways) for those in under_it], 1),
                str(refused),
                str(delayed),
            ]
        )
        figure = f"Under {name}: p99 of an honest POST against that without"
        result.rows.append(Row(figure, spread(ratios) + " x", median(ratios), 3, None, "x"))
        figure = f"Under {name}: honest POSTs refused, dispatches not seen, `delayed`"
        result.rows.append(Row(figure, str(refused + delayed), refused + delayed, 0))
    result.table(
        [
            *("attack", "ms p99 of a POST, quiet", "attacked", "against quiet"),
            *("ms p99 from POST to reader, quiet", "attacked", "refused", "delayed"),
        ],
        rows,
    )
    result.section.append(
        f"\nMemory of all processes of the service, from before the first attack to after the last: "
        f"{spread(growth, 1)} MiB more, among it the dispatches that were filed meanwhile.\n"
    )
    return result


def _p99(values: list[float]) -> float:
    """Return the 99th percentile; a day if nothing was measured."""
    return sorted(values)[int(len(values) * 0.99)] if values else 86_400_000.0
