"""Asks Sentinels whether another server is the primary now, so that a node does not stay with the old one.

After a failover that somebody asked for, and after one in which only the Sentinels lost sight of the primary, the old
one takes writes for another ten seconds, all of which will be lost, until Sentinel makes it a replica.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from ticker.errors import Unavailable
from ticker.journal.redis import Redis

INTERVAL: Final = 0.5
"""Seconds between two questions. Each costs a Sentinel two commands."""

log = logging.getLogger("ticker.primary_watch")


async def watch_primary(
    connections: Sequence[Redis], *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Until cancelled, let these connect to each new primary; end at once where their address is not of Sentinels.

    All of them have the same address.
    """
    while True:
        try:
            primary = await connections[0].primary()
        except Unavailable:
            pass  # what they are connected to stays the primary until Sentinels say otherwise
        else:
            if primary is None:
                return
            if moved := [redis for redis in connections if not redis.leads_only_to(primary)]:
                log.warning("Sentinels name another primary; connecting to it")
                for redis in moved:
                    await redis.reconnect(subscriptions=True)
        await sleep(INTERVAL)
