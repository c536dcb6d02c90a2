"""What the client of a cluster costs: the same POSTs to one Redis and to clusters of it, in one run on one core."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from statistics import median
from typing import ClassVar, NamedTuple

from bench import kernel
from bench.peers import free_port
from bench.peers.ticker import Server
from bench.result import Result, spread
from tests.on.replica import KEEP
from tests.sentinels import Process
from tests.servers import until
from tests.shards import Shards
from ticker.journal.embedded import binary

ABOUT = """
The client of a cluster: one worker and the servers of its log on core 0, all the same Valkey, by TCP on loopback with
the same settings; the three take turns, the order turned round each time. All writers file into one feed, so of three
shards one has the feed, and the lists of keys and feeds may be on others. CPU is that of the service alone, without its
log. A ratio is the median of those to one Redis in the same round.
"""


class OnOneRedis(Server):
    """The service on a single Redis that is not its child."""

    log = "one Redis"

    def start(self) -> None:
        self._open = ExitStack()
        with kernel.on(self.cores):
            self.settings = {"redis_url": self._start_log()}  # type: ignore[misc]  # known once that runs
        super().start()

    def _start_log(self) -> str:
        port = free_port()
        command = (binary(), "--port", str(port), "--bind", "127.0.0.1", *KEEP)
        server = Process(self.folder / "redis", port, *command)
        server.start()
        self._open.callback(server.kill)
        until(lambda: server("PING"))
        return f"redis://127.0.0.1:{port}"

    def stop(self) -> None:
        super().stop()
        self._open.close()


class OnOneShard(OnOneRedis):
    """The service on a cluster of one shard."""

    log = "a cluster of one shard"
    shards: ClassVar[int] = 1

    def _start_log(self) -> str:
        return self._open.enter_context(Shards(self.folder / "cluster", program="valkey", count=self.shards)).url


class OnThreeShards(OnOneShard):
    """The service on a cluster of three shards."""

    log = "a cluster of three shards"
    shards = 3


KINDS = (OnOneRedis, OnOneShard, OnThreeShards)


class Run(NamedTuple):
    """201s a second, and microseconds of the service for each."""

    rate: float
    cpu: float


def compare(result: Result, rounds: int, cores: set[int], seconds: float, kept: Callable[[Server], int]) -> None:
    """Measure all kinds in turns and add the table; `kept` files for so many seconds and returns how many 201s came."""
    runs: dict[type[OnOneRedis], list[Run]] = {kind: [] for kind in KINDS}
    for number in range(rounds):
        for kind in KINDS if number % 2 == 0 else KINDS[::-1]:
            runs[kind].append(_run(kind(cores), seconds, kept))
            result.paces.append(kernel.pace(cores))
    single = runs[OnOneRedis]
    rows = []
    for kind in KINDS:
        rates = [run.rate / one.rate for run, one in zip(runs[kind], single, strict=True)]
        costs = [run.cpu / one.cpu for run, one in zip(runs[kind], single, strict=True)]
        rows.append(
            [
                *(kind.log, spread([run.rate for run in runs[kind]], 0), f"{median(rates):.2f}"),
                *(spread([run.cpu for run in runs[kind]], 0), f"{median(costs):.2f}"),
            ]
        )
    result.section.append(ABOUT)
    result.table(["log", "201s a second", "ratio", "CPU µs of the service for each", "ratio"], rows)


def _run(server: OnOneRedis, seconds: float, kept: Callable[[Server], int]) -> Run:
    with server:
        kept(server)  # connections and caches are warm
        before = kernel.cpu(server.pids)
        count = kept(server)
        return Run(count / seconds, (kernel.cpu(server.pids) - before) / count)
