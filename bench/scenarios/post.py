"""From POST to reader on an idle machine, and how many durable POSTs fit in a second."""

from __future__ import annotations

import multiprocessing
import socket
import time
from pathlib import Path
from statistics import median

from bench import kernel, sharded
from bench.measure import LOAD, crowds_for, send
from bench.measure import SERVER as CORES
from bench.peers.ticker import Server
from bench.result import Options, Result, Row, spread
from bench.writers import write
from ticker.journal.embedded import SOCKET

WRITERS = 50
SECONDS = 5.0
WHAT = f"""Way: one correspondent files a dispatch every 50 ms, ten readers read; fsync is on (AOF, always), the
machine does nothing else. Writers: {WRITERS} connections file short dispatches one after another for {SECONDS:g} s,
each waiting for its 201, which means the dispatch is on disk; the writers are bare sockets in one process on core
1, the service and its Valkey on core 0, and again with two workers on both cores. What the disk and the log ask for
is measured just before: 400 bytes appended, then fdatasync; a command to the service's Valkey from core 1 and back, one
that reads and one that has to be on disk first. A POST takes one of each, one after the other."""

TRIPS = 200
"""Commands sent to Valkey, one after another, 10 ms apart."""


class TwoWorkers(Server):
    """The service as it is started on two cores."""

    flags = ("--workers", "2")


def run(options: Options) -> Result:
    """Measure the way, then the rate."""
    result = Result("POST to reader, and durable POSTs", WHAT)
    middle, tail, disk, disk_tail = [], [], [], []
    reads: list[tuple[float, float]] = []
    writes: list[tuple[float, float]] = []
    rates: dict[str, list[float]] = {"one core": [], "both cores": []}
    responses: dict[str, list[float]] = {"one core": [], "both cores": []}
    runs: list[str] = []
    for _ in range(options.rounds):
        result.paces.append(kernel.pace(CORES))
        with Server(CORES) as server, kernel.on(LOAD):
            cost = kernel.fsync_cost(server.folder)
            disk.append(cost[0])
            disk_tail.append(cost[1])
            log = server.folder / SOCKET
            reads.append(round_trip(log, b"GET bench\r\n"))
            writes.append(round_trip(log, b"SET bench " + b"x" * 400 + b"\r\n"))
            with crowds_for(server, 10) as crowds:
                crowds.until_open(10)
                send(server, crowds, 20, 0.05)  # connections and caches are warm
                crowds.until_caught_up(5)
                crowds.ask("clear")
                send(server, crowds, 200, 0.05)
                times = crowds.until_caught_up(5).times
                middle.append(times.at(0.5))
                tail.append(times.at(0.99))
        for name, cores, kind in (("one core", CORES, Server), ("both cores", CORES | LOAD, TwoWorkers)):
            with kind(cores) as server:
                before = kernel.pace(CORES)
                rate, p99 = kept_a_second(server)
                after = kernel.pace(CORES)
            result.paces += [before, after]
            rates[name].append(rate)
            responses[name].append(p99)
            runs.append(f"{rate:,.0f} on {name} ({before:.1f}, {after:.1f})")
    result.table(
        ["", "p50", "p99"],
        [
            ["POST → reader, ms", spread(middle), spread(tail)],
            ["400 bytes and fdatasync on this disk, ms", spread(disk), spread(disk_tail)],
            ["a read in Valkey and back, ms", *(spread(list(each)) for each in zip(*reads, strict=True))],
            ["a write in Valkey, on disk, and back, ms", *(spread(list(each)) for each in zip(*writes, strict=True))],
        ],
    )
    result.section.append("")
    result.table(
        [f"{WRITERS} writers", "201s a second", "ms p99 of a response"],
        [[f"service on {name}", spread(rates[name], 0), spread(responses[name], 0)] for name in rates],
    )
    result.section.append(
        f"\nRun by run, with the machine's pace in ms (see below) before and after: {'; '.join(runs)}.\n"
    )
    sharded.compare(result, options.rounds, CORES, SECONDS, lambda server: len(responses_of(server)))
    result.rows.append(
        Row("POST to reader, idle, fsync on: p50", spread(middle) + " ms", median(middle), 2.7, 1.5, "ms")
    )
    result.rows.append(Row("POST to reader, idle, fsync on: p99", spread(tail) + " ms", median(tail), 20, None, "ms"))
    for name, found in rates.items():
        figure = f"Durable POSTs, {WRITERS} writers (service on {name})"
        result.rows.append(Row(figure, spread(found, 0) + " /s", median(found), 3000, 5000, "/s", more=True))
    return result


def round_trip(log: Path, command: bytes) -> tuple[float, float]:
    """Return median and 99th percentile in ms from sending a command to Valkey until its response is here."""
    taken = []
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(log))
        for _ in range(TRIPS):
            time.sleep(0.01)
            before = time.perf_counter()
            connection.sendall(command)
            assert not connection.recv(4096).startswith(b"-")
            taken.append((time.perf_counter() - before) * 1000)
    taken.sort()
    return taken[len(taken) // 2], taken[int(len(taken) * 0.99)]


def kept_a_second(server: Server) -> tuple[float, float]:
    """Return 201s a second and the 99th percentile of a response's time in ms."""
    times = sorted(responses_of(server))
    return len(times) / SECONDS, times[int(len(times) * 0.99)]


def responses_of(server: Server) -> list[float]:
    """File for a while, and return how long each 201 took in ms."""
    with kernel.on(LOAD):
        mine, its = multiprocessing.Pipe()
        spawn = multiprocessing.get_context("spawn")
        writer = spawn.Process(target=write, args=(its, server.port, server.feed, server.service.key, WRITERS, SECONDS))
        writer.start()
        its.close()
        _, taken = mine.recv()
        writer.join()
    return list(taken)
