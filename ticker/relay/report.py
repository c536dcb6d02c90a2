"""The reports that a relay with a key makes to its upstream: how many readers each feed has.

All of them are made every 10 seconds. Between them a change that people would notice is reported within a second, so
that a desk behind several relays does not wait 10 seconds for each.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from math import inf
from typing import Any, Final

import httpx

from ticker.client.http import http_client
from ticker.client.target import Target
from ticker.relay.follower import RelayFollower

INTERVAL: Final = 10.0
"""Seconds between reports of everything. An upstream forgets one after 25."""

LOOK: Final = 1.0
"""Seconds between looks at what has changed since."""

NOTABLE: Final = 0.1
"""A change of a feed's readers by more than this part of them is reported at the next look: of few readers any change,
of ten thousand only one that shows."""

FEEDS: Final = 200
"""Feeds in one report: with the longest names it stays below the limit of a body, 16 KiB."""

PATH: Final = "/v1/relay/readers"

log = logging.getLogger("ticker.relay")


def reports(relay: str, watching: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """Give the reports of a relay's readers: one, or with many feeds several, each under a name of its own."""
    left, number = iter(sorted(watching.items())), 0
    while feeds := dict(islice(left, FEEDS)):
        yield {"relay": f"{relay}-{number}", "watching": feeds}
        number += 1


class Reports:
    """Which reports of one relay are due. Pure."""

    def __init__(self, relay: str) -> None:
        """`relay` is the name of the relay in its reports."""
        self._relay = relay
        self._sent: dict[str, Mapping[str, int]] = {}
        self._next = -inf

    def restart(self) -> None:
        """Note that the upstream knows nothing: everything is due."""
        self._sent.clear()
        self._next = -inf

    def due(self, watching: Mapping[str, int], now: float) -> list[dict[str, Any]]:
        """Return what is to be reported at `now`, in seconds by a monotonic clock. It then counts as sent."""
        every = {report["relay"]: report["watching"] for report in reports(self._relay, watching)}
        # One that had feeds which are now in others must no longer count.
        every |= {name: {} for name, sent in self._sent.items() if sent and name not in every}
        if now >= self._next:
            self._next = now + INTERVAL
            chosen = every
        else:
            chosen = {name: feeds for name, feeds in every.items() if _notable(self._sent.get(name), feeds)}
        self._sent |= chosen
        return [{"relay": name, "watching": feeds} for name, feeds in chosen.items()]


def _notable(sent: Mapping[str, int] | None, feeds: Mapping[str, int]) -> bool:
    if sent is None or sent.keys() != feeds.keys():
        return True
    return any(abs(count - sent[feed]) > NOTABLE * abs(sent[feed]) for feed, count in feeds.items())


async def report_readers(
    follower: RelayFollower,
    key: str,
    relay: str,
    watching: Callable[[], Mapping[str, int]],
    clock: Callable[[], float],
) -> None:
    """Report to whichever upstream is followed, until cancelled."""
    due, fault = Reports(relay), None
    while True:
        if follower.connected:
            due.restart()
            fault = await _report_to(follower, key, due, watching, clock, fault)
        await asyncio.sleep(LOOK)


async def _report_to(
    follower: RelayFollower,
    key: str,
    due: Reports,
    watching: Callable[[], Mapping[str, int]],
    clock: Callable[[], float],
    fault: str | None,
) -> str | None:
    """Report for one session with an upstream, over one connection; take and return what was wrong the last time."""
    upstream, session = follower.upstream, follower.sessions
    async with http_client(Target.read(upstream, key, None)) as http:
        while follower.connected and follower.sessions == session:
            if now_due := due.due(watching(), clock()):
                found = await _report(http, now_due)
                if found is not None and found != fault:
                    log.warning("%s does not take the report of readers: %s", upstream, found)
                fault = found
            await asyncio.sleep(LOOK)
    return fault


async def _report(http: httpx.AsyncClient, now_due: Iterable[dict[str, Any]]) -> str | None:
    """Send reports; return what was wrong, None if all were taken."""
    found = None
    try:
        for report in now_due:
            response = await http.post(PATH, json=report)
            if response.status_code == 403:
                found = "the key must be valid for each feed that this relay follows"
            elif response.status_code == 401:
                found = "it does not know the key, or that is revoked; set TICKER_KEY to a valid one"
            elif response.status_code != 204:
                found = f"it responds with {response.status_code}"
    except (httpx.RequestError, OSError) as error:
        return type(error).__name__
    return found
