"""Where the service's CPU time goes, in its most frequent work."""

from __future__ import annotations

import time
from collections.abc import Callable

from bench import kernel
from bench.measure import EVERY, LOAD, crowds_for, send
from bench.measure import SERVER as CORES
from bench.peers import Missing
from bench.peers.ticker import Server
from bench.result import Options, Result
from bench.scenarios.cutoff import DOWN, WITHIN
from bench.scenarios.post import WRITERS, kept_a_second
from bench.spy import RATE, looking_at
from ticker.load.crowds import Crowds

AT_LEAST = 0.015
BACK_TIMEOUT = 20.0
WHAT = f"""A sampling profiler (py-spy) looks at the worker's stack {RATE} times a second, from outside, while it
does one kind of work. What counts is the innermost function, with the calls of the system it makes: functions of the
service are listed by their names, libraries by theirs. The kernel's part of the worker's CPU is from the same work done
just before without the profiler. Dispatches have 300 bytes and come at 4/s; those filed while readers are away and
come back are part of the return, and so is the end of their old connections."""

Work = Callable[[Server, Crowds, Options], None]


def run(options: Options) -> Result:
    """Look at a worker in each of three kinds of work."""
    result = Result("Where the time goes", WHAT)
    readers = options.readers or 10_000
    _profile(result, f"{options.dispatches} dispatches to {readers:,} readers", readers, _lines, options)
    _profile(result, f"{readers:,} readers are cut off and come back", readers, _return, options)
    _profile(result, f"{WRITERS} writers file", 0, _posts, options)
    return result


def _profile(result: Result, title: str, readers: int, work: Work, options: Options) -> None:
    result.paces.append(kernel.pace(CORES))
    with Server(CORES) as server, kernel.on(LOAD), crowds_for(server, readers) as crowds:
        crowds.until_open(90)
        worker = server.service.children("ticker.server.worker")[0]
        before = kernel.user_and_system(worker)
        work(server, crowds, options)
        user, system = (now - then for now, then in zip(kernel.user_and_system(worker), before, strict=True))
        try:
            with looking_at(worker) as profile:
                work(server, crowds, options)
        except Missing as why:
            result.missing[title] = str(why)
            return
    shares = profile.shares(AT_LEAST)
    result.section.append(
        f"### {title}\n\nOf the worker's CPU {system / (user + system):.0%} is the kernel's; no code of ours or of a "
        f"library could save more than the other {user / (user + system):.0%}. The largest single place has "
        f"{shares[0][1]:.0%} of the time.\n"
    )
    result.table(["where", "share of the worker's time"], [[where, f"{share:.1%}"] for where, share in shares])
    result.section.append("")


def _lines(server: Server, crowds: Crowds, options: Options) -> None:
    send(server, crowds, options.dispatches)
    crowds.until_caught_up(10)


def _return(server: Server, crowds: Crowds, _: Options) -> None:
    crowds.ask("clear")
    crowds.ask("cut", down=DOWN, within=WITHIN)
    deadline = time.monotonic() + BACK_TIMEOUT
    while len(crowds.ask("report").catch_up_times) < crowds.readers:
        assert time.monotonic() < deadline, "not all readers came back"
        server.publish_next(crowds)
        time.sleep(EVERY)


def _posts(server: Server, _crowds: Crowds, _options: Options) -> None:
    kept_a_second(server)
