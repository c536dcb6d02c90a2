"""All feeds of a node, and who is let in."""

from __future__ import annotations

import pytest

from tests.hub.world import Clock, Log, joined
from ticker.errors import NotFound, Unavailable
from ticker.hub import Channel, Hub


@pytest.fixture
def hub(channel: Channel, log: Log, clock: Clock) -> Hub:
    hub = Hub(capacity=8, limit=3, clock=clock)
    hub.channels = {"breaking": channel, "sport": log.channel(clock)}
    hub.ready = True
    return hub


def test_a_hub_knows_its_feeds(hub: Hub, channel: Channel) -> None:
    assert hub.channel("breaking") is hub.admit("breaking") is channel
    with pytest.raises(NotFound, match="'weather'"):
        hub.admit("weather")


def test_a_hub_that_has_not_reached_its_log_cannot_say_which_feeds_there_are(hub: Hub) -> None:
    assert [*hub.open_channels()] == ["breaking", "sport"]
    hub.ready = False
    with pytest.raises(Unavailable, match="not reached its log"):
        hub.open_channels()
    with pytest.raises(Unavailable, match="not reached its log"):
        hub.channel("weather")


def test_a_full_node_admits_nobody_until_somebody_leaves(hub: Hub) -> None:
    sockets = [joined(hub.admit(name)) for name in ("breaking", "sport", "sport")]
    assert len(hub) == 3
    with pytest.raises(Unavailable, match="as many readers as it can hold") as caught:
        hub.admit("breaking")
    assert caught.value.retry_after == 5
    sockets[0].channel.leave(sockets[0])
    assert hub.admit("breaking") is hub.channels["breaking"]


def test_readers_set_aside_count_too(hub: Hub) -> None:
    for _ in range(3):
        joined(hub.admit("sport"), slow=True)
    with pytest.raises(Unavailable):
        hub.admit("breaking")


def test_a_node_that_is_going_away_sends_readers_to_another(hub: Hub) -> None:
    hub.draining = True
    with pytest.raises(Unavailable, match="going away"):
        hub.admit("breaking")
