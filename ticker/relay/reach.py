"""Whether an upstream can be reached: looked at before a relay serves, so that a wrong address is told at once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Final

import httpx

from ticker.client.http import http_client
from ticker.client.target import Target
from ticker.errors import Unavailable
from ticker.relay.follower import BULLETINS
from ticker.relay.upstreams import Upstreams

GIVE_UP_AFTER: Final = 10.0
"""Seconds after which a relay whose upstreams can't be reached does not start."""


async def reach(urls: Sequence[str]) -> None:
    """Reach one of the upstreams, trying one after the other.

    Raises:
        Unavailable: none could be reached in GIVE_UP_AFTER seconds.
    """
    upstreams = Upstreams(urls, random.random)
    deadline = asyncio.get_running_loop().time() + GIVE_UP_AFTER
    while True:
        try:
            await _check(upstreams.current)
        except Unavailable:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(min(upstreams.failed(), 1.0))
        else:
            return


async def _check(url: str) -> None:
    """Check that an upstream can be reached and serves relays.

    Raises:
        Unavailable: it does not; the message says why.
    """
    target = Target.read(url, "", None)
    async with http_client(target) as http:
        try:
            response = await http.get(BULLETINS)
        except (httpx.RequestError, OSError) as error:
            raise Unavailable(f"cannot reach the upstream {target.url}: {error or type(error).__name__}") from None
    if response.status_code != 426:  # asked for no stream: a node that knows the address says so
        raise Unavailable(
            f"the upstream {target.url} responds with {response.status_code} to a relay; is it a ticker service?"
        )
