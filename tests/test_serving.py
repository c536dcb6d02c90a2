"""What a node and a relay both have, and what a relay has not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ticker import serving
from ticker.errors import AtUpstream, Unavailable
from ticker.relay.node import RelayNode
from ticker.serving import ServingNode, compare
from ticker.settings import Settings

pytestmark = pytest.mark.anyio

NEED_THE_LOG = (
    *("redis", "journal", "registry", "sessions", "people", "invitations", "rates", "held", "delivery_reports"),
    *("desk_watch", "follower"),
)


@pytest.fixture
def relay() -> RelayNode:
    return RelayNode(Settings.read(upstream="http://127.0.0.1:9"))


def test_a_relay_has_everything_that_pages_are_served_from(relay: RelayNode) -> None:
    node: ServingNode = relay
    assert {name for name in ServingNode.__annotations__ if not hasattr(node, name)} == set()
    assert not node.feeds.complete
    assert set(NEED_THE_LOG) <= ServingNode.__annotations__.keys()


@pytest.mark.parametrize("part", NEED_THE_LOG)
async def test_what_needs_the_log_is_at_the_upstream_as_long_as_there_is_one(relay: RelayNode, part: str) -> None:
    with pytest.raises(Unavailable, match="lost its upstream"):
        getattr(relay, part).anything  # noqa: B018
    with pytest.raises(Unavailable):
        await relay.find("breaking")
    relay.upstream_follower.connected = True
    with pytest.raises(AtUpstream):
        getattr(relay, part).anything  # noqa: B018
    with pytest.raises(AtUpstream):
        await relay.find("breaking")


class Compared:
    """A feed whose proof is young again once it was asked for so many times."""

    def __init__(self, asked: int) -> None:
        self.left = asked

    @property
    def freshness(self) -> Any:
        return SimpleNamespace(stale=self.left > 0)

    def watch(self) -> None:
        self.left -= 1


async def test_a_feed_with_a_stale_proof_is_watched_until_it_is_compared() -> None:
    channel: Any = Compared(3)
    await compare(channel)
    assert channel.left == 0


async def test_a_feed_that_cannot_be_compared_is_served_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "COMPARISON_TIMEOUT", 0.01)
    channel: Any = Compared(1_000_000)
    await compare(channel)
    assert channel.freshness.stale
