"""What web/ and server/ serve from: a node with a log, or a relay, which passes on what needs one."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from typing import Final, Protocol

from ticker.channel import Channel
from ticker.client_address import ClientAddresses
from ticker.desk_watch import DeskWatch
from ticker.durations import Durations
from ticker.follower import Follower
from ticker.guesses import Guesses
from ticker.hub import Hub
from ticker.journal.append import Receipt
from ticker.journal.delivery import DeliveryReports
from ticker.journal.held import HeldDispatches
from ticker.journal.invitations import Invitations
from ticker.journal.log import Journal
from ticker.journal.people import People
from ticker.journal.rate import Rates
from ticker.journal.redis import Redis
from ticker.journal.registry import Registry
from ticker.journal.sessions import Sessions
from ticker.metrics import Metrics
from ticker.node_counts import RelayCounts
from ticker.settings import Settings
from ticker.shard_followers import ShardFollowers

COMPARISON_TIMEOUT: Final = 1.0
"""Seconds a request waits for a feed that nobody read to be compared with its log; normally it takes milliseconds."""


class KnownFeeds(Protocol):
    """Which feeds there are, as far as a process knows."""

    complete: bool
    """Whether it knows every feed of the service."""

    def private(self, name: str) -> bool:
        """Return True if a feed is known here and may be read with a key alone."""

    def listed(self, name: str) -> bool:
        """Return True if a feed may be listed, as far as is known here."""


class ServingNode(Protocol):
    """One process of the service."""

    settings: Settings
    addresses: ClientAddresses
    guesses: Guesses
    responses: Counter[int]
    """How many requests got a response of each status; streams, and what is no request, are not among them."""
    hub: Hub
    relays: RelayCounts
    """The readers of the relays that follow this process."""
    metrics: Metrics
    posts: Durations
    """How long responses to POST requests took."""

    # What needs the log. On a relay, to use any of it raises AtUpstream, or Unavailable.
    redis: Redis
    journal: Journal
    registry: Registry
    sessions: Sessions
    people: People
    invitations: Invitations
    rates: Rates
    held: HeldDispatches
    delivery_reports: DeliveryReports
    desk_watch: DeskWatch
    follower: Follower | ShardFollowers

    @property
    def feeds(self) -> KnownFeeds:
        """Which feeds there are."""

    def relay_reported(self, relay: str, watching: Mapping[str, int]) -> None:
        """Take the report of a relay's readers by feed, without its own streams, which are counted where they are."""

    def note_kept(self, feed: str, receipt: Receipt) -> None:
        """Note that an entry is known to be kept; of a dispatch that was filed, when, for the delivery report."""

    def unready(self) -> str | None:
        """Return why this process is not to be sent readers and correspondents, None if it is ready."""

    async def find(self, name: str) -> Channel:
        """Return a feed's channel.

        Raises:
            NotFound, AtUpstream, Unavailable: it is not here.
        """


async def compare(channel: Channel) -> None:
    """Wait until a feed's proof is young enough to be given to a reader, if the log can be reached at all."""
    deadline = time.monotonic() + COMPARISON_TIMEOUT
    while channel.freshness.stale and time.monotonic() < deadline:
        channel.watch()
        await asyncio.sleep(0.002)
