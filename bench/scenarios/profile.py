"""Where the service's own time goes, in what is asked of it most."""

from __future__ import annotations

import time

from bench import kernel
from bench.measure import LOAD, crowds_for, send
from bench.measure import SERVER as CORES
from bench.peers import Missing
from bench.peers.ticker import Server
from bench.result import Options, Result
from bench.scenarios.cutoff import DOWN, WITHIN
from bench.scenarios.post import WRITERS, kept_a_second
from bench.spy import RATE, Profile, looking_at

AT_LEAST = 0.015
WHAT = f"""A sampling profiler (py-spy) looks at the worker's stack {RATE:,} times a second, from outside, while it is
asked for one thing; only the innermost function counts, with the calls of the system it makes. It stops the process
for each look, so shares are to be read and not times. Deliveries are lines of 300 bytes at 4/s. The return is that
of readers who lost their line, as above, each by a WebSocket handshake; the lines filed meanwhile, which those who
are back already get, are in it. Functions of the service stand by their names, libraries by theirs."""


def run(options: Options) -> Result:
    """Look at a worker in each of three kinds of work."""
    result = Result("Where the time goes", WHAT)
    readers = options.readers or 10_000
    works = {
        f"{options.lines} lines to {readers:,} readers": _lines,
        f"{readers:,} readers come back": _return,
        f"{WRITERS} writers file": _posts,
    }
    for title, work in works.items():
        result.paces.append(kernel.pace(CORES))
        with Server(CORES) as server:
            try:
                profile = work(server, readers, options)
            except Missing as why:
                result.missing[title] = str(why)
                continue
        result.section.append(
            f"### {title[0].upper()}{title[1:]}\n\nThe kernel's part of the worker's CPU: {profile.kernel:.0%}.\n"
        )
        result.table(
            ["where", "share of the worker's time"],
            [[where, f"{share:.1%}"] for where, share in profile.shares(AT_LEAST)],
        )
        result.section.append("")
    return result


def _lines(server: Server, readers: int, options: Options) -> Profile:
    with kernel.on(LOAD), crowds_for(server, readers) as crowds:
        crowds.until_open(90)
        with looking_at(server.worker) as profile:
            send(server, crowds, options.lines)
            crowds.until_level(10)
    return profile


def _return(server: Server, readers: int, _: Options) -> Profile:
    with kernel.on(LOAD), crowds_for(server, readers) as crowds:
        crowds.until_open(90)
        server.say(crowds)
        crowds.until_level(10)
        crowds.ask("cut", down=DOWN, within=WITHIN)
        time.sleep(DOWN / 2)  # it has closed them all; what follows is only the return
        with looking_at(server.worker) as profile:
            send(server, crowds, 4)
            while len(crowds.ask("report").levels) < readers:
                time.sleep(0.05)
    return profile


def _posts(server: Server, _readers: int, _options: Options) -> Profile:
    with looking_at(server.worker) as profile:
        kept_a_second(server)
    return profile
