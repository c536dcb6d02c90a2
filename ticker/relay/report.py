"""The report that a relay with a key makes to its upstream every 10 seconds: how many readers it has."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

import httpx

from ticker.client.http import http_client
from ticker.client.target import Target
from ticker.relay.follower import RelayFollower

INTERVAL: Final = 10.0
"""Seconds between reports. An upstream forgets one after 25."""

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


async def report_readers(
    follower: RelayFollower, key: str, relay: str, watching: Callable[[], Mapping[str, int]]
) -> None:
    """Report to whichever upstream is followed, until cancelled."""
    fault = None
    while True:
        if follower.connected:
            found = await _report(Target.read(follower.upstream, key, None), relay, watching())
            if found is not None and found != fault:
                log.warning("%s does not take the report of readers: %s", follower.upstream, found)
            fault = found
        await asyncio.sleep(INTERVAL if follower.connected else 1.0)


async def _report(target: Target, relay: str, watching: Mapping[str, int]) -> str | None:
    """Send a report; return what was wrong, None if it was taken."""
    try:
        async with http_client(target) as http:
            for report in reports(relay, watching):
                response = await http.post(PATH, json=report)
                if response.status_code == 403:
                    return "the key must be valid for each feed that this relay follows"
                if response.status_code != 204:
                    return f"it responds with {response.status_code}"
    except (httpx.RequestError, OSError) as error:
        return type(error).__name__
    return None
